package postgres

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// deprovision is one attempt to remove a resource, under its lock.
type deprovision struct {
	server *server
	conn   *pgx.Conn
	target target
	found  found
	keep   time.Duration // as drop_policy says
	now    time.Time
}

// Deprovision implements [backend.Backend]. Mode soft keeps the data where
// drop_policy says so and there is any; otherwise everything is dropped.
func (b *Backend) Deprovision(ctx context.Context, req backend.DeprovisionRequest, events backend.Events) (backend.Result, error) {
	s, err := b.ready(ctx)
	if err != nil {
		return backend.Result{}, stubborn(err)
	}
	t, err := targetOf(req.Op)
	if failure, refused := errors.AsType[*backend.Failure](err); refused && failure.Class == backend.Invalid && neverProvisioned(req.Op) {
		return backend.Result{}, nil // its provision was refused for the same name
	}
	if err != nil {
		return backend.Result{}, stubborn(err)
	}
	var result backend.Result
	err = s.withLock(ctx, t, func(conn *pgx.Conn) error {
		found, err := inspect(ctx, conn, t)
		if err != nil {
			return s.explain(ctx, "look at the server", err)
		}
		d := deprovision{server: s, conn: conn, target: t, found: found, keep: s.settings.keep, now: b.now()}
		d.reportForeign(events)
		if req.Mode != backend.ModeSoft || !d.keeps() {
			return s.runSteps(ctx, events, d.steps())
		}
		err = s.runSteps(ctx, events, d.keepSteps())
		result = backend.Result{State: t.state(), PurgeAfter: d.found.database.purgeAfter}
		return err
	})
	if err != nil {
		return backend.Result{}, stubborn(err)
	}
	return result, nil
}

func neverProvisioned(op backend.Op) bool { return len(op.State) == 0 && op.Outputs.IsNull() }

// steps leave alone what has not the resource's marker. The roles go last:
// while one is there, so is the proof of what the names belonged to.
func (d *deprovision) steps() []step {
	return []step{
		{"lock the customer out", d.lockOut},
		{"drop the database", d.dropDatabase},
		{"drop the login role", d.dropRole(d.found.login)},
		{"drop the other login role", d.dropRole(d.found.other)},
		{"drop the group role", d.dropRole(d.found.group)},
	}
}

// reportForeign tells an operator why something is left under these names.
func (d *deprovision) reportForeign(events backend.Events) {
	if err := d.found.conflict(d.target); err != nil {
		events.Log(slog.LevelWarn, "not removed: "+err.Error())
	}
}

func (d *deprovision) ours(marker string) bool { return marker == d.target.marker() }

// lockOut keeps customers from coming back while their database goes.
func (d *deprovision) lockOut(ctx context.Context) error {
	return d.alter(ctx, d.found.logins(d.target), "NOLOGIN")
}

// alter changes roles in one transaction: there is never one that is locked out
// beside one that is not.
func (d *deprovision) alter(ctx context.Context, roles []role, how string) error {
	_, err := d.conn.Exec(ctx, strings.Join(alterRoles(roles, how), "; "))
	return err
}

func alterRoles(roles []role, how string) []string {
	statements := make([]string, len(roles))
	for i, r := range roles {
		statements[i] = "ALTER ROLE " + identifier(r.name) + " " + how
	}
	return statements
}

// dropDatabase also drops what an interrupted provision left under the staging
// name, and repeats an interrupted DROP.
func (d *deprovision) dropDatabase(ctx context.Context) error {
	if d.ours(d.found.database.marker) {
		if err := d.drop(ctx, d.target.database); err != nil {
			return err
		}
	}
	if d.found.staging.exists {
		return d.drop(ctx, d.target.staging())
	}
	return nil
}

// drop ends the sessions of the database: no customer's connection can keep
// it. It forces a checkpoint and may take long on a busy disk.
func (d *deprovision) drop(ctx context.Context, database string) error {
	_, err := d.conn.Exec(ctx, "DROP DATABASE IF EXISTS "+identifier(database)+" WITH (FORCE)")
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == codeInsufficientPrivilege {
		return backend.Failf(backend.Retryable, "drop the database: the provisioner may not end a session in it; is a superuser connected to it? (%s, SQLSTATE %s)", refused.Message, refused.Code)
	}
	return err
}

func (d *deprovision) dropRole(r role) func(context.Context) error {
	return func(ctx context.Context) error {
		if !d.ours(r.marker) {
			return nil
		}
		if err := d.release(ctx, r.name); err != nil {
			return err
		}
		_, err := d.conn.Exec(ctx, "DROP ROLE IF EXISTS "+identifier(r.name))
		return err
	}
}
