#include "events/catalog.h"

#include "events/catalog_schema.h"
#include "events/limits.h"
#include "events/sha256.h"
#include "schema/events_bfbs_generated.h"

#include <flatbuffers/reflection.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace phantom {
namespace {

// In the order of Exposure.
constexpr std::array<const char*, 9> kExposures = {"none",         "metadata", "injected",
                                                   "materialised", "synced",   "revealed",
                                                   "exported",     "echoed",   "leaked"};

std::string attribute(const flatbuffers::Vector<flatbuffers::Offset<reflection::KeyValue>>* list,
                      const char* key) {
  if (list == nullptr) return "";
  const reflection::KeyValue* found = list->LookupByKey(key);
  return found == nullptr || found->value() == nullptr ? "" : found->value()->str();
}

std::string doc_text(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* lines) {
  std::string text;
  if (lines == nullptr) return text;
  for (const flatbuffers::String* line : *lines) {
    std::string_view part = line->string_view();
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    if (!text.empty()) text += ' ';
    text += part;
  }
  return text;
}

std::string base_name(reflection::BaseType type) {
  std::string name = reflection::EnumNameBaseType(type);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name == "obj" ? "table" : name;
}

std::string type_name(const reflection::Schema& schema, const reflection::Type& type) {
  const auto object_name = [&] {
    std::string name = schema.objects()->Get(static_cast<unsigned>(type.index()))->name()->str();
    return name.substr(name.rfind('.') + 1);
  };
  if (type.base_type() == reflection::Vector) {
    return "[" + (type.element() == reflection::Obj ? object_name() : base_name(type.element())) +
           "]";
  }
  return type.base_type() == reflection::Obj ? object_name() : base_name(type.base_type());
}

std::vector<EventInfo> read_catalog() {
  const reflection::Schema& schema = reflected_schema();
  std::vector<EventInfo> events;
  for (const reflection::Object* object : *schema.objects()) {
    const std::string no = attribute(object->attributes(), "no");
    if (no.empty()) continue;
    EventInfo info;
    info.no = static_cast<EventNo>(std::strtoul(no.c_str(), nullptr, 10));
    info.name = attribute(object->attributes(), "name");
    info.table = object->name()->str();
    info.table.erase(0, info.table.rfind('.') + 1);
    info.family = attribute(object->attributes(), "family");
    info.severity = attribute(object->attributes(), "severity");
    info.phase = attribute(object->attributes(), "phase");
    const std::string exposure = attribute(object->attributes(), "exposure");
    if (!exposure.empty()) {
      const auto grade = find_exposure(exposure);
      PH_CHECK(grade.has_value(), "an exposure that the schema may name");
      info.exposure = *grade;
    }
    info.doc = doc_text(object->documentation());
    info.fields.resize(object->fields()->size());
    for (const reflection::Field* field : *object->fields()) {
      const std::string redact = attribute(field->attributes(), "redact");
      info.fields[field->id()] = {field->name()->str(), type_name(schema, *field->type()),
                                  attribute(field->attributes(), "format"),
                                  redact == "name"     ? Redaction::kName
                                  : redact == "digest" ? Redaction::kDigest
                                                       : Redaction::kClear,
                                  doc_text(field->documentation())};
    }
    events.push_back(std::move(info));
  }
  std::sort(events.begin(), events.end(),
            [](const EventInfo& a, const EventInfo& b) { return a.no < b.no; });
  return events;
}

template <class Predicate>
const EventInfo* find_if(Predicate predicate) {
  const auto& all = catalog();
  const auto it = std::find_if(all.begin(), all.end(), predicate);
  return it == all.end() ? nullptr : &*it;
}

}  // namespace

const char* exposure_name(Exposure exposure) {
  return kExposures[static_cast<std::size_t>(exposure)];
}

std::optional<Exposure> find_exposure(std::string_view name) {
  const auto at = std::find(kExposures.begin(), kExposures.end(), name);
  if (at == kExposures.end()) return std::nullopt;
  return static_cast<Exposure>(at - kExposures.begin());
}

const reflection::Schema& reflected_schema() {
  return *reflection::GetSchema(schema::CatalogueBinarySchema::data());
}

const reflection::Object* reflected_table(std::string_view table) {
  return reflected_schema().objects()->LookupByKey(
      ("phantom.schema." + std::string(table)).c_str());
}

const std::vector<EventInfo>& catalog() {
  static const std::vector<EventInfo> events = read_catalog();
  return events;
}

const EventInfo* find_event(EventNo no) {
  const auto& all = catalog();
  const auto it = std::lower_bound(all.begin(), all.end(), no,
                                   [](const EventInfo& info, EventNo n) { return info.no < n; });
  return it == all.end() || it->no != no ? nullptr : &*it;
}
const EventInfo* find_event(std::string_view name) {
  return find_if([&](const EventInfo& info) { return info.name == name; });
}
const EventInfo* find_event_table(std::string_view table) {
  return find_if([&](const EventInfo& info) { return info.table == table; });
}

ByteView binary_schema() {
  return {schema::CatalogueBinarySchema::data(), schema::CatalogueBinarySchema::size()};
}

Digest schema_digest() { return sha256(binary_schema()); }

}  // namespace phantom
