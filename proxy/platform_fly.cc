// Fly, GraphQL: the query `app { secrets }`, the mutations `setSecrets` and `unsetSecrets`.
// Machines see a change with their next deployment. Values never come back; the digest the API
// gives is of no published kind.

#include "proxy/platform.h"
#include "proxy/platform_json.h"

namespace phantom {
namespace {

constexpr std::string_view kList =
    "query($name: String!) { app(name: $name) { secrets { name digest createdAt } } }";
constexpr std::string_view kSet =
    "mutation($input: SetSecretsInput!) { setSecrets(input: $input) { release { id } } }";
constexpr std::string_view kUnset =
    "mutation($input: UnsetSecretsInput!) { unsetSecrets(input: $input) { release { id } } }";

class Fly final : public Platform {
 public:
  std::string_view name() const override { return "fly"; }
  std::string_view api() const override { return "https://api.fly.io"; }
  Pull pull() const override { return Pull::kNone; }

  Status check_config(const SyncConfig& config) const override {
    PH_TRY(need_id("project", config.project, "the name of the app"));
    PH_TRY(refuse_key("account", config.account, name()));
    PH_TRY(refuse_key("service", config.service, name()));
    PH_TRY(refuse_key("kind", config.kind, name()));
    return check_places(config, {"app"});
  }

  std::optional<std::string> name_problem(std::string_view name) const override {
    if (name.starts_with("FLY_")) return "begins with FLY_, which fly keeps for itself";
    return variable_name_problem(name, 256);
  }

  // Tokens of the newer kind bring their scheme with them.
  HttpField authorization(const SyncTarget& target, std::string_view token) const override {
    if (token.starts_with("FlyV1 ")) return {"Authorization", std::string(token)};
    return Platform::authorization(target, token);
  }

  HttpRequest list_request(const SyncTarget& target, const std::string&) const override {
    SecretJsonWriter json(0);
    begin_graphql(json, kList).field("name", target.config.project).end().end();
    return request(json);
  }

  Result<ListPage> read_list(const SyncTarget& target, const std::string&,
                             const HttpAnswer& answer) const override {
    PH_ASSIGN(const boost::json::value parsed, parse_platform_json(answer));
    PH_ASSIGN(const boost::json::value* app, graphql_data(parsed, "app"));
    const boost::json::array* secrets = json_array(json_member(app, "secrets"));
    if (secrets == nullptr) return not_published_shape("no secrets");
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

  Result<HttpRequest> write_request(const SyncTarget& target, const WriteItem& item,
                                    const SealingKey&) const override {
    const bool deletes = item.action == WriteAction::kDelete;
    SecretJsonWriter json(deletes ? 0 : item.value->size());
    begin_graphql(json, deletes ? kUnset : kSet).key("input").begin();
    json.field("appId", target.config.project);
    if (deletes) {
      json.key("keys").begin_list().text(item.name).end_list();
    } else {
      json.key("secrets").begin_list().begin().field("key", item.name);
      json.field("value", item.value->text()).end().end_list();
    }
    json.end().end().end();
    return request(json);
  }

  PlatformResult judge(const HttpAnswer& answer) const override { return judge_graphql(answer); }

 private:
  static HttpRequest request(SecretJsonWriter& json) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/graphql";
    request.fields = {{"Content-Type", "application/json"}};
    request.body = json.take();
    request.resend = Resend::kAllowed;
    return request;
  }
};

}  // namespace

const Platform& fly_platform() {
  static const Fly platform;
  return platform;
}

}  // namespace phantom
