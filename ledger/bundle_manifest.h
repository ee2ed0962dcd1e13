#pragma once
// manifest.json of a bundle: what was asked for and what is in it. One text for one manifest: it
// is read by taking the values and comparing what they are written as. docs/FORMAT.md section 15.
// Pure.

#include "events/result.h"
#include "events/types.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantom {

struct BundleCounts {
  std::uint64_t disclosed = 0;  // events in the bundle
  std::uint64_t matched = 0;    // those of them that are the query's answer
  std::uint64_t boundary = 0;   // those at the ends of the period
  std::uint64_t keys = 0;       // those that announce keys
  // Of the matched ones, in order of the types' numbers.
  std::vector<std::pair<std::string, std::uint64_t>> by_type;
  std::optional<Seq> first_seq;  // of the matched ones
  std::optional<Seq> last_seq;
  friend bool operator==(const BundleCounts&, const BundleCounts&) = default;
};

struct BundleManifest {
  std::string origin;
  std::string ledger_id;
  std::string query;         // events/entry_filter.h
  std::string cover_tag;     // empty: the range
  bool complete = false;     // the cover is there, so that completeness can be checked
  std::optional<Seq> lower;  // event before the period; none when the history begins in it, or
                             // the bundle is not complete
  Seq upper = 0;             // event at the end of the period; there when the bundle is complete
  BundleCounts counts;
  std::uint64_t size = 0;  // of the checkpoint
  Digest root{};
  std::string generator;  // phantom and its version
  Digest schema{};        // SHA-256 of catalogue.bfbs
  friend bool operator==(const BundleManifest&, const BundleManifest&) = default;
};

// All texts in it are printable ASCII.
std::string manifest_text(const BundleManifest& manifest);
// kInvalid for anything manifest_text does not write.
Result<BundleManifest> parse_manifest(std::string_view text);

}  // namespace phantom
