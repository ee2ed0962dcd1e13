-- Loads events.csv of `phantom audit export --format csv -o events.csv`: duckdb log.duckdb < duckdb.sql
-- Columns are named with their types, so that nothing depends on what the first rows look like.
CREATE TABLE events AS SELECT * FROM read_csv('events.csv', header = true, delim = ',',
  quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = true, auto_detect = false,
  max_line_size = 1000000, columns = {
    'seq': 'UBIGINT', 'event_id': 'UUID', 'type': 'VARCHAR', 'code': 'VARCHAR',
    'severity': 'VARCHAR', 'time': 'TIMESTAMPTZ', 'time_ns': 'BIGINT', 'occurred_ns': 'BIGINT',
    'component': 'VARCHAR', 'version': 'VARCHAR', 'actor_kind': 'VARCHAR',
    'actor_id': 'VARCHAR', 'peer_uid': 'UINTEGER', 'peer_pid': 'UINTEGER',
    'agent_tool': 'VARCHAR', 'session': 'VARCHAR', 'project': 'VARCHAR',
    'cause_seq': 'UBIGINT', 'traceparent': 'VARCHAR', 'outcome': 'VARCHAR',
    'reason': 'VARCHAR', 'tags': 'VARCHAR', 'leaf_hash': 'VARCHAR', 'payload': 'VARCHAR'});
