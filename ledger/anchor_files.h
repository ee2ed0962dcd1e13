#pragma once
// Anchors on disk: the policy, and what the anchors gave for our checkpoints.
//   anchors/policy                        ledger/anchor_policy.h
//   anchors/<name>/<size>.note            the checkpoint as it was anchored; the size has 20 digits
//   anchors/<name>/<size>.tsr             RFC 3161 response over the bytes of the .note
//   anchors/<name>/<size>.receipt         what other kinds gave, as text
//   anchors/evidence/<time>-<name>.txt    both sides of a contradiction
// The .note is written last: without it there is no receipt. docs/FORMAT.md section 16.

#include "events/result.h"
#include "ledger/anchor_policy.h"
#include "ledger/home.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

struct AnchorReceipt {
  std::string anchor;  // its name in the policy
  std::uint64_t size = 0;
  std::string note;
  std::optional<Bytes> token{};       // .tsr
  std::optional<std::string> text{};  // .receipt
  // Read from the anchor itself just now. Only then does a receipt that no third party signed say
  // more than that we once wrote it down.
  bool held = false;

  // What the event of the anchoring names: SHA-256 of .tsr or .receipt, else of the .note.
  Digest digest() const;
  std::string label() const;  // "ci at 120 events"
};

struct AnchorFiles {
  std::filesystem::path root;  // $PHANTOM_HOME/anchors

  std::filesystem::path policy() const { return root / "policy"; }
  std::filesystem::path evidence() const { return root / "evidence"; }
  std::filesystem::path directory(std::string_view anchor) const;
};
AnchorFiles anchor_files(const Home& home);

// A name as a file name: what is not a letter, digit, '-', '_' or an inner '.' becomes %XX.
std::string anchor_file_name(std::string_view anchor);
// None when no name has this file name.
std::optional<std::string> anchor_of_file_name(std::string_view file_name);
// "00000000000000000120"
std::string size_file_name(std::uint64_t size);
std::optional<std::uint64_t> parse_size_file_name(std::string_view text);

// kNotFound; kInvalid with file and line. A relative path in it is one beside the policy file:
// those of CA certificates are read, the others are made absolute.
struct LoadedPolicy {
  AnchorPolicy policy;
  std::vector<std::pair<std::string, std::string>> ca_pem;  // anchor and the content of its file

  std::string_view ca_of(std::string_view anchor) const;
};
Result<LoadedPolicy> load_anchor_policy(const std::filesystem::path& file);
// The same from bytes; `read` gets a file as the policy names it.
Result<LoadedPolicy> load_anchor_policy(
    std::string_view text, const std::function<Result<std::string>(const std::string&)>& read);

// Sizes of an anchor's receipts, ascending. None when it has no directory yet.
Result<std::vector<std::uint64_t>> receipt_sizes(const AnchorFiles& files, std::string_view anchor);
Result<AnchorReceipt> read_receipt(const AnchorFiles& files, std::string_view anchor,
                                   std::uint64_t size);

// The newest receipts of every anchor that has a directory, at most `newest_max` of each; in the
// policy or not. `older` counts the ones left out.
struct ReceiptSet {
  std::vector<AnchorReceipt> receipts;
  std::uint64_t older = 0;
};
Result<ReceiptSet> read_receipts(const AnchorFiles& files, std::size_t newest_max);

// Durable when it returns. A receipt that is there already is replaced, which a crash leaves whole
// or as it was.
Status keep_receipt(const AnchorFiles& files, const AnchorReceipt& receipt);

}  // namespace phantom
