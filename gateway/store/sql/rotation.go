package sql

import (
	"context"
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
)

const markDelivered = `UPDATE resources SET delivered_rev = $1,
 rotation_due = CASE WHEN rotation IN ('staged', 'reverting') AND rotation_due IS NULL AND rotation_rev <= $1 AND rotation_rev > delivered_rev
  THEN $2 + CASE WHEN rotation_sure = 1 THEN 0 ELSE rotation_grace END ELSE rotation_due END
 WHERE id = $3 AND delivered_rev < $1`

// MarkDelivered raises delivered_rev, and starts the grace of a rotation that
// waited for it.
func (t *Tx) MarkDelivered(id string, rev int64) error {
	_, err := t.run.Exec(background(), markDelivered, rev, millis(t.now), id)
	return err
}

const setRotation = `UPDATE resources SET rotation = $1, rotation_rev = $2, rotation_grace = $3, rotation_due = $4, rotation_sure = $5,
 rotation_forced = $6, rotated_at = $7, before_enc = $8 WHERE id = $9`

// SetRotation writes how far a rotation is.
func (t *Tx) SetRotation(r lifecycle.ResourceRecord) error {
	_, err := t.run.Exec(background(), setRotation,
		string(r.Rotation.Phase), r.Rotation.Rev, r.Rotation.Grace.Milliseconds(), millis(r.Rotation.Due), flag(r.Rotation.Sure),
		flag(r.Rotation.Forced), millis(r.RotatedAt), r.BeforeSealed, r.ID)
	if err != nil {
		return fmt.Errorf("write the rotation of %s: %w", r.ID, err)
	}
	return nil
}

// The first condition is that of the index.
const rotationsDue = `SELECT ` + resourceFacts + ` FROM resources
 WHERE rotation_due IS NOT NULL AND rotation_due <= $1 AND state = 'active' ORDER BY rotation_due LIMIT $2`

// RotationsDue lists resources whose rotation's next step is due.
func (r *Reader) RotationsDue(ctx context.Context, limit int) ([]gateway.Resource, error) {
	now, err := Clock(ctx, r.run, r.dialect)
	if err != nil {
		return nil, err
	}
	return r.resources(ctx, rotationsDue, millis(now), limit)
}

// living is what the index of add-ons and plans is about.
const unrotated = `SELECT ` + resourceFacts + ` FROM resources
 WHERE addon = $1 AND plan = $2 AND ` + living + ` AND state = 'active' AND kind = 'addon' AND rotation = ''
 AND COALESCE(rotated_at, created_at) <= $3 AND id > $4
 AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.resource_id = resources.id AND o.verb = 'rotate' AND o.created_at > $5) ORDER BY id LIMIT $6`

// Unrotated lists resources whose credentials are as old as a rule allows.
func (r *Reader) Unrotated(ctx context.Context, rule gateway.RotationRule, rest time.Duration, after string, limit int) ([]gateway.Resource, error) {
	now, err := Clock(ctx, r.run, r.dialect)
	if err != nil {
		return nil, err
	}
	return r.resources(ctx, unrotated, rule.Addon, rule.Plan, millis(now.Add(-rule.Every)), after, millis(now.Add(-rest)), limit)
}
