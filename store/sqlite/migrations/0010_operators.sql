-- Operators who come, renew their certificates and go while the orchestrator runs; and what was made
-- on which request, for those who ask again.
PRAGMA defer_foreign_keys = ON;

CREATE TABLE operators_before AS SELECT * FROM operators;
CREATE TABLE operator_tenants_before AS SELECT * FROM operator_tenants;
DROP TABLE operator_tenants;
DROP TABLE operators;

CREATE TABLE operators (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL COLLATE NOCASE,
  role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'tenant_admin', 'provider_admin')),
  created_by TEXT NOT NULL,
  create_time_us INTEGER NOT NULL,
  -- NULL: may come in. Never taken back.
  revoke_time_us INTEGER,
  revoked_by TEXT NOT NULL,
  revoke_reason TEXT NOT NULL
) STRICT;

-- Not unique: tenants that do not know of each other may both have an ann.
CREATE INDEX operators_by_name ON operators (name) WHERE revoke_time_us IS NULL;

CREATE TABLE operator_tenants (
  operator_id TEXT NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  PRIMARY KEY (operator_id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX operator_tenants_by_tenant ON operator_tenants (tenant_id);

CREATE TABLE operator_certificates (
  operator_id TEXT NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
  public_key_hash TEXT NOT NULL,
  -- Both '' for a certificate that was made before they were kept.
  serial TEXT NOT NULL,
  certificate_pem TEXT NOT NULL,
  -- Accepted until then: its own end, or sooner once there is a newer one.
  not_after_us INTEGER NOT NULL,
  create_time_us INTEGER NOT NULL,
  PRIMARY KEY (operator_id, public_key_hash)
) STRICT, WITHOUT ROWID;

INSERT INTO operators SELECT id, name, role, 'system', create_time_us,
  CASE disabled WHEN 1 THEN create_time_us END, '', '' FROM operators_before;
INSERT INTO operator_tenants SELECT operator_id, tenant_id FROM operator_tenants_before;
-- They were all made for 365 days.
INSERT INTO operator_certificates SELECT id, public_key_hash, '', '',
  create_time_us + 31536000000000, create_time_us FROM operators_before;
DROP TABLE operators_before;
DROP TABLE operator_tenants_before;

CREATE TABLE request_ids (
  actor TEXT NOT NULL,
  tenant_id TEXT NOT NULL,  -- '': of no one tenant.
  request_id TEXT NOT NULL,
  content_hash TEXT NOT NULL,  -- SHA-256 of the request; '': made before it was kept.
  made TEXT NOT NULL,  -- Id of what the request made.
  create_time_us INTEGER NOT NULL,
  PRIMARY KEY (actor, tenant_id, request_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX request_ids_by_time ON request_ids (create_time_us);

INSERT OR IGNORE INTO request_ids SELECT created_by,
  CASE WHEN selection_tenant_id <> '' THEN selection_tenant_id
    WHEN instr(selection_zone_id, '/') > 0
      THEN substr(selection_zone_id, 1, instr(selection_zone_id, '/') - 1)
    ELSE '' END,
  request_id, '', id, create_time_us FROM rollouts WHERE request_id IS NOT NULL;
-- A token's maker stands in the audit log alone.
INSERT OR IGNORE INTO request_ids SELECT e.actor, t.tenant_id, t.request_id, '', t.id,
  t.create_time_us FROM audit_events e JOIN bootstrap_tokens t ON t.id = e.subject
  WHERE e.action = 'token.create' AND t.request_id IS NOT NULL;
-- The columns stay, empty from now on.
UPDATE rollouts SET request_id = NULL WHERE request_id IS NOT NULL;
UPDATE bootstrap_tokens SET request_id = NULL WHERE request_id IS NOT NULL;
