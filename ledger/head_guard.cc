#include "ledger/head_guard.h"

#include "events/encoding.h"
#include "events/sha256.h"
#include "ledger/home.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace phantom {
namespace {

constexpr std::string_view kMagic = "PHMHEAD1";
constexpr std::size_t kDigestOffset = kHeadSlotBytes - sizeof(Digest);
constexpr std::size_t kNoteOffset = 20;

struct Slot {
  std::uint64_t generation = 0;  // 0: never written
  std::optional<SignedCheckpoint> checkpoint;
  bool damaged = false;
};

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

Slot parse_slot(ByteView slot, std::size_t position) {
  if (is_zero(slot)) return {};
  Slot out;
  out.damaged = true;
  const Digest digest = sha256(slot.first(kDigestOffset));
  if (!std::equal(digest.begin(), digest.end(), slot.begin() + kDigestOffset)) return out;
  if (as_text(slot.first(kMagic.size())) != kMagic) return out;
  const std::uint64_t generation = get_be64(slot.subspan(8));
  const std::uint32_t length = get_be32(slot.subspan(16));
  if (generation == 0 || generation % 2 != position || length > kHeadNoteBytesMax) return out;
  if (!is_zero(slot.first(kDigestOffset).subspan(kNoteOffset + length))) return out;
  auto checkpoint = parse_checkpoint(as_text(slot.subspan(kNoteOffset, length)));
  if (!checkpoint.ok()) return out;
  out.generation = generation;
  out.checkpoint = std::move(*checkpoint);
  out.damaged = false;
  return out;
}

Error head_error(const char* operation, const std::string& path) {
  const int number = errno;
  const Code code = number == ENOENT   ? Code::kNotFound
                    : number == EACCES ? Code::kDenied
                    : number == ENOSPC ? Code::kLimit
                                       : Code::kIo;
  return {code, std::string(operation) + " head " + path + ": " + std::strerror(number)};
}

}  // namespace

HeadFile parse_head_file(ByteView bytes) {
  HeadFile file;
  if (bytes.size() != kHeadFileBytes) {
    file.damaged = true;
    return file;
  }
  for (std::size_t position = 0; position < 2; ++position) {
    Slot slot = parse_slot(bytes.subspan(position * kHeadSlotBytes, kHeadSlotBytes), position);
    file.damaged = file.damaged || slot.damaged;
    if (slot.generation > file.generation) {
      file.generation = slot.generation;
      file.newest = std::move(slot.checkpoint);
    }
  }
  return file;
}

Bytes encode_head_slot(std::uint64_t generation, std::string_view note) {
  PH_CHECK(note.size() <= kHeadNoteBytesMax, "note too long for the head file");
  Bytes slot;
  slot.reserve(kHeadSlotBytes);
  slot.insert(slot.end(), kMagic.begin(), kMagic.end());
  put_be64(slot, generation);
  put_be32(slot, static_cast<std::uint32_t>(note.size()));
  slot.insert(slot.end(), note.begin(), note.end());
  slot.resize(kDigestOffset, 0);
  const Digest digest = sha256(slot);
  slot.insert(slot.end(), digest.begin(), digest.end());
  return slot;
}

Result<HeadFile> read_head_file(const std::filesystem::path& file) {
  // A write in progress shows as a damaged slot for some microseconds.
  constexpr int kTriesMax = 4;
  HeadFile head;
  for (int attempt = 0; attempt < kTriesMax; ++attempt) {
    PH_ASSIGN(const Bytes bytes, read_file(file, kHeadFileBytes + 1));
    head = parse_head_file(bytes);
    if (!head.damaged) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return head;
}

HeadComparison compare_heads(const std::optional<SignedCheckpoint>& store,
                             const std::optional<SignedCheckpoint>& copy,
                             const std::optional<Digest>& store_root_at_copy_size) {
  if (!store && !copy) return {HeadVerdict::kNeither, ""};
  if (!copy) return {HeadVerdict::kOnlyStore, ""};
  const std::string copy_note = "the copy says:\n" + copy->note;
  if (!store) return {HeadVerdict::kOnlyHead, copy_note};
  const std::string evidence = "the store says:\n" + store->note + copy_note;
  if (store->checkpoint.origin != copy->checkpoint.origin) return {HeadVerdict::kForked, evidence};
  if (store->checkpoint.size < copy->checkpoint.size) return {HeadVerdict::kStoreBehind, evidence};
  if (store->checkpoint.size == copy->checkpoint.size) {
    return store->checkpoint.root == copy->checkpoint.root
               ? HeadComparison{HeadVerdict::kEqual, ""}
               : HeadComparison{HeadVerdict::kForked, evidence};
  }
  if (store_root_at_copy_size != copy->checkpoint.root) return {HeadVerdict::kForked, evidence};
  return {HeadVerdict::kStoreAhead, ""};
}

Result<HeadGuard> HeadGuard::open(const std::filesystem::path& file, std::uint64_t generation) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return head_error("open", file.string());
  return HeadGuard(fd, generation);
}

Result<HeadGuard> HeadGuard::create(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return head_error("create", file.string());
  HeadGuard guard(fd, 0);
  if (::ftruncate(fd, 0) != 0 || ::ftruncate(fd, kHeadFileBytes) != 0 || ::fsync(fd) != 0) {
    return head_error("create", file.string());
  }
  return guard;
}

HeadGuard::HeadGuard(HeadGuard&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), generation_(other.generation_) {}

HeadGuard::~HeadGuard() {
  if (fd_ >= 0) ::close(fd_);
}

Status HeadGuard::publish(std::string_view note) {
  const std::uint64_t next = generation_ + 1;
  const Bytes slot = encode_head_slot(next, note);
  const auto offset = static_cast<off_t>((next % 2) * kHeadSlotBytes);
  if (::pwrite(fd_, slot.data(), slot.size(), offset) != static_cast<ssize_t>(slot.size())) {
    return head_error("write", "");
  }
  generation_ = next;
  return {};
}

Status HeadGuard::sync() {
  if (::fdatasync(fd_) != 0) return head_error("sync", "");
  return {};
}

}  // namespace phantom
