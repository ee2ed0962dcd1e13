#pragma once
// How the store's RocksDB is set up, for the two files that open it. Not for anybody else.

#include "events/result.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace phantom {

rocksdb::Options store_options();

// kNotFound, kCorrupt, kLimit (no space), kDenied, kBusy or kIo, with RocksDB's words.
Error store_error(const char* operation, const rocksdb::Status& status);

// The value under a key; none when there is none.
Result<std::optional<std::string>> read_row(rocksdb::DB& db, std::string_view key);

// The greatest key that starts with `prefix`, whose last byte is not 0xff.
Result<std::optional<std::string>> last_row_key(rocksdb::DB& db, std::string_view prefix);

}  // namespace phantom
