#pragma once
// The lease: who holds it is the one writer. An advisory lock (Boost.Interprocess file_lock, fcntl
// underneath) that the kernel frees when its holder dies, however it dies.
//
// fcntl locks are dropped when any descriptor of the file is closed in the holding process, so the
// file is a file of its own that nothing but this class ever opens.

#include "events/result.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

namespace phantom {

class Lease {
 public:
  // Takes it now or not at all. kNotFound when the lock file does not exist, kBusy when another
  // process has it, or another lease of this process has.
  static Result<Lease> try_acquire(const std::filesystem::path& file);
  static Result<Lease> acquire(const std::filesystem::path& file,
                               std::chrono::milliseconds wait_max);
  // The same for what must not run beside a writer: kBusy names its process id.
  static Result<Lease> take_from_nobody(const std::filesystem::path& file);

  // Makes the lock file if it is not there.
  static Status make_file(const std::filesystem::path& file);

  // Process id of the holder, as the kernel tells it; none when nobody has it. Not for a process
  // that holds a lease on the same file: the answer is then its own id, without a system call.
  static Result<std::optional<int>> holder(const std::filesystem::path& file);

  // True while the file the lock is on is still the one at its path. When it was removed or
  // replaced, another process could take "the" lease too, so the writer must stop.
  bool still_there() const;

  Lease(Lease&&) noexcept;
  Lease& operator=(Lease&&) = delete;
  ~Lease();

 private:
  struct State;
  explicit Lease(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace phantom
