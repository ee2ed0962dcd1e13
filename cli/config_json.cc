#include "cli/config_json.h"

#include "events/clock.h"
#include "events/encoding.h"

namespace phantom {
namespace {

const char* consent_name(Consent consent) {
  switch (consent) {
    case Consent::kBuiltIn:
      return "built-in";
    case Consent::kNeeded:
      return "needed";
    case Consent::kAccepted:
      return "accepted";
  }
  return "needed";
}

void add_accepted_route(Json& json, const std::optional<AcceptedRoute>& route) {
  if (!route) {
    json.null();
    return;
  }
  json.begin().field("origin", route->origin).field("secret", route->secret_name);
  json.field("placement", route->placement).end();
}

}  // namespace

void add_texts(Json& json, const std::vector<std::string>& texts) {
  json.begin_list();
  for (const std::string& text : texts) json.text(text);
  json.end_list();
}

void add_routes(Json& json, const std::vector<Route>& routes) {
  json.begin_list();
  for (const Route& route : routes) {
    json.begin().field("service", route.service).field("secret", route.secret_name);
    json.field("origin", route.origin()).field("header", route.header);
    json.field("header_format", route.header_format).field("base_path", route.base_path);
    json.field("ca_file", route.ca_file).key("base_url_env");
    add_texts(json, route.base_url_envs);
    json.field("consent", consent_name(route.consent)).end();
  }
  json.end_list();
}

void add_moves(Json& json, const std::vector<RouteMove>& moves) {
  json.begin_list();
  for (const RouteMove& move : moves) {
    json.begin().field("change", route_change_name(move.change));
    json.field("service", move.route().service).key("what");
    add_texts(json, move.what);
    json.key("before");
    add_accepted_route(json, move.before);
    json.key("after");
    add_accepted_route(json, move.after);
    json.end();
  }
  json.end_list();
}

void add_risks(Json& json, const std::vector<RouteRisk>& risks) {
  json.begin_list();
  for (const RouteRisk& risk : risks) {
    json.begin().field("rule", risk.rule).field("level", risk_level_name(risk.level));
    json.field("service", risk.service).field("secret", risk.secret_name);
    json.field("sentence", risk.sentence).end();
  }
  json.end_list();
}

void add_accepted(Json& json, const std::optional<AcceptedConfig>& accepted) {
  if (!accepted) {
    json.null();
    return;
  }
  json.begin().field_number("seq", accepted->seq).field("time", format_time(accepted->time_ns));
  json.field("digest", to_hex(accepted->digest)).end();
}

}  // namespace phantom
