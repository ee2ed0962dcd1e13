#include "cli/verify_kinds.h"
#include "ledger/verify_backup.h"

namespace phantom {

VerifyKind backup_kind() {
  VerifyKind kind;
  kind.flag = "backup";
  kind.allows = {"against", "policy", "receipts", "max-unanchored", "trust-state", "update-trust"};
  kind.run = [](const VerifyArgs& args, VerifyOptions& options) -> Result<Verified> {
    return Verified{verify_backup(*args.backup, options), *args.backup};
  };
  return kind;
}

}  // namespace phantom
