#pragma once
// One passphrase for several vaults of one command. From PHANTOM_VAULT_PASSPHRASE, which every
// vault is given; or what the person typed last, if that is to be remembered.

#include "vault/unlock.h"

#include <optional>

namespace phantom {

enum class Remember { kTyped, kNothingTyped };

class SharedPassphrase final : public UnlockInput {
 public:
  explicit SharedPassphrase(Remember remember, UnlockInput& input = system_unlock_input())
      : input_(input), remember_(remember) {}

  std::optional<SecretBytes> take_passphrase() override;
  std::optional<std::filesystem::path> key_file() override { return input_.key_file(); }
  Result<SecretBytes> ask(const std::string& question) override;

 private:
  UnlockInput& input_;
  Remember remember_;
  bool taken_ = false;
  std::optional<SecretBytes> passphrase_;
};

}  // namespace phantom
