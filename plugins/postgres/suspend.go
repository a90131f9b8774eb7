package postgres

import (
	"context"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
)

var _ backend.Suspender = (*Backend)(nil)

// Suspend implements [backend.Suspender]: the login may not log in, and its
// sessions end. The database's connection limit stays, since we must get into
// it ourselves when another customer leaves (see [deprovision.release]).
func (b *Backend) Suspend(ctx context.Context, req backend.SuspendRequest, events backend.Events) (backend.Result, error) {
	return b.turn(ctx, req.Op, events, func(d *deprovision) []step {
		return []step{
			{"lock the login out", d.lockOut},
			{"end the customer's sessions", d.endSessions},
		}
	})
}

// Resume implements [backend.Suspender]. The password is the one from before.
func (b *Backend) Resume(ctx context.Context, req backend.ResumeRequest, events backend.Events) (backend.Result, error) {
	return b.turn(ctx, req.Op, events, func(d *deprovision) []step {
		return []step{{"let the login in", d.letIn}}
	})
}

// turn runs steps on a resource that is there for its customer, under its lock.
func (b *Backend) turn(ctx context.Context, op backend.Op, events backend.Events, steps func(*deprovision) []step) (backend.Result, error) {
	s, err := b.ready(ctx)
	if err != nil {
		return backend.Result{}, err
	}
	t, err := targetOf(op)
	if err != nil {
		return backend.Result{}, err
	}
	err = s.withLock(ctx, t, func(conn *pgx.Conn) error {
		found, err := inspect(ctx, conn, t)
		if err != nil {
			return s.explain(ctx, "look at the server", err)
		}
		if !found.usable(t) {
			return found.missing(t)
		}
		return s.runSteps(ctx, events, steps(&deprovision{server: s, conn: conn, target: t, found: found}))
	})
	if err != nil {
		return backend.Result{}, err
	}
	return backend.Result{State: t.state()}, nil
}

func (d *deprovision) letIn(ctx context.Context) error {
	_, err := d.conn.Exec(ctx, "ALTER ROLE "+identifier(d.target.login())+" LOGIN")
	return err
}
