#include "cli/unlock_words.h"

namespace phantom {

const char* unlock_word(UnlockMethod method) {
  switch (method) {
    case UnlockMethod::kPassphrase:
      return "passphrase";
    case UnlockMethod::kKeyFile:
      return "key-file";
    case UnlockMethod::kSecretService:
      return "secret-service";
  }
  return "unknown";
}

Result<UnlockMethod> parse_unlock_word(std::string_view word) {
  for (const UnlockMethod method :
       {UnlockMethod::kPassphrase, UnlockMethod::kKeyFile, UnlockMethod::kSecretService}) {
    if (word == unlock_word(method)) return method;
  }
  return Error{Code::kInvalid, "a vault is opened by passphrase, key-file or secret-service"};
}

}  // namespace phantom
