-- When a zone's hub is compared with the inventory: a cron line in a time zone, or every so often; neither: the default.
ALTER TABLE zones ADD COLUMN sweep_schedule TEXT NOT NULL DEFAULT '';
ALTER TABLE zones ADD COLUMN sweep_time_zone TEXT NOT NULL DEFAULT '';
ALTER TABLE zones ADD COLUMN sweep_every_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE zones ADD COLUMN sweep_off INTEGER NOT NULL DEFAULT 0 CHECK (sweep_off IN (0, 1));

CREATE TABLE sweeps (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  zone_id TEXT NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('running', 'completed', 'partial', 'failed', 'skipped')),
  trigger TEXT NOT NULL CHECK (trigger IN ('schedule', 'operator')),
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,            -- Why failed, partial or skipped.
  start_time_us INTEGER NOT NULL,
  finish_time_us INTEGER,
  instances INTEGER NOT NULL,
  unmatched INTEGER NOT NULL,
  servers INTEGER NOT NULL,
  enrolled INTEGER NOT NULL,
  confirmed INTEGER NOT NULL,
  degraded INTEGER NOT NULL,
  healed INTEGER NOT NULL,
  findings INTEGER NOT NULL,       -- Unresolved ones of the zone at its end.
  differences TEXT NOT NULL        -- A list: what became otherwise since the sweep before.
) STRICT;
CREATE INDEX sweeps_by_zone ON sweeps (zone_id, id);
CREATE INDEX sweeps_by_tenant ON sweeps (tenant_id, id);
CREATE INDEX sweeps_by_time ON sweeps (start_time_us);
