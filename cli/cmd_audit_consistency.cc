#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "events/encoding.h"
#include "ledger/prove.h"

#include <algorithm>

namespace phantom {
namespace {

struct ConsistencyArgs {
  std::string from;
  std::optional<std::string> to;
  std::optional<std::string> ledger;
  bool json = false;
};

Result<int> consistency(Environment& environment, const ConsistencyArgs& args) {
  const std::optional<std::uint64_t> from = parse_decimal(args.from);
  std::optional<std::uint64_t> to;
  if (args.to) to = parse_decimal(*args.to);
  const bool wrong = !from || *from == 0 || (args.to && (!to || *to < *from));
  if (wrong) {
    environment.out().note("FROM and TO must be sizes of the log, 0 < FROM <= TO");
    return kExitUsage;
  }
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  const std::uint64_t size = log.reader->head().checkpoint.size;
  if (!to) to = std::max(size, *from);
  PH_ASSIGN(const std::vector<Digest> hashes, prove_growth(*log.reader, *from, *to));
  if (!args.json) {
    for (const Digest& hash : hashes) environment.out().line(to_base64(hash));
    return kExitOk;
  }
  Json json;
  json.begin().field_number("v", 1).field_number("from", *from).field_number("to", *to);
  json.key("hashes").begin_list();
  for (const Digest& hash : hashes) json.text(to_base64(hash));
  environment.out().line(json.end_list().end().str());
  return kExitOk;
}

}  // namespace

Command audit_consistency_command() {
  const auto args = std::make_shared<ConsistencyArgs>();
  Command command;
  command.words = {"audit", "consistency"};
  command.summary = "prove that the log only grew between two sizes";
  command.description =
      "Prints the RFC 6962 consistency proof between the log of FROM events and that of TO, one "
      "hash in base64 a line; none when the sizes are equal. Witnesses and other standard tools "
      "take it together with the two checkpoints.";
  command.positionals = {
      {"FROM", "the smaller size", &args->from},
      {"TO", "the bigger one; the newest if not given", &args->to, Need::kOptional}};
  command.options = {{"ledger", "DIR", "another ledger than one's own", &args->ledger},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return consistency(environment, *args); };
  return command;
}

}  // namespace phantom
