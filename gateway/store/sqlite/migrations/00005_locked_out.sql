-- +goose Up
-- Whether the backend has suspended it, or may have; of what is suspended already
-- nobody knows.
ALTER TABLE resources ADD COLUMN locked_out INTEGER NOT NULL DEFAULT 0;
UPDATE resources SET locked_out = 1 WHERE state = 'suspended';
