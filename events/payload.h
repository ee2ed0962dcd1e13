#pragma once
// The payload of an entry, field by field, as the schema says. One walk for everything that is
// written about events: JSON, lines for the terminal, exports. A new event type needs no line here.

#include "events/catalog.h"
#include "events/draft.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flatbuffers {
class Table;
}

namespace phantom {

struct TablePlan;

enum class ValueKind { kAbsent, kText, kInteger, kList };

// A secret that a payload names, by a field with redact "name", in a row of a list too.
struct NamedSecret {
  std::string name;
  std::uint64_t version = 0;  // 0: the payload says none
  friend bool operator==(const NamedSecret&, const NamedSecret&) = default;
};

// Reads one payload after the other into the same memory. One thread.
class Payload {
 public:
  Payload() = default;
  Payload(const Payload&) = delete;
  Payload& operator=(const Payload&) = delete;

  // What it had read before is gone. An unknown type or a malformed payload has no fields.
  void read(const schema::Entry& entry);

  bool known() const { return table_ != nullptr; }
  std::size_t size() const;
  const FieldInfo& field(std::size_t index) const;
  // kAbsent: a text or digest that is not there, or a list without items. A digest is text: hex.
  ValueKind kind(std::size_t index) const;

  // The whole as a JSON object; null when not known. Integers above 2^53 are strings.
  void append_json(std::string& out) const;
  void append_json(std::string& out, std::size_t index) const;
  // Texts as they are, not escaped; the items of a list joined with `separator`, of a table the
  // first field.
  void append_plain(std::string& out, std::size_t index, char separator) const;

  // Plain value of the field with this name; none when there is no such field or it is absent.
  std::optional<std::string> find(std::string_view name) const;

  // Every secret it names, in the order of its fields; empty names are none.
  std::vector<NamedSecret> secrets() const;

 private:
  Bytes bytes_;
  const EventInfo* info_ = nullptr;
  const TablePlan* plan_ = nullptr;
  const flatbuffers::Table* table_ = nullptr;
};

// Integers in JSON: beyond 2^53 a reader with doubles would change them, so they are strings.
void append_json_number(std::string& out, std::uint64_t value);
void append_json_number(std::string& out, std::int64_t value);
void append_decimal(std::string& out, std::uint64_t value);
void append_decimal(std::string& out, std::int64_t value);

}  // namespace phantom
