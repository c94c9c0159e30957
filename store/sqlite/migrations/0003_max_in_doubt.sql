-- Doubt has a limit of its own (docs/decisions/target-states.md). Only additions: older programs can use the file.

-- As written: "10" or "10%"; empty: the default.
ALTER TABLE rollouts ADD COLUMN max_in_doubt TEXT NOT NULL DEFAULT '';

-- 1: the rollout was resumed while the target was in doubt; this doubt counts no more.
ALTER TABLE targets ADD COLUMN doubt_forgiven INTEGER NOT NULL DEFAULT 0
  CHECK (doubt_forgiven IN (0, 1));
