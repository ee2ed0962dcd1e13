#include "ledger/retention.h"

#include "events/encoding.h"
#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/point.h"
#include "ledger/rows.h"
#include "ledger/tree.h"
#include "ledger/writer.h"

#include <algorithm>

namespace phantom {
namespace {

Status check_order(const PruneOrder& order, std::uint64_t size) {
  if (order.first_kept % rows::kBundleEvents == 0 && order.first_kept <= rows::open_bundle(size)) {
    return {};
  }
  return Error{Code::kInternal, "a prune removes whole bundles of events there are"};
}

}  // namespace

Result<Digest> removed_tags(const StoreReader& rows, Seq first_kept) {
  RemovedTags tags;
  const auto cursor = rows.cursor(std::string(1, rows::kTag));
  for (; cursor->valid(); cursor->next()) {
    const std::string_view tag = cursor->key().substr(1);
    const ByteView value = as_bytes(cursor->value());
    if (value.size() != 16) {
      return Error{Code::kCorrupt, "a tag's row is damaged", "run 'phantom audit verify'"};
    }
    const TagState state{get_be64(value), get_be64(value.subspan(8))};
    if (RemovedTags::covers(tag, state.last_seq, first_kept)) tags.add(tag, state);
  }
  PH_TRY(cursor->status());
  return tags.digest();
}

Result<Pruned> prune_ledger(
    const Home& home, const Context& context, const AppenderOptions& options,
    const DecidePrune& decide,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  PH_ASSIGN(Lease lease, Lease::take_from_nobody(LedgerFiles{home.ledger()}.lock()));
  WriterOptions writer_options;
  writer_options.clock = options.clock;
  writer_options.random = options.random;
  writer_options.store = options.store;
  writer_options.unlock = options.unlock;
  writer_options.epoch_events_max = options.epoch_events_max;
  PH_ASSIGN(const std::unique_ptr<Writer> writer,
            Writer::open(home, std::move(lease), writer_options));

  PH_ASSIGN(const std::unique_ptr<LedgerReader> reader, open_reader(home.ledger()));
  PH_ASSIGN(const PruneOrder order, decide(*reader));
  PH_TRY(check_order(order, reader->head().checkpoint.size));
  PH_ASSIGN(const std::optional<NewestPrune> newest, newest_prune(*reader));
  const bool resumes = newest && newest->state == NewestPrune::State::kUnfinished &&
                       newest->request.first_kept == order.first_kept;
  const Seq first = reader->first_kept();
  Pruned done{first, 0, 0};
  if (order.first_kept <= first && !resumes) return done;

  if (resumes) {
    done.requested = newest->request.seq;
  } else {
    PruneRequest request;
    request.first_kept = order.first_kept;
    PH_ASSIGN(
        request.root,
        root_at([&](unsigned height, std::uint64_t index) { return reader->node(height, index); },
                order.first_kept));
    PH_ASSIGN(const std::unique_ptr<StoreReader> rows,
              StoreReader::open(LedgerFiles{home.ledger()}.db()));
    PH_ASSIGN(request.tags, removed_tags(*rows, order.first_kept));
    request.policy = order.policy;
    request.cutoff_ns = order.cutoff_ns;
    request.holds = order.holds;
    PH_ASSIGN(const Receipt receipt, writer->append_own(prune_requested(context, request)));
    done.requested = receipt.seq;
  }
  PH_POINT("prune.requested");

  for (Seq at = first; at < order.first_kept;) {
    const Seq to = std::min(at + order.step_events, order.first_kept);
    // The commit point of a step: from here on these events are gone for every reader.
    PH_TRY(writer->rewrite(
        [&](const RowSource& rows, std::uint64_t size) { return prune_rows(rows, size, at, to); }));
    PH_POINT("prune.step_written");
    at = to;
    done.first_kept = at;
    if (progress) progress(at - first, order.first_kept - first);
  }
  PH_ASSIGN(const Receipt receipt,
            writer->append_own(prune_completed(context, done.requested, order.first_kept)));
  done.completed = receipt.seq;
  PH_POINT("prune.completed");
  PH_TRY(writer->compact());
  PH_POINT("prune.compacted");
  PH_TRY(writer->close());
  return done;
}

}  // namespace phantom
