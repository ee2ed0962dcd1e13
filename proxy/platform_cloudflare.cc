// Cloudflare, API v4: secrets of a Workers script one by one, or those of a Pages project inside
// its deployment configuration. Values of secrets never come back; plain variables of Pages do.

#include "proxy/platform.h"
#include "proxy/platform_json.h"

namespace phantom {
namespace {

bool is_pages(const SyncTarget& target) { return target.config.kind == "pages"; }

class Cloudflare final : public Platform {
 public:
  std::string_view name() const override { return "cloudflare"; }
  std::string_view api() const override { return "https://api.cloudflare.com"; }

  Status check_config(const SyncConfig& config) const override {
    PH_TRY(need_id("account", config.account, "the account's id"));
    PH_TRY(need_id("project", config.project, "the name of the script or Pages project"));
    PH_TRY(refuse_key("service", config.service, name()));
    if (config.kind == "pages") return check_places(config, {"production", "preview"});
    if (!config.kind.empty() && config.kind != "workers") {
      return Error{Code::kInvalid, "\"kind\" of cloudflare must be \"workers\" or \"pages\""};
    }
    return check_places(config, {"script"});
  }

  std::optional<std::string> name_problem(std::string_view name) const override {
    return variable_name_problem(name, 128);
  }
  std::optional<std::string> value_problem(const SecretBytes& value) const override {
    if (value.size() > 5 * 1'024) return "is larger than the 5 KB cloudflare takes";
    return Platform::value_problem(value);
  }

  HttpRequest list_request(const SyncTarget& target, const std::string&) const override {
    HttpRequest request;
    request.target = path(target);
    return request;
  }

  Result<ListPage> read_list(const SyncTarget& target, const std::string&,
                             const HttpAnswer& answer) const override {
    PH_ASSIGN(const boost::json::value parsed, parse_platform_json(answer));
    const boost::json::value* result = json_member(&parsed, "result");
    return is_pages(target) ? read_pages(target, result) : read_script(target, result);
  }

  Result<HttpRequest> write_request(const SyncTarget& target, const WriteItem& item,
                                    const SealingKey&) const override {
    HttpRequest request;
    request.target = path(target);
    request.resend = Resend::kAllowed;
    const bool deletes = item.action == WriteAction::kDelete;
    SecretJsonWriter json(deletes ? 0 : item.value->size());
    if (is_pages(target)) {
      request.method = "PATCH";
      json.begin().key("deployment_configs").begin().key(target.places.front()).begin();
      json.key("env_vars").begin().key(item.name);
      if (deletes) {
        json.null();
      } else {
        json.begin().field("type", "secret_text").field("value", item.value->text()).end();
      }
      json.end().end().end().end();
    } else if (deletes) {
      request.method = "DELETE";
      request.target += "/" + item.name;
      return request;
    } else {
      request.method = "PUT";
      json.begin().field("name", item.name).field("text", item.value->text());
      json.field("type", "secret_text").end();
    }
    request.fields = {{"Content-Type", "application/json"}};
    request.body = json.take();
    return request;
  }

  PlatformResult judge(const HttpAnswer& answer) const override {
    const PlatformResult result = result_of_status(answer);
    if (result != PlatformResult::kDone) return result;
    const auto parsed = parse_platform_json(answer);
    if (!parsed.ok()) return PlatformResult::kNotUnderstood;
    const boost::json::value* success = json_member(&*parsed, "success");
    if (success == nullptr || !success->is_bool()) return PlatformResult::kNotUnderstood;
    return success->get_bool() ? result : PlatformResult::kRefused;
  }

 private:
  static std::string path(const SyncTarget& target) {
    const std::string account = "/client/v4/accounts/" + target.config.account;
    return is_pages(target) ? account + "/pages/projects/" + target.config.project
                            : account + "/workers/scripts/" + target.config.project + "/secrets";
  }

  static Result<ListPage> read_script(const SyncTarget& target, const boost::json::value* result) {
    const boost::json::array* secrets = json_array(result);
    if (secrets == nullptr) return not_published_shape("no result");
    ListPage page;
    for (const boost::json::value& each : *secrets) {
      const auto name = json_text(json_member(&each, "name"));
      if (!name) return not_published_shape("a secret without name");
      RemoteEntry entry;
      entry.name = *name;
      entry.places = target.places;
      page.entries.push_back(std::move(entry));
    }
    return page;
  }

  static Result<ListPage> read_pages(const SyncTarget& target, const boost::json::value* result) {
    const boost::json::value* configs = json_member(result, "deployment_configs");
    if (json_object(configs) == nullptr) return not_published_shape("no deployment_configs");
    ListPage page;
    const boost::json::object* variables =
        json_object(json_member(json_member(configs, target.places.front()), "env_vars"));
    if (variables == nullptr) return page;  // null while there are none
    for (const auto& member : *variables) {
      if (member.value().is_null()) continue;
      RemoteEntry entry;
      entry.name = std::string_view(member.key().data(), member.key().size());
      entry.places = target.places;
      const auto value = json_text(json_member(&member.value(), "value"));
      if (value && json_text(json_member(&member.value(), "type")) == "plain_text") {
        entry.value = SecretBytes::copy_of(*value);
      }
      page.entries.push_back(std::move(entry));
    }
    return page;
  }
};

}  // namespace

const Platform& cloudflare_platform() {
  static const Cloudflare platform;
  return platform;
}

}  // namespace phantom
