-- +goose Up
-- Times are milliseconds since 1970, from the database's clock. Columns that
-- end in _enc are sealed: the database never sees what they hold.

CREATE TABLE resources (
	id               TEXT NOT NULL PRIMARY KEY,
	short_id         TEXT NOT NULL UNIQUE,
	provider_id      TEXT NOT NULL,
	kind             TEXT NOT NULL,
	platform         TEXT NOT NULL,
	addon            TEXT NOT NULL,
	external_id      TEXT NOT NULL,
	plan             TEXT NOT NULL,
	desired_plan     TEXT NOT NULL DEFAULT '',
	region           TEXT NOT NULL,
	backend          TEXT NOT NULL,
	name             TEXT NOT NULL DEFAULT '',
	options          TEXT,
	owner_id         TEXT NOT NULL DEFAULT '',
	owner_name       TEXT NOT NULL DEFAULT '',
	owner_email      TEXT NOT NULL DEFAULT '',
	user_id          TEXT NOT NULL DEFAULT '',
	callback_url     TEXT NOT NULL DEFAULT '',
	log_drain_url    TEXT NOT NULL DEFAULT '',
	state            TEXT NOT NULL CHECK (state IN ('pooled', 'provisioning', 'active', 'updating', 'suspended', 'deprovisioning', 'deprovisioned', 'failed')),
	last_error       TEXT NOT NULL DEFAULT '',
	config_rev       INTEGER NOT NULL DEFAULT 0,
	delivered_rev    INTEGER NOT NULL DEFAULT 0,
	version          INTEGER NOT NULL DEFAULT 1,
	created_at       INTEGER NOT NULL,
	updated_at       INTEGER NOT NULL,
	deleted_at       INTEGER,
	outputs_enc      BLOB,
	secrets_enc      BLOB,
	state_enc        BLOB,
	delivery_enc     BLOB,
	first_config_enc BLOB,
	log_token_enc    BLOB
);

-- Most platforms know a resource by its id; only the others need an index.
CREATE UNIQUE INDEX resources_provider ON resources (provider_id) WHERE provider_id <> id;
-- A platform's id names one living resource.
CREATE UNIQUE INDEX resources_external ON resources (external_id, addon, platform) WHERE state <> 'deprovisioned';
-- Tombstones by the platform's id, and an operator's search by it.
CREATE INDEX resources_by_external ON resources (external_id) WHERE state = 'deprovisioned';

CREATE TABLE operations (
	id               TEXT NOT NULL PRIMARY KEY,
	lane             TEXT NOT NULL,
	seq              INTEGER NOT NULL, -- the order within the resource, and so within its lanes
	resource_id      TEXT NOT NULL REFERENCES resources (id),
	verb             TEXT NOT NULL,
	backend          TEXT NOT NULL,
	plan             TEXT NOT NULL,
	state            TEXT NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed', 'cancelled')),
	step             TEXT NOT NULL DEFAULT '',
	attempt          INTEGER NOT NULL DEFAULT 0,
	max_attempts     INTEGER NOT NULL,
	run_at           INTEGER,
	waiting_for      TEXT NOT NULL DEFAULT '',
	owner            TEXT NOT NULL DEFAULT '',
	lease_until      INTEGER,
	cancel_requested INTEGER NOT NULL DEFAULT 0,
	acted            INTEGER NOT NULL DEFAULT 0,
	error            TEXT NOT NULL DEFAULT '',
	failure_kind     TEXT NOT NULL DEFAULT '',
	failure_message  TEXT NOT NULL DEFAULT '',
	created_at       INTEGER NOT NULL,
	finished_at      INTEGER,
	input_enc        BLOB,
	old_plan_enc     BLOB,
	state_enc        BLOB,
	UNIQUE (resource_id, seq)
);

-- One operation of a lane runs at a time.
CREATE UNIQUE INDEX operations_running ON operations (lane) WHERE state = 'running';
-- What is pending, as one queue for each verb of each backend.
CREATE INDEX operations_due ON operations (verb, backend, run_at) WHERE state = 'pending';

CREATE TABLE nodes (
	id           TEXT PRIMARY KEY,
	epoch        INTEGER NOT NULL,
	version      TEXT NOT NULL,
	started_at   INTEGER NOT NULL,
	heartbeat_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE keysets (
	id         TEXT PRIMARY KEY,
	keyset     BLOB NOT NULL,
	updated_at INTEGER NOT NULL
) WITHOUT ROWID;
