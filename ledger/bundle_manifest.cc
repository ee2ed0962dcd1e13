#include "ledger/bundle_manifest.h"

#include "events/encoding.h"

#include <algorithm>

namespace phantom {
namespace {

constexpr std::string_view kFormat = "phx/1";
constexpr std::string_view kRange = "range";
constexpr std::string_view kChain = "chain";
constexpr std::size_t kTypesMax = 65'536;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string number(std::uint64_t value) { return std::to_string(value); }
std::string number(const std::optional<Seq>& value) {
  return value ? number(*value) : std::string("null");
}

// Takes a text apart, front to back. What does not fit leaves `good` false.
class Scan {
 public:
  explicit Scan(std::string_view text) : rest_(text) {}

  bool good() const { return good_; }
  bool at_end() const { return rest_.empty(); }
  bool next_is(char c) const { return rest_.starts_with(c); }

  void literal(std::string_view text) {
    good_ = good_ && rest_.starts_with(text);
    if (good_) rest_.remove_prefix(text.size());
  }
  // ,\n  "key":
  void member(std::string_view key) {
    literal(",\n");
    literal("  " + quoted(key) + ": ");
  }
  std::string text() {
    literal("\"");
    std::string value;
    while (good_) {
      if (rest_.empty() || rest_[0] < 0x20 || rest_[0] > 0x7e) break;
      if (take('"')) return value;
      take('\\');
      if (rest_.empty()) break;
      value += rest_[0];
      rest_.remove_prefix(1);
    }
    good_ = false;
    return {};
  }
  std::uint64_t number() {
    const std::size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    const auto value = parse_decimal(rest_.substr(0, end));
    good_ = good_ && value.has_value();
    if (!good_) return 0;
    rest_.remove_prefix(end);
    return *value;
  }
  std::optional<Seq> number_or_null() {
    if (!next_is('n')) return number();
    literal("null");
    return std::nullopt;
  }
  Digest digest() {
    const auto bytes = from_hex(text());
    Digest value{};
    good_ = good_ && bytes && bytes->size() == value.size();
    if (good_) std::copy(bytes->begin(), bytes->end(), value.begin());
    return value;
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string manifest_text(const BundleManifest& manifest) {
  const BundleCounts& counts = manifest.counts;
  const bool range = manifest.cover_tag.empty();
  std::string text = "{\n  \"format\": " + quoted(kFormat);
  const auto member = [&](std::string_view key, const std::string& value) {
    text += ",\n  " + quoted(key) + ": " + value;
  };
  member("origin", quoted(manifest.origin));
  member("ledger_id", quoted(manifest.ledger_id));
  member("query", quoted(manifest.query));
  member("completeness", quoted(manifest.complete ? "complete" : "none"));
  member("cover", quoted(range ? kRange : kChain));
  member("cover_tag", quoted(manifest.cover_tag));
  member("lower", number(manifest.lower));
  member("upper", number(manifest.upper));
  member("first_seq", number(counts.first_seq));
  member("last_seq", number(counts.last_seq));
  member("disclosed", number(counts.disclosed));
  member("matched", number(counts.matched));
  member("boundary", number(counts.boundary));
  member("keys", number(counts.keys));
  std::string types;
  for (const auto& [name, count] : counts.by_type) {
    types += (types.empty() ? "\n    " : ",\n    ") + quoted(name) + ": " + number(count);
  }
  member("types", types.empty() ? "{}" : "{" + types + "\n  }");
  member("size", number(manifest.size));
  member("root", quoted(to_hex(manifest.root)));
  member("generator", quoted(manifest.generator));
  member("schema", quoted(to_hex(manifest.schema)));
  return text + "\n}\n";
}

Result<BundleManifest> parse_manifest(std::string_view text) {
  BundleManifest manifest;
  BundleCounts& counts = manifest.counts;
  Scan scan(text);
  scan.literal("{\n  \"format\": " + quoted(kFormat));
  if (!scan.good()) return Error{Code::kInvalid, "the manifest is not of format phx/1"};
  scan.member("origin");
  manifest.origin = scan.text();
  scan.member("ledger_id");
  manifest.ledger_id = scan.text();
  scan.member("query");
  manifest.query = scan.text();
  scan.member("completeness");
  manifest.complete = scan.text() == "complete";
  scan.member("cover");
  scan.text();
  scan.member("cover_tag");
  manifest.cover_tag = scan.text();
  scan.member("lower");
  manifest.lower = scan.number_or_null();
  scan.member("upper");
  manifest.upper = scan.number();
  scan.member("first_seq");
  counts.first_seq = scan.number_or_null();
  scan.member("last_seq");
  counts.last_seq = scan.number_or_null();
  scan.member("disclosed");
  counts.disclosed = scan.number();
  scan.member("matched");
  counts.matched = scan.number();
  scan.member("boundary");
  counts.boundary = scan.number();
  scan.member("keys");
  counts.keys = scan.number();
  scan.member("types");
  scan.literal("{");
  while (scan.good() && !scan.next_is('}') && counts.by_type.size() < kTypesMax) {
    scan.literal(counts.by_type.empty() ? "\n    " : ",\n    ");
    std::string name = scan.text();
    scan.literal(": ");
    counts.by_type.emplace_back(std::move(name), scan.number());
    if (scan.next_is('\n')) scan.literal("\n  ");
  }
  scan.literal("}");
  scan.member("size");
  manifest.size = scan.number();
  scan.member("root");
  manifest.root = scan.digest();
  scan.member("generator");
  manifest.generator = scan.text();
  scan.member("schema");
  manifest.schema = scan.digest();
  scan.literal("\n}\n");
  // One text for one manifest: whatever else could be read the same way is refused here.
  if (!scan.good() || !scan.at_end() || manifest_text(manifest) != text) {
    return Error{Code::kInvalid, "the manifest is not written as format phx/1 has it"};
  }
  return manifest;
}

}  // namespace phantom
