#include "events/catalog.h"

#include "events/catalog_schema.h"
#include "events/sha256.h"
#include "schema/events_generated.h"
#include "tests/support/golden.h"
#include "tests/support/sample_drafts.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

namespace phantom {
namespace {

const std::set<std::string> kFamilies = {"session",  "proxy",    "secret", "vault",
                                         "config",   "ledger",   "audit",  "privacy",
                                         "recorder", "approval", "mcp",    "sync"};
const std::set<std::string> kSeverities = {"info", "notice", "warning", "error"};
const std::set<std::string> kPhases = {"", "requested", "completed"};
const std::set<std::string> kFormats = {"", "hex", "count", "bytes", "ns", "http_status", "port"};

TEST(Catalog, NumbersNamesAndTablesAreUnique) {
  ASSERT_FALSE(catalog().empty());
  std::set<EventNo> numbers;
  std::set<std::string> names;
  std::set<std::string> tables;
  for (const EventInfo& info : catalog()) {
    EXPECT_NE(info.no, 0);
    EXPECT_TRUE(numbers.insert(info.no).second) << info.no;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_TRUE(tables.insert(info.table).second) << info.table;
    EXPECT_EQ(find_event(info.no), &info);
    EXPECT_EQ(find_event(info.name), &info);
    EXPECT_EQ(find_event_table(info.table), &info);
  }
  EXPECT_EQ(find_event(EventNo{0}), nullptr);
  EXPECT_EQ(find_event("no.such"), nullptr);
}

TEST(Catalog, AttributesComeFromClosedSets) {
  for (const EventInfo& info : catalog()) {
    EXPECT_TRUE(kFamilies.contains(info.family)) << info.name << ": " << info.family;
    EXPECT_TRUE(kSeverities.contains(info.severity)) << info.name << ": " << info.severity;
    EXPECT_TRUE(kPhases.contains(info.phase)) << info.name << ": " << info.phase;
    for (const FieldInfo& field : info.fields) {
      EXPECT_TRUE(kFormats.contains(field.format)) << info.name << "." << field.name;
    }
  }
}

TEST(Catalog, NamesAreDottedLowerCaseWithTheirPhaseAtTheEnd) {
  for (const EventInfo& info : catalog()) {
    EXPECT_NE(info.name.find('.'), std::string::npos) << info.name;
    EXPECT_EQ(info.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz._"), std::string::npos);
    if (!info.phase.empty()) {
      EXPECT_TRUE(info.name.ends_with("." + info.phase)) << info.name;
    } else {
      EXPECT_FALSE(info.name.ends_with(".requested") || info.name.ends_with(".completed"))
          << info.name << " has no phase attribute";
    }
  }
}

TEST(Catalog, EveryTypeSaysWhatItIs) {
  for (const EventInfo& info : catalog()) {
    EXPECT_FALSE(info.doc.empty()) << info.name;
    EXPECT_TRUE(info.doc.empty() || info.doc.back() == '.') << info.name;
  }
}

// A field whose name does not explain it needs a sentence; these names do, and nothing else may
// join them without thought.
TEST(Catalog, EveryFieldHasADocOrANameThatNeedsNone) {
  const std::set<std::string> plain = {
      "request_id", "method",         "service",      "host",
      "port",       "secret_name",    "http_status",  "secret_version",
      "bytes_sent", "bytes_received", "duration_ns",  "purpose",
      "changes",    "vault_version",  "secret_names", "count",
      "routes",     "origin",         "ledger_id",    "epoch",
      "epoch_vkey", "first_seq",      "last_seq",     "matched",
      "size",       "root",           "rung",         "seq",
      "version",    "placement",      "action",       "digest_after",
      "names",      "config_digest",  "method"};
  for (const EventInfo& info : catalog()) {
    for (const FieldInfo& field : info.fields) {
      EXPECT_TRUE(!field.doc.empty() || plain.contains(field.name) || field.name == "file")
          << info.name << "." << field.name << " has no doc";
    }
  }
}

TEST(Catalog, EveryRequestHasItsCompletionAndTheOtherWayRound) {
  for (const EventInfo& info : catalog()) {
    if (info.phase.empty()) continue;
    const std::string stem = info.name.substr(0, info.name.rfind('.') + 1);
    const std::string other = info.phase == "requested" ? "completed" : "requested";
    const EventInfo* pair = find_event(stem + other);
    ASSERT_NE(pair, nullptr) << info.name << " has no " << stem << other;
    EXPECT_EQ(pair->phase, other);
    EXPECT_EQ(pair->family, info.family);
  }
}

TEST(Catalog, ExposuresAreReadFromTheSchema) {
  EXPECT_EQ(find_event("proxy.request.requested")->exposure, Exposure::kInjected);
  EXPECT_EQ(find_event("secret.reveal.completed")->exposure, Exposure::kRevealed);
  EXPECT_EQ(find_event("vault.change.requested")->exposure, Exposure::kMetadata);
  EXPECT_EQ(find_exposure("echoed"), Exposure::kEchoed);
  EXPECT_EQ(find_exposure("secret"), std::nullopt);
  EXPECT_STREQ(exposure_name(Exposure::kLeaked), "leaked");
}

TEST(Catalog, SecretNamesAreMarkedAsNames) {
  for (const EventInfo& info : catalog()) {
    for (const FieldInfo& field : info.fields) {
      if (field.name.starts_with("secret_name")) {
        EXPECT_EQ(field.redaction, Redaction::kName) << info.name << "." << field.name;
      }
    }
  }
}

// Numbers are for ever: tests/golden/event_numbers.txt has a line `number name table` for each
// event type there ever was. A type that is missing, renamed or has another number fails; a new
// type needs its line.
TEST(Catalog, NumbersAreOnlyEverAppended) {
  std::map<int, std::string> golden;
  std::istringstream lines(read_golden("event_numbers.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    int number = 0;
    std::string name;
    std::string table;
    ASSERT_TRUE(words >> number >> name >> table) << line;
    ASSERT_TRUE(golden.emplace(number, name + " " + table).second) << "number twice: " << line;
  }
  std::map<int, std::string> now;
  for (const EventInfo& info : catalog()) now[info.no] = info.name + " " + info.table;
  for (const auto& [number, names] : golden) {
    ASSERT_TRUE(now.contains(number)) << "event type removed: " << number << " " << names;
    EXPECT_EQ(now[number], names) << "event number with another meaning";
  }
  for (const auto& [number, names] : now) {
    EXPECT_TRUE(golden.contains(number))
        << "add to tests/golden/event_numbers.txt: " << number << " " << names;
  }
}

// Order and types of fields are the format of stored bytes: fields may only be added at the end.
TEST(Catalog, FieldsAreOnlyEverAppended) {
  std::map<std::string, std::string> golden;
  std::istringstream lines(read_golden("event_fields.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t space = line.find(' ');
    golden[line.substr(0, space)] = space == std::string::npos ? "" : line.substr(space + 1);
  }
  for (const EventInfo& info : catalog()) {
    std::string fields;
    for (const FieldInfo& field : info.fields) {
      fields += (fields.empty() ? "" : " ") + field.name + ":" + field.type;
    }
    ASSERT_TRUE(golden.contains(info.name))
        << "add to tests/golden/event_fields.txt: " << info.name << " " << fields;
    EXPECT_EQ(fields, golden[info.name])
        << info.name << ": when fields were added at the end, change its line";
  }
}

TEST(Catalog, EventNumberOfAPayloadType) {
  EXPECT_EQ(event_no<schema::SessionStarted>(), 1001);
  EXPECT_EQ(event_no<schema::LedgerCreated>(), 9101);
}

TEST(Catalog, PayloadsAreCheckedAgainstTheirType) {
  for (const EventInfo& info : catalog()) {
    const Bytes payload = sample_draft(info.no, 7, "text").payload;
    EXPECT_TRUE(check_payload(info.no, payload).ok()) << info.name;
    const Status cut = check_payload(info.no, ByteView(payload).first(payload.size() / 2));
    ASSERT_FALSE(cut.ok()) << info.name;
    EXPECT_EQ(cut.error().code, Code::kCorrupt);
    for (std::size_t size = 0; size < 8; ++size) {
      EXPECT_FALSE(check_payload(info.no, Bytes(size)).ok()) << info.name << " " << size;
    }
  }
  const Status unknown = check_payload(65'000, sample_draft(1001, 1, "x").payload);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::kUnsupported);
}

TEST(Catalog, EveryNumberOfTheCatalogueAndNoOtherHasAPayloadCheck) {
  const Bytes zeros(16);
  for (unsigned no = 0; no <= 0xffff; ++no) {
    const EventInfo* info = find_event(static_cast<EventNo>(no));
    const Status checked = check_payload(static_cast<EventNo>(no), zeros);
    ASSERT_FALSE(checked.ok()) << no;
    ASSERT_EQ(checked.error().code, info == nullptr ? Code::kUnsupported : Code::kCorrupt) << no;
    if (info == nullptr) continue;
    EXPECT_EQ(checked.error().message, "payload is not a " + info->name);
  }
}

namespace fb = flatbuffers;

// What reflection thinks of a payload; rendering walks payloads by it.
bool reflection_accepts(const EventInfo& info, const Bytes& payload) {
  return payload.size() >= 8 && fb::Verify(reflected_schema(), *reflected_table(info.table),
                                           payload.data(), payload.size());
}

// Reflection lets two faults pass that no builder writes: an offset of zero, which points at
// itself, and a required field that is missing. Whether a table that it accepts has one of them.
bool passes_by_oversight(const fb::Table& table, const reflection::Object& object) {
  for (const reflection::Field* field : *object.fields()) {
    const reflection::Type& type = *field->type();
    if (type.base_type() != reflection::String && type.base_type() != reflection::Vector) continue;
    const fb::voffset_t at = table.GetOptionalFieldOffset(field->offset());
    if (at == 0 && field->required()) return true;
    if (at == 0) continue;
    if (table.GetField<fb::uoffset_t>(field->offset(), 0) == 0) return true;
    if (type.base_type() == reflection::String || type.element() == reflection::UByte) continue;
    const auto* rows = table.GetPointer<const fb::Vector<fb::uoffset_t>*>(field->offset());
    for (fb::uoffset_t i = 0; i < rows->size(); ++i) {
      if (rows->Get(i) == 0) return true;
      if (type.element() != reflection::Obj) continue;
      const auto* row = reinterpret_cast<const fb::Table*>(
          rows->Data() + i * sizeof(fb::uoffset_t) + rows->Get(i));
      const auto* row_type = reflected_schema().objects()->Get(static_cast<unsigned>(type.index()));
      if (passes_by_oversight(*row, *row_type)) return true;
    }
  }
  return false;
}

bool expected_verdict(const EventInfo& info, const Bytes& payload) {
  return reflection_accepts(info, payload) && fb::ReadScalar<fb::uoffset_t>(payload.data()) != 0 &&
         !passes_by_oversight(*fb::GetAnyRoot(payload.data()), *reflected_table(info.table));
}

TEST(Catalog, PayloadChecksAgreeWithReflectionOnDamagedPayloads) {
  SeededRandom random(11);
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (const EventInfo& info : catalog()) {
    const Bytes sound = sample_draft(info.no, 7, "some text").payload;
    const auto compare = [&](const Bytes& payload, const std::string& what) {
      const bool good = check_payload(info.no, payload).ok();
      EXPECT_EQ(good, expected_verdict(info, payload)) << info.name << ": " << what;
      ++(good ? accepted : refused);
    };
    for (std::size_t size = 0; size < sound.size(); ++size) {
      compare(Bytes(sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(size)),
              "cut to " + std::to_string(size));
    }
    for (std::size_t at = 0; at < sound.size(); ++at) {
      for (const int value :
           {0, 1, 2, 4, 8, 0x7f, 0x80, 0xfc, 0xff, sound[at] ^ 1, sound[at] + 4, sound[at] - 4}) {
        Bytes damaged = sound;
        damaged[at] = static_cast<std::uint8_t>(value);
        compare(damaged, "byte " + std::to_string(at) + " is " + std::to_string(value));
      }
    }
    for (int round = 0; round < 2'000; ++round) {
      Bytes damaged = sound;
      for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
        damaged[random.below(damaged.size())] = static_cast<std::uint8_t>(random.below(256));
      }
      compare(damaged, "round " + std::to_string(round));
    }
  }
  EXPECT_GT(accepted, 1'000u);
  EXPECT_GT(refused, 1'000u);
}

// The size of an entry bounds the number of rows in one event, and nothing below it does.
TEST(Catalog, APayloadMayHoldAsManyRowsAsAnEntryHasRoomFor) {
  fb::FlatBufferBuilder builder;
  std::vector<fb::Offset<schema::SecretChange>> rows;
  for (int i = 0; i < 1'200; ++i) {
    const auto name = builder.CreateString("A");
    rows.push_back(schema::CreateSecretChange(builder, name, builder.CreateString("B")));
  }
  builder.Finish(schema::CreateVaultChangeRequested(builder, 0, builder.CreateVector(rows)));
  const ByteView payload(builder.GetBufferPointer(), builder.GetSize());
  ASSERT_LT(payload.size(), 65'535u);
  EXPECT_TRUE(check_payload(event_no<schema::VaultChangeRequested>(), payload).ok());
}

// 4 bytes an item that all say the same 4,000 bytes: rendered, 60 KB would become 40 MB.
TEST(Catalog, PayloadsWhoseListsShareOneTextAreRefused) {
  for (const std::size_t items : {1U, 10'000U}) {
    flatbuffers::FlatBufferBuilder builder;
    const std::vector<flatbuffers::Offset<flatbuffers::String>> names(
        items, builder.CreateString(std::string(4'000, 'x')));
    const auto list = builder.CreateVector(names);
    schema::SecretOpenedBuilder opened(builder);
    opened.add_names(list);
    builder.Finish(opened.Finish());
    const ByteView payload(builder.GetBufferPointer(), builder.GetSize());
    const Status checked = check_payload(event_no<schema::SecretOpened>(), payload);
    EXPECT_EQ(checked.ok(), items == 1) << items;
  }
}

TEST(Catalog, SchemaDigestIsThatOfTheEmbeddedSchema) {
  EXPECT_FALSE(binary_schema().empty());
  EXPECT_EQ(schema_digest(), sha256(binary_schema()));
}

}  // namespace
}  // namespace phantom
