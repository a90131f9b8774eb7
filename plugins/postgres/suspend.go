package postgres

import (
	"context"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
)

var _ backend.Suspender = (*Backend)(nil)

// Suspend implements [backend.Suspender]: the customer may not log in, and all
// their sessions end. The database's connection limit stays, since we must get into
// it ourselves when another customer leaves (see [deprovision.release]).
func (b *Backend) Suspend(ctx context.Context, req backend.SuspendRequest, events backend.Events) (backend.Result, error) {
	return b.turn(ctx, req.Op, events, func(d *deprovision) []step {
		return []step{
			{"lock the customer out", d.lockOut},
			{"end the customer's sessions", d.endSessions},
		}
	})
}

// Resume implements [backend.Suspender]. Passwords are those from before, and a
// login that a rotation has ended stays outside.
func (b *Backend) Resume(ctx context.Context, req backend.ResumeRequest, events backend.Events) (backend.Result, error) {
	return b.turn(ctx, req.Op, events, func(d *deprovision) []step {
		return []step{{"let the customer in", d.letIn}}
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
	return d.alter(ctx, d.found.open(d.target), "LOGIN")
}
