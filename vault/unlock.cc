#include "vault/unlock.h"

#include "events/encoding.h"
#include "vault/secret_service.h"

#include <array>
#include <cstdlib>
#include <utility>

namespace phantom {
namespace {

constexpr const char* kPassphraseVariable = "PHANTOM_VAULT_PASSPHRASE";
constexpr const char* kNewPassphraseVariable = "PHANTOM_VAULT_NEW_PASSPHRASE";
constexpr const char* kKeyFileVariable = "PHANTOM_VAULT_KEY_FILE";
constexpr std::size_t kPassphraseBytesMin = 8;
constexpr std::size_t kKeyFileBytesMax = 256;

class SystemUnlockInput final : public UnlockInput {
 public:
  std::optional<SecretBytes> take_passphrase() override {
    return take_secret_variable(kPassphraseVariable);
  }

  std::optional<SecretBytes> take_new_passphrase() override {
    return take_secret_variable(kNewPassphraseVariable);
  }

  bool takes_kept_keys() const override { return true; }

  std::optional<std::filesystem::path> key_file() override {
    const char* value = std::getenv(kKeyFileVariable);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::filesystem::path(value);
  }

  Result<SecretBytes> ask(const std::string& question) override { return ask_hidden(question); }
};

Error no_passphrase(const std::string& project, const std::optional<Error>& why_not_kept) {
  std::string message =
      "the vault of project " + project + " needs a passphrase, and there is no terminal to ask on";
  if (why_not_kept) message += "; its kept key could not be had: " + why_not_kept->message;
  return {Code::kDenied, std::move(message),
          std::string("set ") + kPassphraseVariable +
              ", run the command on a terminal, or run 'phantom vault unlock' on one before"};
}

KeyLabel label_of(KeyLabel::Kind kind, const VaultHeader& header) {
  return {kind, header.project, to_hex(header.salt)};
}

Error with_path(Error error, const std::filesystem::path& path) {
  error.message = "vault key file " + path.string() + ": " + error.message;
  return error;
}

}  // namespace

UnlockInput& system_unlock_input() {
  static SystemUnlockInput input;
  return input;
}

std::optional<SecretBytes> take_secret_variable(const char* name) {
  char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  const std::string_view text(value);
  SecretBytes secret = SecretBytes::copy_of(text);
  // The bytes on the stack of the process would outlive the variable.
  wipe(std::span(reinterpret_cast<std::uint8_t*>(value), text.size()));
  ::unsetenv(name);
  if (secret.empty()) return std::nullopt;
  return secret;
}

Result<SecretBytes> parse_key_file(ByteView content) {
  std::string_view text = as_text(content);
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() != 2 * kVaultKeyBytes) {
    return Error{Code::kInvalid, "not a vault key: 64 lower-case hex digits are expected"};
  }
  SecretBytes key = SecretBytes::zeros(kVaultKeyBytes);
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  for (std::size_t i = 0; i < kVaultKeyBytes; ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) {
      return Error{Code::kInvalid, "not a vault key: 64 lower-case hex digits are expected"};
    }
    key.writable()[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return key;
}

SecretBytes key_file_text(const SecretBytes& key) {
  constexpr char kDigits[] = "0123456789abcdef";
  SecretBytes text = SecretBytes::zeros(2 * key.size());
  for (std::size_t i = 0; i < key.size(); ++i) {
    text.writable()[2 * i] = static_cast<std::uint8_t>(kDigits[key.view()[i] >> 4U]);
    text.writable()[2 * i + 1] = static_cast<std::uint8_t>(kDigits[key.view()[i] & 15U]);
  }
  return text;
}

Unlocker::Unlocker(Home home, UnlockInput& input, KeyKeeper& keeper)
    : home_(std::move(home)), input_(input), keeper_(keeper) {}

std::filesystem::path Unlocker::key_file() const {
  return input_.key_file().value_or(home_.keys() / "vault.key");
}

// Also when it is not used: it must not stay in the environment.
void Unlocker::take_passphrase() {
  if (passphrase_taken_) return;
  passphrase_ = input_.take_passphrase();
  passphrase_taken_ = true;
}

// ---- a vault that exists

Result<UnlockKey> Unlocker::from_key_file(const std::string& project) {
  const std::filesystem::path path = key_file();
  Result<Bytes> content = read_file(path, kKeyFileBytesMax);
  if (!content.ok()) {
    return Error{
        Code::kDenied,
        "the vault of project " + project + " needs its key file: " + content.error().message,
        std::string("put the key file back, or name it in ") + kKeyFileVariable};
  }
  Result<SecretBytes> key = parse_key_file(*content);
  wipe(*content);
  if (!key.ok()) return with_path(std::move(key.error()), path);
  return UnlockKey{std::move(*key), UnlockMethod::kKeyFile, "key-file"};
}

Result<UnlockKey> Unlocker::from_service(const VaultHeader& header) {
  Result<std::optional<SecretBytes>> key =
      keeper_.find(label_of(KeyLabel::Kind::kVaultKey, header));
  if (!key.ok()) {
    Error error = std::move(key.error());
    return Error{Code::kDenied,
                 "the key of the vault of project " + header.project +
                     " is in the Secret Service, and it cannot be had: " + error.message,
                 std::move(error.hint)};
  }
  if (!*key) {
    return Error{Code::kDenied,
                 "the Secret Service has no key for the vault of project " + header.project,
                 "open the keyring it was kept in, or restore that keyring from a backup"};
  }
  return UnlockKey{std::move(**key), UnlockMethod::kSecretService, "secret-service"};
}

Result<UnlockKey> Unlocker::for_open(const VaultHeader& header, int attempt) {
  if (header.method == UnlockMethod::kKeyFile) return from_key_file(header.project);
  if (header.method == UnlockMethod::kSecretService) return from_service(header);
  take_passphrase();
  if (passphrase_ && !only_a_person_) {
    return UnlockKey{passphrase_->clone(), header.method, "passphrase-env"};
  }
  const std::string question = attempt > 1
                                   ? "Wrong passphrase, try again: "
                                   : "Passphrase of the vault of project " + header.project + ": ";
  Result<SecretBytes> answer = input_.ask(question);
  if (answer.ok()) return UnlockKey{std::move(*answer), header.method, "passphrase-prompt"};
  if (answer.error().code == Code::kDenied) return no_passphrase(header.project, why_not_kept_);
  return std::move(answer.error());
}

// ---- a new vault, or another way to open one

Result<UnlockKey> Unlocker::make_key_file(const std::string& project, Random& random) {
  const std::filesystem::path path = key_file();
  std::error_code code;
  if (!std::filesystem::exists(path, code)) {
    PH_TRY(make_private_directory(path.parent_path()));
    SecretBytes key = SecretBytes::zeros(kVaultKeyBytes);
    random.fill(key.writable());
    std::string text = to_hex(key.view()) + "\n";
    Status written = write_file_durably(path, as_bytes(text), 0600);
    wipe(text);
    PH_TRY(std::move(written));
  }
  return from_key_file(project);
}

Result<UnlockKey> Unlocker::make_service_key(const VaultHeader& header, Random& random) {
  SecretBytes key = SecretBytes::zeros(kVaultKeyBytes);
  random.fill(key.writable());
  const KeyLabel label = label_of(KeyLabel::Kind::kVaultKey, header);
  PH_TRY(keeper_.store(label, key));
  // A vault whose key did not arrive would be lost with the end of this process.
  PH_ASSIGN(const std::optional<SecretBytes> kept, keeper_.find(label));
  if (!kept || !kept->equals(key)) {
    return Error{Code::kIo, "the Secret Service did not keep the key it was given"};
  }
  return UnlockKey{std::move(key), UnlockMethod::kSecretService, "secret-service"};
}

Result<UnlockKey> Unlocker::new_passphrase(const std::string& project,
                                           std::optional<SecretBytes> from_variable) {
  const Error too_short{
      Code::kInvalid,
      "the passphrase is shorter than " + std::to_string(kPassphraseBytesMin) + " bytes",
      "choose a longer one"};
  if (from_variable) {
    if (from_variable->size() < kPassphraseBytesMin) return too_short;
    return UnlockKey{std::move(*from_variable), UnlockMethod::kPassphrase, "passphrase-env"};
  }
  Result<SecretBytes> first =
      input_.ask("New passphrase for the vault of project " + project + ": ");
  if (!first.ok()) return std::move(first.error());
  if (first->size() < kPassphraseBytesMin) return too_short;
  PH_ASSIGN(const SecretBytes second, input_.ask("The same passphrase again: "));
  if (!first->equals(second)) return Error{Code::kInvalid, "the two passphrases differ"};
  return UnlockKey{std::move(*first), UnlockMethod::kPassphrase, "passphrase-prompt"};
}

Result<UnlockKey> Unlocker::for_create(const VaultHeader& header, Random& random) {
  if (header.method == UnlockMethod::kKeyFile) return make_key_file(header.project, random);
  if (header.method == UnlockMethod::kSecretService) return make_service_key(header, random);
  take_passphrase();
  std::optional<SecretBytes> from_variable;
  if (passphrase_) from_variable = passphrase_->clone();
  Result<UnlockKey> key = new_passphrase(header.project, std::move(from_variable));
  if (!key.ok() && key.error().code == Code::kDenied) {
    return no_passphrase(header.project, std::nullopt);
  }
  return key;
}

Result<UnlockKey> Unlocker::for_change(const VaultHeader& header, Random& random) {
  if (header.method != UnlockMethod::kPassphrase) return for_create(header, random);
  Result<UnlockKey> key = new_passphrase(header.project, input_.take_new_passphrase());
  if (!key.ok() && key.error().code == Code::kDenied) {
    return Error{Code::kDenied, "a new passphrase is needed, and there is no terminal to ask on",
                 std::string("set ") + kNewPassphraseVariable + ", or run it on a terminal"};
  }
  return key;
}

// ---- the root that is kept between commands

std::filesystem::path Unlocker::kept_mark(const std::string& project) const {
  return home_.vaults() / (project + ".kept");
}

bool Unlocker::may_be_kept(const VaultHeader& header) const {
  const Result<Bytes> mark = read_file(kept_mark(header.project), kKeyFileBytesMax);
  return mark.ok() && as_text(*mark) == to_hex(header.salt) + "\n";
}

std::optional<SecretBytes> Unlocker::kept_root(const VaultHeader& header) {
  // The mark spares everybody who keeps nothing the way to the session bus.
  if (only_a_person_ || !input_.takes_kept_keys() || !may_be_kept(header)) return std::nullopt;
  take_passphrase();
  Result<std::optional<SecretBytes>> root =
      keeper_.find(label_of(KeyLabel::Kind::kKeptRoot, header));
  if (root.ok() && *root) return std::move(**root);
  why_not_kept_ = root.ok() ? Error{Code::kNotFound, "the Secret Service no longer has it"}
                            : std::move(root.error());
  return std::nullopt;
}

Status Unlocker::keep_root(const VaultHeader& header, const SecretBytes& root) {
  // The mark comes first: a key that is kept without one would never be forgotten.
  PH_TRY(write_file_durably(kept_mark(header.project), as_bytes(to_hex(header.salt) + "\n"), 0600));
  Status stored = keeper_.store(label_of(KeyLabel::Kind::kKeptRoot, header), root);
  if (!stored.ok()) {
    std::error_code ignored;
    std::filesystem::remove(kept_mark(header.project), ignored);
  }
  return stored;
}

Result<bool> Unlocker::forget_kept(const VaultHeader& header) {
  if (!may_be_kept(header)) return false;
  PH_TRY(keeper_.forget(label_of(KeyLabel::Kind::kKeptRoot, header)));
  std::error_code code;
  std::filesystem::remove(kept_mark(header.project), code);
  if (code) return Error{Code::kIo, "remove the mark of a kept key: " + code.message()};
  return true;
}

Status Unlocker::forget_service_key(const VaultHeader& header) {
  return keeper_.forget(label_of(KeyLabel::Kind::kVaultKey, header));
}

}  // namespace phantom
