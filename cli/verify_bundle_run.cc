#include "cli/verify_kinds.h"
#include "ledger/verify_bundle.h"

namespace phantom {

VerifyKind bundle_kind() {
  VerifyKind kind;
  kind.flag = "bundle";
  kind.allows = {"against", "policy", "max-unanchored", "trust-state", "require"};
  kind.run = [](const VerifyArgs& args, VerifyOptions& options) -> Result<Verified> {
    PH_ASSIGN(const auto source, open_byte_source(*args.bundle));
    const auto demand =
        args.require == "complete" ? BundleDemand::kComplete : BundleDemand::kWhatItClaims;
    return Verified{verify_bundle(*source, options, demand), *args.bundle};
  };
  return kind;
}

}  // namespace phantom
