package sql

import (
	"context"
	"fmt"
	"strings"

	"github.com/addongw/addongw/gateway"
)

// How long listings may be.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// filter collects conditions and their arguments.
type filter struct {
	conditions []string
	args       []any
}

// equal demands column = value, unless value is empty.
func (f *filter) equal(column, value string) { f.compare(column+" =", value) }

func (f *filter) compare(left, value string) {
	if value == "" {
		return
	}
	f.args = append(f.args, value)
	f.conditions = append(f.conditions, left+" "+placeholders(len(f.args), 1))
}

// statement selects the newest rows that fit; ids sort by age.
func (f *filter) statement(columns, table string, limit int) (string, []any) {
	if limit <= 0 {
		limit = defaultLimit
	}
	where := ""
	if len(f.conditions) > 0 {
		where = " WHERE " + strings.Join(f.conditions, " AND ")
	}
	f.args = append(f.args, min(limit, maxLimit))
	return "SELECT " + columns + " FROM " + table + where + " ORDER BY id DESC LIMIT " + placeholders(len(f.args), 1), f.args
}

// Resources lists resources, newest first.
func (r *Reader) Resources(ctx context.Context, want gateway.ResourceFilter) ([]gateway.Resource, error) {
	var f filter
	f.equal("platform", want.Platform)
	f.equal("addon", want.Addon)
	f.equal("plan", want.Plan)
	f.equal("region", want.Region)
	f.equal("state", string(want.State))
	f.equal("kind", string(want.Kind))
	f.compare("id <", want.After)
	statement, args := f.statement(resourceFacts, "resources", want.Limit)
	return r.resources(ctx, statement, args...)
}

func (r *Reader) resources(ctx context.Context, statement string, args ...any) (found []gateway.Resource, err error) {
	err = each(ctx, r.run, func(row scanner) error {
		var res gateway.Resource
		if err := scanResource(row, &res); err != nil {
			return err
		}
		found = append(found, res)
		return nil
	}, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("list resources: %w", err)
	}
	return found, nil
}

const resourcesNamed = `SELECT ` + resourceFacts + ` FROM resources WHERE id = $1 OR short_id = $1
 OR (provider_id = $1 AND provider_id <> id)
 OR (external_id = $1 AND state <> 'deprovisioned') OR (external_id = $1 AND state = 'deprovisioned')
 ORDER BY id DESC LIMIT 100`

const resourcesBeginning = `SELECT ` + resourceFacts + ` FROM resources WHERE (id >= $1 AND id < $2)
 OR (short_id >= $1 AND short_id < $2)
 OR (provider_id >= $1 AND provider_id < $2 AND provider_id <> id)
 OR (external_id >= $1 AND external_id < $2 AND state <> 'deprovisioned')
 OR (external_id >= $1 AND external_id < $2 AND state = 'deprovisioned')
 ORDER BY id DESC LIMIT 100`

// FindResource finds one resource by our id, its short id, the id the platform
// was given, the platform's own id, or a unique beginning of one of them. Of
// several the only living one is meant.
func (r *Reader) FindResource(ctx context.Context, id string) (gateway.Resource, error) {
	found, err := r.resources(ctx, resourcesNamed, id)
	if err == nil && len(found) == 0 && id != "" {
		found, err = r.resources(ctx, resourcesBeginning, id, prefixEnd(id))
	}
	if err != nil {
		return gateway.Resource{}, err
	}
	if len(found) > 1 {
		found = livingOnly(found)
	}
	switch len(found) {
	case 0:
		return gateway.Resource{}, gateway.Errorf(gateway.NotFound, "there is no resource %q", id)
	case 1:
		return found[0], nil
	}
	return gateway.Resource{}, gateway.Errorf(gateway.Conflict, "%q may be %s or %s: write more of the id", id, found[0].ID, found[1].ID)
}

// livingOnly drops tombstones, if anything living is left then.
func livingOnly(found []gateway.Resource) []gateway.Resource {
	var living []gateway.Resource
	for _, res := range found {
		if res.State != gateway.Deprovisioned {
			living = append(living, res)
		}
	}
	if len(living) == 0 {
		return found
	}
	return living
}

// prefixEnd returns the first text after all that begin with prefix, in the
// order of bytes.
func prefixEnd(prefix string) string { return prefix + "\U0010ffff" }

// Operations lists operations, newest first.
func (r *Reader) Operations(ctx context.Context, want gateway.OperationFilter) ([]gateway.Operation, error) {
	var f filter
	f.equal("resource_id", want.ResourceID)
	f.equal("state", string(want.State))
	if want.Waiting {
		f.conditions = append(f.conditions, "state = 'pending' AND waiting_for <> ''")
	}
	f.compare("id <", want.After)
	statement, args := f.statement(operationFacts, "operations", want.Limit)
	return r.operations(ctx, statement, args...)
}

func (r *Reader) operations(ctx context.Context, statement string, args ...any) (found []gateway.Operation, err error) {
	err = each(ctx, r.run, func(row scanner) error {
		var op gateway.Operation
		if err := scanOperation(row, &op); err != nil {
			return err
		}
		found = append(found, op)
		return nil
	}, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("list operations: %w", err)
	}
	return found, nil
}

// FindOperation finds one operation by its id or a unique beginning of it.
func (r *Reader) FindOperation(ctx context.Context, id string) (gateway.Operation, error) {
	found, err := r.operations(ctx, `SELECT `+operationFacts+` FROM operations WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 2`, id, prefixEnd(id))
	switch {
	case err != nil:
		return gateway.Operation{}, err
	case len(found) == 0 || id == "":
		return gateway.Operation{}, gateway.Errorf(gateway.NotFound, "there is no operation %q", id)
	case len(found) == 1 || found[0].ID == id:
		return found[0], nil
	}
	return gateway.Operation{}, gateway.Errorf(gateway.Conflict, "%q may be %s or %s: write more of the id", id, found[0].ID, found[1].ID)
}
