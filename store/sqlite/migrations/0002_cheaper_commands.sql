-- What is written for each command, at a fraction of the price.
--
-- Rows are keyed by ids that begin with the time: they fill pages one after the other, so a turn's
-- commit writes few of them. "state = … OR …" where a list of IN would do: SQLite builds a temporary
-- table for each such list, anew for each row. Indexes that no query needed are gone.

CREATE TABLE commands_2 (
  id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  zone_id TEXT NOT NULL,
  rollout_id TEXT REFERENCES rollouts (id),
  kind TEXT NOT NULL CHECK (kind IN ('probe', 'join')),
  key_version_id TEXT,
  allow_takeover INTEGER NOT NULL CHECK (allow_takeover IN (0, 1)),
  create_time_us INTEGER NOT NULL,
  expire_time_us INTEGER NOT NULL,
  PRIMARY KEY (id, server_id, kind),
  CHECK (kind = 'join' OR key_version_id IS NULL),
  -- The zone lock (invariant 6): server and joining key must both be of the command's zone.
  FOREIGN KEY (server_id, zone_id) REFERENCES servers (id, zone_id),
  FOREIGN KEY (key_version_id, zone_id) REFERENCES joining_keys (id, zone_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts_2 (
  id TEXT NOT NULL,
  command_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  rollout_id TEXT,
  number INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (
    state = 'held' OR state = 'queued' OR state = 'sent' OR state = 'acknowledged' OR
    state = 'running' OR state = 'succeeded' OR state = 'failed' OR state = 'rejected' OR
    state = 'timed_out' OR state = 'expired' OR state = 'canceled' OR state = 'in_doubt' OR
    state = 'settled'),
  reason TEXT NOT NULL,
  failure_code TEXT,
  failure_detail TEXT,
  create_time_us INTEGER NOT NULL,
  sent_time_us INTEGER,
  finish_time_us INTEGER,
  PRIMARY KEY (command_id, id),
  FOREIGN KEY (command_id, server_id, kind) REFERENCES commands_2 (id, server_id, kind)
    ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE targets_2 (
  rollout_id TEXT NOT NULL REFERENCES rollouts (id),
  server_id TEXT NOT NULL,
  zone_id TEXT NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  state TEXT NOT NULL CHECK (
    state = 'waiting' OR state = 'in_flight' OR state = 'verifying' OR state = 'succeeded' OR
    state = 'failed' OR state = 'in_doubt' OR state = 'straggler' OR state = 'canceled'),
  failure_code TEXT,
  failure_detail TEXT,
  attempts INTEGER NOT NULL,
  next_try_time_us INTEGER,
  finish_time_us INTEGER,
  PRIMARY KEY (rollout_id, server_id),
  FOREIGN KEY (server_id, zone_id) REFERENCES servers (id, zone_id)
) STRICT, WITHOUT ROWID;

INSERT INTO commands_2 SELECT id, server_id, zone_id, rollout_id, kind, key_version_id,
  allow_takeover, create_time_us, expire_time_us FROM commands;
INSERT INTO attempts_2 SELECT id, command_id, server_id, kind, rollout_id, number, state, reason,
  failure_code, failure_detail, create_time_us, sent_time_us, finish_time_us FROM attempts;
INSERT INTO targets_2 SELECT rollout_id, server_id, zone_id, name, state, failure_code,
  failure_detail, attempts, next_try_time_us, finish_time_us FROM targets;
DROP TABLE attempts;
DROP TABLE commands;
DROP TABLE targets;
ALTER TABLE commands_2 RENAME TO commands;
ALTER TABLE attempts_2 RENAME TO attempts;
ALTER TABLE targets_2 RENAME TO targets;

CREATE INDEX commands_by_expiry ON commands (expire_time_us);

CREATE INDEX attempts_by_server ON attempts (server_id, create_time_us);
CREATE INDEX attempts_open ON attempts (create_time_us) WHERE (
  state = 'held' OR state = 'queued' OR state = 'sent' OR state = 'acknowledged' OR
  state = 'running' OR state = 'in_doubt');
-- One join in flight per server, ever (invariant 11).
CREATE UNIQUE INDEX attempts_one_open_join ON attempts (server_id) WHERE kind = 'join' AND (
  state = 'held' OR state = 'queued' OR state = 'sent' OR state = 'acknowledged' OR
  state = 'running' OR state = 'in_doubt');

CREATE INDEX targets_by_name ON targets (rollout_id, zone_id, name);
-- A server is in one unfinished rollout at most.
CREATE UNIQUE INDEX targets_one_unfinished ON targets (server_id) WHERE (
  state = 'waiting' OR state = 'in_flight' OR state = 'verifying' OR state = 'in_doubt');
