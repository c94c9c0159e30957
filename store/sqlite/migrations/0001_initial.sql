-- Times are integer microseconds since 1970. NULL means "none"; a text that may be empty is ''.
-- Lists and labels are written as in store/sqlite/columns.h.

CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  display_name TEXT NOT NULL,
  create_time_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE zones (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  display_name TEXT NOT NULL,
  hub_url TEXT NOT NULL,
  hub_ca_pem TEXT NOT NULL,
  max_concurrent_joins INTEGER NOT NULL,
  allow_cli_join INTEGER NOT NULL CHECK (allow_cli_join IN (0, 1)),
  verifier_kind TEXT NOT NULL CHECK (verifier_kind IN ('none', 'api_token', 'login')),
  verifier_principal TEXT NOT NULL,
  verifier_secret BLOB NOT NULL,
  create_time_us INTEGER NOT NULL,
  UNIQUE (id, tenant_id)
) STRICT;

CREATE INDEX zones_by_tenant ON zones (tenant_id, id);

CREATE TABLE joining_keys (
  id TEXT PRIMARY KEY,
  zone_id TEXT NOT NULL REFERENCES zones (id),
  version INTEGER NOT NULL CHECK (version > 0),
  state TEXT NOT NULL CHECK (state IN ('prepared', 'active', 'tainted', 'revoked')),
  client_id TEXT NOT NULL,
  secret BLOB NOT NULL,
  create_time_us INTEGER NOT NULL,
  UNIQUE (zone_id, version),
  UNIQUE (id, zone_id)
) STRICT;

CREATE UNIQUE INDEX joining_keys_one_active ON joining_keys (zone_id) WHERE state = 'active';

CREATE TABLE hub_readings (
  zone_id TEXT PRIMARY KEY REFERENCES zones (id),
  read_time_us INTEGER,
  instances INTEGER NOT NULL,
  unmatched INTEGER NOT NULL,
  failure_code TEXT,
  failure_detail TEXT,
  try_time_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE servers (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  zone_id TEXT NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  admission TEXT NOT NULL CHECK (admission IN
    ('registered', 'pending', 'admitted', 'evicted', 'banned', 'retired', 'rejected')),
  enrollment TEXT NOT NULL CHECK (enrollment IN
    ('not_enrolled', 'queued', 'joining', 'joined_unverified', 'enrolled', 'failed', 'in_doubt',
     'degraded', 'quarantined', 'decommissioned')),
  failure_code TEXT,
  failure_detail TEXT,
  machine_name TEXT NOT NULL,
  machine_os TEXT NOT NULL,
  machine_os_version TEXT NOT NULL,
  machine_architecture TEXT NOT NULL,
  machine_worker_version TEXT NOT NULL,
  machine_id_hash TEXT NOT NULL,
  service_presence TEXT NOT NULL CHECK (service_presence IN
    ('unknown', 'missing', 'unreachable', 'running')),
  service_endpoint TEXT NOT NULL,
  service_version TEXT NOT NULL,
  service_hub_instance_id TEXT NOT NULL,
  service_hub_url TEXT NOT NULL,
  service_hub_connected INTEGER NOT NULL CHECK (service_hub_connected IN (0, 1)),
  service_internal_instance_id TEXT NOT NULL,
  claim_hub_instance_id TEXT,
  claim_internal_instance_id TEXT,
  claim_machine_name TEXT,
  claim_join_start_time_us INTEGER,
  claim_verify_deadline_us INTEGER,
  proof_hub_instance_id TEXT,
  proof_match TEXT CHECK (proof_match IN ('hub_id', 'internal_id', 'machine_name')),
  proof_verified_time_us INTEGER,
  proof_reported_time_us INTEGER,
  last_contact_time_us INTEGER,
  create_time_us INTEGER NOT NULL,
  FOREIGN KEY (zone_id, tenant_id) REFERENCES zones (id, tenant_id),
  UNIQUE (zone_id, name),
  UNIQUE (id, zone_id)
) STRICT;

CREATE INDEX servers_by_tenant ON servers (tenant_id, zone_id, name);
CREATE INDEX servers_by_enrollment ON servers (zone_id, enrollment, tenant_id);
CREATE INDEX servers_unproven ON servers (zone_id)
  WHERE enrollment IN ('joined_unverified', 'in_doubt') AND claim_join_start_time_us IS NOT NULL;

CREATE TABLE server_labels (
  server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (server_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE bootstrap_tokens (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  zone_id TEXT NOT NULL,
  secret_hash TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('active', 'exhausted', 'expired', 'revoked', 'locked')),
  mode TEXT NOT NULL CHECK (mode IN ('auto', 'pending')),
  max_uses INTEGER NOT NULL CHECK (max_uses > 0),
  uses INTEGER NOT NULL CHECK (uses BETWEEN 0 AND max_uses),
  server_names TEXT NOT NULL,
  request_id TEXT UNIQUE,
  create_time_us INTEGER NOT NULL,
  expire_time_us INTEGER NOT NULL,
  FOREIGN KEY (zone_id, tenant_id) REFERENCES zones (id, tenant_id)
) STRICT;

CREATE INDEX bootstrap_tokens_by_time ON bootstrap_tokens (create_time_us);

CREATE TABLE token_refusals (
  sequence INTEGER PRIMARY KEY,
  token_id TEXT NOT NULL,
  time_us INTEGER NOT NULL,
  address TEXT NOT NULL,
  server_name TEXT NOT NULL,
  code TEXT NOT NULL
) STRICT;

CREATE INDEX token_refusals_by_token ON token_refusals (token_id, sequence);

CREATE TABLE worker_certificates (
  id TEXT PRIMARY KEY,
  server_id TEXT NOT NULL,
  zone_id TEXT NOT NULL,
  token_id TEXT REFERENCES bootstrap_tokens (id),
  state TEXT NOT NULL CHECK (state IN ('active', 'superseded', 'revoked', 'expired')),
  confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
  public_key_hash TEXT NOT NULL,
  not_before_us INTEGER NOT NULL,
  not_after_us INTEGER NOT NULL,
  create_time_us INTEGER NOT NULL,
  FOREIGN KEY (server_id, zone_id) REFERENCES servers (id, zone_id)
) STRICT;

CREATE INDEX worker_certificates_by_server ON worker_certificates (server_id, create_time_us);
CREATE INDEX worker_certificates_unconfirmed ON worker_certificates (token_id)
  WHERE state = 'active' AND confirmed = 0;

CREATE TABLE operators (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'tenant_admin', 'provider_admin')),
  public_key_hash TEXT NOT NULL,
  disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
  create_time_us INTEGER NOT NULL
) STRICT;

