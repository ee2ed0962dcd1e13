#pragma once
// Dotenv files on disk: read, and rewritten in two recorded steps so that a crash between them can
// be told from a file nobody touched.

#include "cli/edited_file.h"
#include "events/draft.h"
#include "ledger/appender.h"
#include "vault/dotenv.h"

#include <filesystem>
#include <string>
#include <vector>

namespace phantom {

// A file as it was read. Its text holds secrets and is wiped at the end.
struct DotenvOnDisk {
  std::filesystem::path path;
  std::string text;
  DotenvFile parsed;
  unsigned mode = 0600;

  DotenvOnDisk() = default;
  DotenvOnDisk(DotenvOnDisk&&) = default;
  DotenvOnDisk& operator=(DotenvOnDisk&&) = default;
  ~DotenvOnDisk();
};

// kNotFound, kDenied (a link, somebody else's directory), kInvalid with the line.
Result<DotenvOnDisk> read_dotenv(const std::filesystem::path& path);

// Records, replaces the file as a whole, records the end. kConflict when the file changed since it
// was read; it is then left as it is. `names` are the secrets that give way.
Status replace_dotenv(Appender& appender, const Context& context, const DotenvOnDisk& before,
                      const std::string& text, const std::vector<std::string>& names);

}  // namespace phantom
