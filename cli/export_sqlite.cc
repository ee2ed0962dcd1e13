#include "cli/export_sqlite.h"

#include "cli/part_file.h"
#include "cli/sqlite_schema.h"
#include "events/encoding.h"
#include "events/envelope.h"
#include "events/export_record.h"
#include "events/exposure.h"
#include "events/render.h"

#include <sqlite3.h>

namespace phantom {
namespace {

constexpr std::uint64_t kEventsPerTransaction = 50'000;

// No journal: a file that is not whole is removed, never mended.
constexpr const char* kPragmas =
    "PRAGMA page_size=16384; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-32768; PRAGMA encoding='UTF-8';";

class Database {
 public:
  explicit Database(std::string file) : file_(std::move(file)) {}
  ~Database() { ::sqlite3_close_v2(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Status open() {
    return check(::sqlite3_open_v2(file_.c_str(), &handle_,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr));
  }
  Status close() {
    PH_TRY(check(::sqlite3_close(handle_)));
    handle_ = nullptr;
    return {};
  }
  Status execute(const std::string& sql) {
    return check(::sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr));
  }
  Status check(int code) const {
    if (code == SQLITE_OK || code == SQLITE_DONE) return {};
    const Code kind = code == SQLITE_FULL ? Code::kLimit : Code::kIo;
    const char* text = handle_ == nullptr ? ::sqlite3_errstr(code) : ::sqlite3_errmsg(handle_);
    return Error{kind, "cannot write " + file_ + ": " + text};
  }
  sqlite3* handle() const { return handle_; }

 private:
  std::string file_;
  sqlite3* handle_ = nullptr;
};

// One prepared INSERT. Values are bound in the order of its columns; what is bound must live until
// the row is added.
class Insert {
 public:
  explicit Insert(Database& database) : database_(database) {}
  ~Insert() { close(); }
  Insert(const Insert&) = delete;
  Insert& operator=(const Insert&) = delete;

