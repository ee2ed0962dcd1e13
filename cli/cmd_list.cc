#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/expiry_words.h"
#include "cli/json.h"
#include "cli/secret_environment.h"
#include "cli/secret_services.h"
#include "cli/vault_access.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "vault/secret_name.h"

#include <algorithm>
#include <array>

namespace phantom {
namespace {

struct ListArgs {
  bool json = false;
  bool all = false;
  std::optional<std::string> env;
};

struct Listed {
  SecretInfo info;
  SecretNameParts parts;  // into info.name
  std::string services;
};

constexpr std::size_t kColumns = 5;
using Row = std::array<std::string, kColumns>;

std::string older_text(const SecretInfo& info) {
  std::string text = std::to_string(info.version);
  if (!info.older.empty()) text += " (+" + std::to_string(info.older.size()) + " kept)";
  return text;
}

void print_table(Output& out, const std::vector<Listed>& secrets, std::int64_t now_ns) {
  std::vector<Row> rows = {{"NAME", "ENVIRONMENT", "SERVICE", "VERSION", "EXPIRES"}};
  for (const Listed& each : secrets) {
    rows.push_back({std::string(each.parts.name), std::string(each.parts.environment),
                    each.services.empty() ? "-" : escape_terminal(each.services),
                    older_text(each.info), expiry_words(each.info.expires_ns, now_ns)});
  }
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < kColumns; ++i) {
      line += rows[r][i];
      if (i + 1 < kColumns) line.append(widths[i] + 2 - rows[r][i].size(), ' ');
    }
    const bool over = r > 0 && is_expired(secrets[r - 1].info, now_ns);
    out.line(r == 0 ? out.bold(line) : over ? out.red(line) : line);
  }
}

void print_json(Output& out, const Project& project, const std::vector<Listed>& secrets,
                std::int64_t now_ns) {
  Json json;
  json.begin().field_number("v", 1).field("project", project.config.project_id);
  json.key("secrets").begin_list();
  for (const Listed& each : secrets) {
    const SecretInfo& info = each.info;
    json.begin().field("name", each.parts.name).field("environment", each.parts.environment);
    json.field_number("version", info.version).field("created", format_time(info.created_ns));
    json.field("changed", format_time(info.changed_ns)).field("service", each.services);
    json.key("expires");
    if (info.expires_ns == 0) {
      json.null().key("days_left").null();
    } else {
      json.text(format_time(info.expires_ns));
      json.key("days_left").integer(days_left(info.expires_ns, now_ns));
    }
    json.key("expired").truth(is_expired(info, now_ns)).key("older").begin_list();
    for (const OlderSecret& older : info.older) {
      json.begin().field_number("version", older.version);
      json.field("changed", format_time(older.changed_ns)).end();
    }
    json.end_list().end();
  }
  out.line(json.end_list().end().str());
}

Result<int> list(Environment& environment, const ListArgs& args) {
  if (args.all && args.env) {
    environment.out().note("--env and --all-envs exclude each other");
    return kExitUsage;
  }
  PH_ASSIGN(const std::string wanted,
            secret_environment(args.env, environment.variable("PHANTOM_ENV")));
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(const Project project, open_project(home, here));
  PH_ASSIGN(const std::vector<Route> routes, resolve_routes(project.config));
  VaultAccess access(environment, project, home);
  PH_ASSIGN(std::vector<SecretInfo> infos, access.list_locked());

  std::vector<Listed> secrets;
  secrets.reserve(infos.size());
  for (SecretInfo& info : infos) {
    if (!args.all && split_secret_name(info.name).environment != wanted) continue;
    secrets.push_back({std::move(info), {}, {}});
    Listed& each = secrets.back();
    each.parts = split_secret_name(each.info.name);
    each.services = service_names(routes_of_secret(routes, each.parts.name));
  }
  const std::int64_t now_ns = system_clock().wall_ns();
  Output& out = environment.out();
  if (args.json) {
    print_json(out, project, secrets, now_ns);
  } else if (out.out_is_terminal()) {
    if (!secrets.empty()) print_table(out, secrets, now_ns);
  } else {
    for (const Listed& each : secrets) out.line(args.all ? each.info.name : each.parts.name);
  }
  if (secrets.empty()) {
    out.note(args.all ? "the vault has no secret"
                      : "the vault has no secret of environment " + wanted);
  }
  return kExitOk;
}

}  // namespace

Command list_command() {
  const auto args = std::make_shared<ListArgs>();
  Command command;
  command.words = {"list"};
  command.summary = "print the names of the project's secrets";
  command.description =
      "Prints names, never values; the vault stays locked. On a terminal a table with environment, "
      "service, version, older values that are kept and the end of each secret's time; otherwise "
      "one name a line.";
  command.options = {environment_option(&args->env),
                     {"all-envs", "", "the secrets of every environment", &args->all},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return list(environment, *args); };
  return command;
}

}  // namespace phantom
