#include "cli/shared_passphrase.h"

namespace phantom {

std::optional<SecretBytes> SharedPassphrase::take_passphrase() {
  if (!taken_) {
    passphrase_ = input_.take_passphrase();
    taken_ = true;
  }
  if (!passphrase_) return std::nullopt;
  return passphrase_->clone();
}

Result<SecretBytes> SharedPassphrase::ask(const std::string& question) {
  PH_ASSIGN(SecretBytes answer, input_.ask(question));
  if (remember_ == Remember::kTyped) passphrase_ = answer.clone();
  return answer;
}

}  // namespace phantom
