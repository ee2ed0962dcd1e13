#include "ledger/prune.h"

#include "events/check.h"
#include "events/encoding.h"
#include "events/envelope.h"
#include "events/producers.h"
#include "events/tags.h"
#include "events/tree_hash.h"
#include "ledger/rows.h"
#include "ledger/tree.h"
#include "schema/events_generated.h"

#include <algorithm>
#include <set>

namespace phantom {
namespace {

bool has_tag(const schema::Entry& entry, bool (*wanted)(std::string_view)) {
  if (entry.tags() == nullptr) return false;
  return std::any_of(entry.tags()->begin(), entry.tags()->end(),
                     [&](const schema::Tag* tag) { return wanted(tag->name()->string_view()); });
}

// Behind the policy in its field: the hash of the tags that go.
constexpr std::string_view kTagsMark = " tags=";

bool is_epoch_tag(std::string_view tag) { return tag == kEpochTag; }

class Step {
 public:
  Step(const RowSource& rows, std::uint64_t size, Seq from, Seq to)
      : rows_(rows), size_(size), from_(from), to_(to) {}

  Result<RowChanges> run() {
    PH_CHECK(from_ % rows::kBundleEvents == 0 && to_ % rows::kBundleEvents == 0 && from_ < to_ &&
                 to_ <= rows::open_bundle(size_),
             "a prune removes whole bundles");
    for (Seq first = from_; first < to_; first += rows::kBundleEvents) PH_TRY(add_bundle(first));
    PH_TRY(drop_commits());
    if (from_ == 0) {
      out_.puts.emplace_back(rows::meta("format"), std::string(rows::kPrunedFormat));
    }
    return std::move(out_);
  }

 private:
  Status add_bundle(Seq first) {
    PH_ASSIGN(const EntryRow row, read_entry_row(rows_, size_, first));
    const auto entries = rows::split_entries(as_bytes(row.bytes));
    if (row.first != first || !entries || entries->size() != rows::kBundleEvents) {
      return Error{
          Code::kCorrupt,
          "the bundle of event " + std::to_string(first) + " does not split into its entries",
          "run 'phantom audit verify'"};
    }
    for (std::size_t i = 0; i < entries->size(); ++i) {
      const Bytes bytes = to_bytes((*entries)[i]);
      PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
      if (entry->seq() != first + i) {
        return Error{Code::kCorrupt, "event " + std::to_string(first + i) + " has another number",
                     "run 'phantom audit verify'"};
      }
      if (has_tag(*entry, is_state_tag)) {
        out_.puts.emplace_back(rows::kept(first + i), std::string(as_text(bytes)));
      }
      // Event 0 begins an epoch and ends none.
      if (first + i > 0 && has_tag(*entry, is_epoch_tag)) epoch_ends_.insert(first + i + 1);
      starts_.insert(entry->commit_first_seq());
    }
    std::vector<Digest> leaves(entries->size());
    leaf_hashes(*entries, leaves);
    const std::uint64_t n = first / rows::kBundleEvents;
    out_.puts.emplace_back(rows::leaves(n), rows::tile_value(leaves));
    out_.deletes.push_back(rows::bundle(n));
    return {};
  }

  // Each commit begins where the one before it ended, so the entries name all commits.
  Status drop_commits() {
    PH_ASSIGN(const auto at_end, rows_.get(rows::commit(to_)));
    // The newest one tells where the commit of the first event that stays began.
    const std::uint64_t newest = at_end ? to_ : *starts_.rbegin();
    for (const std::uint64_t size : starts_) {
      if (size == 0 || size == newest) continue;
      PH_ASSIGN(const bool ends, ends_epoch(size));
      if (!ends) out_.deletes.push_back(rows::commit(size));
    }
    return {};
  }

  Result<bool> ends_epoch(std::uint64_t size) const {
    if (size > from_ || size == 1) return epoch_ends_.contains(size);
    PH_ASSIGN(const auto kept, rows_.get(rows::kept(size - 1)));
    if (!kept) return false;
    const Bytes bytes = to_bytes(as_bytes(*kept));
    PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
    return has_tag(*entry, is_epoch_tag);
  }

