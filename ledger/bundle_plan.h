#pragma once
// Which events of a ledger go into a bundle. docs/FORMAT.md section 15.

#include "events/entry_filter.h"
#include "ledger/bundle_cover.h"
#include "ledger/reader.h"
#include "ledger/spool_file.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

namespace phantom {

// Asked now and then; true ends the work with kClosed.
using StopAsked = std::function<bool()>;

// The events of the bundle, found; reads them again to hand them out.
class BundlePlan {
 public:
  const Cover& cover() const { return cover_; }
  std::optional<Seq> lower() const { return lower_; }
  Seq upper() const { return upper_; }
  // The first commit that covers all of it, with the log key's signature only.
  const SignedCheckpoint& checkpoint() const { return checkpoint_; }

  // Calls `visit` for each event in order, until an error.
  enum class Part { kCover, kBoundary, kKey };  // kKey: for its key alone
  using Visit = std::function<Status(Seq seq, const Bytes& entry, Part part)>;
  Status each(const LedgerReader& reader, const Visit& visit);

 private:
  friend class BundlePlanner;
  Status each_covered(const LedgerReader& reader,
                      const std::function<Status(Seq, const Bytes&)>& visit);

  Cover cover_;
  std::optional<Seq> lower_;
  Seq upper_ = 0;
  SignedCheckpoint checkpoint_;
  std::vector<Seq> keys_;  // events that announce keys, in order
  // The chain's events between the boundaries, newest first, 8 bytes each; none: they are told by
  // their tag when the ledger is read from one boundary to the other.
  std::optional<SpoolFile> chain_;
};

// None when the period has no end yet: append closing_event() and plan again, with its number as
// `closing`. `spool`: a directory for temporary files. kInvalid: a period that ends before it
// begins.
Result<std::optional<BundlePlan>> plan_bundle(const LedgerReader& reader, const EntryFilter& filter,
                                              const std::filesystem::path& spool,
                                              const StopAsked& stop = {},
                                              std::optional<Seq> closing = {});

// The producer of audit.export_requested: it is the end of the cover of its query.
Draft closing_event(const Context& context, const EntryFilter& filter);

}  // namespace phantom
