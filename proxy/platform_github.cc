// GitHub Actions secrets, REST API version 2022-11-28, of a repository or of one of its
// environments. Values travel in a sealed box (X25519, XSalsa20-Poly1305) to the public key the API
// hands out, and never come back.

#include "events/encoding.h"
#include "proxy/platform.h"
#include "proxy/platform_json.h"

#include <sodium.h>

namespace phantom {
namespace {

constexpr std::string_view kRepository = "repository";
constexpr unsigned kPerPage = 100;

class Github final : public Platform {
 public:
  std::string_view name() const override { return "github"; }
  std::string_view api() const override { return "https://api.github.com"; }
  Pull pull() const override { return Pull::kNone; }

  Status check_config(const SyncConfig& config) const override {
    const std::size_t slash = config.project.find('/');
    const std::string_view project = config.project;
    if (slash == std::string::npos || !is_platform_id(project.substr(0, slash)) ||
        !is_platform_id(project.substr(slash + 1))) {
      return Error{Code::kInvalid, "\"project\" must be OWNER/REPOSITORY"};
    }
    PH_TRY(refuse_key("account", config.account, name()));
    PH_TRY(refuse_key("service", config.service, name()));
    PH_TRY(refuse_key("kind", config.kind, name()));
    for (const auto& [environment, places] : config.environments) {
      for (const std::string& place : places) {
        PH_TRY(need_id("environments", place, "\"repository\" or names of its environments"));
      }
    }
    return {};
  }

  std::optional<std::string> name_problem(std::string_view name) const override {
    if (canonical_name(name).starts_with("GITHUB_")) {
      return "begins with GITHUB_, which github keeps for itself";
    }
    return variable_name_problem(name, 255);
  }
  std::optional<std::string> value_problem(const SecretBytes& value) const override {
    if (value.size() > 48 * 1'024) return "is larger than the 48 KB github takes";
    return std::nullopt;  // sealed, so it may be any bytes
  }
  // Names are the same there whatever their case.
  std::string canonical_name(std::string_view name) const override {
    std::string upper(name);
    for (char& c : upper) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return upper;
  }

  HttpRequest list_request(const SyncTarget& target, const std::string& page) const override {
    HttpRequest request = base_request(secrets(target) + "?per_page=" + std::to_string(kPerPage) +
                                       "&page=" + (page.empty() ? "1" : page));
    return request;
  }

  Result<ListPage> read_list(const SyncTarget& target, const std::string& page,
                             const HttpAnswer& answer) const override {
    PH_ASSIGN(const boost::json::value parsed, parse_platform_json(answer));
    const boost::json::array* secrets = json_array(json_member(&parsed, "secrets"));
    const boost::json::value* total = json_member(&parsed, "total_count");
    if (secrets == nullptr || total == nullptr || !total->is_int64()) {
      return not_published_shape("no secrets");
    }
    ListPage read;
    for (const boost::json::value& each : *secrets) {
      const auto name = json_text(json_member(&each, "name"));
      if (!name) return not_published_shape("a secret without name");
      RemoteEntry entry;
      entry.name = *name;
      entry.places = target.places;
      read.entries.push_back(std::move(entry));
    }
    const std::uint64_t number = page.empty() ? 1 : parse_decimal(page).value_or(1);
    const bool more = total->get_int64() > static_cast<std::int64_t>(number * kPerPage);
    if (more && secrets->empty()) return not_published_shape("fewer secrets than it counts");
    if (more) read.next = std::to_string(number + 1);
    return read;
  }

  std::optional<HttpRequest> key_request(const SyncTarget& target) const override {
    return base_request(secrets(target) + "/public-key");
  }

  Result<SealingKey> read_key(const HttpAnswer& answer) const override {
    PH_ASSIGN(const boost::json::value parsed, parse_platform_json(answer));
    const auto id = json_text(json_member(&parsed, "key_id"));
    const auto text = json_text(json_member(&parsed, "key"));
    const auto key = text ? from_base64(*text) : std::nullopt;
    if (!id || !key || key->size() != crypto_box_PUBLICKEYBYTES) {
      return not_published_shape("no public key");
    }
    return SealingKey{std::string(*id), *key};
  }

  Result<HttpRequest> write_request(const SyncTarget& target, const WriteItem& item,
                                    const SealingKey& key) const override {
    HttpRequest request = base_request(secrets(target) + "/" + item.name);
    request.resend = Resend::kAllowed;
    if (item.action == WriteAction::kDelete) {
      request.method = "DELETE";
      return request;
    }
    Bytes sealed(item.value->size() + crypto_box_SEALBYTES);
    if (key.key.size() != crypto_box_PUBLICKEYBYTES ||
        crypto_box_seal(sealed.data(), item.value->view().data(), item.value->size(),
                        key.key.data()) != 0) {
      return Error{Code::kInvalid, "the platform's public key cannot be sealed to"};
    }
    SecretJsonWriter json(sealed.size() * 2);
    json.begin().field("encrypted_value", to_base64(sealed)).field("key_id", key.id).end();
    request.method = "PUT";
    request.fields.push_back({"Content-Type", "application/json"});
    request.body = json.take();
    return request;
  }

 private:
  static std::string secrets(const SyncTarget& target) {
    const std::string repository = "/repos/" + target.config.project;
    const std::string& place = target.places.front();
    return place == kRepository ? repository + "/actions/secrets"
                                : repository + "/environments/" + place + "/secrets";
  }

  static HttpRequest base_request(std::string path) {
    HttpRequest request;
    request.target = std::move(path);
    request.fields = {{"Accept", "application/vnd.github+json"},
                      {"X-GitHub-Api-Version", "2022-11-28"}};
    return request;
  }
};

}  // namespace

const Platform& github_platform() {
  static const Github platform;
  return platform;
}

}  // namespace phantom
