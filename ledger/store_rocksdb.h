#pragma once
// How the store's RocksDB is set up, for the two files that open it. Not for anybody else.

#include "events/result.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <memory>

namespace phantom {

rocksdb::Options store_options();

// kNotFound, kCorrupt, kLimit (no space), kDenied, kBusy or kIo, with RocksDB's words.
Error store_error(const char* operation, const rocksdb::Status& status);

}  // namespace phantom
