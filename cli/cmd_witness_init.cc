#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "events/encoding.h"
#include "events/random.h"
#include "ledger/witness_directory.h"

namespace phantom {
namespace {

constexpr std::size_t kNameBytes = 16;

struct InitArgs {
  std::string directory;
  std::optional<std::string> name;
  bool json = false;
};

std::string random_name(Random& random) {
  Bytes bytes(kNameBytes);
  random.fill(bytes);
  return "phantom.local/witness/" + to_hex(bytes);
}

Result<int> init(Environment& environment, const InitArgs& args) {
  Random& random = system_random();
  const std::string name = args.name ? *args.name : random_name(random);
  PH_ASSIGN(const CosignerKey key, create_witness(args.directory, name, random));
  if (args.json) {
    Json json;
    json.begin().field_number("v", 1).field("name", key.name).field("vkey", key.text());
    environment.out().line(json.end().str());
    return kExitOk;
  }
  environment.out().line(key.text());
  environment.out().note("made a witness in " + args.directory);
  environment.out().hint(
      "the key above goes to those whose logs it is to watch; of each of them: "
      "phantom witness add-log " +
      args.directory + " VKEY");
  return kExitOk;
}

}  // namespace

Command witness_init_command() {
  const auto args = std::make_shared<InitArgs>();
  Command command;
  command.words = {"witness", "init"};
  command.summary = "make a witness";
  command.description =
      "Makes a directory with a key of its own and prints the key's public half. It is no part of "
      "a "
      "phantom home. Never put an older copy of the directory back: a witness that forgets what it "
      "signed signs two histories.";
  command.positionals = {{"DIR", "where the witness keeps its key and state", &args->directory}};
  command.options = {{"name", "NAME", "its name, best a host you own", &args->name},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return init(environment, *args); };
  return command;
}

}  // namespace phantom
