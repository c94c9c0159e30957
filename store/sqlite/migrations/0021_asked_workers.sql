-- Sweeps ask the workers, too: whether those of a zone do, and what came of it.
ALTER TABLE zones ADD COLUMN sweep_ask_workers INTEGER NOT NULL DEFAULT 1 CHECK (sweep_ask_workers IN (0, 1));
ALTER TABLE sweeps ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sweeps ADD COLUMN answered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sweeps ADD COLUMN disagreed INTEGER NOT NULL DEFAULT 0;

-- A worker may say that its service is down. A check is part of its table, so the table is made anew.
CREATE TABLE findings_before AS SELECT * FROM findings;
DROP TABLE findings;
CREATE TABLE findings (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  zone_id TEXT NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('missing', 'disconnected', 'identity_changed', 'duplicate_identity', 'ghost', 'unknown',
                                     'wrong_zone', 'renamed', 'moved', 'unproven', 'worker_missing', 'clock_skew', 'service_down')),
  subject TEXT NOT NULL,           -- What it is about: a server, a hub record, a machine, the hub.
  server_id TEXT NOT NULL,         -- '': none of the inventory.
  hub_instance_id TEXT NOT NULL,   -- '': none.
  state TEXT NOT NULL CHECK (state IN ('suspected', 'open', 'acknowledged', 'remediating', 'resolved', 'suppressed', 'reopened')),
  evidence TEXT NOT NULL,
  times INTEGER NOT NULL,
  first_seen_us INTEGER NOT NULL,
  last_seen_us INTEGER NOT NULL,
  seen_since_us INTEGER,           -- Since when every reading has shown it; NULL: the last one did not.
  state_time_us INTEGER NOT NULL,
  suppressed_until_us INTEGER,
  actor TEXT NOT NULL,             -- Who acknowledged, suppressed or reopened it, and why.
  reason TEXT NOT NULL,
  UNIQUE (zone_id, kind, subject)
) STRICT;
INSERT INTO findings SELECT * FROM findings_before;
DROP TABLE findings_before;
CREATE INDEX findings_by_tenant ON findings (tenant_id, state);
CREATE INDEX findings_by_server ON findings (server_id) WHERE server_id <> '';
CREATE INDEX findings_by_change ON findings (zone_id, state_time_us);
CREATE INDEX findings_unresolved ON findings (zone_id) WHERE state <> 'resolved';
CREATE INDEX findings_resolved ON findings (state_time_us) WHERE state = 'resolved';
