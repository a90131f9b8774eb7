-- +goose Up
-- The addresses of an owner's members, as the platform's own API tells them.
ALTER TABLE resources ADD COLUMN owner_emails TEXT;
-- What platforms may not have received.
CREATE INDEX resources_undelivered ON resources (id) WHERE config_rev > delivered_rev AND state = 'active';
