-- Where a tenant, or the provider, wants to be told what happens, and how that goes.
CREATE TABLE channels (
  id TEXT PRIMARY KEY,             -- tenant/name; of the provider: the name alone.
  tenant_id TEXT REFERENCES tenants (id) ON DELETE CASCADE,  -- NULL: the provider's.
  kind TEXT NOT NULL CHECK (kind IN ('webhook', 'email')),
  address TEXT NOT NULL,           -- The webhook's URL, or that of the SMTP relay.
  sender TEXT NOT NULL,
  recipients TEXT NOT NULL,        -- A list.
  user TEXT NOT NULL,              -- At the relay; '': none.
  secret BLOB NOT NULL,            -- Sealed: what signs, or the user's password.
  fingerprint TEXT NOT NULL,
  ca_pem TEXT NOT NULL,            -- '': the system's trust anchors.
  plain_smtp INTEGER NOT NULL CHECK (plain_smtp IN (0, 1)),
  allow_private INTEGER NOT NULL CHECK (allow_private IN (0, 1)),
  events TEXT NOT NULL,            -- A list of kinds; empty: all.
  quiet_from INTEGER NOT NULL,     -- Minutes of the day; the same twice: none.
  quiet_to INTEGER NOT NULL,
  time_zone TEXT NOT NULL,
  group_us INTEGER NOT NULL,
  coverage_target INTEGER NOT NULL CHECK (coverage_target BETWEEN 0 AND 100),
  paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
  create_time_us INTEGER NOT NULL,
  failures INTEGER NOT NULL,       -- Attempts in a row, until now.
  not_before_us INTEGER,
  delivered_us INTEGER,            -- The last delivery.
  failed_us INTEGER,               -- The last attempt that failed.
  failure_code TEXT,
  failure_detail TEXT
) STRICT;
CREATE INDEX channels_by_tenant ON channels (tenant_id);

CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  channel_id TEXT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
  tenant_id TEXT,                  -- The channel's.
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'delivered', 'failed')),
  is_test INTEGER NOT NULL CHECK (is_test IN (0, 1)),
  events INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  create_time_us INTEGER NOT NULL,
  due_us INTEGER NOT NULL,         -- Of the next attempt; before the first one: until then events join.
  since_us INTEGER NOT NULL,       -- When its first attempt was due, or it was replayed.
  finish_time_us INTEGER,
  failure_code TEXT,               -- Of the last attempt.
  failure_detail TEXT
) STRICT;
CREATE INDEX deliveries_waiting ON deliveries (channel_id, due_us) WHERE state = 'waiting';
CREATE INDEX deliveries_sending ON deliveries (id) WHERE state = 'sending';
CREATE INDEX deliveries_by_channel ON deliveries (channel_id, id);
CREATE INDEX deliveries_by_tenant ON deliveries (tenant_id, id);
CREATE INDEX deliveries_by_finish ON deliveries (finish_time_us) WHERE finish_time_us IS NOT NULL;

CREATE TABLE delivery_events (
  delivery_id TEXT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  time_us INTEGER NOT NULL,
  tenant_id TEXT NOT NULL,         -- '': of no one tenant.
  subject TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  summary TEXT NOT NULL,
  next TEXT NOT NULL,
  PRIMARY KEY (delivery_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery_attempts (
  delivery_id TEXT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  start_time_us INTEGER NOT NULL,
  finish_time_us INTEGER,          -- NULL: under way.
  status INTEGER NOT NULL,         -- What was answered; 0: nothing.
  failure_code TEXT,
  failure_detail TEXT,
  PRIMARY KEY (delivery_id, attempt)
) STRICT, WITHOUT ROWID;

-- What was found to be so, and told; it is told again once it was otherwise.
CREATE TABLE conditions (
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  since_us INTEGER NOT NULL,
  PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

-- Up to which event of the audit log the deliveries were made.
CREATE TABLE notified (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  sequence INTEGER NOT NULL
) STRICT;
INSERT INTO notified (one, sequence) SELECT 1, coalesce(max(sequence), 0) FROM audit_events;

-- When the hub stops taking the key, as somebody said; NULL: never, or nobody did.
ALTER TABLE joining_keys ADD COLUMN expire_time_us INTEGER;
