#include "events/payload.h"

#include "events/catalog_schema.h"
#include "events/encoding.h"

#include <flatbuffers/reflection.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace phantom {

// What a walk needs to know about a table, looked up once for the life of the program.
struct TablePlan {
  enum class Shape { kText, kUnsigned, kSigned, kDigest, kTexts, kTables };
  struct Field {
    const reflection::Field* field = nullptr;
    Shape shape = Shape::kText;
    std::string json_key;            // "name":
    const TablePlan* row = nullptr;  // kTables
    bool is_secret_name = false;
  };
  std::vector<Field> fields;  // in order of field id
  const reflection::Field* secret_version = nullptr;
};

namespace {

using Shape = TablePlan::Shape;
using Texts = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;
using Tables = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::Table>>;

constexpr std::uint64_t kExactIntegerMax = 1ULL << 53;

Shape shape_of(const reflection::Type& type) {
  switch (type.base_type()) {
    case reflection::String:
      return Shape::kText;
    case reflection::ULong:
      return Shape::kUnsigned;
    case reflection::Vector:
      if (type.element() == reflection::UByte) return Shape::kDigest;
      if (type.element() == reflection::String) return Shape::kTexts;
      PH_CHECK(type.element() == reflection::Obj, "schema has a vector nobody renders");
      return Shape::kTables;
    default:
      return Shape::kSigned;
  }
}

bool has_attribute(const reflection::Field& field, const char* key, std::string_view value) {
  if (field.attributes() == nullptr) return false;
  const reflection::KeyValue* found = field.attributes()->LookupByKey(key);
  return found != nullptr && found->value() != nullptr && found->value()->string_view() == value;
}

// A row about one secret calls its version just that.
bool is_secret_version(std::string_view name) {
  return name == "secret_version" || name == "version";
}

class Plans {
 public:
  Plans() {
    for (const EventInfo& info : catalog()) by_no_[info.no] = &plan(*reflected_table(info.table));
  }
  const TablePlan* find(EventNo no) const {
    const auto it = by_no_.find(no);
    return it == by_no_.end() ? nullptr : it->second;
  }

 private:
  const TablePlan& plan(const reflection::Object& object) {
    const auto [it, fresh] = by_object_.try_emplace(&object);
    TablePlan& plan_here = it->second;
    if (!fresh) return plan_here;
    plan_here.fields.resize(object.fields()->size());
    for (const reflection::Field* field : *object.fields()) {
      TablePlan::Field& out = plan_here.fields[field->id()];
      out.field = field;
      out.shape = shape_of(*field->type());
      out.json_key = "\"" + field->name()->str() + "\":";
      out.is_secret_name = has_attribute(*field, "redact", "name");
      if (out.shape == Shape::kUnsigned && is_secret_version(field->name()->string_view())) {
        plan_here.secret_version = field;
      }
      if (out.shape != Shape::kTables) continue;
      out.row =
          &plan(*reflected_schema().objects()->Get(static_cast<unsigned>(field->type()->index())));
    }
    return plan_here;
  }

