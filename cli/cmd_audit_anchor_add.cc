#include "cli/commands.h"
#include "cli/environment.h"
#include "events/encoding.h"
#include "ledger/anchor_files.h"

#include <filesystem>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPolicyBytesMax = 64 * 1024;
constexpr std::size_t kCaBytesMax = 1 << 20;
constexpr unsigned kPolicyMode = 0600;

struct AddArgs {
  std::string name;
  std::string kind;
  std::string place;
  std::optional<std::string> key;
  std::optional<std::string> ca;
  std::optional<std::string> ref;
  bool tag = false;
  std::optional<std::string> header_file;
  std::optional<std::string> header_env;
};

Result<std::string> policy_text(const AnchorFiles& files) {
  auto bytes = read_file(files.policy(), kPolicyBytesMax);
  if (!bytes && bytes.error().code == Code::kNotFound) return std::string();
  if (!bytes) return std::move(bytes.error());
  return std::string(as_text(*bytes));
}

Result<std::string> absolute(Environment& environment, const std::string& path) {
  PH_ASSIGN(const fs::path here, environment.working_directory());
  return (here / path).lexically_normal().string();
}

Status refuse_surplus(const AddArgs& args) {
  const struct {
    bool given;
    bool fits;
    const char* what;
  } rows[] = {
      {args.key.has_value(), args.kind == "witness" || args.kind == "peer", "--key"},
      {args.ca.has_value(), args.kind == "tsa", "--ca"},
      {args.ref.has_value(), args.kind == "git", "--ref"},
      {args.tag, args.kind == "git", "--tag"},
      {args.header_file.has_value() || args.header_env.has_value(), args.kind == "put", "a header"},
  };
  for (const auto& row : rows) {
    if (row.given && !row.fits) {
      return Error{Code::kInvalid, std::string(row.what) + " does not go with " + args.kind};
    }
  }
  if (args.header_file && args.header_env) return Error{Code::kInvalid, "one header is enough"};
  return {};
}

// The line of the policy. `ca` is where the certificates will be, as the policy names it.
Result<std::string> line_of(Environment& environment, const AddArgs& args, const std::string& ca) {
  PH_TRY(refuse_surplus(args));
  std::string place = args.place;
  if (args.kind == "directory" || args.kind == "git" || args.kind == "peer") {
    PH_ASSIGN(place, absolute(environment, args.place));
  }
  if (args.kind == "witness" || args.kind == "peer") {
    if (!args.key) return Error{Code::kInvalid, args.kind + " needs --key VKEY"};
    if (args.kind == "witness") return "witness " + args.name + " " + *args.key + " " + place;
    return "anchor " + args.name + " peer " + *args.key + " " + place;
  }
  std::string line = "anchor " + args.name + " " + args.kind + " " + place;
  if (args.kind == "tsa") {
    if (!args.ca) return Error{Code::kInvalid, "tsa needs --ca FILE: who may sign its stamps"};
    line += " ca " + ca;
  }
  if (args.ref) line += " ref " + *args.ref;
  if (args.tag) line += " tag";
  if (args.header_file) {
    PH_ASSIGN(const std::string file, absolute(environment, *args.header_file));
    line += " header file " + file;
  }
  if (args.header_env) line += " header env " + *args.header_env;
  return line;
}

Result<int> add(Environment& environment, const AddArgs& args) {
  PH_ASSIGN(const Home home, environment.home());
  const AnchorFiles files = anchor_files(home);
  const std::string ca = anchor_file_name(args.name) + "/ca.pem";
  PH_ASSIGN(const std::string line, line_of(environment, args, ca));
  PH_ASSIGN(const std::string before, policy_text(files));
  PH_ASSIGN(const std::string after, with_policy_line(before, line));
  PH_TRY(make_private_directory(files.root));
  if (args.ca) {
    PH_ASSIGN(const Bytes pem, read_file(*args.ca, kCaBytesMax));
    PH_TRY(make_private_directory(files.directory(args.name)));
    PH_TRY(write_file_durably(files.root / ca, pem, kPolicyMode));
  }
  PH_TRY(write_file_durably(files.policy(), as_bytes(after), kPolicyMode));
  environment.out().note("added " + escape_terminal(args.name) + " to " + files.policy().string());
  environment.out().hint("'phantom audit anchor push " + escape_terminal(args.name) +
                         "' gives it the newest checkpoint");
  return kExitOk;
}

}  // namespace

Command audit_anchor_add_command() {
  const auto args = std::make_shared<AddArgs>();
  Command command;
  command.words = {"audit", "anchor", "add"};
  command.summary = "name a place that keeps checkpoints";
  command.description =
      "Adds a line to the anchor policy, $PHANTOM_HOME/anchors/policy; see docs/guides/anchors.md. "
      "The whole file is checked before it is replaced. Groups, the quorum, bounds and the "
      "interval "
      "are lines to write by hand.\n"
      "directory PATH: files nobody can change there. git PATH: commits on a ref. tsa URL, or "
      "manual, with --ca: RFC 3161 time stamps. put URL: objects of a store. witness URL with "
      "--key: C2SP cosignatures. peer PATH with --key: events in a teammate's ledger.";
  command.positionals = {{"NAME", "what it is called from now on", &args->name},
                         {"KIND",
                          "what it is",
                          &args->kind,
                          Need::kRequired,
                          {"directory", "git", "tsa", "put", "witness", "peer"}},
                         {"PLACE", "its path or URL", &args->place}};
  command.options = {
      {"key", "VKEY", "with witness and peer: who signs", &args->key},
      {"ca", "FILE", "with tsa: certificates in PEM form; a copy is kept", &args->ca},
      {"ref", "REF", "with git: another ref than refs/phantom/anchors/<ledger id>", &args->ref},
      {"tag", "", "with git: tag every checkpoint, too", &args->tag},
      {"header-file", "FILE", "with put: a file with one header line, like a credential",
       &args->header_file},
      {"header-env", "NAME", "with put: the same in an environment variable", &args->header_env}};
  command.run = [args](Environment& environment) { return add(environment, *args); };
  return command;
}

Command audit_anchor_remove_command() {
  const auto name = std::make_shared<std::string>();
  Command command;
  command.words = {"audit", "anchor", "remove"};
  command.summary = "take a place out of the anchor policy";
  command.description =
      "Takes its line out of the policy. Its receipts stay: they still tell when the ledger was "
      "rolled back.";
  command.positionals = {{"NAME", "as the policy calls it", name.get()}};
  command.run = [name](Environment& environment) -> Result<int> {
    PH_ASSIGN(const Home home, environment.home());
    const AnchorFiles files = anchor_files(home);
    PH_ASSIGN(const std::string before, policy_text(files));
    if (before.empty()) return Error{Code::kNotFound, "there is no anchor policy"};
    PH_ASSIGN(const std::string after, without_anchor(before, *name));
    PH_TRY(write_file_durably(files.policy(), as_bytes(after), kPolicyMode));
    environment.out().note("removed " + escape_terminal(*name) + "; its receipts stay in " +
                           files.directory(*name).string());
    return kExitOk;
  };
  return command;
}

}  // namespace phantom
