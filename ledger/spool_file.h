#pragma once
// A temporary file that has no name, for what is too big for memory and whose size has to be known
// before it can be written where it belongs.

#include "events/result.h"
#include "events/sha256.h"
#include "ledger/byte_source.h"

#include <filesystem>
#include <string>

namespace phantom {

// One thread. Gone when it is destroyed, or the process ends.
class SpoolFile {
 public:
  // In `directory`. kDenied, kNotFound, kIo; kLimit: the disk is full.
  static Result<SpoolFile> make(const std::filesystem::path& directory);

  SpoolFile(SpoolFile&& other) noexcept;
  SpoolFile& operator=(SpoolFile&& other) noexcept;
  ~SpoolFile();

  std::uint64_t size() const { return size_; }
  Status append(ByteView bytes);
  Status append(std::string_view text) { return append(as_bytes(text)); }
  // Of all that was appended.
  Digest digest() { return hash_.finish(); }
  // Calls `visit` with all bytes in order, in pieces, until an error. Nothing is appended after.
  template <class Visit>
  Status each(Visit visit) {
    PH_TRY(flush());
    Bytes piece;
    for (std::uint64_t at = 0; at < size_; at += piece.size()) {
      piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, size_ - at)));
      PH_TRY(read(at, piece));
      PH_TRY(visit(ByteView(piece)));
    }
    return {};
  }
  Status flush();
  // After flush().
  Status read(std::uint64_t offset, std::span<std::uint8_t> out) const;

 private:
  static constexpr std::size_t kPieceBytes = 1024 * 1024;
  explicit SpoolFile(int fd) : fd_(fd) {}

  int fd_ = -1;
  Bytes buffer_;
  std::uint64_t size_ = 0;
  Sha256 hash_;
};

}  // namespace phantom
