#pragma once
// A snapshot of a ledger at a published checkpoint. Never takes the lease, never blocks the writer,
// writes nothing into the ledger's directory.

#include "events/draft.h"
#include "events/result.h"
#include "ledger/checkpoint.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

namespace phantom {

struct TagState {
  Seq last_seq = 0;
  std::uint64_t count = 0;
};

class LedgerReader {
 public:
  virtual ~LedgerReader() = default;

  // The snapshot's checkpoint. Nothing at or after its size is ever returned.
  virtual const SignedCheckpoint& head() const = 0;

  // Moves the snapshot to the newest commit. True when there was one.
  virtual Result<bool> catch_up() = 0;

  // Events before this one were removed under a retention policy, but for some that entry() and
  // history() still find. 0 for a ledger that never was pruned.
  virtual Seq first_kept() const { return 0; }

  // The stored bytes of one event, aligned for parse_entry. kNotFound past the end, and for an
  // event that was removed.
  virtual Result<Bytes> entry(Seq seq) const = 0;

  // Calls `visit` for each event of [from, to) in order until it returns false. Begins at
  // first_kept() when `from` lies before it.
  virtual Status scan(Seq from, Seq to,
                      const std::function<bool(Seq, const Bytes&)>& visit) const = 0;

  // Calls `visit` with the checkpoints of commits over more than `after_size` events, in order,
  // until it returns false.
  virtual Status commits(std::uint64_t after_size,
                         const std::function<bool(const SignedCheckpoint&)>& visit) const = 0;

  // State of a tag at the snapshot; none when it is unused.
  virtual Result<std::optional<TagState>> tag(std::string_view tag) const = 0;

  // Calls `visit` for each event with the tag, newest first, until it returns false. kNotFound,
  // after all that are left were visited, when older ones were removed.
  virtual Status history(std::string_view tag,
                         const std::function<bool(Seq, const Bytes&)>& visit) const = 0;

  // Hash of the complete subtree of 2^height leaves that starts at leaf index * 2^height.
  virtual Result<Digest> node(unsigned height, std::uint64_t index) const = 0;
};

// kNotFound: no ledger there. kCorrupt: the store does not read. kDenied: no permission.
// kUnsupported: its rows have another format.
Result<std::unique_ptr<LedgerReader>> open_reader(const std::filesystem::path& ledger);

}  // namespace phantom
