#pragma once
// Secret values in memory, and a process that keeps them to itself.

#include "events/result.h"
#include "ledger/secret_bytes.h"

namespace phantom {

// Keeps the process out of core dumps and of other processes of the same user: not dumpable, no
// core file. Call first thing in main. kIo when the kernel refuses.
Status harden_process();

}  // namespace phantom
