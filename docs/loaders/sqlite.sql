-- Loads events.csv of `phantom audit export --format csv -o events.csv`:
--   sqlite3 log.db < sqlite.sql
-- (--format sqlite makes a database with more in it.)
CREATE TABLE csv(
  seq INTEGER PRIMARY KEY, event_id TEXT, type TEXT, code TEXT, severity TEXT, time TEXT,
  time_ns INTEGER, occurred_ns INTEGER, component TEXT, version TEXT, actor_kind TEXT,
  actor_id TEXT, peer_uid INTEGER, peer_pid INTEGER, agent_tool TEXT, session TEXT, project TEXT,
  cause_seq INTEGER, traceparent TEXT, outcome TEXT, reason TEXT, tags TEXT, leaf_hash TEXT,
  payload TEXT);
.import --csv --skip 1 events.csv csv
-- A cell without a value is an empty text in CSV.
CREATE VIEW events AS SELECT seq, event_id, type, code, severity, time, time_ns, occurred_ns,
  component, version, actor_kind, nullif(actor_id, '') AS actor_id,
  nullif(peer_uid, '') AS peer_uid, nullif(peer_pid, '') AS peer_pid,
  nullif(agent_tool, '') AS agent_tool, nullif(session, '') AS session,
  nullif(project, '') AS project, nullif(cause_seq, '') AS cause_seq,
  nullif(traceparent, '') AS traceparent, outcome, reason, tags, leaf_hash, payload
FROM csv;
