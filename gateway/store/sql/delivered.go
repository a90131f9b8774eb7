package sql

import (
	"context"
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway"
)

const setParticulars = `UPDATE resources SET name = $1, owner_id = $2, owner_name = $3, owner_email = $4, owner_emails = $5 WHERE id = $6`

// SetParticulars writes what the platform's own API tells of a resource.
func (t *Tx) SetParticulars(id string, p gateway.Particulars) error {
	emails, err := textList(p.Emails)
	if err != nil {
		return err
	}
	if _, err := t.run.Exec(background(), setParticulars, p.Name, p.Owner.ID, p.Owner.Name, p.Owner.Email, emails, id); err != nil {
		return fmt.Errorf("write the particulars of %s: %w", id, err)
	}
	return nil
}

// The first two conditions are those of the index.
const undelivered = `SELECT ` + resourceFacts + ` FROM resources r
 WHERE config_rev > delivered_rev AND state = 'active' AND id > $1 AND updated_at <= $2
 AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.resource_id = r.id AND o.state IN ('pending', 'running')
  AND (o.verb = 'push' OR o.verb = 'complete' AND o.waiting_for <> 'human'))
 ORDER BY id LIMIT $3`

// Undelivered lists resources whose newest config nobody has received.
func (r *Reader) Undelivered(ctx context.Context, since time.Duration, after string, limit int) ([]gateway.Resource, error) {
	now, err := Clock(ctx, r.run, r.dialect)
	if err != nil {
		return nil, err
	}
	return r.resources(ctx, undelivered, after, millis(now.Add(-since)), limit)
}
