package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
)

// ChangePlan implements [backend.Backend]: it sets the limits of the new plan.
// Sessions beyond a smaller connection limit stay until they end by
// themselves; new settings hold for new sessions.
func (b *Backend) ChangePlan(ctx context.Context, req backend.ChangePlanRequest, events backend.Events) (backend.Result, error) {
	s, err := b.ready(ctx)
	if err != nil {
		return backend.Result{}, err
	}
	t, err := targetOf(req.Op)
	if err != nil {
		return backend.Result{}, err
	}
	limits, err := limitsOf(req.Op.Plan)
	if err != nil {
		return backend.Result{}, err
	}
	var result backend.Result
	err = s.withLock(ctx, t, func(conn *pgx.Conn) error {
		events.Progress("set the plan's limits", 0)
		if err := s.setLimits(ctx, conn, t, limits); err != nil {
			return err
		}
		events.Progress("measure the database", 50)
		result, err = s.result(ctx, conn, t)
		return err
	})
	return result, err
}

// setLimits changes everything in one transaction.
func (s *server) setLimits(ctx context.Context, conn *pgx.Conn, t target, l limits) error {
	found, err := inspect(ctx, conn, t)
	if err != nil {
		return s.explain(ctx, "look at the server", err)
	}
	if !found.usable(t) {
		return found.missing(t)
	}
	open := found.open(t)
	statements := []string{limitDatabase(t, len(open)*l.connections)}
	for _, login := range open {
		statements = append(append(statements, changeSettings(login, l)...),
			fmt.Sprintf("ALTER ROLE %s CONNECTION LIMIT %d", identifier(login.name), l.connections))
	}
	_, err = conn.Exec(ctx, strings.Join(statements, "; "))
	return s.explain(ctx, "set the plan's limits", err)
}

// limitDatabase is the statement that admits so many connections: as many as all
// open logins together, or a customer's new program would be refused while the one
// with the old login still holds its own.
func limitDatabase(t target, connections int) string {
	return fmt.Sprintf("ALTER DATABASE %s CONNECTION LIMIT %d", identifier(t.database), connections)
}

// changeSettings are the statements that give a login its plan's settings.
// One that is as it should be is not touched: temp_file_limit needs a right
// that a provisioner without such plans does not have.
func changeSettings(login role, l limits) []string {
	var statements []string
	for _, s := range l.settings() {
		now, isSet := login.setting(s.name)
		switch {
		case s.value != "" && s.value != now:
			statements = append(statements, fmt.Sprintf("ALTER ROLE %s SET %s = %s", identifier(login.name), s.name, literal(s.value)))
		case s.value == "" && isSet:
			statements = append(statements, fmt.Sprintf("ALTER ROLE %s RESET %s", identifier(login.name), s.name))
		}
	}
	return statements
}

// setting is the value of a role's configuration parameter, in the spelling
// that it was set with.
func (r role) setting(name string) (value string, isSet bool) {
	for _, line := range r.settings {
		if key, value, _ := strings.Cut(line, "="); key == name {
			return value, true
		}
	}
	return "", false
}
