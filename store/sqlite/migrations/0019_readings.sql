-- An attempt of a command that only reads needs no row of its command once it has ended: no key is
-- bound by it, and it is not delivered again. So only joins refer to theirs.
CREATE TABLE attempts_3 (
  id TEXT NOT NULL,
  command_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind = 'probe' OR kind = 'join'),
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
  bound_command_id TEXT AS (CASE WHEN kind = 'join' THEN command_id END),
  PRIMARY KEY (command_id, id),
  FOREIGN KEY (server_id) REFERENCES servers (id),
  FOREIGN KEY (bound_command_id, server_id, kind) REFERENCES commands (id, server_id, kind)
    ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

INSERT INTO attempts_3 (id, command_id, server_id, kind, rollout_id, number, state, reason,
  failure_code, failure_detail, create_time_us, sent_time_us, finish_time_us)
SELECT id, command_id, server_id, kind, rollout_id, number, state, reason, failure_code,
  failure_detail, create_time_us, sent_time_us, finish_time_us FROM attempts;
DROP TABLE attempts;
ALTER TABLE attempts_3 RENAME TO attempts;

CREATE INDEX attempts_by_server ON attempts (server_id, create_time_us);
CREATE INDEX attempts_open ON attempts (create_time_us) WHERE (
  state = 'held' OR state = 'queued' OR state = 'sent' OR state = 'acknowledged' OR
  state = 'running' OR state = 'in_doubt');
-- One join in flight per server, ever (invariant 11).
CREATE UNIQUE INDEX attempts_one_open_join ON attempts (server_id) WHERE kind = 'join' AND (
  state = 'held' OR state = 'queued' OR state = 'sent' OR state = 'acknowledged' OR
  state = 'running' OR state = 'in_doubt');
-- Of joins, so that a command finds its attempts; of readings, to forget the oldest.
CREATE INDEX attempts_bound ON attempts (bound_command_id) WHERE bound_command_id IS NOT NULL;
CREATE INDEX attempts_readings ON attempts (finish_time_us) WHERE kind = 'probe';

-- That a target is unfinished is a column of its own: an index over the states is written anew at
-- each move, whether it says something else afterwards or not.
ALTER TABLE targets ADD COLUMN unfinished INTEGER CHECK (unfinished = 1);
UPDATE targets SET unfinished = 1 WHERE state = 'waiting' OR state = 'in_flight' OR
  state = 'verifying' OR state = 'in_doubt';
DROP INDEX targets_one_unfinished;
CREATE UNIQUE INDEX targets_one_unfinished ON targets (server_id) WHERE unfinished = 1;
