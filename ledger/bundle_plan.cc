#include "ledger/bundle_plan.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/producers.h"
#include "ledger/prove.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {
namespace {

// A chain with more than one event in so many is found by reading all events in order: a step back
// reads a whole row.
constexpr std::uint64_t kDense = 64;
constexpr std::size_t kSeqBytes = sizeof(Seq);
constexpr std::size_t kSeqsAtOnce = 4'096;
constexpr Seq kNear = 128;  // events closer than this are read in one go
constexpr Seq kBackStep = 4'096;

Error stopped() { return {Code::kClosed, "interrupted"}; }

// What an export leaves behind, and what the ledger does on its own, does not make a new answer.
bool comes_with_exports(const schema::Entry& entry) {
  return entry.type() == event_no<schema::AuditExported>() ||
         entry.type() == event_no<schema::AuditExportRequested>() ||
         entry.type() == event_no<schema::LedgerEpochAnnounced>();
}

}  // namespace

class BundlePlanner {
 public:
  BundlePlanner(const LedgerReader& reader, const EntryFilter& filter,
                const std::filesystem::path& spool, const StopAsked& stop,
                std::optional<Seq> closing)
      : reader_(reader),
        filter_(filter),
        spool_(spool),
        stop_(stop),
        closing_(closing),
        query_(query_text(filter)) {}

  Result<std::optional<BundlePlan>> plan() {
    plan_.cover_ = cover_of(filter_);
    const bool range = plan_.cover_.tag.empty();
    std::uint64_t count = size();
    if (!range) {
      PH_ASSIGN(const auto state, reader_.tag(plan_.cover_.tag));
      count = state ? state->count : 0;
    }
    if (filter_.from) {
      PH_ASSIGN(begin_, first_at(*filter_.from));
    }
    // The event before the period belongs to the bundle.
    if (range && reader_.first_kept() > 0 && begin_ <= reader_.first_kept()) return removed();
    PH_ASSIGN(const bool ends, find_upper());
    if (!ends) return std::optional<BundlePlan>();
    if (range) {
      if (begin_ > 0) plan_.lower_ = begin_ - 1;
    } else if (count > size() / kDense) {
      PH_TRY(find_lower());
    } else {
      PH_TRY(walk_chain());
    }
    PH_TRY(find_checkpoint());
    PH_TRY(find_keys());
    return std::optional(std::move(plan_));
  }

 private:
  std::uint64_t size() const { return reader_.head().checkpoint.size; }
  bool stop_asked() const { return stop_ && stop_(); }

  Error removed() const {
    const Seq kept = reader_.first_kept();
    const std::string from = "--from " + std::to_string(kept + 1);
    const std::string& tag = plan_.cover_.tag;
    return {Code::kNotFound,
            "events before event " + std::to_string(kept) +
                " were removed under a retention policy, and this question needs some of them",
            tag.empty() ? "a bundle can begin after them: " + from
                        : "the history of " + tag + " leads to them; a bundle of all events can " +
                              "begin after them: " + from};
  }

