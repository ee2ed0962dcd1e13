#pragma once
// A ledger in memory: sequences drafts as the real one does, with tags, back-pointers and append
// conditions, and can be made to fail or to "kill the process" at any append.

#include "events/catalog.h"
#include "events/envelope.h"
#include "events/seal.h"
#include "ledger/appender.h"
#include "ledger/reader.h"
#include "tests/support/fake_clock.h"
#include "tests/support/seeded_random.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace phantom {

// Thrown by a hook to end the "process" at that point.
struct Killed {};

class MemoryLedger {
 public:
  struct Row {
    Draft draft;
    Bytes entry;
  };

  Result<Receipt> append(Draft draft) {
    if (guard) {
      if (Status allowed = guard(encode_draft(draft)); !allowed.ok())
        return std::move(allowed.error());
    }
    draft.id = make_event_id(clock, random);
    const std::vector<SealRequest> plain = std::exchange(draft.to_seal, {});
    for (const SealRequest& request : plain) {
      draft.sealed.push_back(seal_field({}, "s_0000000000000000", draft.id, request, random));
    }
    PH_TRY(check_draft(draft));
    if (before_append) PH_TRY(before_append(draft));
    for (const Condition& condition : draft.conditions) {
      const auto state = tags.find(condition.tag);
      const bool holds = condition.last_seq
                             ? state != tags.end() && state->second.last_seq == *condition.last_seq
                             : state == tags.end();
      if (!holds) return Error{Code::kConflict, "condition on " + condition.tag + " does not hold"};
    }
    const Seq seq = rows.size();
    Sequencing sequencing;
    sequencing.seq = seq;
    clock.advance(1'000);
    sequencing.time_ns = clock.wall_ns();
    Row row;
    for (const std::string& tag : draft.tags) {
      TagState& state = tags[tag];
      sequencing.tag_links.push_back({state.last_seq, state.count + 1});
      state = {seq, state.count + 1};
    }
    PH_ASSIGN(row.entry, encode_entry(draft, sequencing));
    row.draft = std::move(draft);
    row.draft.to_seal = plain;  // for tests to look at
    rows.push_back(std::move(row));
    if (after_append) PH_TRY(after_append(rows.back().draft));
    Receipt receipt;
    receipt.seq = seq;
    receipt.checkpoint_size = rows.size();
    return receipt;
  }

  // Dotted names of the events, in order.
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const Row& row : rows) out.push_back(find_event(row.draft.type)->name);
    return out;
  }
  const Draft& last() const { return rows.back().draft; }

  std::vector<Row> rows;
  std::map<std::string, TagState, std::less<>> tags;
  // An error refuses the append; it may throw Killed.
  std::function<Status(const Draft&)> before_append;
  // The event is recorded; an error hides that from the caller, as a lost answer does.
  std::function<Status(const Draft&)> after_append;
  DraftGuard guard;
  FakeClock clock;
  SeededRandom random{7};
};

class MemoryAppender final : public Appender {
 public:
  explicit MemoryAppender(MemoryLedger& ledger) : ledger_(ledger) {}
  Result<Receipt> append(Draft draft) override { return ledger_.append(std::move(draft)); }
  void append_async(Draft draft, AppendCallback done) override { done(append(std::move(draft))); }
  void set_guard(DraftGuard guard) override { ledger_.guard = std::move(guard); }
  Status close() override { return {}; }

 private:
  MemoryLedger& ledger_;
};

// Sees what had been recorded when it last caught up.
class MemoryReader final : public LedgerReader {
 public:
  explicit MemoryReader(MemoryLedger& ledger) : ledger_(ledger) {}

  const SignedCheckpoint& head() const override { return head_; }
  Result<bool> catch_up() override {
    const bool moved = head_.checkpoint.size != ledger_.rows.size();
    head_.checkpoint.size = ledger_.rows.size();
    if (after_catch_up) after_catch_up();
    return moved;
  }
  Result<Bytes> entry(Seq seq) const override {
    if (seq >= head_.checkpoint.size) return Error{Code::kNotFound, "past the end"};
    return ledger_.rows[seq].entry;
  }
  Status scan(Seq from, Seq to,
              const std::function<bool(Seq, const Bytes&)>& visit) const override {
    for (Seq seq = from; seq < std::min<Seq>(to, head_.checkpoint.size); ++seq) {
      if (!visit(seq, ledger_.rows[seq].entry)) break;
    }
    return {};
  }
  Status commits(std::uint64_t,
                 const std::function<bool(const SignedCheckpoint&)>&) const override {
    return Error{Code::kUnsupported, "not needed here"};
  }
  Result<std::optional<TagState>> tag(std::string_view tag) const override {
    std::optional<TagState> state;
    for (Seq seq = 0; seq < head_.checkpoint.size; ++seq) {
      if (!carries(seq, tag)) continue;
      state = TagState{seq, state ? state->count + 1 : 1};
    }
    return state;
  }
  Status history(std::string_view tag,
                 const std::function<bool(Seq, const Bytes&)>& visit) const override {
    for (Seq seq = head_.checkpoint.size; seq-- > 0;) {
      if (carries(seq, tag) && !visit(seq, ledger_.rows[seq].entry)) break;
    }
    return {};
  }
  Result<Digest> node(unsigned, std::uint64_t) const override {
    return Error{Code::kNotFound, "no tree in memory"};
  }

  std::function<void()> after_catch_up;

 private:
  bool carries(Seq seq, std::string_view tag) const {
    for (const std::string& name : ledger_.rows[seq].draft.tags) {
      if (name == tag) return true;
    }
    return false;
  }
  MemoryLedger& ledger_;
  SignedCheckpoint head_;
};

}  // namespace phantom
