-- +goose Up
-- A rotation of the credentials that is under way; see gateway.Rotation. What they
-- were before is sealed, and kept until it is over.
ALTER TABLE resources ADD COLUMN rotation TEXT NOT NULL DEFAULT '';
ALTER TABLE resources ADD COLUMN rotation_rev INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resources ADD COLUMN rotation_grace INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resources ADD COLUMN rotation_due INTEGER;
ALTER TABLE resources ADD COLUMN rotation_sure INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resources ADD COLUMN rotation_forced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resources ADD COLUMN before_enc BLOB;
-- When the credentials were last replaced.
ALTER TABLE resources ADD COLUMN rotated_at INTEGER;
-- The next steps of rotations: nearly empty.
CREATE INDEX resources_rotating ON resources (rotation_due) WHERE rotation_due IS NOT NULL;
