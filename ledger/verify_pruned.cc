#include "ledger/verify_pruned.h"

#include "events/envelope.h"
#include "events/tags.h"
#include "ledger/rows.h"
#include "ledger/tag_table.h"

#include <algorithm>

namespace phantom {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string removed_text(Seq first_kept) { return "events 0 to " + number(first_kept - 1); }

Failure failure(std::string reason, std::optional<Seq> seq = std::nullopt) {
  return {"entries", std::move(reason), seq};
}

}  // namespace

RemovedPrefix read_removed_prefix(const StoreReader& rows, std::string_view format,
                                  std::uint64_t size) {
  RemovedPrefix prefix;
  if (format != rows::kPrunedFormat) return prefix;
  const auto first_kept = read_first_kept(rows);
  if (!first_kept) {
    prefix.failure = failure_of("rows", first_kept.error());
  } else if (*first_kept == 0) {
    prefix.failure = Failure{"meta",
                             "the store's format is that of a pruned ledger, and nothing "
                             "was removed"};
  } else if (*first_kept > rows::open_bundle(size)) {
    prefix.failure = Failure{"rows",
                             "there are hashes of removed events after the newest full "
                             "bundle"};
  } else {
    prefix.first_kept = *first_kept;
  }
  return prefix;
}

FoundRequest find_prune_request(const StoreReader& rows, const VerifyBase& base, Seq first_kept,
                                std::uint64_t size,
                                const std::function<Result<Digest>(std::uint64_t)>& root_of) {
  FoundRequest found;
  const auto fail = [&](Failure why) {
    found.failure = std::move(why);
    return found;
  };
  const auto tag = read_tag(rows, kPruneTag);
  if (!tag) return fail(failure_of("tags", tag.error()));
  std::uint64_t left = *tag ? (*tag)->count : 0;
  Seq at = *tag ? (*tag)->last_seq : 0;
  EntryReader reader;
  for (; left > 0; --left) {
    // What the walk read is what the checkpoints cover; what lies before it is proven.
    const bool walked = at >= base.walk_from;
    const auto entry = walked ? read_entry(rows, size, at) : read_proven_entry(rows, base, at);
    if (!entry) return fail(failure_of("entries", entry.error()));
    const auto facts = reader.read(*entry, at);
    if (!facts) return fail(failure_of("entries", facts.error()));
    const std::string name = "event " + number(at);
    PruneRequest request = (*facts)->prune.value_or(PruneRequest{});  // of a completed one: none
    request.seq = at;
    if (request.first_kept > at || request.first_kept % rows::kBundleEvents != 0) {
      return fail(failure(name + " asks for a prune up to event " + number(request.first_kept) +
                              ", which nothing can be",
                          at));
    }
    if ((*facts)->prune) {
      const auto root = root_of(request.first_kept);
      if (!root) return fail(failure_of("tree", root.error()));
      if (*root != request.root) {
        return fail(failure(name + " asks for a prune of events with another root", at));
      }
    }
    if (request.first_kept >= first_kept) {
      found.request = std::move(request);
      return found;
    }
    const auto link =
        std::find_if((*facts)->tags.begin(), (*facts)->tags.end(),
                     [](const TagFact& candidate) { return candidate.name == kPruneTag; });
    if (link == (*facts)->tags.end() || link->count != left || (left > 1 && link->prev_seq >= at)) {
      return fail(failure("the links of the prune tag are broken at " + name, at));
    }
    at = link->prev_seq;
  }
  return fail(failure(removed_text(first_kept) + " were removed and no event says so", Seq{0}));
}

}  // namespace phantom
