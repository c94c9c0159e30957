-- The machines that use a worker's identity: one, or a restored backup and what it was taken of, or clones. Each has a chain of
-- nonces of its own, by which it is told from the others.
CREATE TABLE identity_machines (
  id TEXT PRIMARY KEY,
  server_id TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
  standing TEXT NOT NULL CHECK (standing IN ('known', 'cloned', 'put_out')),
  shown TEXT NOT NULL,             -- '': of a worker that knows no nonces.
  issued TEXT NOT NULL,            -- A list: handed out since.
  machine_name TEXT NOT NULL,
  machine_id_hash TEXT NOT NULL,
  boot TEXT NOT NULL,
  address TEXT NOT NULL,
  first_seen_us INTEGER NOT NULL,
  last_seen_us INTEGER NOT NULL,
  returned_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_machines_by_server ON identity_machines (server_id);
CREATE INDEX identity_machines_contested ON identity_machines (server_id) WHERE standing <> 'known';
