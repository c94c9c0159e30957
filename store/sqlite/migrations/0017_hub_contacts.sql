-- How the hub of a zone takes being read, by the zone's present hub URL, CA and verifier: a change of
-- these deletes the row.
CREATE TABLE hub_contacts (
  zone_id TEXT PRIMARY KEY REFERENCES zones (id),
  try_time_us INTEGER NOT NULL,
  read_time_us INTEGER,
  failures INTEGER NOT NULL,
  failing_time_us INTEGER,
  failure_code TEXT,
  failure_detail TEXT,
  open_time_us INTEGER,
  not_before_us INTEGER,
  list_kind TEXT NOT NULL
    CHECK (list_kind IN ('unknown', 'full', 'without_pending', 'connected_only', 'summary', 'legacy')),
  hub_version TEXT NOT NULL,
  clock_offset_us INTEGER NOT NULL,
  instances INTEGER NOT NULL,
  short_readings INTEGER NOT NULL,
  short_instances INTEGER NOT NULL,
  short_digest TEXT NOT NULL,
  short_time_us INTEGER,
  accepted_instances INTEGER
) STRICT, WITHOUT ROWID;
