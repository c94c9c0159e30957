-- Each tenant's events are a chain of their own inside of the log's: a link covers the event and the
-- tenant's link before it, and the event's hash covers the link. So a tenant can be shown its events,
-- without gap, without those of others. Events from before have no link.
ALTER TABLE audit_events ADD COLUMN link BLOB;

-- Where the chain of a tenant had come at the last of its events that was pruned.
CREATE TABLE audit_ends (
  tenant_id TEXT PRIMARY KEY,
  sequence INTEGER NOT NULL,
  link BLOB NOT NULL
) STRICT, WITHOUT ROWID;
