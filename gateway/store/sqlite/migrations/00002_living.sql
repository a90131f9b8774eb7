-- +goose Up
-- What quotas count, as one list of index entries for each add-on and plan. The
-- rest of the columns is there so that counting, and grouping by all names of
-- the configuration, never reads the rows themselves.
CREATE INDEX resources_living ON resources (addon, plan, platform, region, backend, state)
	WHERE state NOT IN ('deprovisioning', 'deprovisioned', 'failed');
-- The same by owner; platforms that do not tell owners cost nothing.
CREATE INDEX resources_owned ON resources (owner_id, addon, platform, state)
	WHERE owner_id <> '' AND state NOT IN ('deprovisioning', 'deprovisioned', 'failed');
-- What is being changed to a plan: nearly empty.
CREATE INDEX resources_leading ON resources (addon, desired_plan) WHERE desired_plan <> '';

-- soft or purge, of a deprovision. One of an earlier version purges.
ALTER TABLE operations ADD COLUMN mode TEXT NOT NULL DEFAULT '';

-- The renames that the configuration asked for when it was last loaded.
CREATE TABLE renames (
	what     TEXT NOT NULL,
	addon    TEXT NOT NULL,
	old_name TEXT NOT NULL,
	new_name TEXT NOT NULL,
	PRIMARY KEY (what, addon, old_name, new_name)
) WITHOUT ROWID;