  const RowSource& rows_;
  std::uint64_t size_;
  Seq from_;
  Seq to_;
  RowChanges out_;
  std::set<std::uint64_t> starts_;  // where the commits of the entries begin
  std::set<std::uint64_t> epoch_ends_;
};

}  // namespace

Result<RowChanges> prune_rows(const RowSource& rows, std::uint64_t size, Seq from, Seq to) {
  return Step(rows, size, from, to).run();
}

bool RemovedTags::covers(std::string_view tag, Seq last_seq, Seq first_kept) {
  return last_seq < first_kept && !is_state_tag(tag);
}

void RemovedTags::add(std::string_view tag, const TagState& state) {
  const std::string row = std::string(tag) + rows::tag_value(state.last_seq, state.count);
  digest_ = node_hash(digest_, leaf_hash(as_bytes(row)));
}

Result<std::optional<PruneRequest>> parse_prune_request(Seq seq, EventNo type, ByteView payload) {
  if (type != event_no<schema::LedgerPruneRequested>()) return std::optional<PruneRequest>();
  const Bytes aligned = to_bytes(payload);
  PH_TRY(check_payload(type, aligned));
  const auto* event = flatbuffers::GetRoot<schema::LedgerPruneRequested>(aligned.data());
  PruneRequest request;
  request.seq = seq;
  request.first_kept = event->first_kept();
  if (event->root() == nullptr || event->root()->size() != request.root.size()) {
    return Error{Code::kCorrupt, "it asks for a prune and names no root"};
  }
  std::copy(event->root()->begin(), event->root()->end(), request.root.begin());
  std::string policy = event->policy() == nullptr ? std::string() : event->policy()->str();
  const std::size_t mark = policy.rfind(kTagsMark);
  const auto tags = mark == std::string::npos
                        ? std::nullopt
                        : from_hex(std::string_view(policy).substr(mark + kTagsMark.size()));
  if (!tags || tags->size() != request.tags.size()) {
    return Error{Code::kCorrupt, "it asks for a prune and does not name the tags that go"};
  }
  std::copy(tags->begin(), tags->end(), request.tags.begin());
  policy.resize(mark);
  request.policy = std::move(policy);
  request.cutoff_ns = event->cutoff_ns();
  request.holds = event->holds();
  return std::optional(std::move(request));
}

Result<std::optional<NewestPrune>> newest_prune(const LedgerReader& reader) {
  std::optional<NewestPrune> newest;
  auto state = NewestPrune::State::kUnfinished;
  Status bad;
  PH_TRY(reader.history(kPruneTag, [&](Seq seq, const Bytes& bytes) {
    const auto entry = parse_entry(bytes);
    if (!entry.ok()) {
      bad = entry.error();
      return false;
    }
    if ((*entry)->type() == event_no<schema::LedgerPruneCompleted>()) {
      state = NewestPrune::State::kCompleted;
      return true;
    }
    auto request = parse_prune_request(
        seq, (*entry)->type(), ByteView((*entry)->payload()->data(), (*entry)->payload()->size()));
    if (!request.ok()) {
      bad = std::move(request.error());
    } else if (*request) {
      newest = NewestPrune{std::move(**request), state};
    }
    return false;
  }));
  PH_TRY(std::move(bad));
  return newest;
}

Draft prune_requested(const Context& context, const PruneRequest& request) {
  Draft draft = make_draft<schema::LedgerPruneRequested>(
      context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateLedgerPruneRequested(
            builder, request.first_kept,
            builder.CreateVector(request.root.data(), request.root.size()),
            builder.CreateString(request.policy + std::string(kTagsMark) + to_hex(request.tags)),
            request.cutoff_ns, request.holds);
      });
  draft.tags.emplace_back(kPruneTag);
  return draft;
}

Draft prune_completed(const Context& context, Seq requested, Seq first_kept) {
  Draft draft = make_draft<schema::LedgerPruneCompleted>(
      context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateLedgerPruneCompleted(builder, first_kept);
      });
  draft.tags.emplace_back(kPruneTag);
  draft.cause_seq = requested;
  return draft;
}

}  // namespace phantom
