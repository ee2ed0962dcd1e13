#include "cli/verify_kinds.h"

#include <algorithm>

namespace phantom {
namespace {

// What every kind takes.
constexpr std::string_view kForAll[] = {
    "pins", "key", "format", "output", "json", "summary", "warn-indeterminate"};

bool holds(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Error refuse(std::string message) { return {Code::kInvalid, std::move(message)}; }

}  // namespace

std::vector<VerifyKind> file_kinds(OpenTiles open_tiles) {
  return {
      bundle_kind(),
      tiles_kind(open_tiles),
      backup_kind(),
      proof_kind(),
  };
}

Status add_receipts(const std::filesystem::path& directory, VerifyOptions& options) {
  constexpr std::size_t kNewestMax = 100;
  PH_ASSIGN(ReceiptSet set, read_receipts(AnchorFiles{directory}, kNewestMax));
  for (AnchorReceipt& receipt : set.receipts) options.receipts.push_back(std::move(receipt));
  options.receipts_left_out += set.older;
  return {};
}

Status use_max_unanchored(const VerifyArgs& args, VerifyOptions& options) {
  if (!args.max_unanchored) return {};
  if (!options.policy) options.policy.emplace();
  Status set = set_unanchored_max(options.policy->policy, *args.max_unanchored);
  if (!set.ok()) return std::move(set.error()).in("--max-unanchored");
  return {};
}

Result<const VerifyKind*> choose_kind(const std::vector<VerifyKind>& kinds,
                                      const std::vector<std::string>& given,
                                      std::string_view fallback) {
  const VerifyKind* chosen = nullptr;
  for (const VerifyKind& kind : kinds) {
    if (!holds(given, kind.flag)) continue;
    if (chosen != nullptr) {
      return refuse("--" + chosen->flag + " and --" + kind.flag +
                    " are two things to verify: give one");
    }
    chosen = &kind;
  }
  for (const VerifyKind& kind : kinds) {
    if (chosen == nullptr && kind.flag == fallback) chosen = &kind;
  }
  // --entry alone says that --proof was forgotten.
  for (const VerifyKind& kind : kinds) {
    for (const std::string& need : kind.needs) {
      const bool mine = &kind == chosen;
      if (mine != holds(given, need)) {
        return refuse("--" + kind.flag + " and --" + need + " go together");
      }
    }
  }
  if (chosen == nullptr) {
    std::string list;
    for (const VerifyKind& kind : kinds) list += (list.empty() ? "--" : ", --") + kind.flag;
    return refuse("nothing to verify: give one of " + list);
  }
  for (const std::string& flag : given) {
    const bool known = flag == chosen->flag || holds(chosen->allows, flag) ||
                       holds(chosen->needs, flag) ||
                       std::find(std::begin(kForAll), std::end(kForAll), flag) != std::end(kForAll);
    if (!known) return refuse("--" + flag + " does not go with --" + chosen->flag);
  }
  return chosen;
}

}  // namespace phantom
