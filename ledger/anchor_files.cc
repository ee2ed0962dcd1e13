#include "ledger/anchor_files.h"

#include "events/encoding.h"
#include "events/sha256.h"

#include <algorithm>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPolicyBytesMax = 64 * 1024;
constexpr std::size_t kNoteBytesMax = 64 * 1024;
constexpr std::size_t kReceiptBytesMax = 1 << 20;
constexpr std::size_t kCaBytesMax = 1 << 20;
constexpr std::size_t kSizeDigits = 20;
constexpr unsigned kReceiptMode = 0600;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

std::string percent(char c) {
  static const char* const kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  return {'%', kDigits[byte >> 4], kDigits[byte & 15]};
}

int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

template <class T>
Result<std::optional<T>> maybe(const fs::path& file) {
  auto bytes = read_file(file, kReceiptBytesMax);
  if (!bytes && bytes.error().code == Code::kNotFound) return std::optional<T>();
  if (!bytes) return std::move(bytes.error());
  return std::optional<T>(T(bytes->begin(), bytes->end()));
}

Error listing_error(const fs::path& directory, const std::error_code& code) {
  return {code == std::errc::permission_denied ? Code::kDenied : Code::kIo,
          "read " + directory.string() + ": " + code.message()};
}

}  // namespace

Digest AnchorReceipt::digest() const {
  if (token) return sha256(*token);
  return sha256(as_bytes(text ? *text : note));
}

std::string AnchorReceipt::label() const {
  return escape_terminal(anchor) + " at " + std::to_string(size) + " events";
}

AnchorFiles anchor_files(const Home& home) { return {home.root / "anchors"}; }

fs::path AnchorFiles::directory(std::string_view anchor) const {
  return root / anchor_file_name(anchor);
}

std::string anchor_file_name(std::string_view anchor) {
  std::string name;
  for (const char c : anchor) name += is_plain(c) ? std::string(1, c) : percent(c);
  const bool reserved = name == "policy" || name == "evidence" || name.starts_with('.');
  return reserved ? percent(name[0]) + name.substr(1) : name;
}

