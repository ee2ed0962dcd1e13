#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "events/clock.h"
#include "events/encoding.h"
#include "ledger/witness_directory.h"

namespace phantom {
namespace {

struct ListArgs {
  std::string directory;
  bool json = false;
};

std::string time_text(std::uint64_t time_s) {
  const std::string text = format_time(static_cast<std::int64_t>(time_s) * 1'000'000'000);
  return text.substr(0, text.find('.')) + "Z";
}

const char* state_name(const Result<WitnessState>& state) {
  if (!state.ok()) return "lost";
  return state->newest ? "cosigned" : "nothing cosigned";
}

std::string json_of(const WitnessListing& listing) {
  Json json;
  json.begin().field_number("v", 1).field("vkey", listing.key.text()).key("logs").begin_list();
  for (const WitnessedLogState& each : listing.logs) {
    json.begin().field("origin", each.log.origin).field("digest", origin_digest(each.log.origin));
    json.key("vkeys").begin_list();
    for (const VerifierKey& key : each.log.keys) json.text(key.text());
    json.end_list().field("state", state_name(each.state));
    if (each.state.ok() && each.state->newest) {
      const WitnessState::Newest& newest = *each.state->newest;
      json.field_number("size", newest.checkpoint.size);
      json.field("root", to_hex(newest.checkpoint.root)).field_number("time_s", newest.time_s);
    }
    if (!each.state.ok()) json.field("problem", each.state.error().message);
    json.end();
  }
  return json.end_list().end().str();
}

Result<int> list(Environment& environment, const ListArgs& args) {
  PH_ASSIGN(const WitnessListing listing, list_witness(args.directory));
  Output& out = environment.out();
  const Error* lost = nullptr;
  for (const WitnessedLogState& each : listing.logs) {
    if (!each.state.ok()) lost = &each.state.error();
  }
  if (args.json) {
    out.line(json_of(listing));
  } else {
    out.line("witness  " + escape_terminal(listing.key.text()));
    for (const WitnessedLogState& each : listing.logs) {
      std::string line = "log      " + escape_terminal(each.log.origin) + "  ";
      if (each.state.ok() && each.state->newest) {
        const WitnessState::Newest& newest = *each.state->newest;
        line +=
            "size " + std::to_string(newest.checkpoint.size) + " at " + time_text(newest.time_s);
      } else {
        line += each.state.ok() ? state_name(each.state) : out.red("state lost");
      }
      out.line(line);
    }
  }
  if (lost != nullptr) return *lost;
  return kExitOk;
}

}  // namespace

Command witness_list_command() {
  const auto args = std::make_shared<ListArgs>();
  Command command;
  command.words = {"witness", "list"};
  command.summary = "show the logs of a witness and how far it has seen them";
  command.description =
      "Reads the directory, also while the witness serves. Exit code 1 when the state of a log is "
      "lost.";
  command.positionals = {{"DIR", "the witness", &args->directory}};
  command.options = {{"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return list(environment, *args); };
  return command;
}

}  // namespace phantom
