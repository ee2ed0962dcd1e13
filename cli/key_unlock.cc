#include "cli/key_unlock.h"

#include "events/encoding.h"
#include "ledger/home.h"
#include "vault/unlock.h"

#include <cstdlib>
#include <sys/stat.h>

namespace phantom {
namespace {

constexpr const char* kPassphraseVariable = "PHANTOM_LEDGER_PASSPHRASE";
constexpr const char* kKeyFileVariable = "PHANTOM_LEDGER_KEY_FILE";
constexpr const char* kCredential = "phantom-ledger";
constexpr std::size_t kPassphraseBytesMin = 8;
constexpr std::size_t kKeyFileBytesMax = 256;

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? nullptr : value;
}

Error no_passphrase() {
  return {Code::kDenied,
          "the ledger's keys are sealed with a passphrase, and there is nobody to ask for it",
          std::string("set ") + kPassphraseVariable + ", or run the command on a terminal"};
}

Status make_key_file(const std::filesystem::path& file, Random& random) {
  SecretBytes key = SecretBytes::zeros(kSealKeyBytes);
  random.fill(key.writable());
  std::string text = to_hex(key.view()) + "\n";
  Status written = write_file_durably(file, as_bytes(text), 0600);
  wipe(text);
  return written;
}

}  // namespace

std::optional<std::filesystem::path> ledger_key_file() {
  if (const char* named = variable(kKeyFileVariable)) return std::filesystem::path(named);
  if (const char* directory = variable("CREDENTIALS_DIRECTORY")) {
    return std::filesystem::path(directory) / kCredential;
  }
  return std::nullopt;
}

Result<SecretBytes> read_ledger_key_file(const std::filesystem::path& file) {
  const std::string what = "ledger key file " + file.string();
  struct stat info {};
  if (::stat(file.c_str(), &info) == 0 && (info.st_mode & 0007) != 0) {
    return Error{Code::kDenied, what + " can be read by other users",
                 "run 'chmod 600 " + file.string() + "'"};
  }
  Result<Bytes> content = read_file(file, kKeyFileBytesMax);
  if (!content.ok()) {
    return Error{Code::kDenied, "the ledger's keys need their key file: " + content.error().message,
                 std::string("put the key file back, or name it in ") + kKeyFileVariable};
  }
  if (content->size() == kSealKeyBytes) {
    SecretBytes key = SecretBytes::copy_of(ByteView(*content));
    wipe(*content);
    return key;
  }
  Result<SecretBytes> key = parse_key_file(*content);
  wipe(*content);
  if (key.ok()) return key;
  return Error{Code::kInvalid, what + ": 32 bytes or 64 lower-case hex digits are expected"};
}

CommandKeyUnlock::CommandKeyUnlock() : passphrase_(take_secret_variable(kPassphraseVariable)) {}

void CommandKeyUnlock::let_ask(bool yes) {
  const std::lock_guard lock(mutex_);
  may_ask_ = yes;
}

Result<SecretBytes> CommandKeyUnlock::key_for(const SealTerms& terms) {
  const std::lock_guard lock(mutex_);
  if (terms.method == SealMethod::kPassphrase) return passphrase_key(terms);
  const auto file = ledger_key_file();
  if (file) return read_ledger_key_file(*file);
  return Error{Code::kDenied, "the ledger's keys are sealed with a key file, and none is named",
               std::string("name it in ") + kKeyFileVariable};
}

Result<SecretBytes> CommandKeyUnlock::passphrase_key(const SealTerms& terms) {
  if (derived_ && derived_->terms == terms) return derived_->key.clone();
  if (!passphrase_) {
    if (!may_ask_) return no_passphrase();
    Result<SecretBytes> answer = ask_hidden("Passphrase of the ledger's keys: ");
    if (!answer.ok() && answer.error().code == Code::kDenied) return no_passphrase();
    if (!answer.ok()) return std::move(answer.error());
    passphrase_ = std::move(*answer);
  }
  PH_ASSIGN(SecretBytes key, derive_passphrase_key(*passphrase_, terms.cost, terms.salt));
  derived_ = KeySeal{terms, key.clone()};
  return key;
}

Result<KeySeal> CommandKeyUnlock::new_seal(SealMethod method,
                                           const std::optional<std::filesystem::path>& file,
                                           Random& random) {
  SealTerms terms;
  terms.method = method;
  if (method == SealMethod::kKeyFile) {
    const auto path = file ? file : ledger_key_file();
    if (!path) {
      return Error{Code::kInvalid, "no key file is named",
                   std::string("give its path, or set ") + kKeyFileVariable};
    }
    std::error_code code;
    if (!std::filesystem::exists(*path, code)) PH_TRY(make_key_file(*path, random));
    PH_ASSIGN(SecretBytes key, read_ledger_key_file(*path));
    return KeySeal{terms, std::move(key)};
  }
  const auto long_enough = [](const SecretBytes& passphrase) -> Status {
    if (passphrase.size() >= kPassphraseBytesMin) return {};
    return Error{Code::kInvalid,
                 "the passphrase is shorter than " + std::to_string(kPassphraseBytesMin) + " bytes",
                 "choose a longer one"};
  };
  random.fill(terms.salt);
  const std::lock_guard lock(mutex_);
  // The one that opened the old files is not the new one.
  if (passphrase_ && !derived_) {
    PH_TRY(long_enough(*passphrase_));
    PH_ASSIGN(SecretBytes key, derive_passphrase_key(*passphrase_, terms.cost, terms.salt));
    return KeySeal{terms, std::move(key)};
  }
  Result<SecretBytes> first = ask_hidden("New passphrase for the ledger's keys: ");
  if (!first.ok() && first.error().code == Code::kDenied) {
    return Error{Code::kDenied, "there is no terminal to ask for the new passphrase on",
                 std::string("set ") + kPassphraseVariable +
                     "; to change one without a terminal, run seal-keys --remove first"};
  }
  if (!first.ok()) return std::move(first.error());
  PH_TRY(long_enough(*first));
  PH_ASSIGN(const SecretBytes second, ask_hidden("The same passphrase again: "));
  if (!first->equals(second)) return Error{Code::kInvalid, "the two passphrases differ"};
  PH_ASSIGN(SecretBytes key, derive_passphrase_key(*first, terms.cost, terms.salt));
  return KeySeal{terms, std::move(key)};
}

}  // namespace phantom
