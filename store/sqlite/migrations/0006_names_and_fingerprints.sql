-- Names are compared in all scripts, secrets by fingerprints, and zone pins have versions.

-- FoldName (base/names.h) of the name: what makes it unique in its zone.
ALTER TABLE servers ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
UPDATE servers SET name_key = fold_name(name);
CREATE INDEX servers_by_key ON servers (zone_id, name_key);
-- Two that only A-Z told apart so far stay two: the younger one's key is no name.
UPDATE servers SET name_key = name_key || ' ' || id WHERE EXISTS (
  SELECT 1 FROM servers o WHERE o.zone_id = servers.zone_id AND o.name_key = servers.name_key
    AND o.id < servers.id);
DROP INDEX servers_by_key;
CREATE UNIQUE INDEX servers_by_key ON servers (zone_id, name_key);

-- KeyVault::Fingerprint of the secret; '' where it was sealed before there were any.
ALTER TABLE joining_keys ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
ALTER TABLE zones ADD COLUMN verifier_fingerprint TEXT NOT NULL DEFAULT '';

-- Counts what a worker's zone pin was built from: the hub URL.
ALTER TABLE zones ADD COLUMN pin_version INTEGER NOT NULL DEFAULT 1 CHECK (pin_version > 0);
