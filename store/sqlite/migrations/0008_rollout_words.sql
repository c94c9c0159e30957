-- States that say what is the case: a rollout that awaits its last targets is "canceling", not paused;
-- one whose targets failed is not plainly "completed". A check is part of its table, so the table is
-- made anew; its children's references are checked at the commit.
PRAGMA defer_foreign_keys = ON;

CREATE TABLE rollouts_before AS SELECT * FROM rollouts;
DROP TABLE rollouts;

CREATE TABLE rollouts (
  id TEXT PRIMARY KEY,
  tenant_id TEXT REFERENCES tenants (id),
  kind TEXT NOT NULL CHECK (kind IN ('probe', 'join')),
  state TEXT NOT NULL CHECK (state IN
    ('draft', 'planned', 'awaiting_approval', 'approved', 'denied', 'approval_expired', 'scheduled',
     'running', 'paused', 'canceling', 'completed', 'completed_with_stragglers',
     'completed_with_failures', 'aborted', 'canceled')),
  reason TEXT NOT NULL,
  selection_tenant_id TEXT NOT NULL,
  selection_zone_id TEXT NOT NULL,
  selection_labels TEXT NOT NULL,
  selection_names TEXT NOT NULL,
  max_concurrency TEXT NOT NULL,
  max_failures TEXT NOT NULL,
  max_in_doubt TEXT NOT NULL,
  allow_takeover INTEGER NOT NULL CHECK (allow_takeover IN (0, 1)),
  forgiven_failures INTEGER NOT NULL,
  -- Servers that fit the selection and were left to other rollouts; empty: none.
  note TEXT NOT NULL,
  request_id TEXT UNIQUE,
  created_by TEXT NOT NULL,
  create_time_us INTEGER NOT NULL,
  deadline_us INTEGER NOT NULL,
  finish_time_us INTEGER,
  CHECK ((finish_time_us IS NOT NULL) = (state IN
    ('denied', 'approval_expired', 'completed', 'completed_with_stragglers',
     'completed_with_failures', 'aborted', 'canceled')))
) STRICT;

INSERT INTO rollouts SELECT id, tenant_id, kind,
  CASE WHEN state = 'paused' AND reason LIKE 'canceling%' THEN 'canceling' ELSE state END,
  reason, selection_tenant_id, selection_zone_id, selection_labels, selection_names, max_concurrency,
  max_failures, max_in_doubt, allow_takeover, forgiven_failures, '', request_id, created_by,
  create_time_us, deadline_us, finish_time_us FROM rollouts_before;
DROP TABLE rollouts_before;

CREATE INDEX rollouts_by_time ON rollouts (create_time_us, id);
CREATE INDEX rollouts_unfinished ON rollouts (create_time_us, id) WHERE finish_time_us IS NULL;

-- The hub that was read: another hub's count says nothing about this one's. Empty: not known.
ALTER TABLE hub_readings ADD COLUMN hub_url TEXT NOT NULL DEFAULT '';
