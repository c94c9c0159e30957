-- What vouches for the end of the audit log from outside of its chain, and where the log begins once
-- its oldest events are out of the retention. Signed by the key in audit/ of the data directory.
CREATE TABLE audit_heads (
  sequence INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind = 'head' OR kind = 'checkpoint' OR kind = 'restored'),
  hash BLOB NOT NULL,
  time_us INTEGER NOT NULL,
  before INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (sequence, kind)
) STRICT, WITHOUT ROWID;

DROP TRIGGER audit_events_are_not_deleted;
CREATE TRIGGER audit_events_are_not_deleted BEFORE DELETE ON audit_events
WHEN OLD.sequence > coalesce(
  (SELECT max(sequence) FROM audit_heads WHERE kind = 'checkpoint'), 0) BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
