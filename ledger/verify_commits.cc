#include "ledger/verify_commits.h"

#include "ledger/rows.h"

#include <algorithm>

namespace phantom {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

// Root of the tree of span.first + count leaves, count > 0.
Digest root_in_span(const Span& span, const CompactRange& before, std::uint64_t count) {
  Digest peaks[kSpanHeight + 1];
  std::size_t found = 0;
  for (std::uint64_t done = 0; done < count;) {
    const auto height = static_cast<unsigned>(std::bit_width(count - done) - 1);
    peaks[found++] = span.nodes[height][done >> height];
    done += std::uint64_t{1} << height;
  }
  if (count == kSpanEvents) {
    CompactRange whole = before;
    whole.append(peaks[0], kSpanHeight);
    return whole.root();
  }
  Digest root = peaks[--found];
  while (found > 0) root = node_hash(peaks[--found], root);
  for (auto at = before.hashes().rbegin(); at != before.hashes().rend(); ++at) {
    root = node_hash(*at, root);
  }
  return root;
}

class CommitChecker {
 public:
  CommitChecker(const Span& span, const CommitContext& context, const Checkpoint& head,
                const SignatureScope& scope)
      : span_(span), context_(context), head_(head), scope_(scope) {}

  std::optional<Failure> check(std::uint64_t first, std::uint64_t size, std::string_view row,
                               std::uint64_t& skipped) const {
    const std::string name = "the checkpoint over " + number(size) + " events";
    const auto bad = [&](const std::string& why) {
      return Failure{"checkpoints", name + why, size - 1};
    };
    const Checkpoint expected{head_.origin, size,
                              root_in_span(span_, context_.range, size - span_.first)};
    const std::string text = expected.text();
    if (!row.starts_with(text)) {
      const auto parsed = parse_checkpoint(row);
      if (!parsed) return bad(": " + parsed.error().message);
      const bool other_root =
          parsed->checkpoint.root != expected.root && parsed->checkpoint.size == size;
      return bad(other_root ? " has another root than its events: one of them was changed"
                            : " has another text than its events call for");
    }
    const auto note = parse_note(row);
    if (!note) return bad(" is not a signed note: " + note.error().message);
    if (note->text != text) return bad(" has another text than its events call for");

    const EpochRules::Epoch* epoch = epoch_of(first, size);
    if (epoch == nullptr) return bad(" goes on after the announcement of an epoch");
    const bool closing = epoch->closing_seq && *epoch->closing_seq + 1 == size;
    const bool full = size > scope_.after_size || closing || size == head_.size;
    for (const VerifierKey* key : {&context_.log_key, &epoch->key}) {
      if (full ? check_note(row, *key) == NoteCheck::kGood : has_line(*note, *key)) continue;
      const bool there = has_line(*note, *key);
      return bad(there ? " has a wrong signature by " + key->name
                       : " is not signed by " + key->name + ", the key in force");
    }
    if (note->signatures.size() != 2) return bad(" has a signature nobody can check");
    if (!full) ++skipped;
    return std::nullopt;
  }

  bool ends_epoch(std::uint64_t size) const {
    return std::any_of(context_.epochs.begin(), context_.epochs.end(),
                       [size](const EpochRules::Epoch& epoch) {
                         return epoch.closing_seq && *epoch.closing_seq + 1 == size;
                       });
  }
  // How many epochs end in the span with a commit over at most `size` events.
  std::uint64_t epochs_ended(std::uint64_t size) const {
    return static_cast<std::uint64_t>(std::count_if(
        context_.epochs.begin(), context_.epochs.end(), [&](const EpochRules::Epoch& epoch) {
          return epoch.closing_seq && *epoch.closing_seq >= span_.first &&
                 *epoch.closing_seq < size;
        }));
  }

 private:
  const EpochRules::Epoch* epoch_of(Seq first, std::uint64_t size) const {
    for (const EpochRules::Epoch& epoch : context_.epochs) {
      const bool begun = epoch.first_seq <= first;
      const bool open = !epoch.closing_seq || *epoch.closing_seq + 1 >= size;
      if (begun && open) return &epoch;
    }
    return nullptr;
  }

  static bool has_line(const SignedNote& note, const VerifierKey& key) {
    return std::any_of(note.signatures.begin(), note.signatures.end(),
                       [&](const NoteSignature& line) {
                         return line.name == key.name && line.id == key.id &&
                                line.signature.size() == Signature{}.size();
                       });
  }

  const Span& span_;
  const CommitContext& context_;
  const Checkpoint& head_;
  const SignatureScope& scope_;
};

}  // namespace

CommitsResult check_commits(const StoreReader& rows, const Span& span, const CommitContext& context,
                            const Checkpoint& head, const SignatureScope& scope, Seq first_kept) {
  CommitsResult result;
  const auto before = rows.floor(rows::commit(span.first));
  if (!before) {
    result.failure = failure_of("checkpoints", before.error());
    return result;
  }
  if (span.first == 0 && *before) {
    result.failure = Failure{"checkpoints", "there is a commit row where none belongs", 0};
    return result;
  }
  Seq first = *before ? rows::number_of((*before)->first).value_or(0) : 0;
  const CommitChecker checker(span, context, head, scope);
  std::uint64_t epochs_ended = 0;     // by commits over events that were removed
  std::optional<std::uint64_t> last;  // commit over such events, if it ended none
  const auto cursor = rows.cursor(std::string(1, rows::kCommit), rows::commit(span.first + 1));
  for (; cursor->valid(); cursor->next()) {
    const auto size = rows::number_of(cursor->key());
    if (!size) {
      result.failure = Failure{"checkpoints", "there is a commit row where none belongs"};
      return result;
    }
    if (*size <= first_kept) {
      if (last) {
        result.failure = Failure{"rows",
                                 "the checkpoint over " + number(*last) +
                                     " events is there, and its events were removed",
                                 *last - 1};
        return result;
      }
    }
    if (*size > span.first + span.count) break;
    if (*size <= first_kept && checker.ends_epoch(*size)) {
      ++epochs_ended;
    } else if (*size <= first_kept) {
      last = *size;
    }
    result.failure = checker.check(first, *size, cursor->value(), result.signatures_skipped);
    if (result.failure) return result;
    first = *size;
  }
  if (Status status = cursor->status(); !status.ok()) {
    result.failure = failure_of("checkpoints", status.error());
    return result;
  }
  if (epochs_ended != checker.epochs_ended(std::min(first_kept, span.first + span.count))) {
    result.failure =
        Failure{"checkpoints", "the last checkpoint of an epoch is missing", span.first};
  }
  return result;
}

}  // namespace phantom
