#pragma once
// Every event type there is, read from the schema that is embedded in the program.

#include "events/result.h"
#include "events/types.h"

#include <optional>
#include <string>
#include <vector>

namespace phantom {

// How far a secret that an event names came to light, from least to most.
enum class Exposure {
  kNone,  // the event names no secret
  kMetadata,
  kInjected,
  kMaterialised,
  kSynced,
  kRevealed,
  kExported,
  kEchoed,
  kLeaked
};
const char* exposure_name(Exposure exposure);
std::optional<Exposure> find_exposure(std::string_view name);

enum class Redaction { kClear, kName, kDigest };

struct FieldInfo {
  std::string name;
  std::string type;  // as the schema writes it: string, ulong, [ubyte], [Route]
  std::string format;
  Redaction redaction = Redaction::kClear;
  std::string doc;
};

struct EventInfo {
  EventNo no = 0;
  std::string name;   // dotted
  std::string table;  // C++ type without namespace
  std::string family;
  std::string severity;                     // info, notice, warning, error
  std::string phase;                        // requested, completed or empty
  Exposure exposure = Exposure::kMetadata;  // of a secret that an event of this type names
  std::string doc;
  std::vector<FieldInfo> fields;
};

// In order of number.
const std::vector<EventInfo>& catalog();

const EventInfo* find_event(EventNo no);
const EventInfo* find_event(std::string_view name);
const EventInfo* find_event_table(std::string_view table);

// Number of the event type whose payload is T.
template <class T>
EventNo event_no() {
  static const EventNo no = [] {
    std::string_view table = T::GetFullyQualifiedName();
    table.remove_prefix(table.rfind('.') + 1);
    const EventInfo* info = find_event_table(table);
    PH_CHECK(info != nullptr, "payload type without a number");
    return info->no;
  }();
  return no;
}

// Structural check of a payload against its type. kUnsupported: a type this program does not know.
// kCorrupt: does not parse as it, or its lists say more than it has bytes.
Status check_payload(EventNo no, ByteView payload);

// The binary schema (.bfbs) and its SHA-256.
ByteView binary_schema();
Digest schema_digest();

}  // namespace phantom
