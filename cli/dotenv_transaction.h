#pragma once
// Several dotenv files rewritten as one: all of them are, or none is.
//
// A new text is staged beside its file as FILE.phantom-XXXXXX and takes its name in one rename. A
// staged file stays locked as long as its process lives, so that what a killed one left behind can
// be told and removed. docs/DECISIONS.md has the table of where a process can be killed.

#include "cli/dotenv_edit.h"

#include <filesystem>
#include <string>
#include <vector>

namespace phantom {

struct DotenvRewrite {
  const DotenvOnDisk* before = nullptr;  // must outlive the transaction
  std::string text;
  std::vector<std::string> names;  // of the secrets that give way, for the event
};

class DotenvTransaction {
 public:
  // Writes every new text beside its file, durably. Nothing has changed after it, however it ends.
  static Result<DotenvTransaction> stage(std::vector<DotenvRewrite> rewrites);
  DotenvTransaction(DotenvTransaction&&) = default;
  DotenvTransaction& operator=(DotenvTransaction&&) = delete;
  ~DotenvTransaction();

  // Records, renames each, records the end. When one cannot be replaced, or was changed since it
  // was read (kConflict), those before it get their old text back and the error is returned.
  // kIndeterminate: that failed too; the message names the files.
  Status commit(Appender& appender, const Context& context);

 private:
  struct Staged {
    DotenvRewrite rewrite;
    std::filesystem::path path;  // empty once it has its name
    int fd = -1;                 // locked
    bool existed = false;
  };
  DotenvTransaction() = default;
  Status replace(Staged& staged) const;
  Status put_back(std::size_t count) const;

  std::vector<Staged> staged_;
};

// Removes what killed processes left staged beside `file`. Best effort.
void remove_stale_stages(const std::filesystem::path& file);

}  // namespace phantom
