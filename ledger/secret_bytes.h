#pragma once
// A secret value in memory: locked, between guard pages, left out of core dumps, wiped when freed.
// It has no way to print itself, and copies are made only where the code says clone().

#include "events/result.h"
#include "events/types.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace phantom {

// Move-only. Reading from several threads is safe. Running out of memory ends the process. Locking
// is best effort: past RLIMIT_MEMLOCK the value is still guarded, wiped and never dumped.
class SecretBytes {
 public:
  SecretBytes() = default;  // empty
  static SecretBytes copy_of(ByteView value);
  static SecretBytes copy_of(std::string_view value);
  // Zero bytes to be filled through writable().
  static SecretBytes zeros(std::size_t size);

  // What is moved from is empty.
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes clone() const;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Valid while this object lives. Never hand these to a logger, an event or an error.
  ByteView view() const { return {memory_.get(), size_}; }
  std::string_view text() const { return as_text(view()); }
  std::span<std::uint8_t> writable() { return {memory_.get(), size_}; }
  // Forgets the bytes after the first `size`.
  void shrink(std::size_t size);

  // Takes the same time wherever the bytes differ; only the lengths may be learned.
  bool equals(ByteView other) const;
  bool equals(const SecretBytes& other) const { return equals(other.view()); }

 private:
  struct Free {
    void operator()(std::uint8_t* memory) const;
  };
  std::unique_ptr<std::uint8_t, Free> memory_;
  std::size_t size_ = 0;
};

// Overwrites bytes that held a secret outside of SecretBytes, such as a file that was read.
void wipe(std::span<std::uint8_t> bytes);
void wipe(std::string& text);

}  // namespace phantom