  Status prepare(const std::string& table, int columns) {
    std::string sql = "INSERT INTO " + table + " VALUES(?";
    for (int i = 1; i < columns; ++i) sql += ",?";
    sql += ")";
    return database_.check(::sqlite3_prepare_v3(database_.handle(), sql.c_str(), -1,
                                                SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
  }
  void close() {
    ::sqlite3_finalize(statement_);
    statement_ = nullptr;
  }

  Insert& text(std::string_view value) {
    ::sqlite3_bind_text64(statement_, ++at_, value.data(), value.size(), SQLITE_STATIC,
                          SQLITE_UTF8);
    return *this;
  }
  Insert& text_or_null(std::string_view value) { return value.empty() ? null() : text(value); }
  Insert& integer(std::int64_t value) {
    ::sqlite3_bind_int64(statement_, ++at_, value);
    return *this;
  }
  Insert& number(std::uint64_t value) { return integer(static_cast<std::int64_t>(value)); }
  template <class T>
  Insert& optional(const flatbuffers::Optional<T>& value) {
    return value ? number(*value) : null();
  }
  Insert& blob(ByteView bytes) {
    ::sqlite3_bind_blob64(statement_, ++at_, bytes.data(), bytes.size(), SQLITE_STATIC);
    return *this;
  }
  Insert& null() {
    ::sqlite3_bind_null(statement_, ++at_);
    return *this;
  }
  Status add() {
    at_ = 0;
    ::sqlite3_step(statement_);
    return database_.check(::sqlite3_reset(statement_));
  }

 private:
  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  int at_ = 0;
};

class SqliteWriter final : public ExportWriter {
 public:
  SqliteWriter(PartFile file, const ExportSource& source)
      : file_(std::move(file)),
        source_(source),
        database_(file_.part()),
        events_(database_),
        tags_(database_),
        secrets_(database_) {}

  Status start(const ExportSubject& subject) {
    PH_TRY(database_.open());
    PH_TRY(database_.execute(kPragmas));
    PH_TRY(database_.execute("BEGIN;" + sqlite_tables()));
    PH_TRY(write_meta(subject));
    PH_TRY(events_.prepare("events", 29));
    PH_TRY(tags_.prepare("tags", 4));
    return secrets_.prepare("secrets", 4);
  }

  Result<bool> take(const schema::Entry& entry, ByteView bytes) override {
    payload_.read(entry);
    PH_TRY(add_event(entry, bytes));
    PH_TRY(add_tags(entry));
    if (++taken_ % kEventsPerTransaction == 0) PH_TRY(database_.execute("COMMIT; BEGIN;"));
    return true;
  }

  Result<bool> hand_over() override { return true; }

  Status finish() override {
    PH_TRY(database_.execute("COMMIT; BEGIN;" + sqlite_indexes_and_views() + "COMMIT;"));
    events_.close();
    tags_.close();
    secrets_.close();
    PH_TRY(database_.close());
    return file_.publish();
  }

 private:
  Status write_meta(const ExportSubject& subject) {
    Insert meta(database_);
    PH_TRY(meta.prepare("meta", 2));
    const std::pair<std::string_view, std::string> rows[] = {
        {"format", "phantom.sqlite.v1"},
        {"origin", escape_terminal(subject.source.origin)},
        {"ledger_id", escape_terminal(subject.source.ledger_id)},
        {"checkpoint", subject.checkpoint},
        {"query", subject.query},
        {"schema_digest", to_hex(schema_digest())},
        {"phantom", PHANTOM_VERSION}};
    for (const auto& [key, value] : rows) PH_TRY(meta.text(key).text(value).add());
    return {};
  }

  Status add_event(const schema::Entry& entry, ByteView bytes) {
    const Digest leaf = leaf_hash(bytes);
    const ExportRecord record{entry, bytes, find_event(entry.type()), payload_, leaf, source_};
    const Exposure exposure = exposure_of(entry, payload_);
    const std::string id = format_uuid(event_id_of(entry));
    const std::string type = type_name_of(record);
    const std::string code = event_code_of(record);
    const std::string time = time_text(entry.time_ns());
    const std::string boot_id = escape_terminal(text_of(entry.boot_id()));
    const std::string component = escape_terminal(text_of(entry.component()));
    const std::string version = escape_terminal(text_of(entry.version()));
    const std::string actor_id = escape_terminal(text_of(entry.actor_id()));
    const std::string agent_tool = escape_terminal(text_of(entry.agent_tool()));
    const std::string session = escape_terminal(text_of(entry.session()));
    const std::string project = escape_terminal(text_of(entry.project()));
    const std::string traceparent = escape_terminal(text_of(entry.traceparent()));
    const std::string hash = to_hex(leaf);
    json_.clear();
    payload_.append_json(json_);
    events_.number(entry.seq()).text(id).text(type).integer(entry.type()).text(code);
    events_.text(severity_of(record).name).text(time).integer(entry.time_ns());
    events_.integer(entry.occurred_ns()).integer(entry.mono_ns()).text_or_null(boot_id);
    events_.text_or_null(component).text_or_null(version);
    events_.text(actor_kind_name(entry.actor_kind())).text_or_null(actor_id);
    events_.optional(entry.peer_uid()).optional(entry.peer_pid()).text_or_null(agent_tool);
    events_.text_or_null(session).text_or_null(project).optional(entry.cause_seq());
    events_.text_or_null(traceparent).text(outcome_name(entry.outcome()));
    events_.text(reason_name(entry.reason())).text(exposure_name(exposure));
    events_.number(entry.commit_first_seq()).text(json_).text(hash).blob(bytes);
    PH_TRY(events_.add());
    return add_secrets(entry.seq(), exposure);
  }

  Status add_secrets(Seq seq, Exposure exposure) {
    for (const NamedSecret& secret : payload_.secrets()) {
      const std::string name = escape_terminal(secret.name);
      secrets_.number(seq).text(name);
      if (secret.version == 0) {
        secrets_.null();
      } else {
        secrets_.number(secret.version);
      }
      PH_TRY(secrets_.integer(static_cast<std::int64_t>(exposure)).add());
    }
    return {};
  }

  Status add_tags(const schema::Entry& entry) {
    if (entry.tags() == nullptr) return {};
    for (const schema::Tag* tag : *entry.tags()) {
      const std::string name = escape_terminal(tag->name()->string_view());
      tags_.text(name).number(entry.seq()).number(tag->count());
      if (tag->count() > 1) {
        tags_.number(tag->prev_seq());
      } else {
        tags_.null();
      }
      PH_TRY(tags_.add());
    }
    return {};
  }

  // Removed last, after the database is closed.
  PartFile file_;
  ExportSource source_;
  Database database_;
  Insert events_;
  Insert tags_;
  Insert secrets_;
  Payload payload_;
  std::string json_;
  std::uint64_t taken_ = 0;
};

}  // namespace

Result<std::unique_ptr<ExportWriter>> open_sqlite_export(const std::string& file,
                                                         const ExportSubject& subject) {
  PH_ASSIGN(PartFile part, PartFile::make(file));
  auto writer = std::make_unique<SqliteWriter>(std::move(part), subject.source);
  PH_TRY(writer->start(subject));
  return std::unique_ptr<ExportWriter>(std::move(writer));
}

}  // namespace phantom
