package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
)

// unusable is the connection limit that PostgreSQL writes into a database
// whose DROP was interrupted. Nothing but another DROP works on it.
const unusable = -2

// closed is the connection limit of a login that a rotation has ended, or has
// only begun to make: nobody is let in by it, not after a resume either. Plans
// allow at least one connection.
const closed = 0

// found is what the server has under a target's names.
type found struct {
	group, login, other role
	database, staging   database
}

// role is a role of the server. One that does not exist has only its name.
type role struct {
	name     string
	exists   bool
	marker   string
	canLogin bool
	limit    int
	settings []string // name=value
}

// database is a database of the server; the zero value is one that does not
// exist.
type database struct {
	exists     bool
	marker     string // without the purge date
	kept       bool   // it was deprovisioned softly
	purgeAfter time.Time
	limit      int
	owned      bool // we may act as its owner
}

// inspect looks at everything that has one of the target's names. It needs no
// rights and changes nothing.
func inspect(ctx context.Context, conn *pgx.Conn, t target) (found, error) {
	f := found{group: role{name: t.group()}, login: role{name: t.login()}, other: role{name: t.other()}}
	if err := inspectRoles(ctx, conn, map[string]*role{t.group(): &f.group, t.login(): &f.login, t.other(): &f.other}); err != nil {
		return found{}, fmt.Errorf("look for the roles: %w", err)
	}
	if err := inspectDatabases(ctx, conn, map[string]*database{t.database: &f.database, t.staging(): &f.staging}); err != nil {
		return found{}, fmt.Errorf("look for the database: %w", err)
	}
	return f, nil
}

func inspectRoles(ctx context.Context, conn *pgx.Conn, wanted map[string]*role) error {
	rows, err := conn.Query(ctx, `
		SELECT rolname, coalesce(shobj_description(oid, 'pg_authid'), ''), rolcanlogin, rolconnlimit, coalesce(rolconfig, '{}')
		FROM pg_roles WHERE rolname = ANY($1::name[])`, keys(wanted))
	if err != nil {
		return err
	}
	var r role
	_, err = pgx.ForEachRow(rows, []any{&r.name, &r.marker, &r.canLogin, &r.limit, &r.settings}, func() error {
		r.exists = true
		*wanted[r.name] = r
		r = role{} // the next row's settings must not share this one's array
		return nil
	})
	return err
}

func inspectDatabases(ctx context.Context, conn *pgx.Conn, wanted map[string]*database) error {
	rows, err := conn.Query(ctx, `
		SELECT datname, coalesce(shobj_description(oid, 'pg_database'), ''), datconnlimit, pg_has_role(datdba, 'USAGE')
		FROM pg_database WHERE datname = ANY($1::name[])`, keys(wanted))
	if err != nil {
		return err
	}
	var name, comment string
	var d database
	_, err = pgx.ForEachRow(rows, []any{&name, &comment, &d.limit, &d.owned}, func() error {
		d.exists = true
		d.marker, d.purgeAfter, d.kept = readMarker(comment)
		*wanted[name] = d
		return nil
	})
	return err
}

func keys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	return names
}

// conflict is the answer where something that is not the target's has one of
// its names. It is never adopted: it may be another customer's.
func (f found) conflict(t target) error {
	for _, r := range []role{f.group, f.login, f.other} {
		if r.exists && r.marker != t.marker() {
			return backend.Failf(backend.Conflict, "role %q exists and is not this resource's (its comment is not %q)", r.name, t.marker())
		}
	}
	switch {
	case f.database.exists && f.database.marker != t.marker():
		return backend.Failf(backend.Conflict, "database %q exists and is not this resource's (its comment is not %q)", t.database, t.marker())
	case f.database.exists && !f.database.owned:
		return backend.Failf(backend.Conflict, "database %q is this resource's but belongs to another role: make the provisioner a member of its owner", t.database)
	case f.staging.exists && !f.staging.owned:
		return backend.Failf(backend.Conflict, "database %q belongs to another role", t.staging())
	}
	return nil
}

// rotated is the same seen from the other login.
func (f found) rotated() found {
	f.login, f.other = f.other, f.login
	return f
}

// logins are those of the resource that are there.
func (f found) logins(t target) []role {
	var list []role
	for _, r := range []role{f.login, f.other} {
		if r.exists && r.marker == t.marker() {
			list = append(list, r)
		}
	}
	return list
}

// open are the logins that the customer may use unless suspended: two between a
// rotation's stage and its end.
func (f found) open(t target) []role {
	return slices.DeleteFunc(f.logins(t), func(r role) bool { return r.name != t.login() && r.limit == closed })
}

// whole reports whether the resource's database is there and in one piece.
func (f found) whole(t target) bool {
	return f.database.exists && f.database.limit != unusable && f.database.marker == t.marker()
}

// usable reports whether the resource is there for its customer: its database,
// not just kept, and its login, both with its marker.
func (f found) usable(t target) bool {
	return f.whole(t) && !f.database.kept && f.login.exists && f.login.marker == t.marker()
}

// missing is the answer where the resource is not usable.
func (f found) missing(t target) error {
	if f.whole(t) && f.database.kept {
		return backend.Failf(backend.NotFound, "resource %s was deprovisioned; its database %q is only kept until it is purged, after %s",
			t.resourceID, t.database, inMarker(f.database.purgeAfter))
	}
	return backend.Failf(backend.NotFound, "database %q and login %q of resource %s are not on the server", t.database, t.login(), t.resourceID)
}
