#include "ledger/signer.h"

#include "events/encoding.h"
#include "ledger/home.h"

#include <sodium.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom {
namespace {

constexpr std::string_view kPrefix = "PRIVATE+KEY+";
constexpr std::uint8_t kEd25519 = 0x01;
constexpr std::size_t kKeyFileBytesMax = 1'024;

}  // namespace

struct Signer::Secret {
  Secret() : key(static_cast<unsigned char*>(sodium_malloc(crypto_sign_SECRETKEYBYTES))) {
    PH_CHECK(key != nullptr, "no locked memory for a signing key");
  }
  ~Secret() { sodium_free(key); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  unsigned char* key;
};

Signer::Signer(VerifierKey key, std::unique_ptr<Secret> secret)
    : key_(std::move(key)), secret_(std::move(secret)) {}
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
Signer::~Signer() = default;

Result<Signer> Signer::from_seed(std::string name, ByteView seed) {
  PH_CHECK(sodium_init() >= 0, "libsodium does not start");
  if (seed.size() != crypto_sign_SEEDBYTES)
    return Error{Code::kInvalid, "signing key has the wrong size"};
  auto secret = std::make_unique<Secret>();
  PublicKey pub{};
  crypto_sign_seed_keypair(pub.data(), secret->key, seed.data());
  return Signer(make_verifier_key(std::move(name), pub), std::move(secret));
}

Signer Signer::generate(std::string name, Random& random) {
  std::array<std::uint8_t, crypto_sign_SEEDBYTES> seed{};
  random.fill(seed);
  auto signer = from_seed(std::move(name), seed);
  sodium_memzero(seed.data(), seed.size());
  return std::move(signer.value());
}

Result<Signer> Signer::load(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) {
    return Error{errno == ENOENT ? Code::kNotFound : Code::kIo,
                 "signing key " + file.string() + ": " + std::strerror(errno)};
  }
  if ((info.st_mode & 0077) != 0) {
    return Error{Code::kDenied, "signing key " + file.string() + " can be read by other users",
                 "run 'chmod 600 " + file.string() + "'"};
  }
  PH_ASSIGN(Bytes bytes, read_file(file, kKeyFileBytesMax));
  const auto bad = [&](const char* why) {
    sodium_memzero(bytes.data(), bytes.size());
    return Error{Code::kInvalid, "signing key " + file.string() + ": " + why};
  };
  std::string_view line = as_text(bytes);
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  if (!line.starts_with(kPrefix)) return bad("not a key file");
  line.remove_prefix(kPrefix.size());
  const std::size_t name_end = line.find('+');
  const std::size_t id_end =
      name_end == std::string_view::npos ? name_end : line.find('+', name_end + 1);
  if (id_end == std::string_view::npos) return bad("not a key file");
  auto key = from_base64(line.substr(id_end + 1));
  if (!key || key->size() != 1 + crypto_sign_SEEDBYTES || (*key)[0] != kEd25519) {
    return bad("unknown kind of key");
  }
  auto signer = from_seed(std::string(line.substr(0, name_end)), ByteView(*key).subspan(1));
  sodium_memzero(key->data(), key->size());
  if (!signer.ok()) return bad("unknown kind of key");
  Bytes id;
  put_be32(id, signer->verifier_key().id);
  if (to_hex(id) != line.substr(name_end + 1, id_end - name_end - 1))
    return bad("key and its id differ");
  sodium_memzero(bytes.data(), bytes.size());
  return signer;
}

Status Signer::save(const std::filesystem::path& file) const {
  Bytes id;
  put_be32(id, key_.id);
  Bytes key(1, kEd25519);
  key.insert(key.end(), secret_->key, secret_->key + crypto_sign_SEEDBYTES);
  std::string base64 = to_base64(key);
  std::string line = std::string(kPrefix) + key_.name + "+" + to_hex(id) + "+" + base64 + "\n";
  Status saved = write_file_durably(file, as_bytes(line), 0600);
  sodium_memzero(key.data(), key.size());
  sodium_memzero(base64.data(), base64.size());
  sodium_memzero(line.data(), line.size());
  return saved;
}

Signature Signer::sign(ByteView message) const {
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_->key);
  return signature;
}

Status destroy_key_file(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd >= 0) {
    struct stat info {};
    if (::fstat(fd, &info) == 0) {
      const Bytes zeros(static_cast<std::size_t>(info.st_size), 0);
      if (::pwrite(fd, zeros.data(), zeros.size(), 0) >= 0) ::fsync(fd);
    }
    ::close(fd);
  }
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) {
    return Error{Code::kIo, "remove " + file.string() + ": " + std::strerror(errno)};
  }
  return {};
}

}  // namespace phantom
