-- A proof has an age. Whole readings that show all enrolled servers of a zone renew them with one row; a server that one of them
-- does not show is questioned, and keeps the time at which it was proven last.
CREATE TABLE zone_confirmations (
  zone_id TEXT PRIMARY KEY REFERENCES zones (id) ON DELETE CASCADE,
  time_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- The rollout joins servers again that are enrolled already.
ALTER TABLE rollouts ADD COLUMN force INTEGER NOT NULL DEFAULT 0 CHECK (force IN (0, 1));
-- Since when readings do not show what was proven; NULL: the last one did.
ALTER TABLE servers ADD COLUMN proof_questioned_time_us INTEGER;
-- What the record was when it proved the server: another machine behind it shows.
ALTER TABLE servers ADD COLUMN proof_title TEXT NOT NULL DEFAULT '';
ALTER TABLE servers ADD COLUMN proof_internal_instance_id TEXT NOT NULL DEFAULT '';
-- What is older is not proven any more; how long a proven server may be disconnected.
ALTER TABLE zones ADD COLUMN verify_within_us INTEGER NOT NULL DEFAULT 86400000000;
ALTER TABLE zones ADD COLUMN disconnect_patience_us INTEGER NOT NULL DEFAULT 3600000000;
