#include "ledger/bundle_anchors.h"

#include "ledger/home.h"
#include "ledger/prove.h"
#include "ledger/tar.h"

#include <algorithm>
#include <set>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReceiptBytesMax = 1 << 20;
constexpr std::string_view kConflicts = "evidence";  // a directory that is no anchor

Error read_error(const fs::path& directory, const std::error_code& code) {
  const bool denied = code == std::errc::permission_denied;
  return {denied ? Code::kDenied : Code::kIo,
          "cannot read " + directory.string() + ": " + code.message()};
}

Result<std::vector<std::string>> names_in(const fs::path& directory, bool directories) {
  std::vector<std::string> names;
  std::error_code code;
  for (auto it = fs::directory_iterator(directory, code); !code && it != fs::directory_iterator();
       it.increment(code)) {
    std::error_code ignored;
    const bool wanted = directories ? it->is_directory(ignored) : it->is_regular_file(ignored);
    if (wanted) names.push_back(it->path().filename().string());
  }
  if (code && code != std::errc::no_such_file_or_directory) return read_error(directory, code);
  std::sort(names.begin(), names.end());
  return names;
}

Status read_anchor(const fs::path& directory, const std::string& anchor, const LedgerReader& reader,
                   std::uint64_t size, std::vector<BundleAnchor>& out) {
  PH_ASSIGN(const std::vector<std::string> files, names_in(directory / anchor, false));
  std::vector<bundle::AnchorName> names;
  std::set<std::uint64_t> noted;  // sizes with a checkpoint
  for (const std::string& file : files) {
    // What is being written there has another form of name.
    const auto name =
        bundle::parse_anchor_member(std::string(bundle::kAnchors) + anchor + "/" + file);
    if (!name || name->ending == "consistency") continue;
    if (name->ending == "note") noted.insert(name->size);
    names.push_back(*name);
  }
  std::set<std::uint64_t> wanted;
  const auto after = noted.upper_bound(size);
  if (after != noted.begin()) wanted.insert(*std::prev(after));
  const auto since = noted.lower_bound(size);
  // A receipt of events that this snapshot does not have cannot be tied to it.
  if (since != noted.end() && *since <= reader.head().checkpoint.size) wanted.insert(*since);
  for (const bundle::AnchorName& name : names) {
    if (!wanted.contains(name.size)) continue;
    const fs::path file = fs::path(bundle::anchor_member(name)).filename();
    PH_ASSIGN(Bytes bytes, read_file(directory / anchor / file, kReceiptBytesMax));
    out.push_back({name, std::move(bytes)});
  }
  for (const std::uint64_t other : wanted) {
    if (other == size || other == 0) continue;
    PH_ASSIGN(const auto hashes,
              prove_growth(reader, std::min(other, size), std::max(other, size)));
    out.push_back(
        {{anchor, other, "consistency"}, to_bytes(as_bytes(bundle::consistency_text(hashes)))});
  }
  return {};
}

}  // namespace

Result<std::vector<BundleAnchor>> read_bundle_anchors(const fs::path& directory,
                                                      const LedgerReader& reader,
                                                      std::uint64_t size) {
  std::vector<BundleAnchor> anchors;
  PH_ASSIGN(const std::vector<std::string> names, names_in(directory, true));
  for (const std::string& name : names) {
    if (name == kConflicts) continue;
    if (!tar::is_member_name(bundle::anchor_member({name, 0, "consistency"})) ||
        name.find('/') != std::string::npos) {
      return Error{Code::kInvalid, "the anchor " + name + " cannot stand in a bundle",
                   "its name may have 50 letters, digits, dots, - and _"};
    }
    PH_TRY(read_anchor(directory, name, reader, size, anchors));
  }
  std::sort(anchors.begin(), anchors.end(), [](const BundleAnchor& a, const BundleAnchor& b) {
    return bundle::anchor_member(a.name) < bundle::anchor_member(b.name);
  });
  return anchors;
}

}  // namespace phantom
