#pragma once
// RocksDB's checksum function, replaced at link time. Debian builds RocksDB for every x86-64 CPU,
// so that its own does not use the CPU's instruction and is the most expensive part of writing a
// log and of reading a table. Same results, bit for bit.

namespace phantom {

// Does nothing. Whoever opens a store calls it, so that the linker takes this file's definitions
// before it looks into RocksDB's library; the build fails if it had to take both.
void use_own_crc32c();

}  // namespace phantom
