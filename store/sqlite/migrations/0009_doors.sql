-- What the doors remember: whom a token admits, when a server's admission changed, and what is wrong
-- with a server. Only additions: older programs can use the file.

-- 1: the token admits names that the inventory does not expect.
ALTER TABLE bootstrap_tokens ADD COLUMN any_name INTEGER NOT NULL DEFAULT 0
  CHECK (any_name IN (0, 1));

-- When admission changed last; NULL: not since this column exists.
ALTER TABLE servers ADD COLUMN admission_time_us INTEGER;

-- A machine or a name that another zone knows is recognized at the bootstrap.
CREATE INDEX servers_by_machine ON servers (machine_id_hash) WHERE machine_id_hash <> '';
CREATE INDEX servers_by_name_key ON servers (name_key);

CREATE TABLE server_observations (
  server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
  code TEXT NOT NULL,
  detail TEXT NOT NULL,
  first_seen_us INTEGER NOT NULL,
  last_seen_us INTEGER NOT NULL,
  times INTEGER NOT NULL CHECK (times > 0),
  PRIMARY KEY (server_id, code)
) STRICT, WITHOUT ROWID;
