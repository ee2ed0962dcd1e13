#pragma once
// Raw rows of a store, read beside a live writer. A RocksDB secondary instance: it takes no lock
// and writes nothing.

#include "events/result.h"
#include "ledger/reader.h"
#include "ledger/row_source.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace phantom {

// Walks rows in key order. Views are good until next().
class RowCursor {
 public:
  virtual ~RowCursor() = default;
  virtual bool valid() const = 0;
  virtual void next() = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  // Why it stopped, when it stopped before the end of the prefix.
  virtual Status status() const = 0;
};

class StoreReader : public RowSource {
 public:
  // `db` is the store's own directory. kNotFound, kCorrupt, kDenied, kIo.
  static Result<std::unique_ptr<StoreReader>> open(const std::filesystem::path& db);

  // Rows whose key starts with `prefix`, which is not empty, from `from` on when it is given.
  virtual std::unique_ptr<RowCursor> cursor(std::string_view prefix,
                                            std::string_view from = {}) const = 0;
  // A row whose key starts with none of `known`; none when there is no such row.
  virtual Result<std::optional<std::string>> foreign_key(std::string_view known) const = 0;

  // Moves to the newest rows. Cursors made before stay where they are.
  virtual Status catch_up() = 0;
};

// The ledger that these rows are, at its newest commit. kNotFound: they hold none.
Result<std::unique_ptr<LedgerReader>> read_ledger(std::unique_ptr<StoreReader> rows);

}  // namespace phantom
