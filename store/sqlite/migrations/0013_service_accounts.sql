-- The account that is believed to be the Certify service's on a zone's servers, besides root; '': none.
ALTER TABLE zones ADD COLUMN service_account TEXT NOT NULL DEFAULT '';
