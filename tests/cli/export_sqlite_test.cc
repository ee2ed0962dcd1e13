#include "cli/export_sqlite.h"

#include "cli/sqlite_schema.h"
#include "events/encoding.h"
#include "events/envelope.h"
#include "tests/support/sample_drafts.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <sqlite3.h>

namespace phantom {
namespace {

using Row = std::vector<std::string>;

Bytes entry_bytes(const Draft& draft, Seq seq, std::int64_t time_ns) {
  Sequencing sequencing{
      .seq = seq, .commit_first_seq = seq, .time_ns = time_ns, .peer = {}, .tag_links = {}};
  sequencing.tag_links.resize(draft.tags.size(), {.prev_seq = 0, .count = seq + 1});
  auto bytes = encode_entry(draft, sequencing);
  PH_CHECK(bytes.ok(), "the sample encodes");
  return *std::move(bytes);
}

class SqliteExport : public ::testing::Test {
 protected:
  std::string file() const { return (dir_.path() / "out.db").string(); }

  void write(const std::vector<Draft>& drafts, Seq first = 0) {
    auto writer = open_sqlite_export(file(), {{"phantom.local/x", "0123"}, "note\n", "type=a"});
    ASSERT_TRUE(writer.ok());
    Seq seq = first;
    for (const Draft& draft : drafts) {
      const Bytes bytes = entry_bytes(
          draft, seq, 1'767'323'045'000'000'000 + 1'000'000 * static_cast<std::int64_t>(seq));
      ASSERT_TRUE((*writer)->take(**parse_entry(bytes), bytes).ok());
      ++seq;
    }
    ASSERT_TRUE((*writer)->finish().ok());
  }

  std::vector<Row> query(const std::string& sql) const {
    sqlite3* database = nullptr;
    EXPECT_EQ(sqlite3_open_v2(file().c_str(), &database, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    std::vector<Row> rows;
    const auto take = [](void* out, int columns, char** values, char**) {
      Row row;
      for (int i = 0; i < columns; ++i) row.emplace_back(values[i] == nullptr ? "-" : values[i]);
      static_cast<std::vector<Row>*>(out)->push_back(row);
      return 0;
    };
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), take, &rows, &error), SQLITE_OK)
        << sql << ": " << (error == nullptr ? "" : error);
    sqlite3_free(error);
    sqlite3_close(database);
    return rows;
  }
  std::string value(const std::string& sql) const {
    const auto rows = query(sql);
    return rows.size() == 1 && rows[0].size() == 1 ? rows[0][0] : "not one value";
  }