std::optional<std::string> anchor_of_file_name(std::string_view file_name) {
  std::string anchor;
  for (std::size_t i = 0; i < file_name.size(); ++i) {
    if (file_name[i] != '%') {
      anchor += file_name[i];
      continue;
    }
    if (i + 2 >= file_name.size()) return std::nullopt;
    const int high = hex_digit(file_name[i + 1]);
    const int low = hex_digit(file_name[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    anchor += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (anchor.empty() || anchor_file_name(anchor) != file_name) return std::nullopt;
  return anchor;
}

std::string size_file_name(std::uint64_t size) {
  const std::string digits = std::to_string(size);
  return std::string(kSizeDigits - digits.size(), '0') + digits;
}

std::optional<std::uint64_t> parse_size_file_name(std::string_view text) {
  if (text.size() != kSizeDigits) return std::nullopt;
  const std::size_t first = std::min(text.find_first_not_of('0'), kSizeDigits - 1);
  return parse_decimal(text.substr(first));
}

std::string_view LoadedPolicy::ca_of(std::string_view anchor) const {
  for (const auto& [name, pem] : ca_pem) {
    if (name == anchor) return pem;
  }
  return {};
}

Result<LoadedPolicy> load_anchor_policy(
    std::string_view text, const std::function<Result<std::string>(const std::string&)>& read) {
  LoadedPolicy loaded;
  PH_ASSIGN(loaded.policy, parse_anchor_policy(text));
  for (const AnchorSpec& spec : loaded.policy.anchors) {
    if (spec.ca.empty()) continue;
    auto pem = read(spec.ca);
    if (!pem) return std::move(pem.error()).in("the certificates of " + escape_terminal(spec.name));
    loaded.ca_pem.emplace_back(spec.name, std::move(*pem));
  }
  return loaded;
}

Result<LoadedPolicy> load_anchor_policy(const fs::path& file) {
  PH_ASSIGN(const Bytes text, read_file(file, kPolicyBytesMax));
  std::error_code code;
  const fs::path beside = fs::absolute(file, code).parent_path();
  const auto read = [&](const std::string& name) -> Result<std::string> {
    PH_ASSIGN(const Bytes bytes, read_file(beside / name, kCaBytesMax));
    return std::string(as_text(bytes));
  };
  auto loaded = load_anchor_policy(as_text(text), read);
  if (!loaded) return std::move(loaded.error()).in(file.string());
  for (AnchorSpec& spec : loaded->policy.anchors) {
    const bool path = spec.kind == "directory" || spec.kind == "git" || spec.kind == "peer";
    if (path) spec.place = (beside / spec.place).lexically_normal().string();
    if (spec.header_source == "file") {
      spec.header_name = (beside / spec.header_name).lexically_normal().string();
    }
  }
  return loaded;
}

Result<std::vector<std::uint64_t>> receipt_sizes(const AnchorFiles& files,
                                                 std::string_view anchor) {
  std::vector<std::uint64_t> sizes;
  const fs::path directory = files.directory(anchor);
  std::error_code code;
  fs::directory_iterator entries(directory, code);
  if (code == std::errc::no_such_file_or_directory || code == std::errc::not_a_directory) {
    return sizes;
  }
  for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
    const fs::path& file = entries->path();
    if (file.extension() != ".note") continue;
    if (const auto size = parse_size_file_name(file.stem().string())) sizes.push_back(*size);
  }
  if (code) return listing_error(directory, code);
  std::sort(sizes.begin(), sizes.end());
  return sizes;
}

Result<AnchorReceipt> read_receipt(const AnchorFiles& files, std::string_view anchor,
                                   std::uint64_t size) {
  const std::string stem = (files.directory(anchor) / size_file_name(size)).string();
  AnchorReceipt receipt;
  receipt.anchor = anchor;
  receipt.size = size;
  PH_ASSIGN(const Bytes note, read_file(stem + ".note", kNoteBytesMax));
  receipt.note = as_text(note);
  PH_ASSIGN(receipt.token, maybe<Bytes>(stem + ".tsr"));
  PH_ASSIGN(receipt.text, maybe<std::string>(stem + ".receipt"));
  return receipt;
}

Result<ReceiptSet> read_receipts(const AnchorFiles& files, std::size_t newest_max) {
  std::vector<std::string> anchors;
  std::error_code code;
  fs::directory_iterator entries(files.root, code);
  if (code == std::errc::no_such_file_or_directory) return ReceiptSet{};
  for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
    const std::string name = entries->path().filename().string();
    if (!entries->is_directory(code) || name == "evidence") continue;
    if (const auto anchor = anchor_of_file_name(name)) anchors.push_back(*anchor);
  }
  if (code) return listing_error(files.root, code);
  std::sort(anchors.begin(), anchors.end());
  ReceiptSet set;
  for (const std::string& anchor : anchors) {
    PH_ASSIGN(const std::vector<std::uint64_t> sizes, receipt_sizes(files, anchor));
    const std::size_t first = sizes.size() > newest_max ? sizes.size() - newest_max : 0;
    set.older += first;
    for (std::size_t i = first; i < sizes.size(); ++i) {
      PH_ASSIGN(AnchorReceipt receipt, read_receipt(files, anchor, sizes[i]));
      set.receipts.push_back(std::move(receipt));
    }
  }
  return set;
}

Status keep_receipt(const AnchorFiles& files, const AnchorReceipt& receipt) {
  const fs::path directory = files.directory(receipt.anchor);
  PH_TRY(make_private_directory(directory));
  const std::string stem = (directory / size_file_name(receipt.size)).string();
  if (receipt.token) PH_TRY(write_file_durably(stem + ".tsr", *receipt.token, kReceiptMode));
  if (receipt.text) {
    PH_TRY(write_file_durably(stem + ".receipt", as_bytes(*receipt.text), kReceiptMode));
  }
  // This write makes it a receipt.
  return write_file_durably(stem + ".note", as_bytes(receipt.note), kReceiptMode);
}

}  // namespace phantom
