#include "cli/sqlite_schema.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace phantom {
namespace {

constexpr std::string_view kTables = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE events(
  seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL, type TEXT NOT NULL, type_no INTEGER NOT NULL,
  code TEXT NOT NULL, severity TEXT NOT NULL, time TEXT NOT NULL, time_ns INTEGER NOT NULL,
  occurred_ns INTEGER NOT NULL, mono_ns INTEGER NOT NULL, boot_id TEXT, component TEXT,
  version TEXT, actor_kind TEXT NOT NULL, actor_id TEXT, peer_uid INTEGER, peer_pid INTEGER,
  agent_tool TEXT, session TEXT, project TEXT, cause_seq INTEGER, traceparent TEXT,
  outcome TEXT NOT NULL, reason TEXT NOT NULL, exposure TEXT NOT NULL,
  commit_first_seq INTEGER NOT NULL, payload TEXT NOT NULL, leaf_hash TEXT NOT NULL,
  leaf BLOB NOT NULL);
CREATE TABLE tags(tag TEXT NOT NULL, seq INTEGER NOT NULL, count INTEGER NOT NULL,
  prev_seq INTEGER);
CREATE TABLE secrets(seq INTEGER NOT NULL, secret TEXT NOT NULL, version INTEGER,
  grade INTEGER NOT NULL);
CREATE TABLE exposures(grade INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE event_types(type_no INTEGER PRIMARY KEY, type TEXT NOT NULL, family TEXT NOT NULL,
  severity TEXT NOT NULL, phase TEXT NOT NULL, exposure TEXT NOT NULL, doc TEXT NOT NULL);
)sql";

constexpr std::string_view kIndexes = R"sql(
CREATE INDEX events_by_type ON events(type_no);
CREATE INDEX events_by_session ON events(session) WHERE session IS NOT NULL;
CREATE INDEX events_by_cause ON events(cause_seq) WHERE cause_seq IS NOT NULL;
CREATE INDEX tags_by_name ON tags(tag, seq);
CREATE INDEX secrets_by_name ON secrets(secret, grade);
)sql";

// $(name) stands for the number of the type with that name.
constexpr std::string_view kViews = R"sql(
CREATE VIEW timeline AS
SELECT seq, time, (time_ns - min(time_ns) OVER (PARTITION BY session)) / 1e9 AS session_s,
  session, project, actor_kind, agent_tool, type, outcome, reason, exposure, cause_seq, payload
FROM events ORDER BY seq;

CREATE VIEW sessions AS
SELECT s.session, s.project, s.agent_tool, s.actor_kind, s.actor_id,
  json_extract(s.payload, '$.command') AS command,
  s.time AS started, e.time AS ended, (e.time_ns - s.time_ns) / 1e9 AS duration_s,
  (SELECT count(*) FROM events r WHERE r.session = s.session
    AND r.type_no = $(proxy.request.requested)) AS requests,
  (SELECT count(*) FROM events d WHERE d.session = s.session AND d.outcome = 'denied') AS denied,
  coalesce(json_extract(e.payload, '$.end_kind'), 'unknown') AS end_kind,
  json_extract(e.payload, '$.exit_code') AS exit_code, s.seq AS first_seq, e.seq AS end_seq
FROM events s LEFT JOIN events e ON e.session = s.session AND e.type_no = $(session.ended)
WHERE s.type_no = $(session.started);

CREATE VIEW requests AS
SELECT r.seq, r.time, r.session, r.project, r.agent_tool,
  json_extract(r.payload, '$.method') AS method, json_extract(r.payload, '$.service') AS service,
  json_extract(r.payload, '$.host') AS host, json_extract(r.payload, '$.port') AS port,
  json_extract(r.payload, '$.path_template') AS path_template,
  json_extract(r.payload, '$.secret_name') AS secret,
  json_extract(r.payload, '$.secret_version') AS secret_version,
  coalesce(c.outcome, 'unknown') AS outcome, coalesce(c.reason, 'none') AS reason,
  json_extract(c.payload, '$.http_status') AS http_status,
  json_extract(c.payload, '$.bytes_sent') AS bytes_sent,
  json_extract(c.payload, '$.bytes_received') AS bytes_received,
  CAST(json_extract(c.payload, '$.duration_ns') AS INTEGER) / 1e6 AS duration_ms,
  c.seq AS completed_seq
FROM events r
LEFT JOIN events c ON c.cause_seq = r.seq AND c.type_no = $(proxy.request.completed)
WHERE r.type_no = $(proxy.request.requested);

CREATE VIEW effects AS
SELECT r.seq, r.time, r.type, r.session, r.project, c.seq AS completed_seq,
  coalesce(c.outcome, 'unknown') AS outcome, coalesce(c.reason, 'none') AS reason,
  (c.time_ns - r.time_ns) / 1e6 AS duration_ms
