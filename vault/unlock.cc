#include "vault/unlock.h"

#include "events/encoding.h"

#include <array>
#include <cstdlib>
#include <utility>

namespace phantom {
namespace {

constexpr const char* kPassphraseVariable = "PHANTOM_VAULT_PASSPHRASE";
constexpr const char* kKeyFileVariable = "PHANTOM_VAULT_KEY_FILE";
constexpr std::size_t kPassphraseBytesMin = 8;
constexpr std::size_t kKeyFileBytesMax = 256;

class SystemUnlockInput final : public UnlockInput {
 public:
  std::optional<SecretBytes> take_passphrase() override {
    return take_secret_variable(kPassphraseVariable);
  }

  std::optional<std::filesystem::path> key_file() override {
    const char* value = std::getenv(kKeyFileVariable);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::filesystem::path(value);
  }

  Result<SecretBytes> ask(const std::string& question) override { return ask_hidden(question); }
};

Error no_passphrase(const std::string& project) {
  return {
      Code::kDenied,
      "the vault of project " + project + " needs a passphrase, and there is no terminal to ask on",
      std::string("set ") + kPassphraseVariable + ", or run the command on a terminal"};
}

Error no_secret_service(const std::string& project) {
  return {Code::kUnsupported,
          "the vault of project " + project +
              " has its key in the Secret Service, which this build cannot ask"};
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

Unlocker::Unlocker(Home home, UnlockInput& input) : home_(std::move(home)), input_(input) {}

std::filesystem::path Unlocker::key_file() const {
  return input_.key_file().value_or(home_.keys() / "vault.key");
}

Result<UnlockKey> Unlocker::for_open(UnlockMethod method, const std::string& project, int attempt) {
  if (method == UnlockMethod::kKeyFile) {
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
    return UnlockKey{std::move(*key), method, "key-file"};
  }
  if (method == UnlockMethod::kSecretService) return no_secret_service(project);
  if (!passphrase_taken_) {
    passphrase_ = input_.take_passphrase();
    passphrase_taken_ = true;
  }
  if (passphrase_) return UnlockKey{passphrase_->clone(), method, "passphrase-env"};
  const std::string question = attempt > 1 ? "Wrong passphrase, try again: "
                                           : "Passphrase of the vault of project " + project + ": ";
  Result<SecretBytes> answer = input_.ask(question);
  if (answer.ok()) return UnlockKey{std::move(*answer), method, "passphrase-prompt"};
  if (answer.error().code == Code::kDenied) return no_passphrase(project);
  return std::move(answer.error());
}

Result<UnlockKey> Unlocker::for_create(UnlockMethod method, const std::string& project,
                                       Random& random) {
  if (method == UnlockMethod::kKeyFile) {
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
    return for_open(method, project);
  }
  if (method == UnlockMethod::kSecretService) return no_secret_service(project);
  if (!passphrase_taken_) {
    passphrase_ = input_.take_passphrase();
    passphrase_taken_ = true;
  }
  const Error too_short{
      Code::kInvalid,
      "the passphrase is shorter than " + std::to_string(kPassphraseBytesMin) + " bytes",
      "choose a longer one"};
  if (passphrase_) {
    if (passphrase_->size() < kPassphraseBytesMin) return too_short;
    return UnlockKey{passphrase_->clone(), method, "passphrase-env"};
  }
  Result<SecretBytes> first =
      input_.ask("New passphrase for the vault of project " + project + ": ");
  if (!first.ok()) {
    if (first.error().code == Code::kDenied) return no_passphrase(project);
    return std::move(first.error());
  }
  if (first->size() < kPassphraseBytesMin) return too_short;
  PH_ASSIGN(const SecretBytes second, input_.ask("The same passphrase again: "));
  if (!first->equals(second)) return Error{Code::kInvalid, "the two passphrases differ"};
  return UnlockKey{std::move(*first), method, "passphrase-prompt"};
}

}  // namespace phantom
