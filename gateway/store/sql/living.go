package sql

import (
	"context"
	"fmt"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
)

// living is the condition of the indexes that quotas are counted in; it must be
// written as there.
const living = `state NOT IN ('deprovisioning', 'deprovisioned', 'failed')`

const (
	livingOfAddon = `SELECT COUNT(*) FROM (SELECT 1 FROM resources WHERE addon = $1 AND ` + living + ` LIMIT $2) AS l`
	livingOfOwner = `SELECT COUNT(*) FROM (SELECT 1 FROM resources
 WHERE addon = $1 AND platform = $2 AND owner_id = $3 AND owner_id <> '' AND ` + living + ` LIMIT $4) AS l`
	livingOfPlan = `SELECT COUNT(*) FROM (
 SELECT 1 FROM resources WHERE addon = $1 AND plan = $2 AND ` + living + `
 UNION ALL
 SELECT 1 FROM resources WHERE addon = $1 AND desired_plan = $2 AND desired_plan <> '' AND plan <> $2 AND ` + living + `
 LIMIT $3) AS l`
)

// CountLiving counts what a quota counts.
func (t *Tx) CountLiving(which lifecycle.Living, most int) (n int, err error) {
	statement, args := livingOfAddon, []any{which.Addon, most}
	switch {
	case which.Servers:
		statement, args = serversOfProvider, []any{which.Addon, which.Platform, most}
	case which.Owner != "":
		statement, args = livingOfOwner, []any{which.Addon, which.Platform, which.Owner, most}
	case which.Plan != "":
		statement, args = livingOfPlan, []any{which.Addon, which.Plan, most}
	}
	if err = one(background(), t.run, func(row scanner) error { return row.Scan(&n) }, statement, args...); err != nil {
		return 0, fmt.Errorf("count the resources of %s: %w", which.Addon, err)
	}
	return n, nil
}

// A resource that is being removed, or whose data is kept, has a live
// deprovision, so the few of them are found among the operations. So is the
// clean-up by a backend that an order repeated meanwhile does not use any more.
//
// Each half of the operations has an index of its own.
const inUse = `SELECT platform, addon, plan, region, backend, SUM(n) FROM (
 SELECT platform, addon, plan, region, backend, COUNT(*) AS n FROM resources WHERE ` + living + `
 GROUP BY addon, plan, platform, region, backend
 UNION ALL
 SELECT platform, addon, desired_plan, region, backend, 1 FROM resources WHERE desired_plan <> '' AND ` + living + `
 UNION ALL
 ` + removalIs + `'pending'
 UNION ALL
 ` + removalIs + `'running'
) AS u GROUP BY platform, addon, plan, region, backend ORDER BY addon, plan, platform, region, backend`

const removalIs = `SELECT r.platform, r.addon, o.plan, r.region, o.backend, 1 FROM operations o JOIN resources r ON r.id = o.resource_id
 WHERE o.verb = 'deprovision' AND (r.state IN ('deprovisioning', 'deprovisioned') OR o.backend <> r.backend) AND o.state = `

// InUse groups living resources by the names that they need.
func (r *Reader) InUse(ctx context.Context) (found []gateway.InUse, err error) {
	err = each(ctx, r.run, func(row scanner) error {
		var u gateway.InUse
		if err := row.Scan(&u.Platform, &u.Addon, &u.Plan, &u.Region, &u.Backend, &u.Count); err != nil {
			return err
		}
		found = append(found, u)
		return nil
	}, inUse)
	if err != nil {
		return nil, fmt.Errorf("group living resources: %w", err)
	}
	return found, nil
}
