#include "vault/export_text.h"

#include "events/clock.h"
#include "events/encoding.h"
#include "events/entry_filter.h"
#include "vault/age_file.h"
#include "vault/secret_json.h"
#include "vault/secret_name.h"
#include "vault/vault_file.h"

#include <algorithm>
#include <set>

namespace phantom {
namespace {

constexpr std::string_view kFormatName = "phantom-secrets";
constexpr std::uint64_t kExportVersion = 1;
// Of one secret but for its value, and of all around them.
constexpr std::size_t kFrameBytes = 1'024;
// \uNNNN for each byte.
constexpr std::size_t kEscapedBytes = 6;

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = decode_utf8(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// Appends to memory that was reserved and therefore never moves.
class Writer {
 public:
  explicit Writer(std::size_t capacity) { text_.reserve(capacity); }
  ~Writer() { wipe(text_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void raw(std::string_view text) { text_ += text; }
  void field(std::string_view name, std::string_view value) {
    text_ += '"';
    text_ += name;
    text_ += "\":";
    append_json_text(text_, value);
  }
  void time_or_null(std::string_view name, std::int64_t time_ns) {
    if (time_ns != 0) return field(name, format_time(time_ns));
    text_ += '"';
    text_ += name;
    text_ += "\":null";
  }
  SecretBytes take() const { return SecretBytes::copy_of(text_); }

 private:
  std::string text_;
};

void write_secret(Writer& out, const ExportedSecret& secret) {
  const SecretNameParts parts = split_secret_name(secret.name);
  out.raw("\n  {");
  out.field("name", parts.name);
  out.raw(",");
  out.field("environment", parts.environment);
  out.raw(",\"version\":" + std::to_string(secret.version) + ",");
  out.time_or_null("created", secret.created_ns);
  out.raw(",");
  out.time_or_null("changed", secret.changed_ns);
  out.raw(",");
  out.time_or_null("expires", secret.expires_ns);
  out.raw(",");
  if (is_utf8(secret.value.text())) {
    out.field("value", secret.value.text());
  } else {
    std::string encoded = to_base64(secret.value.view());
    out.field("value_base64", encoded);
    wipe(encoded);
  }
  out.raw("}");
}

Error not_an_export() {
  return {Code::kInvalid, "the file holds no export of phantom",
          "what other programs wrote is imported with --from"};
}
Error bad_entry(std::size_t index) {
  return {Code::kCorrupt, "entry " + std::to_string(index + 1) + " of the export makes no sense"};
}

// 0 for null.
std::optional<std::int64_t> time_of(const SecretJson& json, std::string_view name) {
  const SecretJson* member = json.find(name);
  if (member == nullptr) return std::nullopt;
  if (member->is(SecretJson::Kind::kNull)) return 0;
  if (!member->is(SecretJson::Kind::kText)) return std::nullopt;
  const Result<LogPoint> point = parse_log_point(member->text);
  const auto* time = point.ok() ? std::get_if<TimePoint>(&*point) : nullptr;
  if (time == nullptr) return std::nullopt;
  return time->time_ns;
}

std::optional<SecretBytes> value_of(const SecretJson& json) {
  const SecretJson* plain = json.find("value");
  const SecretJson* encoded = json.find("value_base64");
  if ((plain == nullptr) == (encoded == nullptr)) return std::nullopt;
  const SecretJson& given = plain != nullptr ? *plain : *encoded;
  if (!given.is(SecretJson::Kind::kText)) return std::nullopt;
  if (plain != nullptr) return SecretBytes::copy_of(plain->text);
  auto bytes = from_base64(encoded->text);
  if (!bytes) return std::nullopt;
  SecretBytes value = SecretBytes::copy_of(*bytes);
  wipe(*bytes);
  return value;
}

Result<ExportedSecret> read_secret(const SecretJson& json, std::size_t index) {
  ExportedSecret secret;
  const std::string_view environment = json.text_of("environment");
  if (!is_valid_environment(environment)) return bad_entry(index);
  secret.name = full_secret_name(environment, json.text_of("name"));
  if (!is_valid_secret_name(secret.name)) return bad_entry(index);
  const SecretJson* version = json.find("version");
  const auto number = version != nullptr && version->is(SecretJson::Kind::kNumber)
                          ? parse_decimal(version->text)
                          : std::nullopt;
  const auto created = time_of(json, "created");
  const auto changed = time_of(json, "changed");
  const auto expires = time_of(json, "expires");
  auto value = value_of(json);
  if (!number || !created || !changed || !expires || !value) return bad_entry(index);
  if (value->empty() || value->size() > kSecretValueBytesMax) return bad_entry(index);
  secret.version = *number;
  secret.created_ns = *created;
  secret.changed_ns = *changed;
  secret.expires_ns = *expires;
  secret.value = std::move(*value);
  return secret;
}

}  // namespace

Result<SecretBytes> encode_export(const SecretsExport& content) {
  std::size_t size = kFrameBytes;
  for (const ExportedSecret& secret : content.secrets) {
    size += kFrameBytes + kEscapedBytes * secret.value.size();
  }
  if (size > kAgePlainBytesMax * kEscapedBytes) {
    return Error{Code::kLimit, "the secrets are too large for one export",
                 "export environment by environment"};
  }
  Writer out(size);
  out.raw("{");
  out.field("format", kFormatName);
  out.raw(",\"v\":" + std::to_string(kExportVersion) + ",");
  out.field("project", content.project);
  out.raw(",");
  out.field("exported", format_time(content.exported_ns));
  out.raw(",\n \"secrets\":[");
  for (std::size_t i = 0; i < content.secrets.size(); ++i) {
    if (i > 0) out.raw(",");
    write_secret(out, content.secrets[i]);
  }
  out.raw("]}\n");
  SecretBytes text = out.take();
  if (text.size() > kAgePlainBytesMax) {
    return Error{Code::kLimit, "the secrets are too large for one export",
                 "export environment by environment"};
  }
  return text;
}

Result<SecretsExport> parse_export(std::string_view text) {
  const Result<SecretJson> json = parse_secret_json(text);
  if (!json.ok()) return not_an_export();
  if (json->text_of("format") != kFormatName) return not_an_export();
  const SecretJson* version = json->find("v");
  if (version == nullptr || !version->is(SecretJson::Kind::kNumber)) return not_an_export();
  if (version->text != std::to_string(kExportVersion)) {
    return Error{Code::kUnsupported,
                 "the export has version " + version->text + ", which this program does not know",
                 "use a newer phantom"};
  }
  const SecretJson* list = json->find("secrets");
  if (list == nullptr || !list->is(SecretJson::Kind::kList)) return not_an_export();
  SecretsExport content;
  content.project = json->text_of("project");
  content.exported_ns = time_of(*json, "exported").value_or(0);
  std::set<std::string> names;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    PH_ASSIGN(ExportedSecret secret, read_secret(list->items[i], i));
    if (!names.insert(secret.name).second) return bad_entry(i);
    content.secrets.push_back(std::move(secret));
  }
  return content;
}

}  // namespace phantom
