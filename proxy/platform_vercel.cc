// Vercel, REST API: /v10/projects/{id}/env to list and create, /v9/projects/{id}/env/{env id} to
// change and delete. One variable may hold for several of production, preview and development, and
// for custom environments; variables of one branch are left alone.

#include "proxy/platform.h"
#include "proxy/platform_json.h"

#include <algorithm>

namespace phantom {
namespace {

bool is_custom(std::string_view place) { return place.starts_with("env_"); }

bool has_development(const std::vector<std::string>& places) {
  return std::find(places.begin(), places.end(), "development") != places.end();
}

void add_texts(const boost::json::value* value, std::vector<std::string>& to) {
  if (const auto text = json_text(value)) to.emplace_back(*text);
  const boost::json::array* list = json_array(value);
  if (list == nullptr) return;
  for (const boost::json::value& each : *list) {
    if (const auto text = json_text(&each)) to.emplace_back(*text);
  }
}

class Vercel final : public Platform {
 public:
  std::string_view name() const override { return "vercel"; }
  std::string_view api() const override { return "https://api.vercel.com"; }
  Grouping grouping() const override { return Grouping::kTogether; }

  Status check_config(const SyncConfig& config) const override {
    PH_TRY(need_id("project", config.project, "the project's id or name"));
    if (!config.account.empty()) PH_TRY(need_id("account", config.account, "the team's id"));
    PH_TRY(refuse_key("service", config.service, name()));
    PH_TRY(refuse_key("kind", config.kind, name()));
    for (const auto& [environment, places] : config.environments) {
      for (const std::string& place : places) {
        if (is_custom(place) && is_platform_id(place)) continue;
        SyncConfig one;
        one.platform = config.platform;
        one.environments[environment] = {place};
        PH_TRY(check_places(one, {"production", "preview", "development", "env_... (custom)"}));
      }
    }
    return {};
  }

  std::optional<std::string> name_problem(std::string_view name) const override {
    return variable_name_problem(name, 256);
  }
  std::optional<std::string> value_problem(const SecretBytes& value) const override {
    if (value.size() > 64 * 1'024) return "is larger than the 64 KB vercel takes";
    return Platform::value_problem(value);
  }

  HttpRequest list_request(const SyncTarget& target, const std::string& page) const override {
    HttpRequest request;
    request.target = path(target, "/v10", "") + query(target, "decrypt=true&limit=100");
    if (!page.empty()) request.target += "&until=" + page;
    return request;
  }

  Result<ListPage> read_list(const SyncTarget&, const std::string&,
                             const HttpAnswer& answer) const override {
    PH_ASSIGN(const boost::json::value parsed, parse_platform_json(answer));
    const boost::json::array* variables = json_array(json_member(&parsed, "envs"));
    if (variables == nullptr) return not_published_shape("no envs");
    ListPage page;
    for (const boost::json::value& each : *variables) {
      const auto id = json_text(json_member(&each, "id"));
      const auto key = json_text(json_member(&each, "key"));
      if (!id || !key || !is_platform_id(*id)) return not_published_shape("a variable without id");
      if (const auto branch = json_text(json_member(&each, "gitBranch"));
          branch && !branch->empty())
        continue;
      RemoteEntry entry;
      entry.id = *id;
      entry.name = *key;
      add_texts(json_member(&each, "target"), entry.places);
      add_texts(json_member(&each, "customEnvironmentIds"), entry.places);
      const boost::json::value* decrypted = json_member(&each, "decrypted");
      const bool readable = json_text(json_member(&each, "type")) == "plain" ||
                            (decrypted != nullptr && decrypted->is_bool() && decrypted->get_bool());
      const auto value = json_text(json_member(&each, "value"));
      if (readable && value) entry.value = SecretBytes::copy_of(*value);
      page.entries.push_back(std::move(entry));
    }
    const boost::json::value* next = json_member(json_member(&parsed, "pagination"), "next");
    if (next != nullptr && next->is_int64() && next->get_int64() > 0) {
      page.next = std::to_string(next->get_int64());
    }
    return page;
  }

  Result<HttpRequest> write_request(const SyncTarget& target, const WriteItem& item,
                                    const SealingKey&) const override {
    HttpRequest request;
    request.target = path(target, item.action == WriteAction::kCreate ? "/v10" : "/v9",
                          item.entry_id.empty() ? "" : "/" + item.entry_id);
    request.target += query(target, "");
    request.fields = {{"Content-Type", "application/json"}};
    if (item.action == WriteAction::kDelete) {
      request.method = "DELETE";
      request.resend = Resend::kAllowed;
      request.fields.clear();
      return request;
    }
    SecretJsonWriter json(item.value->size());
    json.begin();
    if (item.action == WriteAction::kCreate) {
      request.method = "POST";
      // What is sensitive there can never be read again; development has no such variables.
      json.field("key", item.name);
      json.field("type", has_development(item.places) ? "encrypted" : "sensitive");
      write_places(json, item.places);
    } else {
      request.method = "PATCH";
      request.resend = Resend::kAllowed;
    }
    json.field("value", item.value->text()).end();
    request.body = json.take();
    return request;
  }

  PlatformResult judge(const HttpAnswer& answer) const override {
    const PlatformResult result = result_of_status(answer);
    const auto parsed = parse_platform_json(answer);
    if (result == PlatformResult::kDone) {
      // A create reports what it did not do in a 201.
      const boost::json::array* failed =
          parsed.ok() ? json_array(json_member(&*parsed, "failed")) : nullptr;
      return failed != nullptr && !failed->empty() ? PlatformResult::kConflict : result;
    }
    if (answer.status != 400 || !parsed.ok()) return result;
    const auto code = json_text(json_member(json_member(&*parsed, "error"), "code"));
    return code && (*code == "ENV_CONFLICT" || *code == "ENV_ALREADY_EXISTS")
               ? PlatformResult::kConflict
               : result;
  }

 private:
  static std::string path(const SyncTarget& target, std::string_view version,
                          const std::string& entry) {
    return std::string(version) + "/projects/" + target.config.project + "/env" + entry;
  }

  static std::string query(const SyncTarget& target, const std::string& text) {
    std::string query = text;
    if (!target.config.account.empty()) {
      query += (query.empty() ? "" : "&") + ("teamId=" + target.config.account);
    }
    return query.empty() ? query : "?" + query;
  }

  static void write_places(SecretJsonWriter& json, const std::vector<std::string>& places) {
    json.key("target").begin_list();
    for (const std::string& place : places) {
      if (!is_custom(place)) json.text(place);
    }
    json.end_list();
    if (std::none_of(places.begin(), places.end(), is_custom)) return;
    json.key("customEnvironmentIds").begin_list();
    for (const std::string& place : places) {
      if (is_custom(place)) json.text(place);
    }
    json.end_list();
  }
};

}  // namespace

const Platform& vercel_platform() {
  static const Vercel platform;
  return platform;
}

}  // namespace phantom
