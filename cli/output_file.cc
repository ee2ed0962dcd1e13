#include "cli/output_file.h"

#include "events/sha256.h"
#include "ledger/home.h"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <vector>

namespace phantom {

Status write_output_file(const std::string& file, ByteView bytes) {
  const mode_t mask = umask(0);
  umask(mask);
  return write_file_durably(file, bytes, 0666 & ~mask);
}

Result<Digest> file_digest(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<char> block(1024 * 1024);
  Sha256 hash;
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    hash.update(as_bytes({block.data(), static_cast<std::size_t>(in.gcount())}));
  }
  if (!in.eof()) return Error{Code::kIo, "cannot read " + file};
  return hash.finish();
}

}  // namespace phantom
