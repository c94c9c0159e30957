-- Which events are about a subject, at a fraction of the price.
--
-- An index by subject makes each event write a page of its own: subjects come in any order. Entries
-- are made later instead, many in order, when the orchestrator has nothing better to do. What lies
-- behind audit_indexed is found by reading it.
DROP INDEX audit_events_by_subject;

CREATE TABLE audit_subjects (
  subject TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (subject, sequence)
) STRICT, WITHOUT ROWID;

-- One row: the last event with an entry.
CREATE TABLE audit_indexed (sequence INTEGER NOT NULL) STRICT;

INSERT INTO audit_subjects SELECT subject, sequence FROM audit_events ORDER BY subject, sequence;
INSERT INTO audit_indexed SELECT coalesce(max(sequence), 0) FROM audit_events;
