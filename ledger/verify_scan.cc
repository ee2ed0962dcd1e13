#include "ledger/verify_scan.h"

#include "ledger/rows.h"

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>

namespace phantom {
namespace {

// A row of one bundle or one tail entry.
struct Row {
  Seq first = 0;
  std::size_t count = 0;
  std::string value;
};

constexpr std::size_t kPartBytesMax = 8 << 20;
constexpr std::size_t kPartEventsMax = 32'768;

Failure row_failure(const std::string& reason, Seq seq) { return {"entries", reason, seq}; }

class EntryRows {
 public:
  EntryRows(const StoreReader& rows, std::uint64_t size)
      : size_(size),
        full_(size / rows::kBundleEvents),
        bundles_(rows.cursor(std::string(1, rows::kBundle))),
        tail_(rows.cursor(std::string(1, rows::kTail))) {}

  bool done() const { return done_; }

  // Rows for one part. When it stops before the end the failure says why.
  std::optional<Failure> read_part(std::vector<Row>& part) {
    std::size_t bytes = 0;
    std::size_t events = 0;
    while (bytes < kPartBytesMax && events < kPartEventsMax) {
      if (next_ == size_) {
        done_ = true;
        return check_ends();
      }
      const bool bundle = next_ / rows::kBundleEvents < full_;
      if (auto failure = take(bundle, part)) {
        done_ = true;
        return failure;
      }
      bytes += part.back().value.size();
      events += part.back().count;
    }
    return std::nullopt;
  }

 private:
  std::optional<Failure> take(bool bundle, std::vector<Row>& part) {
    RowCursor& cursor = bundle ? *bundles_ : *tail_;
    const std::uint64_t number = bundle ? next_ / rows::kBundleEvents : next_;
    const std::string key = bundle ? rows::bundle(number) : rows::tail(number);
    if (!cursor.valid() || cursor.key() != key) {
      if (Status status = cursor.status(); !status.ok()) {
        return failure_of("entries", status.error());
      }
      if (cursor.valid() && cursor.key() < key) {
        return Failure{"rows", "there is an entry where none belongs", next_};
      }
      return row_failure((bundle ? "bundle " : "event ") + std::to_string(number) + " is missing",
                         next_);
    }
    const std::size_t count = bundle ? rows::kBundleEvents : 1;
    part.push_back({next_, count, std::string(cursor.value())});
    next_ += count;
    cursor.next();
    return std::nullopt;
  }

  std::optional<Failure> check_ends() const {
    for (const RowCursor* cursor : {bundles_.get(), tail_.get()}) {
      if (cursor->valid()) {
        return Failure{"rows", "there are entries after the newest checkpoint or in two places"};
      }
      if (Status status = cursor->status(); !status.ok()) {
        return failure_of("entries", status.error());
      }
    }
    return std::nullopt;
  }

  std::uint64_t size_;
  std::uint64_t full_;
  std::unique_ptr<RowCursor> bundles_;
  std::unique_ptr<RowCursor> tail_;
  Seq next_ = 0;
  bool done_ = false;
};

ScanPart parse_row(const Row& row) {
  ScanPart part;
  std::vector<ByteView> entries{as_bytes(row.value)};
  if (row.count > 1) {
    auto split = rows::split_bundle(as_bytes(row.value), row.count);
    if (!split) {
      part.failure = row_failure("bundle " + std::to_string(row.first / rows::kBundleEvents) +
                                     " does not split into its entries",
                                 row.first);
      return part;
    }
    entries = std::move(*split);
  }
  part.facts.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Seq seq = row.first + i;
    auto facts = read_entry_facts(entries[i], seq);
    if (!facts) {
      part.failure = failure_of("entries", facts.error());
      part.failure->reason.insert(0, "event " + std::to_string(seq) + ": ");
      part.failure->seq = seq;
      return part;
    }
    part.facts.push_back(std::move(*facts));
  }
  return part;
}

ScanPart read_and_parse(EntryRows& source, unsigned threads) {
  std::vector<Row> rows;
  auto failure = source.read_part(rows);
  std::vector<ScanPart> parsed(rows.size());
  parallel_for(rows.size(), threads, [&](std::size_t i) { parsed[i] = parse_row(rows[i]); });
  ScanPart part;
  for (ScanPart& piece : parsed) {
    std::move(piece.facts.begin(), piece.facts.end(), std::back_inserter(part.facts));
    if (piece.failure) {
      part.failure = std::move(piece.failure);
      return part;
    }
  }
  part.failure = std::move(failure);
  return part;
}

}  // namespace

void parallel_for(std::size_t count, unsigned threads,
                  const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> others;
  // A thread costs more than a handful of entries or signatures do.
  constexpr std::size_t kWorthAThread = 8;
  for (unsigned i = 1; i < threads && others.size() + 1 < count / kWorthAThread; ++i) {
    others.emplace_back(run);
  }
  run();
}

void scan_entries(const StoreReader& rows, std::uint64_t size, unsigned threads,
                  const std::function<bool(ScanPart&)>& take) {
  EntryRows source(rows, size);
  ScanPart part = read_and_parse(source, threads);
  for (;;) {
    if (part.failure || source.done()) {
      take(part);
      return;
    }
    std::future<ScanPart> next =
        std::async(std::launch::async, [&] { return read_and_parse(source, threads); });
    const bool more = take(part);
    part = next.get();
    if (!more) return;
  }
}

}  // namespace phantom
