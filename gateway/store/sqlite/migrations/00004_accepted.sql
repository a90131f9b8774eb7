-- +goose Up
-- The platform's id of the customer's application.
ALTER TABLE resources ADD COLUMN app TEXT NOT NULL DEFAULT '';
-- Whether the platform was answered before the resource was there.
ALTER TABLE resources ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;
-- Why it is suspended.
ALTER TABLE resources ADD COLUMN reason TEXT NOT NULL DEFAULT '';
