// Railway, GraphQL: the query `variables`, the mutations `variableUpsert` and `variableDelete`.
// Writes do not redeploy: a run with fifty secrets would start fifty deployments.

#include "proxy/platform.h"
#include "proxy/platform_json.h"

namespace phantom {
namespace {

constexpr std::string_view kList =
    "query variables($projectId: String!, $environmentId: String!, $serviceId: String) { "
    "variables(projectId: $projectId, environmentId: $environmentId, serviceId: $serviceId, "
    "unrendered: true) }";
constexpr std::string_view kUpsert =
    "mutation variableUpsert($input: VariableUpsertInput!) { variableUpsert(input: $input) }";
constexpr std::string_view kDelete =
    "mutation variableDelete($input: VariableDeleteInput!) { variableDelete(input: $input) }";
// Variables that Railway sets by itself.
constexpr std::string_view kOwnPrefix = "RAILWAY_";

class Railway final : public Platform {
 public:
  std::string_view name() const override { return "railway"; }
  std::string_view api() const override { return "https://backboard.railway.com"; }

  Status check_config(const SyncConfig& config) const override {
    PH_TRY(need_id("project", config.project, "the project's id"));
    if (!config.service.empty()) PH_TRY(need_id("service", config.service, "the service's id"));
    PH_TRY(refuse_key("account", config.account, name()));
    if (!config.kind.empty() && config.kind != "project-token") {
      return Error{Code::kInvalid, "\"kind\" of railway can be \"project-token\" only"};
    }
    for (const auto& [environment, places] : config.environments) {
      for (const std::string& place : places) {
        PH_TRY(need_id("environments", place, "ids of environments"));
      }
    }
    return {};
  }

  std::optional<std::string> name_problem(std::string_view name) const override {
    if (name.starts_with(kOwnPrefix)) return "begins with RAILWAY_, which railway keeps for itself";
    return variable_name_problem(name, 256);
  }
  std::optional<std::string> value_problem(const SecretBytes& value) const override {
    if (value.text().find("${{") != std::string_view::npos) {
      return "has ${{ in it, which railway takes for a reference";
    }
    return Platform::value_problem(value);
  }

  HttpField authorization(const SyncTarget& target, std::string_view token) const override {
    if (target.config.kind == "project-token") return {"Project-Access-Token", std::string(token)};
    return Platform::authorization(target, token);
  }

  HttpRequest list_request(const SyncTarget& target, const std::string&) const override {
    SecretJsonWriter json(0);
    write_ids(begin_graphql(json, kList), target).end().end();
    return request(json);
  }

  Result<ListPage> read_list(const SyncTarget& target, const std::string&,
                             const HttpAnswer& answer) const override {
    PH_ASSIGN(const boost::json::value parsed, parse_platform_json(answer));
    PH_ASSIGN(const boost::json::value* data, graphql_data(parsed, "variables"));
    const boost::json::object* variables = json_object(data);
    if (variables == nullptr) return not_published_shape("no variables");
    ListPage page;
    for (const auto& member : *variables) {
      const std::string_view key(member.key().data(), member.key().size());
      if (key.starts_with(kOwnPrefix)) continue;
      RemoteEntry entry;
      entry.name = key;
      entry.places = target.places;
      if (const auto value = json_text(&member.value())) {
        entry.value = SecretBytes::copy_of(*value);
      }
      page.entries.push_back(std::move(entry));
    }
    return page;
  }

  Result<HttpRequest> write_request(const SyncTarget& target, const WriteItem& item,
                                    const SealingKey&) const override {
    const bool deletes = item.action == WriteAction::kDelete;
    SecretJsonWriter json(deletes ? 0 : item.value->size());
    begin_graphql(json, deletes ? kDelete : kUpsert).key("input").begin();
    write_ids(json, target).field("name", item.name);
    if (!deletes) json.field("value", item.value->text()).key("skipDeploys").truth(true);
    json.end().end().end();
    return request(json);
  }

  PlatformResult judge(const HttpAnswer& answer) const override { return judge_graphql(answer); }

 private:
  static SecretJsonWriter& write_ids(SecretJsonWriter& json, const SyncTarget& target) {
    json.field("projectId", target.config.project).field("environmentId", target.places.front());
    if (!target.config.service.empty()) json.field("serviceId", target.config.service);
    return json;
  }

  static HttpRequest request(SecretJsonWriter& json) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/graphql/v2";
    request.fields = {{"Content-Type", "application/json"}};
    request.body = json.take();
    request.resend = Resend::kAllowed;
    return request;
  }
};

}  // namespace

const Platform& railway_platform() {
  static const Railway platform;
  return platform;
}

}  // namespace phantom
