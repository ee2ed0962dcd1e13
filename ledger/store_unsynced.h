#pragma once
// A file system below the store that leaves it to the kernel when bytes reach the disk: for copies
// that nobody misses after a power loss, where waiting for the disk is all the time a commit takes.

namespace rocksdb {
class Env;
}

namespace phantom {

// Lives as long as the process; safe from several threads.
rocksdb::Env* unsynced_env();

}  // namespace phantom
