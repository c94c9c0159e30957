-- An operator lets in one key, a request that was answered is answered again with the same
-- certificate, and refusals are kept in sums.

-- PEM; '': made before it was kept.
ALTER TABLE worker_certificates ADD COLUMN certificate_pem TEXT NOT NULL DEFAULT '';

-- 1: an operator let in the server with this key.
ALTER TABLE worker_certificates ADD COLUMN admitted INTEGER NOT NULL DEFAULT 0
  CHECK (admitted IN (0, 1));

-- Who was let in and has not come yet. Of two keys nobody knows which one was meant.
UPDATE worker_certificates SET admitted = 1 WHERE state = 'active' AND confirmed = 0
  AND server_id IN (SELECT id FROM servers WHERE admission = 'admitted')
  AND (SELECT count(DISTINCT other.public_key_hash) FROM worker_certificates AS other
       WHERE other.server_id = worker_certificates.server_id AND other.state = 'active') = 1;

-- How many refusals the row stands for.
ALTER TABLE token_refusals ADD COLUMN times INTEGER NOT NULL DEFAULT 1 CHECK (times > 0);
