package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
)

// release takes back what other customers granted to the role in databases of
// their own. Every role's name is known to them, and a role that holds a right
// anywhere cannot be dropped.
func (d *deprovision) release(ctx context.Context, role string) error {
	rows, err := d.conn.Query(ctx, `
		SELECT DISTINCT datname, coalesce(shobj_description(pg_database.oid, 'pg_database'), '')
		FROM pg_shdepend JOIN pg_database ON pg_database.oid = dbid
		WHERE refclassid = 'pg_authid'::regclass AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = $1)
		  AND pg_has_role(datdba, 'USAGE') AND datconnlimit <> $2`, role, unusable)
	if err != nil {
		return err
	}
	type commented struct{ Name, Comment string }
	databases, err := pgx.CollectRows(rows, pgx.RowToStructByPos[commented])
	if err != nil {
		return err
	}
	for _, database := range databases {
		release := d.releaseIn
		if _, _, kept := readMarker(database.Comment); kept {
			release = d.releaseInKept
		}
		if err := release(ctx, database.Name, role); err != nil {
			return err
		}
	}
	return nil
}

// releaseInKept lets one session, ours, into a database that is only kept.
// Should we die before the limit is 0 again, its customer stays outside all the
// same: no role that may connect can log in.
func (d *deprovision) releaseInKept(ctx context.Context, database, role string) error {
	limit := "ALTER DATABASE " + identifier(database) + " CONNECTION LIMIT "
	if _, err := d.conn.Exec(ctx, limit+"1"); err != nil {
		return err
	}
	err := d.releaseIn(ctx, database, role)
	_, closing := d.conn.Exec(ctx, limit+"0")
	return errors.Join(err, closing)
}

// releaseIn revokes as the owners of what is in the database, since a grant is
// taken back by whoever made it. The memberships last for this one transaction,
// the role's own as long as the role.
func (d *deprovision) releaseIn(ctx context.Context, database, role string) error {
	conn, err := d.server.connect(ctx, database)
	if err != nil {
		return err
	}
	defer leave(conn)
	rows, err := conn.Query(ctx, `
		SELECT DISTINCT rolname FROM pg_shdepend JOIN pg_roles ON pg_roles.oid = refobjid
		WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o' AND NOT pg_has_role(refobjid, 'USAGE')
		  AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	if err != nil {
		return err
	}
	owners, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	statements := []string{"GRANT " + identifier(role) + " TO CURRENT_USER"}
	for _, owner := range owners {
		statements = append(statements, "GRANT "+identifier(owner)+" TO CURRENT_USER")
	}
	statements = append(statements, "DROP OWNED BY "+identifier(role))
	for _, owner := range owners {
		statements = append(statements, "REVOKE "+identifier(owner)+" FROM CURRENT_USER")
	}
	_, err = conn.Exec(ctx, strings.Join(statements, "; "))
	return err
}