  // Number of the first event at or after `point`; size() when there is none.
  Result<Seq> first_at(const LogPoint& point) const {
    if (const auto* seq = std::get_if<SeqPoint>(&point)) return std::min(seq->seq, size());
    Seq low = reader_.first_kept();
    Seq high = size();
    while (low < high) {
      const Seq middle = low + (high - low) / 2;
      PH_ASSIGN(const Bytes bytes, reader_.entry(middle));
      PH_ASSIGN(const schema::Entry* entry, parse_entry(bytes));
      if (is_at_or_after(*entry, point)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  // Calls `visit` for events of the cover, newest first, until it returns false.
  Status back(const std::function<bool(Seq, const schema::Entry&)>& visit) const {
    Status bad;
    const auto take = [&](Seq seq, const Bytes& bytes) {
      const auto entry = parse_entry(bytes);
      if (!entry) bad = entry.error();
      if (bad.ok() && stop_asked()) bad = stopped();
      return bad.ok() && visit(seq, **entry);
    };
    if (!plan_.cover_.tag.empty()) {
      Status walked = reader_.history(plan_.cover_.tag, take);
      if (!walked.ok() && walked.error().code == Code::kNotFound) return removed();
      PH_TRY(std::move(walked));
      return bad;
    }
    for (Seq seq = size(); seq-- > reader_.first_kept();) {
      PH_ASSIGN(const Bytes bytes, reader_.entry(seq));
      if (!take(seq, bytes)) break;
    }
    return bad;
  }

  // Calls `visit` for events of the cover in [from, to), in order, until it returns false.
  Status forward(Seq from, Seq to, const std::function<bool(Seq)>& visit) const {
    Status bad;
    PH_TRY(reader_.scan(from, to, [&](Seq seq, const Bytes& bytes) {
      const auto entry = parse_entry(bytes);
      if (!entry) bad = entry.error();
      if (bad.ok() && stop_asked()) bad = stopped();
      return bad.ok() && (!cover_link(plan_.cover_, **entry) || visit(seq));
    }));
    return bad;
  }

  // False when there is no end.
  Result<bool> find_upper() {
    bool found = false;
    if (filter_.to) {
      PH_ASSIGN(const Seq end, first_at(*filter_.to));
      if (end < begin_) {
        return Error{Code::kInvalid, "the period ends before it begins"};
      }
      PH_ASSIGN(found, find_end(end));
      return found;
    }
    PH_TRY(back([&](Seq seq, const schema::Entry& entry) {
      found = seq >= begin_ && closes_query(entry, query_);
      if (found) plan_.upper_ = seq;
      const bool after_closing = closing_ && seq > *closing_;  // others went on meanwhile
      return !found && (after_closing || comes_with_exports(entry));
    }));
    return found;
  }

  // The first event of the cover from `end` on.
  Result<bool> find_end(Seq end) {
    bool found = false;
    const auto take = [&](Seq seq) {
      found = true;
      plan_.upper_ = seq;
      return false;
    };
    if (plan_.cover_.tag.empty()) {
      if (end < size()) take(end);
      return found;
    }
    PH_ASSIGN(const auto state, reader_.tag(plan_.cover_.tag));
    if (!state || state->last_seq < end) return false;
    if (state->count > size() / kDense) {
      PH_TRY(forward(end, size(), take));
      return found;
    }
    PH_TRY(back([&](Seq seq, const schema::Entry&) {
      if (seq < end) return false;
      take(seq);
      return true;
    }));
    return found;
  }

  // The newest event of the chain before the period, a piece of the ledger at a time.
  Status find_lower() {
    const Seq kept = reader_.first_kept();
    for (Seq end = begin_; end > kept && !plan_.lower_;) {
      const Seq from = std::max(kept, end - std::min(end, kBackStep));
      PH_TRY(forward(from, end, [&](Seq seq) {
        plan_.lower_ = seq;
        return true;
      }));
      end = from;
    }
    return plan_.lower_ || kept == 0 ? Status() : check_beginning();
  }

  // The chain has no event left before the period: it has to begin in it.
  Status check_beginning() const {
    bool begins = true;
    Status bad;
    PH_TRY(reader_.scan(std::max(begin_, reader_.first_kept()), plan_.upper_ + 1,
                        [&](Seq, const Bytes& bytes) {
                          const auto entry = parse_entry(bytes);
                          if (!entry) bad = entry.error();
                          if (!bad.ok()) return false;
                          const auto link = cover_link(plan_.cover_, **entry);
                          if (link) begins = link->count == 1;
                          return !link;
                        }));
    PH_TRY(std::move(bad));
    return begins ? Status() : Status(removed());
  }

  Status walk_chain() {
    PH_ASSIGN(plan_.chain_, SpoolFile::make(spool_));
    Status bad;
    PH_TRY(back([&](Seq seq, const schema::Entry&) {
      if (seq >= plan_.upper_) return true;
      if (seq < begin_) {
        plan_.lower_ = seq;
        return false;
      }
      Bytes number;
      put_be64(number, seq);
      bad = plan_.chain_->append(number);
      return bad.ok();
    }));
    PH_TRY(std::move(bad));
    return plan_.chain_->flush();
  }

  Status find_checkpoint() {
    std::optional<SignedCheckpoint> commit;
    PH_TRY(reader_.commits(plan_.upper_, [&](const SignedCheckpoint& found) {
      commit = found;
      return false;
    }));
    if (!commit) {
      return Error{Code::kCorrupt, "no commit covers event " + std::to_string(plan_.upper_),
                   "run 'phantom audit verify'"};
    }
    PH_ASSIGN(plan_.checkpoint_, outside_checkpoint(*commit));
    return {};
  }

  Status find_keys() {
    PH_TRY(reader_.history(kEpochTag, [&](Seq seq, const Bytes&) {
      if (seq < plan_.checkpoint_.checkpoint.size) plan_.keys_.push_back(seq);
      return true;
    }));
    std::reverse(plan_.keys_.begin(), plan_.keys_.end());
    return {};
  }

  const LedgerReader& reader_;
  const EntryFilter& filter_;
  const std::filesystem::path& spool_;
  const StopAsked& stop_;
  const std::optional<Seq> closing_;
  std::string query_;
  Seq begin_ = 0;
  BundlePlan plan_;
};

Result<std::optional<BundlePlan>> plan_bundle(const LedgerReader& reader, const EntryFilter& filter,
                                              const std::filesystem::path& spool,
                                              const StopAsked& stop, std::optional<Seq> closing) {
  return BundlePlanner(reader, filter, spool, stop, closing).plan();
}

Status BundlePlan::each(const LedgerReader& reader, const Visit& visit) {
  auto key = keys_.begin();
  const auto keys_before = [&](Seq seq) -> Status {
    for (; key != keys_.end() && *key < seq; ++key) {
      PH_ASSIGN(const Bytes bytes, reader.entry(*key));
      PH_TRY(visit(*key, bytes, Part::kKey));
    }
    return {};
  };
  const auto take = [&](Seq seq, const Bytes& bytes) -> Status {
    PH_TRY(keys_before(seq));
    if (key != keys_.end() && *key == seq) ++key;
    return visit(seq, bytes, seq == upper_ || seq == lower_ ? Part::kBoundary : Part::kCover);
  };
  PH_TRY(each_covered(reader, take));
  return keys_before(checkpoint_.checkpoint.size);
}

Status BundlePlan::each_covered(const LedgerReader& reader,
                                const std::function<Status(Seq, const Bytes&)>& visit) {
  Status bad;
  if (!chain_) {
    const Seq from = lower_.value_or(0);
    PH_TRY(reader.scan(from, upper_ + 1, [&](Seq seq, const Bytes& bytes) {
      if (!cover_.tag.empty()) {
        const auto entry = parse_entry(bytes);
        if (!entry) bad = entry.error();
        if (!bad.ok() || !cover_link(cover_, **entry)) return bad.ok();
      }
      bad = visit(seq, bytes);
      return bad.ok();
    }));
    return bad;
  }
  // Those of `seqs`, which go up.
  const auto read_all = [&](const std::vector<Seq>& seqs) -> Status {
    for (std::size_t i = 0; i < seqs.size();) {
      std::size_t end = i + 1;
      while (end < seqs.size() && seqs[end] - seqs[end - 1] <= kNear) ++end;
      PH_TRY(reader.scan(seqs[i], seqs[end - 1] + 1, [&](Seq seq, const Bytes& bytes) {
        if (seq != seqs[i]) return true;
        ++i;
        bad = visit(seq, bytes);
        return bad.ok();
      }));
      PH_TRY(std::move(bad));
      if (i != end)
        return Error{Code::kCorrupt, "event " + std::to_string(seqs[i]) + " is missing"};
    }
    return {};
  };
  if (lower_) PH_TRY(read_all({*lower_}));
  Bytes block;
  for (std::uint64_t left = chain_->size(); left > 0;) {
    block.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, kSeqsAtOnce * kSeqBytes)));
    left -= block.size();
    PH_TRY(chain_->read(left, block));
    std::vector<Seq> seqs;
    for (std::size_t at = 0; at < block.size(); at += kSeqBytes) {
      seqs.push_back(get_be64(ByteView(block).subspan(at)));
    }
    std::reverse(seqs.begin(), seqs.end());
    PH_TRY(read_all(seqs));
  }
  return read_all({upper_});
}

Draft closing_event(const Context& context, const EntryFilter& filter) {
  const std::string query = query_text(filter);
  Draft draft = make_draft<schema::AuditExportRequested>(
      context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateAuditExportRequestedDirect(builder, query.c_str());
      });
  const std::string tag = cover_of(filter).tag;
  if (!tag.empty() && std::find(draft.tags.begin(), draft.tags.end(), tag) == draft.tags.end()) {
    draft.tags.push_back(tag);
  }
  return draft;
}

}  // namespace phantom
