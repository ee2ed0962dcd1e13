// Writes docs/EVENTS.md from the catalogue that is embedded in the program, so that the reference
// cannot say anything but what the schema says.
//
//   eventdoc                 prints it
//   eventdoc --check FILE    exit 1 when FILE is not exactly that

#include "events/catalog.h"
#include "events/render.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

namespace {

using phantom::EventInfo;
using phantom::FieldInfo;

// Families in the order a session meets them, each with its heading.
const std::vector<std::pair<std::string, std::string>> kFamilies = {
    {"session", "Sessions"},         {"proxy", "Traffic"},
    {"secret", "Secrets"},           {"vault", "Vaults"},
    {"config", "Project and files"}, {"ledger", "The ledger itself"},
    {"audit", "Looking at the log"}, {"privacy", "People's data"},
    {"recorder", "Recorders"},       {"approval", "Approvals"},
    {"mcp", "The MCP server"},       {"sync", "Platforms"}};

const char* redaction_name(phantom::Redaction redaction) {
  switch (redaction) {
    case phantom::Redaction::kName:
      return "secret's name";
    case phantom::Redaction::kDigest:
      return "keyed digest";
    case phantom::Redaction::kClear:
      break;
  }
  return "clear";
}

std::string field_row(const FieldInfo& field) {
  std::string type = field.type;
  if (!field.format.empty()) type += ", " + field.format;
  return "| `" + field.name + "` | " + type + " | " + redaction_name(field.redaction) + " | " +
         field.doc + " |\n";
}

std::string event_section(const EventInfo& info) {
  std::string out = "### " + info.name + "\n\n";
  out += info.doc + "\n\n";
  out += "Number " + std::to_string(info.no) + ", severity " + info.severity;
  if (!info.phase.empty()) out += ", phase " + info.phase;
  if (info.exposure != phantom::Exposure::kMetadata) {
    out += ", exposure " + std::string(phantom::exposure_name(info.exposure));
  }
  out += ".\n\n";
  if (info.fields.empty()) return out;
  out += "| field | type | in exports | meaning |\n|---|---|---|---|\n";
  for (const FieldInfo& field : info.fields) out += field_row(field);
  return out + "\n";
}

std::string reference() {
  std::string out =
      "# Events\n\n"
      "Every event type phantom records. Generated from `events/events.fbs` by `eventdoc`; do not "
      "edit.\n\n"
      "The envelope around these fields is the same for all of them: see `FORMAT.md`. A field of "
      "type `[ubyte]` is a digest and prints as hex. No field ever holds the value of a secret.\n\n"
      "| number | name | severity | |\n|---|---|---|---|\n";
  for (const EventInfo& info : phantom::catalog()) {
    std::string anchor = info.name;
    anchor.erase(std::remove(anchor.begin(), anchor.end(), '.'), anchor.end());
    out += "| " + std::to_string(info.no) + " | [" + info.name + "](#" + anchor + ") | " +
           info.severity + " | " + info.doc + " |\n";
  }
  out += "\n";
  for (const auto& [family, heading] : kFamilies) {
    out += "## " + heading + "\n\n";
    for (const EventInfo& info : phantom::catalog()) {
      if (info.family == family) out += event_section(info);
    }
  }
  out += "## Outcomes and reasons\n\nOutcomes: ";
  std::string list;
  for (const phantom::Outcome outcome : phantom::schema::EnumValuesOutcome()) {
    list += (list.empty() ? "`" : ", `") + std::string(phantom::outcome_name(outcome)) + "`";
  }
  out += list + ".\n\nReasons: ";
  list.clear();
  for (const phantom::Reason reason : phantom::schema::EnumValuesReason()) {
    list += (list.empty() ? "`" : ", `") + std::string(phantom::reason_name(reason)) + "`";
  }
  return out + list + ".\n";
}

// True when every family of the catalogue has a heading: an event without one would be left out.
bool families_are_complete() {
  return std::all_of(phantom::catalog().begin(), phantom::catalog().end(), [](const auto& info) {
    return std::any_of(kFamilies.begin(), kFamilies.end(),
                       [&](const auto& family) { return family.first == info.family; });
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!families_are_complete()) {
    std::cerr << "eventdoc: an event has a family without a heading\n";
    return 1;
  }
  if (arguments.empty()) {
    std::cout << reference();
    return 0;
  }
  if (arguments.size() != 2 || arguments[0] != "--check") {
    std::cerr << "usage: eventdoc [--check FILE]\n";
    return 2;
  }
  std::ifstream file(arguments[1], std::ios::binary);
  const std::string found{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (found == reference()) return 0;
  std::cerr << "eventdoc: " << arguments[1] << " is not what the schema says: run eventdoc > it\n";
  return 1;
}
