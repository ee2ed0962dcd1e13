#include "cli/anchor_results.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/output_file.h"
#include "events/encoding.h"
#include "ledger/timestamp.h"

#include <filesystem>

namespace phantom {
namespace {

constexpr std::size_t kResponseBytesMax = 1 << 20;
constexpr unsigned kFileMode = 0600;

struct PushArgs {
  std::vector<std::string> names;
  bool due = false;
  std::optional<std::string> request;
  std::optional<std::string> response;
  bool json = false;
};

using Append = std::function<Result<Receipt>(Draft)>;

Append append_to(Environment& environment) {
  return [&environment](Draft draft) -> Result<Receipt> {
    PH_ASSIGN(Appender* const appender, environment.appender());
    return appender->append(std::move(draft));
  };
}

Result<const AnchorSpec*> the_authority(const AnchorHome& home, const PushArgs& args) {
  if (args.names.size() != 1) {
    return Error{Code::kInvalid, "--request and --response are for one anchor: name it"};
  }
  const AnchorSpec* spec = home.policy.policy.find(args.names[0]);
  if (spec == nullptr || spec->kind != "tsa") {
    return Error{Code::kInvalid, "the policy has no tsa called " + escape_terminal(args.names[0])};
  }
  return spec;
}

// A request, and the checkpoint it is about until the answer comes: <size>.pending and <size>.tsq.
Result<int> make_request(Environment& environment, AnchorHome& home, const PushArgs& args) {
  PH_ASSIGN(const AnchorSpec* spec, the_authority(home, args));
  PH_ASSIGN(const SignedCheckpoint checkpoint, home.newest());
  PH_ASSIGN(const Bytes request,
            make_timestamp_request(as_bytes(checkpoint.note), system_random()));
  const auto directory = home.files.directory(spec->name);
  PH_TRY(make_private_directory(directory));
  const std::string stem = (directory / size_file_name(checkpoint.checkpoint.size)).string();
  PH_TRY(write_file_durably(stem + ".pending", as_bytes(checkpoint.note), kFileMode));
  PH_TRY(write_file_durably(stem + ".tsq", request, kFileMode));
  PH_TRY(write_output_file(*args.request, request));
  environment.out().note("the request is for a checkpoint over " +
                         std::to_string(checkpoint.checkpoint.size) + " events");
  environment.out().hint("bring back the answer: phantom audit anchor push " +
                         escape_terminal(spec->name) + " --response FILE");
  return kExitOk;
}

Result<int> take_response(Environment& environment, AnchorHome& home, const PushArgs& args) {
  PH_ASSIGN(const AnchorSpec* spec, the_authority(home, args));
  PH_ASSIGN(const Bytes response, read_file(*args.response, kResponseBytesMax));
  const auto directory = home.files.directory(spec->name);
  Error why{Code::kNotFound, "no request of this anchor waits for an answer"};
  std::error_code code;
  std::vector<std::filesystem::path> requests;
  for (const auto& entry : std::filesystem::directory_iterator(directory, code)) {
    if (entry.path().extension() == ".tsq") requests.push_back(entry.path());
  }
  std::sort(requests.rbegin(), requests.rend());
  for (std::filesystem::path file : requests) {
    PH_ASSIGN(const Bytes request, read_file(file, kResponseBytesMax));
    PH_ASSIGN(const Bytes note, read_file(std::filesystem::path(file).replace_extension(".pending"),
                                          kResponseBytesMax));
    auto stamp = check_timestamp(response, note, home.policy.ca_of(spec->name), request);
    if (!stamp.ok()) {
      why = std::move(stamp.error());
      continue;
    }
    PH_ASSIGN(const SignedCheckpoint checkpoint, parse_checkpoint(as_text(note)));
    AnchorReceipt receipt{spec->name, checkpoint.checkpoint.size, checkpoint.note};
    receipt.token = response;
    const std::vector<AnchorResult> results = {
        keep_anchored(home, *spec, {std::move(receipt), stamp->time_ns}, environment.context(),
                      append_to(environment))};
    if (!results[0].error) {
      std::filesystem::remove(file, code);
      std::filesystem::remove(file.replace_extension(".pending"), code);
    }
    show_anchor_results(environment.out(), results);
    return exit_code_of(results);
  }
  return why;
}

Result<int> push(Environment& environment, const PushArgs& args) {
  if ((args.request || args.response) && (args.due || args.json)) {
    return Error{Code::kInvalid, "--request and --response stand alone"};
  }
  PH_ASSIGN(const Home root, environment.home());
  PH_TRY(environment.check_own_ledger());
  PH_ASSIGN(AnchorHome home, AnchorHome::open(root));
  if (args.request) return make_request(environment, home, args);
  if (args.response) return take_response(environment, home, args);
  AnchorRound round;
  round.names = args.names;
  round.due_only = args.due;
  round.variable = [&environment](const char* name) { return environment.variable(name); };
  PH_ASSIGN(const std::vector<AnchorResult> results,
            push_anchors(home, round, environment.context(), append_to(environment)));
  if (args.json) {
    environment.out().line(anchor_results_json(results));
  } else {
    show_anchor_results(environment.out(), results);
  }
  return exit_code_of(results);
}

}  // namespace

Command audit_anchor_push_command() {
  const auto args = std::make_shared<PushArgs>();
  Command command;
  command.words = {"audit", "anchor", "push"};
  command.summary = "give the newest checkpoint to the anchors";
  command.description =
      "Gives the newest checkpoint to every anchor of the policy, or to those named, and keeps "
      "what "
      "they answer in $PHANTOM_HOME/anchors. One that fails does not stop the others. Each is an "
      "event: ledger.anchored, ledger.anchor_failed or ledger.anchor_conflict.\n"
      "--due gives only to those whose interval is over, if there is anything new; for timers. "
      "A time stamp authority out of reach is asked with --request, and its answer brought back "
      "with --response.\n"
      "Exit codes: 0 all have it; 1 one of them holds a checkpoint that is no part of this "
      "ledger's "
      "history, both sides are kept as evidence; 75 one cannot be reached; 77 one refused.";
  command.positionals = {
      {"NAME", "anchors of the policy; all if not given", &args->names, Need::kOptional}};
  command.options = {{"due", "", "only those whose time has come", &args->due},
                     {"request", "FILE", "write a request for a tsa there", &args->request},
                     {"response", "FILE", "take the tsa's answer to a request", &args->response},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return push(environment, *args); };
  return command;
}

}  // namespace phantom
