#pragma once
// What the commands that answer for a person have in common: the desk, the check that a person
// answers, and the key of the vault, for which a person types the passphrase.

#include "cli/asker.h"
#include "cli/environment.h"
#include "cli/project.h"
#include "cli/vault_access.h"
#include "vault/approval_desk.h"

#include <memory>

namespace phantom {

class ApprovalTerminal {
 public:
  // Must not outlive the environment.
  static Result<std::unique_ptr<ApprovalTerminal>> open(Environment& environment);

  ApprovalDesk& desk() { return *desk_; }
  LedgerReader& reader() { return *reader_; }
  const Context& context() const { return context_; }

  // kDenied, recorded as approval.refused, when this is not a person at a terminal of their own.
  // `id`: empty for a grant in advance.
  Status check_person(const std::string& id, const std::optional<Asker>& asker);

  // The sealer of the project's vault; none when it has no vault. PHANTOM_VAULT_PASSPHRASE is not
  // taken: whoever set it need not be the person who answers.
  Result<ApprovalSealer> open_sealer();

 private:
  ApprovalTerminal(Environment& environment, const Home& home, Project project);

  Environment& environment_;
  Home home_;
  Project project_;
  Context context_;
  LedgerReader* reader_ = nullptr;
  std::unique_ptr<ApprovalDesk> desk_;
  std::unique_ptr<UnlockInput> input_;
  std::unique_ptr<VaultAccess> access_;
};

}  // namespace phantom
