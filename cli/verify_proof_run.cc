#include "cli/verify_kinds.h"
#include "ledger/home.h"

namespace phantom {
namespace {

constexpr std::size_t kProofBytesMax = 64 * 1024;
constexpr std::size_t kEntryFileBytesMax = 128 * 1024;

Result<Verified> check_proof(const VerifyArgs& args, VerifyOptions& options) {
  PH_ASSIGN(const Bytes proof, read_file(*args.proof, kProofBytesMax));
  PH_ASSIGN(const Bytes entry, read_file(*args.entry, kEntryFileBytesMax));
  return Verified{verify_proof(as_text(proof), entry, options.key), *args.proof};
}

}  // namespace

VerifyKind proof_kind() {
  VerifyKind kind;
  kind.flag = "proof";
  kind.needs = {"entry"};
  kind.run = check_proof;
  return kind;
}

}  // namespace phantom
