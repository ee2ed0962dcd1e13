// Netlify, REST API: /api/v1/accounts/{account}/env of one site. A variable has a value for each
// deploy context, or one for "all" of them.

#include "proxy/platform.h"
#include "proxy/platform_json.h"

namespace phantom {
namespace {

const std::vector<std::string_view>& contexts() {
  static const std::vector<std::string_view> all = {"production", "deploy-preview", "branch-deploy",
                                                    "dev"};
  return all;
}

class Netlify final : public Platform {
 public:
  std::string_view name() const override { return "netlify"; }
  std::string_view api() const override { return "https://api.netlify.com"; }

  Status check_config(const SyncConfig& config) const override {
    PH_TRY(need_id("project", config.project, "the site's id"));
    PH_TRY(need_id("account", config.account, "the account's id or slug"));
    PH_TRY(refuse_key("service", config.service, name()));
    PH_TRY(refuse_key("kind", config.kind, name()));
    return check_places(config, contexts());
  }

  std::optional<std::string> name_problem(std::string_view name) const override {
    if (name.starts_with("_")) return std::string("must begin with a letter");
    return variable_name_problem(name, 256);
  }
  std::optional<std::string> value_problem(const SecretBytes& value) const override {
    if (value.size() > 5'000) return "is larger than the 5000 characters netlify takes";
    return Platform::value_problem(value);
  }

  HttpRequest list_request(const SyncTarget& target, const std::string&) const override {
    HttpRequest request;
    request.target = path(target, "");
    return request;
  }

  Result<ListPage> read_list(const SyncTarget&, const std::string&,
                             const HttpAnswer& answer) const override {
    PH_ASSIGN(const boost::json::value parsed, parse_platform_json(answer));
    const boost::json::array* variables = json_array(&parsed);
    if (variables == nullptr) return not_published_shape("no list");
    ListPage page;
    for (const boost::json::value& each : *variables) {
      const auto key = json_text(json_member(&each, "key"));
      const boost::json::array* values = json_array(json_member(&each, "values"));
      if (!key || values == nullptr) return not_published_shape("a variable without values");
      const boost::json::value* secret = json_member(&each, "is_secret");
      const bool masked = secret != nullptr && secret->is_bool() && secret->get_bool();
      for (const boost::json::value& value : *values) {
        const auto id = json_text(json_member(&value, "id"));
        const auto context = json_text(json_member(&value, "context"));
        if (!context) return not_published_shape("a value without context");
        if (*context == "branch") continue;
        RemoteEntry entry;
        entry.name = *key;
        // Of a variable's only value the whole variable is what is deleted.
        if (values->size() > 1) {
          if (!id || !is_platform_id(*id)) return not_published_shape("a value without id");
          entry.id = *id;
        }
        if (*context == "all") {
          entry.places.assign(contexts().begin(), contexts().end());
        } else {
          entry.places = {std::string(*context)};
        }
        const auto text = json_text(json_member(&value, "value"));
        if (!masked && text) entry.value = SecretBytes::copy_of(*text);
        page.entries.push_back(std::move(entry));
      }
    }
    return page;
  }

  Result<HttpRequest> write_request(const SyncTarget& target, const WriteItem& item,
                                    const SealingKey&) const override {
    HttpRequest request;
    if (item.action == WriteAction::kDelete) {
      request.method = "DELETE";
      request.target =
          path(target, "/" + item.name + (item.entry_id.empty() ? "" : "/value/" + item.entry_id));
      request.resend = Resend::kAllowed;
      return request;
    }
    const std::string& context = target.places.front();
    const bool is_new =
        item.action == WriteAction::kCreate && item.siblings == WriteItem::Siblings::kNone;
    SecretJsonWriter json(item.value->size());
    if (is_new) {
      // Hidden from everybody there; only the context of local development has no hidden values.
      const bool hidden = context != "dev";
      request.method = "POST";
      request.target = path(target, "");
      json.begin_list().begin().field("key", item.name).key("is_secret").truth(hidden);
      if (hidden) {
        json.key("scopes").begin_list();
        json.text("builds").text("functions").text("runtime").end_list();
      }
      json.key("values").begin_list();
    } else {
      request.method = "PATCH";
      request.target = path(target, "/" + item.name);
      request.resend = Resend::kAllowed;
    }
    json.begin().field("context", context).field("value", item.value->text()).end();
    if (is_new) json.end_list().end().end_list();
    request.fields = {{"Content-Type", "application/json"}};
    request.body = json.take();
    return request;
  }

 private:
  static std::string path(const SyncTarget& target, const std::string& rest) {
    return "/api/v1/accounts/" + target.config.account + "/env" + rest +
           "?site_id=" + target.config.project;
  }
};

}  // namespace

const Platform& netlify_platform() {
  static const Netlify platform;
  return platform;
}

}  // namespace phantom
