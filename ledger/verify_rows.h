#pragma once
// The checks of a ledger's rows, apart from where the rows come from: the store, or a table in a
// test. Reads only; the rows must not change under it.

#include "events/result.h"
#include "ledger/head_guard.h"
#include "ledger/store_reader.h"
#include "ledger/verify.h"

#include <string>

namespace phantom {

// What lies beside the rows. The head file must have been read before the rows were opened: the
// writer publishes it after its commit, so that it is never ahead of rows opened later.
struct Surroundings {
  Result<HeadFile> head;
  Result<std::string> identity;  // of the store, from its file
};

VerifyReport verify_rows(const StoreReader& rows, const Surroundings& surroundings,
                         const VerifyOptions& options);

}  // namespace phantom
