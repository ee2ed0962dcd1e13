#include "cli/anchor_log.h"
#include "cli/anchor_push.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/json.h"
#include "cli/log_access.h"
#include "events/encoding.h"

namespace phantom {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

struct AnchorLine {
  const AnchorSpec* spec = nullptr;
  AnchorStand stand;
  std::int64_t vouched_ns = 0;
  std::uint64_t open_events = 0;
  std::int64_t open_ns = 0;
  bool due = false;
};

// The time an anchor vouches for in its newest receipt; 0 when there is none or it does not hold.
std::int64_t vouched_of(const AnchorHome& home, const AnchorSpec& spec, std::uint64_t size) {
  if (size == 0) return 0;
  auto receipt = read_receipt(home.files, spec.name, size);
  if (!receipt.ok()) return 0;
  const AnchorOutcome outcome =
      weigh_anchors(home.policy, {std::move(*receipt)}, 0,
                    weighed_log_of(*home.reader, home.log_key), system_clock().wall_ns());
  return outcome.good.empty() ? 0 : outcome.good[0].vouched_ns;
}

Result<AnchorLine> look_at(const AnchorHome& home, const AnchorSpec& spec) {
  const std::int64_t now = system_clock().wall_ns();
  AnchorLine line;
  line.spec = &spec;
  PH_ASSIGN(line.stand, anchor_stand(home.files, spec.name));
  line.vouched_ns = vouched_of(home, spec, line.stand.size);
  const std::uint64_t size = home.reader->head().checkpoint.size;
  line.open_events = size > line.stand.size ? size - line.stand.size : 0;
  const WeighedLog log = weighed_log_of(*home.reader, home.log_key);
  PH_ASSIGN(const std::optional<std::int64_t> since, log.open_since_ns(line.stand.size));
  if (since) line.open_ns = std::max<std::int64_t>(now - *since, 0);
  const std::int64_t interval = home.policy.policy.interval_ns.value_or(kDefaultAnchorIntervalNs);
  line.due = since.has_value() && is_due(line.stand, interval, now);
  return line;
}

std::string as_json(const AnchorHome& home, const std::vector<AnchorLine>& lines) {
  Json json;
  json.begin().field_number("v", 1).field("policy", home.files.policy().string());
  json.field("quorum", quorum_text(home.policy.policy));
  json.field_number("size", home.reader->head().checkpoint.size).key("anchors").begin_list();
  for (const AnchorLine& line : lines) {
    json.begin().field("anchor", line.spec->name).field("kind", line.spec->kind);
    json.field("place", line.spec->place).field_number("size", line.stand.size);
    if (line.stand.kept_ns != 0) json.field("kept", format_time(line.stand.kept_ns));
    if (line.vouched_ns != 0) json.field("vouched", format_time(line.vouched_ns));
    json.field_number("unanchored_events", line.open_events);
    json.field_number("unanchored_seconds",
                      static_cast<std::uint64_t>(line.open_ns / kNsPerSecond));
    json.field_number("failures", line.stand.failures).key("due").truth(line.due).end();
  }
  return json.end_list().end().str();
}

std::string text_of(const AnchorLine& line) {
  std::string text = escape_terminal(line.spec->name) + "  " + line.spec->kind + "  ";
  if (line.stand.size == 0) {
    text += "nothing yet";
  } else {
    text += std::to_string(line.stand.size) + " events, kept " + format_time(line.stand.kept_ns);
    if (line.vouched_ns != 0) text += ", vouched for " + format_time(line.vouched_ns);
  }
  text += "; behind by " + std::to_string(line.open_events) + " events, " +
          std::to_string(line.open_ns / kNsPerSecond) + " s";
  if (line.stand.failures > 0) {
    text += "; failed " + std::to_string(line.stand.failures) + " times since";
  }
  return text + (line.due ? "; due" : "");
}

}  // namespace

Command audit_anchor_list_command() {
  const auto json = std::make_shared<bool>(false);
  Command command;
  command.words = {"audit", "anchor", "list"};
  command.summary = "show the anchors, their newest receipts and how far they are behind";
  command.description =
      "One line for each anchor of the policy. How far it is behind is counted in events and in "
      "the "
      "age of the oldest event it does not cover, events of anchoring itself left aside.";
  command.options = {{"json", "", "print one JSON object", json.get()}};
  command.run = [json](Environment& environment) -> Result<int> {
    PH_ASSIGN(const Home root, environment.home());
    PH_ASSIGN(const AnchorHome home, AnchorHome::open(root));
    std::vector<AnchorLine> lines;
    for (const AnchorSpec& spec : home.policy.policy.anchors) {
      PH_ASSIGN(AnchorLine line, look_at(home, spec));
      lines.push_back(line);
    }
    if (*json) {
      environment.out().line(as_json(home, lines));
      return kExitOk;
    }
    for (const AnchorLine& line : lines) environment.out().line(text_of(line));
    environment.out().line("quorum  " + escape_terminal(quorum_text(home.policy.policy)));
    return kExitOk;
  };
  return command;
}

}  // namespace phantom
