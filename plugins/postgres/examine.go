package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/zclconf/go-cty/cty"
)

const (
	oldestMajor = 15 // GRANT SET ON PARAMETER, and a schema public that only its owner may create in
	testedMajor = 15
)

// facts are what the server says about itself and about our role.
type facts struct {
	version      int // such as 150018
	user         string
	superuser    bool
	createRole   bool
	createDB     bool
	signal       bool // may end other roles' sessions
	standby      bool
	noExtensions []string // configured, but not installed on the server's machine
}

// examine finds out whether we can work with the server, and closes the
// databases that every role may connect to. Errors are explained ones.
func (s *server) examine(ctx context.Context) (backend.Diagnostics, error) {
	var found backend.Diagnostics
	err := s.pool.AcquireFunc(ctx, func(pooled *pgxpool.Conn) error {
		facts, err := s.facts(ctx, pooled.Conn())
		if err != nil {
			return err
		}
		found = facts.problems(s.settings.extensions)
		if found.HasErrors() {
			return nil
		}
		doors, err := closeDoors(ctx, pooled.Conn(), facts.user)
		found = append(found, doors...)
		return err
	})
	if err != nil {
		return nil, s.explain(ctx, signingIn, err)
	}
	s.examined.Store(!found.HasErrors())
	return found, nil
}

func (s *server) facts(ctx context.Context, conn *pgx.Conn) (facts, error) {
	var f facts
	err := conn.QueryRow(ctx, `
		SELECT current_setting('server_version_num')::int, rolname, rolsuper, rolcreaterole, rolcreatedb,
		       pg_has_role('pg_signal_backend', 'USAGE'), pg_is_in_recovery(),
		       ARRAY(SELECT wanted FROM unnest($1::text[]) AS wanted
		             WHERE wanted NOT IN (SELECT name FROM pg_available_extensions))
		FROM pg_roles WHERE rolname = current_user`, s.settings.extensions).
		Scan(&f.version, &f.user, &f.superuser, &f.createRole, &f.createDB, &f.signal, &f.standby, &f.noExtensions)
	return f, err
}

// problems are what an operator must or should change.
func (f facts) problems(extensions []string) backend.Diagnostics {
	var found backend.Diagnostics
	add := func(severity backend.Severity, path cty.Path, summary, remedy string) {
		found = append(found, backend.Diagnostic{Severity: severity, Summary: summary, Detail: remedy, Path: path})
	}
	role, major := pgx.Identifier{f.user}.Sanitize(), f.version/10000
	if major < oldestMajor {
		add(backend.SeverityError, adminURLPath(), fmt.Sprintf("PostgreSQL %d is too old", major), fmt.Sprintf("Use version %d or newer.", oldestMajor))
	}
	if major > testedMajor && !f.superuser {
		add(backend.SeverityWarning, adminURLPath(), fmt.Sprintf("PostgreSQL %d is not tested", major),
			"From version 16 on, CREATEROLE follows other rules. Provision, change and deprovision one resource before you sell any.")
	}
	if !f.superuser && !(f.createRole && f.createDB) {
		add(backend.SeverityError, adminURLPath(), fmt.Sprintf("The role %s may not create roles and databases", role),
			fmt.Sprintf("Run as superuser: ALTER ROLE %s CREATEROLE CREATEDB;", role))
	}
	if !f.superuser && !f.signal {
		add(backend.SeverityError, adminURLPath(), fmt.Sprintf("The role %s may not end customers' sessions", role),
			fmt.Sprintf("No database in use could be dropped. Run as superuser: GRANT pg_signal_backend TO %s;", role))
	}
	if f.standby {
		add(backend.SeverityWarning, adminURLPath(), "The server is a standby", "Nothing can be made on it until it is promoted.")
	}
	for i, name := range extensions {
		if slices.Contains(f.noExtensions, name) {
			add(backend.SeverityError, cty.GetAttrPath("extensions").IndexInt(i), fmt.Sprintf("Extension %q is not installed on the server", name),
				"Install it there (Debian: postgresql-contrib, part of the package postgresql), or remove it from the list.")
		}
	}
	return found
}

// closeDoors takes from PUBLIC the right to connect to PostgreSQL's own
// databases, where it may, and warns of every database that customers of all
// resources could still connect to.
func closeDoors(ctx context.Context, conn *pgx.Conn, user string) (backend.Diagnostics, error) {
	open, err := openDoors(ctx, conn)
	if err != nil {
		return nil, err
	}
	var closed []string
	for _, database := range open {
		if database != "postgres" && database != "template1" {
			continue
		}
		if err := closeDoor(ctx, conn, database); err != nil {
			return nil, err
		}
		closed = append(closed, database)
	}
	open, err = openDoors(ctx, conn)
	if err != nil {
		return nil, err
	}
	closed = slices.DeleteFunc(closed, func(name string) bool { return slices.Contains(open, name) })
	return doorWarnings(closed, open, user), nil
}

// openDoors lists the databases that every role may connect to.
func openDoors(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, `
		SELECT datname FROM pg_database
		WHERE datallowconn AND datconnlimit NOT IN (0, -2) AND has_database_privilege('public', oid, 'CONNECT')
		ORDER BY datname`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// closeDoor revokes; a role that may not is told so by the server in words
// only, and seldom by an error.
func closeDoor(ctx context.Context, conn *pgx.Conn, database string) error {
	// Two plugin processes may start at once, and PostgreSQL refuses to change
	// one database's privileges twice at the same time.
	_, err := conn.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext('addongw close doors')); REVOKE CONNECT ON DATABASE "+identifier(database)+" FROM PUBLIC")
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == codeInsufficientPrivilege {
		return nil
	}
	return err
}

func doorWarnings(closed, open []string, user string) backend.Diagnostics {
	var found backend.Diagnostics
	if len(closed) > 0 {
		found = append(found, backend.Diagnostic{
			Severity: backend.SeverityWarning, Path: adminURLPath(),
			Summary: "Roles can no longer connect to " + strings.Join(closed, " and ") + " by default",
			Detail:  "That keeps customers out. Roles of yours that need it: GRANT CONNECT ON DATABASE … TO …;",
		})
	}
	if len(open) > 0 {
		quoted := make([]string, len(open))
		for i, name := range open {
			quoted[i] = identifier(name)
		}
		list := strings.Join(quoted, ", ")
		found = append(found, backend.Diagnostic{
			Severity: backend.SeverityWarning, Path: adminURLPath(),
			Summary: "Every customer can connect to " + list,
			Detail: fmt.Sprintf("Run as superuser: REVOKE CONNECT ON DATABASE %s FROM PUBLIC; and, for the database in admin_url, GRANT CONNECT ON DATABASE … TO %s;",
				list, identifier(user)),
		})
	}
	return found
}