FROM events r JOIN event_types t ON t.type_no = r.type_no AND t.phase = 'requested'
LEFT JOIN events c ON c.cause_seq = r.seq
  AND c.type_no IN (SELECT type_no FROM event_types WHERE phase = 'completed');

CREATE VIEW denials AS
SELECT seq, time, type, reason, session, project, actor_kind, agent_tool,
  json_extract(payload, '$.method') AS method, json_extract(payload, '$.service') AS service,
  json_extract(payload, '$.http_status') AS http_status, payload
FROM events WHERE outcome = 'denied';

CREATE VIEW secret_use AS
SELECT u.*, x.name AS highest_exposure
FROM (SELECT s.secret, e.project, s.version, count(*) AS uses,
    group_concat(DISTINCT json_extract(e.payload, '$.host')) AS hosts,
    count(DISTINCT e.session) AS sessions, min(e.time) AS first_use, max(e.time) AS last_use,
    max(s.grade) AS grade
  FROM secrets s JOIN events e ON e.seq = s.seq
  WHERE s.grade > (SELECT grade FROM exposures WHERE name = 'metadata')
  GROUP BY s.secret, e.project, s.version) u
JOIN exposures x ON x.grade = u.grade;

CREATE VIEW exposure AS
SELECT g.secret, g.project, x.name AS highest_exposure, g.grade, g.events, g.first_seq, g.last_seq
FROM (SELECT s.secret, e.project, s.grade, count(*) AS events, min(s.seq) AS first_seq,
    max(s.seq) AS last_seq,
    max(s.grade) OVER (PARTITION BY s.secret, e.project) AS highest
  FROM secrets s JOIN events e ON e.seq = s.seq GROUP BY s.secret, e.project, s.grade) g
JOIN exposures x ON x.grade = g.grade WHERE g.grade = g.highest;

CREATE VIEW gaps AS
SELECT before + 1 AS first_missing, seq - 1 AS last_missing, seq - before - 1 AS missing
FROM (SELECT seq, lag(seq, 1, -1) OVER (ORDER BY seq) AS before FROM events)
WHERE seq - before > 1;
)sql";

// What every view of a type has before the fields of its payload.
constexpr std::array<std::string_view, 11> kEnvelope = {
    "seq",     "time",    "time_ns",   "actor_kind", "actor_id", "agent_tool",
    "session", "project", "cause_seq", "outcome",    "reason"};

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

std::string number_of(std::string_view type) {
  const EventInfo* info = find_event(type);
  PH_CHECK(info != nullptr, "a view over a type that does not exist");
  return std::to_string(info->no);
}

std::string with_numbers(std::string_view text) {
  std::string out;
  for (std::size_t at = text.find("$("); at != text.npos; at = text.find("$(")) {
    out += text.substr(0, at);
    const std::size_t end = text.find(')', at);
    out += number_of(text.substr(at + 2, end - at - 2));
    text.remove_prefix(end + 1);
  }
  return out.append(text);
}

bool is_integer(const FieldInfo& field) {
  return field.type != "string" && !field.type.starts_with('[');
}

// Integers above 2^53 are texts in JSON, and become integers again.
std::string column_of(const FieldInfo& field) {
  const bool taken = std::find(kEnvelope.begin(), kEnvelope.end(), field.name) != kEnvelope.end();
  const std::string value = "json_extract(payload, '$." + field.name + "')";
  return ",\n  " + (is_integer(field) ? "CAST(" + value + " AS INTEGER)" : value) + " AS " +
         (taken ? "payload_" : "") + field.name;
}

std::string view_of(const EventInfo& info) {
  std::string sql = "CREATE VIEW " + sqlite_view_name(info) + " AS SELECT ";
  for (const std::string_view column : kEnvelope) {
    if (column != kEnvelope.front()) sql += ", ";
    sql += column;
  }
  for (const FieldInfo& field : info.fields) sql += column_of(field);
  return sql + "\nFROM events WHERE type_no = " + std::to_string(info.no) + ";\n";
}

}  // namespace

std::string sqlite_view_name(const EventInfo& info) {
  std::string name = info.name;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

std::string sqlite_tables() {
  std::string sql(kTables);
  for (int grade = 0; grade <= static_cast<int>(Exposure::kLeaked); ++grade) {
    sql += "INSERT INTO exposures VALUES(" + std::to_string(grade) + ", " +
           quoted(exposure_name(static_cast<Exposure>(grade))) + ");\n";
  }
  for (const EventInfo& info : catalog()) {
    sql += "INSERT INTO event_types VALUES(" + std::to_string(info.no) + ", " + quoted(info.name) +
           ", " + quoted(info.family) + ", " + quoted(info.severity) + ", " + quoted(info.phase) +
           ", " + quoted(exposure_name(info.exposure)) + ", " + quoted(info.doc) + ");\n";
  }
  return sql;
}

std::string sqlite_indexes_and_views() {
  std::string sql(kIndexes);
  sql += with_numbers(kViews);
  for (const EventInfo& info : catalog()) sql += view_of(info);
  return sql;
}

}  // namespace phantom
