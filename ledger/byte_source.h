#pragma once
// Bytes of a known number that are read at any place: a file, or memory.

#include "events/result.h"
#include "events/types.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace phantom {

// Reading is safe from several threads.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;
  // Fills `out` from `offset` on; all of it lies within size(). kIo.
  virtual Status read(std::uint64_t offset, std::span<std::uint8_t> out) const = 0;
};

// An ordinary file; its size is that at opening. kNotFound, kDenied, kIo, kInvalid: not an
// ordinary file.
Result<std::unique_ptr<ByteSource>> open_byte_source(const std::filesystem::path& file);
std::unique_ptr<ByteSource> byte_source_of(Bytes bytes);

// Reads a part of a source from its start to its end. One thread.
class SourceCursor {
 public:
  // `offset` + `size` lies within the source, which must outlive this.
  SourceCursor(const ByteSource& source, std::uint64_t offset, std::uint64_t size)
      : source_(&source), offset_(offset), left_(size) {}

  // Bytes not taken yet.
  std::uint64_t left() const { return left_ + held(); }
  // The next `count` bytes, count <= left(); good until the next call.
  Result<ByteView> take(std::size_t count);

 private:
  std::uint64_t held() const { return buffer_.size() - at_; }

  const ByteSource* source_;
  std::uint64_t offset_;  // of what is not in the buffer yet
  std::uint64_t left_;
  Bytes buffer_;
  std::size_t at_ = 0;
};

}  // namespace phantom
