#pragma once
// A file that appears when it is whole: it is written as FILE.part and gets its name at the end.

#include "events/result.h"

#include <string>

namespace phantom {

class PartFile {
 public:
  // Makes FILE.part, empty. kExists when it is there: another export may be writing it.
  static Result<PartFile> make(const std::string& file);

  PartFile(PartFile&& other) noexcept;
  PartFile& operator=(PartFile&&) = delete;
  PartFile(const PartFile&) = delete;
  // Removes the part, unless it has its name.
  ~PartFile();

  const std::string& part() const { return part_; }
  int fd() const { return fd_; }
  // Syncs what was written, by whatever descriptor, and gives it its name; FILE is replaced.
  Status publish();

 private:
  PartFile(const std::string& file, int fd) : target_(file), part_(file + ".part"), fd_(fd) {}

  std::string target_;
  std::string part_;
  int fd_;
};

}  // namespace phantom
