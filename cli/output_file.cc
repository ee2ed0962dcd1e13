#include "cli/output_file.h"

#include "ledger/home.h"

#include <filesystem>
#include <sys/stat.h>

namespace phantom {

Status write_output_file(const std::string& file, ByteView bytes) {
  const mode_t mask = umask(0);
  umask(mask);
  return write_file_durably(file, bytes, 0666 & ~mask);
}

}  // namespace phantom
