-- A machine that was not let in is known again by its key, under whatever name it comes.
CREATE INDEX worker_certificates_by_key ON worker_certificates (public_key_hash);