CREATE TABLE operator_tenants (
  operator_id TEXT NOT NULL REFERENCES operators (id),
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  PRIMARY KEY (operator_id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollouts (
  id TEXT PRIMARY KEY,
  tenant_id TEXT REFERENCES tenants (id),
  kind TEXT NOT NULL CHECK (kind IN ('probe', 'join')),
  state TEXT NOT NULL CHECK (state IN
    ('draft', 'planned', 'awaiting_approval', 'approved', 'denied', 'approval_expired', 'scheduled',
     'running', 'paused', 'completed', 'completed_with_stragglers', 'aborted', 'canceled')),
  reason TEXT NOT NULL,
  selection_tenant_id TEXT NOT NULL,
  selection_zone_id TEXT NOT NULL,
  selection_labels TEXT NOT NULL,
  selection_names TEXT NOT NULL,
  max_concurrency TEXT NOT NULL,
  max_failures TEXT NOT NULL,
  allow_takeover INTEGER NOT NULL CHECK (allow_takeover IN (0, 1)),
  forgiven_failures INTEGER NOT NULL,
  request_id TEXT UNIQUE,
  created_by TEXT NOT NULL,
  create_time_us INTEGER NOT NULL,
  deadline_us INTEGER NOT NULL,
  finish_time_us INTEGER,
  CHECK ((finish_time_us IS NOT NULL) = (state IN
    ('denied', 'approval_expired', 'completed', 'completed_with_stragglers', 'aborted', 'canceled')))
) STRICT;

CREATE INDEX rollouts_by_time ON rollouts (create_time_us, id);
CREATE INDEX rollouts_unfinished ON rollouts (create_time_us, id) WHERE finish_time_us IS NULL;

CREATE TABLE targets (
  rollout_id TEXT NOT NULL REFERENCES rollouts (id),
  server_id TEXT NOT NULL,
  zone_id TEXT NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  state TEXT NOT NULL CHECK (state IN
    ('waiting', 'in_flight', 'verifying', 'succeeded', 'failed', 'in_doubt', 'straggler',
     'canceled')),
  failure_code TEXT,
  failure_detail TEXT,
  attempts INTEGER NOT NULL,
  next_try_time_us INTEGER,
  finish_time_us INTEGER,
  PRIMARY KEY (rollout_id, server_id),
  FOREIGN KEY (server_id, zone_id) REFERENCES servers (id, zone_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX targets_by_name ON targets (rollout_id, zone_id, name);
CREATE INDEX targets_by_state ON targets (rollout_id, state, zone_id, name);
-- A server is in one unfinished rollout at most.
CREATE UNIQUE INDEX targets_one_unfinished ON targets (server_id)
  WHERE state IN ('waiting', 'in_flight', 'verifying', 'in_doubt');

-- How many targets of a rollout are in each state: kept in step by store/sqlite/target_table.cc.
CREATE TABLE target_counts (
  rollout_id TEXT NOT NULL REFERENCES rollouts (id),
  state TEXT NOT NULL,
  targets INTEGER NOT NULL CHECK (targets >= 0),
  PRIMARY KEY (rollout_id, state)
) STRICT, WITHOUT ROWID;

-- The zone lock (invariant 6): server and joining key must both be of the command's zone.
CREATE TABLE commands (
  id TEXT PRIMARY KEY,
  server_id TEXT NOT NULL,
  zone_id TEXT NOT NULL,
  rollout_id TEXT REFERENCES rollouts (id),
  kind TEXT NOT NULL CHECK (kind IN ('probe', 'join')),
  key_version_id TEXT,
  allow_takeover INTEGER NOT NULL CHECK (allow_takeover IN (0, 1)),
  create_time_us INTEGER NOT NULL,
  expire_time_us INTEGER NOT NULL,
  CHECK (kind = 'join' OR key_version_id IS NULL),
  FOREIGN KEY (server_id, zone_id) REFERENCES servers (id, zone_id),
  FOREIGN KEY (key_version_id, zone_id) REFERENCES joining_keys (id, zone_id),
  UNIQUE (id, server_id, kind)
) STRICT;

CREATE INDEX commands_by_expiry ON commands (expire_time_us);

CREATE TABLE attempts (
  id TEXT PRIMARY KEY,
  command_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  rollout_id TEXT REFERENCES rollouts (id),
  number INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('held', 'queued', 'sent', 'acknowledged', 'running', 'succeeded', 'failed', 'rejected',
     'timed_out', 'expired', 'canceled', 'in_doubt', 'settled')),
  reason TEXT NOT NULL,
  failure_code TEXT,
  failure_detail TEXT,
  create_time_us INTEGER NOT NULL,
  sent_time_us INTEGER,
  finish_time_us INTEGER,
  FOREIGN KEY (command_id, server_id, kind) REFERENCES commands (id, server_id, kind)
    ON DELETE CASCADE
) STRICT;

CREATE INDEX attempts_by_command ON attempts (command_id, create_time_us);
CREATE INDEX attempts_by_server ON attempts (server_id, create_time_us);
CREATE INDEX attempts_open ON attempts (server_id, create_time_us)
  WHERE state IN ('held', 'queued', 'sent', 'acknowledged', 'running', 'in_doubt');
-- One join in flight per server, ever (invariant 11).
CREATE UNIQUE INDEX attempts_one_open_join ON attempts (server_id)
  WHERE kind = 'join'
    AND state IN ('held', 'queued', 'sent', 'acknowledged', 'running', 'in_doubt');

CREATE TABLE audit_events (
  sequence INTEGER PRIMARY KEY,
  time_us INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;

CREATE INDEX audit_events_by_subject ON audit_events (subject, sequence);
CREATE INDEX audit_events_by_tenant ON audit_events (tenant_id, sequence);

CREATE TRIGGER audit_events_are_not_changed BEFORE UPDATE ON audit_events BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_events_are_not_deleted BEFORE DELETE ON audit_events BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
