#include "ledger/cosignature.h"

#include "events/encoding.h"
#include "ledger/key_files.h"
#include "ledger/key_text.h"

#include <algorithm>
#include <limits>

namespace phantom {
namespace {

constexpr std::size_t kTimeBytes = 8;
constexpr std::uint64_t kTimeMax = std::numeric_limits<std::int64_t>::max();

}  // namespace

std::string CosignerKey::text() const {
  return format_public_key(KeyType::kCosignature, {name, id, key});
}

CosignerKey make_cosigner_key(std::string name, const PublicKey& key) {
  PH_CHECK(is_key_name(name), "key name");
  const std::uint32_t id = key_id(name, KeyType::kCosignature, key);
  return CosignerKey{std::move(name), id, key};
}

Result<CosignerKey> parse_cosigner_key(std::string_view text) {
  PH_ASSIGN(PublicKeyText parsed, parse_public_key(KeyType::kCosignature, text));
  return CosignerKey{std::move(parsed.name), parsed.id, parsed.key};
}

std::string cosignature_message(std::uint64_t time_s, std::string_view note_text) {
  return "cosignature/v1\ntime " + std::to_string(time_s) + "\n" + std::string(note_text);
}

std::string cosignature_line(const CosignerKey& key, const Cosignature& cosignature) {
  NoteSignature line{key.name, key.id, {}};
  put_be64(line.signature, cosignature.time_s);
  line.signature.insert(line.signature.end(), cosignature.signature.begin(),
                        cosignature.signature.end());
  return line.line();
}

std::optional<Cosignature> parse_cosignature(const NoteSignature& line) {
  Cosignature parsed;
  if (line.signature.size() != kTimeBytes + parsed.signature.size()) return std::nullopt;
  parsed.time_s = get_be64(line.signature);
  if (parsed.time_s > kTimeMax) return std::nullopt;
  std::copy(line.signature.begin() + kTimeBytes, line.signature.end(), parsed.signature.begin());
  return parsed;
}

CosignatureCheck check_cosignature(std::string_view note, const CosignerKey& key) {
  CosignatureCheck check;
  const auto parsed = parse_note(note);
  if (!parsed) return check;
  for (const NoteSignature& line : parsed->signatures) {
    if (line.name != key.name || line.id != key.id) continue;
    const auto cosignature = parse_cosignature(line);
    if (!cosignature ||
        !verify_signature(key.key, as_bytes(cosignature_message(cosignature->time_s, parsed->text)),
                          cosignature->signature)) {
      return {NoteCheck::kBad, 0};
    }
    check.found = NoteCheck::kGood;
    check.time_s = std::max(check.time_s, cosignature->time_s);
  }
  return check;
}

Cosigner::Cosigner(CosignerKey key, Signer signer)
    : key_(std::move(key)), signer_(std::move(signer)) {}

Result<Cosigner> Cosigner::from_seed(std::string name, ByteView seed) {
  PH_ASSIGN(Signer signer, Signer::from_seed(name, seed));
  CosignerKey key = make_cosigner_key(std::move(name), signer.verifier_key().key);
  return Cosigner(std::move(key), std::move(signer));
}

Cosigner Cosigner::generate(std::string name, Random& random) {
  Signer signer = Signer::generate(name, random);
  CosignerKey key = make_cosigner_key(std::move(name), signer.verifier_key().key);
  return Cosigner(std::move(key), std::move(signer));
}

Result<Cosigner> Cosigner::parse(std::string_view line) {
  PH_ASSIGN(PrivateKeyText parsed, parse_private_key(KeyType::kCosignature, line));
  PH_ASSIGN(Cosigner cosigner, from_seed(std::move(parsed.name), parsed.seed.view()));
  Bytes id;
  put_be32(id, cosigner.key().id);
  if (to_hex(id) != parsed.id) return Error{Code::kInvalid, "key and its id differ"};
  return cosigner;
}

SecretBytes Cosigner::text() const {
  return format_private_key(KeyType::kCosignature, key_.name, key_.id, signer_.seed().view());
}

Result<Cosigner> Cosigner::load(const std::filesystem::path& file) {
  PH_ASSIGN(const SecretBytes line, read_key_file(file));
  auto cosigner = parse(line.text());
  if (!cosigner.ok()) return std::move(cosigner.error()).in("witness key " + file.string());
  return cosigner;
}

Status Cosigner::save(const std::filesystem::path& file) const {
  return write_key_file(file, text().view());
}

Cosignature Cosigner::cosign(std::uint64_t time_s, std::string_view note_text) const {
  PH_CHECK(time_s <= kTimeMax, "time of a cosignature");
  return {time_s, signer_.sign(as_bytes(cosignature_message(time_s, note_text)))};
}

}  // namespace phantom
