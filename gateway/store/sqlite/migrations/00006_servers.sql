-- +goose Up
-- Servers and SSH keys are made by actions of their backend. The arguments are
-- kept for repeats; the credentials of whoever ordered are kept nowhere.
ALTER TABLE operations ADD COLUMN action TEXT NOT NULL DEFAULT '';
ALTER TABLE operations ADD COLUMN args_enc BLOB;
ALTER TABLE operations ADD COLUMN credentialed INTEGER NOT NULL DEFAULT 0;

-- What is rented, or still being removed.
CREATE INDEX resources_servers ON resources (addon, platform, owner_id, region)
	WHERE kind = 'server' AND state NOT IN ('deprovisioned', 'failed');

-- What waits for its caller's credentials: nearly empty.
CREATE INDEX operations_uncredentialed ON operations (resource_id) WHERE waiting_for = 'credentials';

-- What the gateway keeps beside resources: a catalog, an id that was served.
-- One of the columns holds it, the other is for what is secret.
CREATE TABLE documents (
	name     TEXT PRIMARY KEY,
	body     TEXT,
	body_enc BLOB,
	kept_at  INTEGER NOT NULL
) WITHOUT ROWID;