  std::map<const reflection::Object*, TablePlan> by_object_;
  std::map<EventNo, const TablePlan*> by_no_;
};

const TablePlan* plan_of(EventNo no) {
  static const Plans plans;
  return plans.find(no);
}

const Texts* texts(const flatbuffers::Table& table, const reflection::Field& field) {
  return flatbuffers::GetFieldV<flatbuffers::Offset<flatbuffers::String>>(table, field);
}

const Tables* tables(const flatbuffers::Table& table, const reflection::Field& field) {
  return flatbuffers::GetFieldV<flatbuffers::Offset<flatbuffers::Table>>(table, field);
}

template <class T>
void append_integer(std::string& out, T value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_table_json(std::string& out, const flatbuffers::Table& table, const TablePlan& plan);

template <class List, class Append>
void append_list_json(std::string& out, const List* list, const Append& append) {
  out += '[';
  if (list != nullptr) {
    for (flatbuffers::uoffset_t i = 0; i < list->size(); ++i) {
      if (i != 0) out += ',';
      append(*list->Get(i));
    }
  }
  out += ']';
}

void append_value_json(std::string& out, const flatbuffers::Table& table,
                       const TablePlan::Field& plan) {
  const reflection::Field& field = *plan.field;
  switch (plan.shape) {
    case Shape::kText:
      if (const auto* text = flatbuffers::GetFieldS(table, field)) {
        append_json_text(out, text->string_view());
      } else {
        out += "null";
      }
      return;
    case Shape::kDigest:
      if (const auto* bytes = flatbuffers::GetFieldV<std::uint8_t>(table, field)) {
        out += '"' + to_hex({bytes->data(), bytes->size()}) + '"';
      } else {
        out += "null";
      }
      return;
    case Shape::kUnsigned:
      append_json_number(out, flatbuffers::GetFieldI<std::uint64_t>(table, field));
      return;
    case Shape::kSigned:
      append_json_number(out, flatbuffers::GetAnyFieldI(table, field));
      return;
    case Shape::kTexts:
      append_list_json(out, texts(table, field),
                       [&](const auto& item) { append_json_text(out, item.string_view()); });
      return;
    case Shape::kTables:
      append_list_json(out, tables(table, field),
                       [&](const auto& item) { append_table_json(out, item, *plan.row); });
      return;
  }
}

void append_table_json(std::string& out, const flatbuffers::Table& table, const TablePlan& plan) {
  out += '{';
  for (const TablePlan::Field& field : plan.fields) {
    if (&field != &plan.fields.front()) out += ',';
    out += field.json_key;
    append_value_json(out, table, field);
  }
  out += '}';
}

void append_value_plain(std::string& out, const flatbuffers::Table& table,
                        const TablePlan::Field& plan, char separator) {
  const reflection::Field& field = *plan.field;
  switch (plan.shape) {
    case Shape::kText:
      if (const auto* text = flatbuffers::GetFieldS(table, field)) out += text->string_view();
      return;
    case Shape::kDigest:
      if (const auto* bytes = flatbuffers::GetFieldV<std::uint8_t>(table, field)) {
        out += to_hex({bytes->data(), bytes->size()});
      }
      return;
    case Shape::kUnsigned:
      append_integer(out, flatbuffers::GetFieldI<std::uint64_t>(table, field));
      return;
    case Shape::kSigned:
      append_integer(out, flatbuffers::GetAnyFieldI(table, field));
      return;
    case Shape::kTexts: {
      const Texts* list = texts(table, field);
      for (flatbuffers::uoffset_t i = 0; list != nullptr && i < list->size(); ++i) {
        if (i != 0) out += separator;
        out += list->Get(i)->string_view();
      }
      return;
    }
    case Shape::kTables: {
      const Tables* list = tables(table, field);
      for (flatbuffers::uoffset_t i = 0; list != nullptr && i < list->size(); ++i) {
        if (i != 0) out += separator;
        append_value_plain(out, *list->Get(i), plan.row->fields.front(), separator);
      }
      return;
    }
  }
}

void append_secrets(std::vector<NamedSecret>& out, const flatbuffers::Table& table,
                    const TablePlan& plan) {
  const auto add = [&](std::string_view name) {
    if (name.empty()) return;
    NamedSecret& secret = out.emplace_back(NamedSecret{std::string(name)});
    if (plan.secret_version == nullptr) return;
    secret.version = flatbuffers::GetFieldI<std::uint64_t>(table, *plan.secret_version);
  };
  for (const TablePlan::Field& field : plan.fields) {
    if (field.shape == Shape::kTables) {
      const Tables* rows = tables(table, *field.field);
      for (flatbuffers::uoffset_t i = 0; rows != nullptr && i < rows->size(); ++i) {
        append_secrets(out, *rows->Get(i), *field.row);
      }
    } else if (field.is_secret_name && field.shape == Shape::kText) {
      const auto* name = flatbuffers::GetFieldS(table, *field.field);
      if (name != nullptr) add(name->string_view());
    } else if (field.is_secret_name && field.shape == Shape::kTexts) {
      const Texts* names = texts(table, *field.field);
      for (flatbuffers::uoffset_t i = 0; names != nullptr && i < names->size(); ++i) {
        add(names->Get(i)->string_view());
      }
    }
  }
}

template <class List>
ValueKind kind_of_list(const List* list) {
  return list == nullptr || list->size() == 0 ? ValueKind::kAbsent : ValueKind::kList;
}

}  // namespace

void append_decimal(std::string& out, std::uint64_t value) { append_integer(out, value); }
void append_decimal(std::string& out, std::int64_t value) { append_integer(out, value); }

void append_json_number(std::string& out, std::uint64_t value) {
  const bool exact = value <= kExactIntegerMax;
  if (!exact) out += '"';
  append_integer(out, value);
  if (!exact) out += '"';
}

void append_json_number(std::string& out, std::int64_t value) {
  constexpr auto kMax = static_cast<std::int64_t>(kExactIntegerMax);
  const bool exact = value <= kMax && value >= -kMax;
  if (!exact) out += '"';
  append_integer(out, value);
  if (!exact) out += '"';
}

// Payloads come from bytes that may sit at any address; reading wants them aligned.
void Payload::read(const schema::Entry& entry) {
  table_ = nullptr;
  info_ = find_event(entry.type());
  plan_ = plan_of(entry.type());
  if (info_ == nullptr || plan_ == nullptr) return;
  bytes_.assign(entry.payload()->begin(), entry.payload()->end());
  if (!check_payload(entry.type(), bytes_).ok()) return;
  table_ = flatbuffers::GetAnyRoot(bytes_.data());
}

std::size_t Payload::size() const { return known() ? plan_->fields.size() : 0; }

const FieldInfo& Payload::field(std::size_t index) const { return info_->fields[index]; }

ValueKind Payload::kind(std::size_t index) const {
  const TablePlan::Field& plan = plan_->fields[index];
  switch (plan.shape) {
    case Shape::kText:
      return flatbuffers::GetFieldS(*table_, *plan.field) == nullptr ? ValueKind::kAbsent
                                                                     : ValueKind::kText;
    case Shape::kDigest:
      return flatbuffers::GetFieldV<std::uint8_t>(*table_, *plan.field) == nullptr
                 ? ValueKind::kAbsent
                 : ValueKind::kText;
    case Shape::kUnsigned:
    case Shape::kSigned:
      return ValueKind::kInteger;
    case Shape::kTexts:
      return kind_of_list(texts(*table_, *plan.field));
    case Shape::kTables:
      return kind_of_list(tables(*table_, *plan.field));
  }
  return ValueKind::kAbsent;
}

void Payload::append_json(std::string& out) const {
  if (!known()) {
    out += "null";
    return;
  }
  append_table_json(out, *table_, *plan_);
}

void Payload::append_json(std::string& out, std::size_t index) const {
  append_value_json(out, *table_, plan_->fields[index]);
}

void Payload::append_plain(std::string& out, std::size_t index, char separator) const {
  append_value_plain(out, *table_, plan_->fields[index], separator);
}

std::optional<std::string> Payload::find(std::string_view name) const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (field(i).name != name || kind(i) == ValueKind::kAbsent) continue;
    std::string value;
    append_plain(value, i, ',');
    return value;
  }
  return std::nullopt;
}

std::vector<NamedSecret> Payload::secrets() const {
  std::vector<NamedSecret> found;
  if (known()) append_secrets(found, *table_, *plan_);
  return found;
}

}  // namespace phantom