  TempDir dir_;
};

Draft of_type(std::string_view name, Outcome outcome = Outcome::Ok,
              std::optional<Seq> cause = std::nullopt) {
  Draft draft = sample_draft(find_event(name)->no, 7, "text");
  draft.outcome = outcome;
  draft.cause_seq = cause;
  return draft;
}

TEST_F(SqliteExport, EveryTypeOfTheCatalogueHasARowAndAViewWithItsFields) {
  std::vector<Draft> drafts;
  for (const EventInfo& info : catalog()) drafts.push_back(sample_draft(info.no, 7, "text"));
  write(drafts);
  EXPECT_EQ(value("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(value("SELECT count(*) FROM events"), std::to_string(catalog().size()));
  EXPECT_EQ(value("SELECT count(*) FROM event_types"), std::to_string(catalog().size()));
  for (const EventInfo& info : catalog()) {
    const std::string view = sqlite_view_name(info);
    EXPECT_EQ(value("SELECT count(*) FROM " + view), "1") << view;
    for (const FieldInfo& field : info.fields) {
      const bool taken = field.name == "seq";
      const std::string found =
          value("SELECT " + (taken ? "payload_" + field.name : field.name) + " FROM " + view);
      EXPECT_NE(found, "-") << view << "." << field.name;
      if (field.type == "string") {
        EXPECT_EQ(found, "text") << view << "." << field.name;
      } else if (field.type == "ulong") {
        EXPECT_EQ(found, "7") << view << "." << field.name;
      }
    }
  }
}

TEST_F(SqliteExport, EveryViewCanBeRead) {
  write({of_type("session.started")});
  const auto views = query("SELECT name FROM sqlite_master WHERE type = 'view'");
  EXPECT_GT(views.size(), catalog().size());
  for (const Row& row : views) query("SELECT * FROM " + row[0]);
}

TEST_F(SqliteExport, TheEntryItselfIsInItAndHashesToItsLeaf) {
  write({of_type("session.started")});
  const auto leaf = from_hex(value("SELECT lower(hex(leaf)) FROM events"));
  ASSERT_TRUE(leaf);
  EXPECT_EQ(to_hex(leaf_hash(*leaf)), value("SELECT leaf_hash FROM events"));
  EXPECT_EQ(value("SELECT value FROM meta WHERE key = 'checkpoint'"), "note\n");
  EXPECT_EQ(value("SELECT value FROM meta WHERE key = 'query'"), "type=a");
}

TEST_F(SqliteExport, SessionsEndCleanInterruptedOrUnknown) {
  Draft open = of_type("session.started");
  open.context.session = "open";
  write({of_type("session.started"), of_type("proxy.request.requested"),
         of_type("proxy.request.denied", Outcome::Denied), of_type("session.ended"), open});
  EXPECT_EQ(query("SELECT duration_s, requests, denied, end_kind FROM sessions ORDER BY first_seq"),
            (std::vector<Row>{{"0.003", "1", "1", "text"}, {"-", "0", "0", "unknown"}}));
}

TEST_F(SqliteExport, RequestsAreJoinedWithHowTheyEnded) {
  write({of_type("proxy.request.requested"), of_type("proxy.request.requested"),
         of_type("proxy.request.completed", Outcome::Failed, 0)});
  EXPECT_EQ(query("SELECT seq, outcome, http_status, completed_seq FROM requests ORDER BY seq"),
            (std::vector<Row>{{"0", "failed", "7", "2"}, {"1", "unknown", "-", "-"}}));
  EXPECT_EQ(value("SELECT group_concat(seq) FROM effects WHERE completed_seq IS NULL"), "1");
}

TEST_F(SqliteExport, SecretsHaveTheirUsesAndTheirHighestExposure) {
  write({of_type("secret.opened"), of_type("proxy.request.requested"),
         of_type("proxy.request.requested"), of_type("secret.reveal.completed", Outcome::Denied),
         of_type("secret.reveal.completed")});
  EXPECT_EQ(
      query("SELECT secret, version, uses, hosts, sessions, highest_exposure FROM secret_use"),
      (std::vector<Row>{{"text", "7", "3", "text", "1", "revealed"}}));
  EXPECT_EQ(query("SELECT secret, highest_exposure, events, first_seq FROM exposure"),
            (std::vector<Row>{{"text", "revealed", "1", "4"}}));
}

TEST_F(SqliteExport, GapsAreTheNumbersThatAreNotInTheFile) {
  write({of_type("session.started")}, 5);
  EXPECT_EQ(query("SELECT * FROM gaps"), (std::vector<Row>{{"0", "4", "5"}}));
}

TEST_F(SqliteExport, TagsKeepTheirChain) {
  write({of_type("session.started"), of_type("session.ended")});
  EXPECT_EQ(query("SELECT seq, count, prev_seq FROM tags WHERE tag LIKE 'session:%'"),
            (std::vector<Row>{{"0", "1", "-"}, {"1", "2", "0"}}));
}

TEST_F(SqliteExport, HostileTextIsEscaped) {
  Draft draft =
      sample_draft(find_event("session.started")->no, 7, "a\x1b[2J'); DROP TABLE events;--");
  draft.context.agent_tool = "a\x1b[2J";
  write({draft});
  EXPECT_EQ(value("SELECT agent_tool FROM events"), "a\\x1b[2J");
  EXPECT_EQ(value("SELECT count(*) FROM events"), "1");
}

TEST_F(SqliteExport, WithoutAnEndThereIsNoFile) {
  {
    auto writer = open_sqlite_export(file(), {{"o", "i"}, "", ""});
    ASSERT_TRUE(writer.ok());
    EXPECT_EQ(open_sqlite_export(file(), {{"o", "i"}, "", ""}).error().code, Code::kExists);
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

TEST_F(SqliteExport, ReplacesTheFileThatIsThere) {
  write({of_type("session.started")});
  write({of_type("session.started"), of_type("session.ended")});
  EXPECT_EQ(value("SELECT count(*) FROM events"), "2");
}

}  // namespace
}  // namespace phantom
