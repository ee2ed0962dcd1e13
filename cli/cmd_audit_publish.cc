#include "cli/audit_events.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "cli/progress.h"
#include "events/encoding.h"
#include "ledger/publish.h"

#include <algorithm>

namespace phantom {
namespace {

struct PublishArgs {
  std::string directory;
  std::optional<std::string> ledger;
  bool json = false;
};

Result<Published> publish_with_progress(const LedgerReader& reader, TileSink& sink) {
  Progress progress("events");
  return publish_tiles(reader, sink, [&progress](std::uint64_t done, std::uint64_t total) {
    progress.show(done, total);
  });
}

// A message with notes in it, line by line: they are evidence and should stay readable.
int refuse(Environment& environment, const Error& error) {
  std::string_view lines = error.message;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    environment.out().note(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  environment.out().hint(error.hint);
  return kExitFailed;
}

std::string as_json(const Published& done, const std::string& directory) {
  Json json;
  json.begin().field_number("v", 1).field("directory", directory);
  json.field("origin", done.checkpoint.origin).field_number("size", done.checkpoint.size);
  json.field("root", to_hex(done.checkpoint.root)).field("note", done.note);
  json.field_number("size_before", done.size_before).field_number("files", done.files);
  return json.field_number("bytes", done.bytes).end().str();
}

std::string line_of(const Published& done, const std::string& directory) {
  const std::uint64_t fresh = done.checkpoint.size - done.size_before;
  return "published " + std::to_string(done.checkpoint.size) + " events to " + directory + ": " +
         std::to_string(fresh) + " new, " + std::to_string(done.files) + " files, " +
         std::to_string(done.bytes) + " bytes";
}

Result<int> publish(Environment& environment, const PublishArgs& args) {
  PH_ASSIGN(const OpenLog log, open_log(environment, args.ledger));
  PH_ASSIGN(const std::unique_ptr<TileSink> sink, open_tile_directory(args.directory));
  const Result<Published> done = publish_with_progress(*log.reader, *sink);
  if (!done.ok()) {
    if (done.error().code == Code::kCorrupt) return refuse(environment, done.error());
    return done.error();
  }
  environment.out().line(args.json ? as_json(*done, args.directory)
                                   : one_line(line_of(*done, args.directory)));
  record_about_log(
      environment, log,
      audit_published(environment.context(), done->checkpoint.size, done->checkpoint.root));
  return kExitOk;
}

}  // namespace

Command audit_publish_command() {
  const auto args = std::make_shared<PublishArgs>();
  Command command;
  command.words = {"audit", "publish"};
  command.summary = "write the log as tiles that any web server can serve";
  command.description =
      "Writes the log as a C2SP tlog-tiles directory: the signed checkpoint, the hash tiles and "
      "all "
      "entries. Others check it with phantom audit verify --tiles or any tool that knows the "
      "format. What the entries hold can be read by everyone who gets the files; sealed fields "
      "stay "
      "closed.\n"
      "A second run writes only what is new, and the checkpoint last: a run that was cut off "
      "leaves "
      "the old one good. A directory whose checkpoint contradicts this ledger is left as it is, "
      "with exit code 1 and both checkpoints as evidence.";
  command.positionals = {{"DIR", "where to write; made if it is not there", &args->directory}};
  command.options = {{"ledger", "DIR", "another ledger than one's own", &args->ledger},
                     {"json", "", "print one JSON object", &args->json}};
  command.run = [args](Environment& environment) { return publish(environment, *args); };
  return command;
}

}  // namespace phantom
