#pragma once
// The parts of a bundle that fit into memory, read strictly; for verification.

#include "events/entry_filter.h"
#include "ledger/anchor_files.h"
#include "ledger/bundle_manifest.h"
#include "ledger/bundle_members.h"
#include "ledger/byte_source.h"
#include "ledger/tar.h"
#include "ledger/verify_report.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace phantom {

struct OpenBundle {
  std::vector<tar::Member> members;
  BundleManifest manifest;
  EntryFilter query;
  SignedNote note;         // manifest.note
  std::string note_bytes;  // the same as it is
  SignedCheckpoint checkpoint;
  VerifierKey log_key;  // of log.vkey: nobody vouches for it

  struct Receipt {
    std::string member;  // the name of its note
    SignedCheckpoint checkpoint;
    std::optional<std::vector<Digest>> consistency;  // with the bundle's checkpoint
    AnchorReceipt given;                             // the files as they are
  };
  std::vector<Receipt> receipts;
  std::uint64_t other_receipts = 0;  // files of other kinds below anchors/

  const tar::Member& member(std::string_view name) const;
};

// Members in their places: no more, no fewer. The failure is of "bundle" or "manifest".
std::variant<OpenBundle, Failure> open_bundle(const ByteSource& source);

// Whether each member is what manifest.note lists. Reads the whole bundle. The failure is of
// "manifest".
std::optional<Failure> check_digests(const ByteSource& source, const OpenBundle& opened);

}  // namespace phantom
