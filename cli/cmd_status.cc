#include "cli/commands.h"
#include "cli/disk_text.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/project.h"
#include "events/encoding.h"
#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/trust.h"
#include "vault/vault_store.h"

namespace phantom {
namespace {

namespace fs = std::filesystem;

struct StatusArgs {
  bool json = false;
};

struct ProjectFacts {
  std::string root;
  std::string id;
  std::string problem;  // empty when it can be used
  bool has_vault = false;
};

struct LedgerFacts {
  std::string origin;
  std::uint64_t size = 0;
  std::string root;
  std::optional<int> writer;
  std::optional<std::uint64_t> verified_size;
  std::optional<DiskReport> disk;
};

std::optional<ProjectFacts> look_at_project(Environment& environment, const Home& home) {
  const auto here = environment.working_directory();
  if (!here.ok()) return std::nullopt;
  auto project = read_project_at(*here);
  if (!project.ok()) {
    if (project.error().code == Code::kNotFound) return std::nullopt;
    return ProjectFacts{here->string(), "", project.error().message, false};
  }
  ProjectFacts facts;
  facts.root = project->root.string();
  facts.id = project->config.project_id;
  if (const Status bound = check_binding(home, facts.id, project->root); !bound.ok()) {
    facts.problem = bound.error().message;
    return facts;
  }
  std::error_code code;
  facts.has_vault = std::filesystem::exists(vault_path(home, facts.id), code);
  return facts;
}

using Service = std::optional<fs::path>;

Result<std::optional<LedgerFacts>> look_at_ledger(Environment& environment, const Home& home,
                                                  const Service& service) {
  auto reader = environment.reader();
  if (!reader.ok() && service && reader.error().code == Code::kDenied) {
    return std::optional<LedgerFacts>();
  }
  if (!reader.ok() && reader.error().code == Code::kNotFound) return std::optional<LedgerFacts>();
  if (!reader.ok()) return std::move(reader.error());
  const Checkpoint& head = (*reader)->head().checkpoint;
  LedgerFacts facts{head.origin, head.size, to_hex(head.root), {}, {}, {}};
  if (const auto holder = Lease::holder(LedgerFiles{home.ledger()}.lock()); holder.ok()) {
    facts.writer = *holder;
  }
  if (const auto pinned = pinned_checkpoint(home, head.origin); pinned.ok() && *pinned) {
    facts.verified_size = (*pinned)->checkpoint.size;
  }
  if (const auto disk = report_disk(home.ledger(), home.keys()); disk.ok()) facts.disk = *disk;
  return std::optional<LedgerFacts>(facts);
}

void print_text(Output& out, const Home& home, const Service& service,
                const std::optional<ProjectFacts>& project,
                const std::optional<LedgerFacts>& ledger) {
  out.line("home     " + escape_terminal(home.root.string()));
  if (service) out.line("service  " + escape_terminal(service->string()));
  if (!ledger) {
    out.line(service ? "ledger   kept by the service, not readable here" : "ledger   none");
  } else {
    out.line("ledger   " + std::to_string(ledger->size) + " events, root " +
             ledger->root.substr(0, 16));
    if (!service) {
      out.line("writer   " + (ledger->writer ? "process " + std::to_string(*ledger->writer)
                                             : std::string("none running")));
    }
    out.line("verified " + (ledger->verified_size
                                ? "up to " + std::to_string(*ledger->verified_size) + " events"
                                : std::string("never")));
    if (ledger->disk) out.line("disk     " + disk_line(*ledger->disk));
  }
  if (!project) {
    out.line("project  none here");
    return;
  }
  out.line("project  " + escape_terminal(project->id + " at " + project->root));
  if (!project->problem.empty()) out.line("problem  " + escape_terminal(project->problem));
  out.line(std::string("vault    ") + (project->has_vault ? "there" : "none"));
}

void print_json(Output& out, const Home& home, const Service& service,
                const std::optional<ProjectFacts>& project,
                const std::optional<LedgerFacts>& ledger) {
  Json json;
  json.begin().field_number("v", 1).field("version", PHANTOM_VERSION);
  json.field("home", home.root.string()).key("service");
  if (service) {
    json.text(service->string());
  } else {
    json.null();
  }
  json.key("ledger");
  const auto number_or_null = [&json](const auto& value) {
    if (value) {
      json.number(static_cast<std::uint64_t>(*value));
    } else {
      json.null();
    }
  };
  if (ledger) {
    json.begin().field("origin", ledger->origin).field_number("size", ledger->size);
    json.field("root", ledger->root).key("writer_pid");
    number_or_null(ledger->writer);
    json.key("verified_size");
    number_or_null(ledger->verified_size);
    json.key("disk");
    if (ledger->disk) {
      add_disk(json, *ledger->disk);
    } else {
      json.null();
    }
    json.end();
  } else {
    json.null();
  }
  json.key("project");
  if (project) {
    json.begin().field("id", project->id).field("root", project->root);
    json.key("vault").truth(project->has_vault);
    json.field("problem", project->problem).end();
  } else {
    json.null();
  }
  out.line(json.end().str());
}

Result<int> status(Environment& environment, const StatusArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const Service service, environment.service());
  PH_ASSIGN(const std::optional<LedgerFacts> ledger, look_at_ledger(environment, home, service));
  const std::optional<ProjectFacts> project = look_at_project(environment, home);
  (args.json ? print_json : print_text)(environment.out(), home, service, project, ledger);
  return kExitOk;
}

}  // namespace

Command status_command() {
  const auto args = std::make_shared<StatusArgs>();
  Command command;
  command.words = {"status"};
  command.summary = "say where things are and how they stand";
  command.description =
      "Shows the home, the ledger with its writer, the project of the current directory and its "
      "vault. Changes nothing and needs no passphrase.";
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return status(environment, *args); };
  return command;
}

}  // namespace phantom
