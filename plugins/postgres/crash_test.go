package postgres_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/postgres"
	"github.com/jackc/pgx/v5"
)

const (
	provisionSteps   = 10
	softSteps        = 2
	deprovisionSteps = 5
	stageSteps       = 8
	closeSteps       = 4
)

// interruption ends a running call in some way. That its process dies is in
// crash_table_test.go.
type interruption func(cancel context.CancelFunc, w *world)

func interruptions() map[string]interruption {
	return map[string]interruption{
		"the gateway cancels":     func(cancel context.CancelFunc, _ *world) { cancel() },
		"the server ends session": func(_ context.CancelFunc, w *world) { w.endSessions() },
	}
}

// endSessions ends those of the world's provisioner and waits until they are
// gone.
func (w *world) endSessions() {
	const sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1"
	w.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", w.user)
	await(w.t, "the sessions end", func() bool { return w.number(sessions, w.user) == 0 })
}

func TestAProvisionInterruptedBeforeAnyStepIsRepeated(t *testing.T) {
	for name, interrupt := range interruptions() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "interrupted", nil)
			for step := range provisionSteps {
				w.interruptedAt(step, interrupt, func(op backend.Op) {
					first := w.provision(op)
					if second := w.provision(op); second != first {
						t.Errorf("outputs %+v, then %+v", first, second)
					}
					if _, err := w.customer(op, first).Exec(t.Context(), "CREATE TABLE t ()"); err != nil {
						t.Errorf("the customer: %v", err)
					}
					w.deprovision(op)
				})
				w.interruptedAt(step, interrupt, w.deprovision)
			}
		})
	}
}

// interruptedAt interrupts a provision before a step, then lets repair run and
// looks for what is left.
func (w *world) interruptedAt(step int, interrupt interruption, repair func(backend.Op)) {
	w.t.Helper()
	op := newOp(2)
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	reached := false
	_, err := provision(ctx, w.b, op, &recorder{at: func(at int) {
		if at == step {
			reached = true
			interrupt(cancel, w)
		}
	}})
	if !reached {
		w.t.Fatalf("step %d was never reached: %v", step, err)
	}
	wantRepeatable(w.t, err)
	w.refreshPool()
	repair(op)
	w.wantNothing(op)
}

// refreshPool lets the world's backend notice that its idle sessions were
// ended; the gateway would repeat the call that notices it.
func (w *world) refreshPool() {
	w.t.Helper()
	unknown := newOp(1)
	w.untilAnswered(func() error { return deprovision(w.t.Context(), w.b, unknown, &recorder{}) })
}

// wantRepeatable accepts success, RETRYABLE and an unknown outcome, after
// each of which the gateway does the right thing.
func wantRepeatable(t *testing.T, err error) {
	t.Helper()
	if failure, ok := errors.AsType[*backend.Failure](err); ok && failure.Class != backend.Retryable {
		t.Errorf("an interrupted call answers %v", err)
	}
}

func (w *world) wantNothing(op backend.Op) {
	w.t.Helper()
	if left := w.leftovers(op); len(left) > 0 {
		w.t.Errorf("left behind: %q", left)
	}
	if staged := w.staged(); len(staged) > 0 {
		w.t.Errorf("unfinished databases: %q", staged)
	}
}

func TestADeprovisionInterruptedBeforeAnyStepIsRepeated(t *testing.T) {
	modes := map[string]struct {
		steps int
		call  func(ctx context.Context, w *world, op backend.Op, events backend.Events) error
		kept  bool // before the call
	}{
		"soft": {steps: softSteps, call: func(ctx context.Context, w *world, op backend.Op, events backend.Events) error {
			_, err := soft(ctx, w.b, op, events)
			return err
		}},
		"purge": {steps: deprovisionSteps, call: func(ctx context.Context, w *world, op backend.Op, events backend.Events) error {
			return deprovision(ctx, w.b, op, events)
		}},
		"purge of what was kept": {steps: deprovisionSteps, kept: true, call: func(ctx context.Context, w *world, op backend.Op, events backend.Events) error {
			return deprovision(ctx, w.b, op, events)
		}},
	}
	for name, mode := range modes {
		for how, interrupt := range interruptions() {
			t.Run(name+", "+how, func(t *testing.T) {
				w := newWorld(t, "removed", keepFor("keep-7d"))
				for step := range mode.steps {
					op := newOp(2)
					out := w.withData(op)
					if mode.kept {
						w.soft(op)
					}
					ctx, cancel := context.WithCancel(t.Context())
					reached := false
					err := mode.call(ctx, w, op, &recorder{at: func(at int) {
						if at == step {
							reached = true
							interrupt(cancel, w)
						}
					}})
					cancel()
					if !reached {
						t.Fatalf("step %d was never reached: %v", step, err)
					}
					wantRepeatable(t, err)
					w.refreshPool()
					for range 2 {
						if err := mode.call(t.Context(), w, op, &recorder{}); err != nil {
							t.Fatal(err)
						}
					}
					if mode.steps == softSteps {
						w.wantKept(op, out)
						w.deprovision(op)
					}
					w.wantNothing(op)
				}
			})
		}
	}
}

func TestACallInterruptedInTheMiddleOfAStatementIsRepeated(t *testing.T) {
	w := newWorld(t, "middle", nil)
	for round := range 20 {
		lines, through := newWire(t, w.provisionerURL())
		victim := configured(t, through, nil)
		op := newOp(2)
		interruptLater(t, lines, round, 40*time.Millisecond, func(ctx context.Context) error {
			_, err := provision(ctx, victim, op, &recorder{})
			return err
		})
		if round%4 > 1 { // the other half is removed without having been finished
			w.provision(op)
			interruptLater(t, lines, round, 20*time.Millisecond, func(ctx context.Context) error {
				return deprovision(ctx, victim, op, &recorder{})
			})
		}
		w.deprovision(op)
		w.wantNothing(op)
	}
}

// interruptLater runs call and, after a random part of within, cancels it or
// cuts the wire.
func interruptLater(t *testing.T, lines *wire, round int, within time.Duration, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	interrupt := lines.cut
	if round%2 == 1 {
		interrupt = cancel
	}
	timer := time.AfterFunc(rand.N(within), interrupt)
	defer timer.Stop()
	wantRepeatable(t, call(ctx))
}

func TestAHalfDroppedDatabaseIsRepaired(t *testing.T) {
	w := newWorld(t, "halfdropped", nil)
	op := newOp(2)
	w.provision(op)
	w.exec("UPDATE pg_database SET datconnlimit = -2 WHERE datname = $1", "db_"+op.ShortID)

	_, err := w.b.Read(t.Context(), backend.ReadRequest{Op: op})
	wantClass(t, err, backend.NotFound)
	_, err = w.b.ChangePlan(t.Context(), backend.ChangePlanRequest{Op: op}, &recorder{})
	wantClass(t, err, backend.NotFound)

	out := w.provision(op)
	if _, err := w.customer(op, out).Exec(t.Context(), "CREATE TABLE t ()"); err != nil {
		t.Errorf("the customer of the repaired database: %v", err)
	}
	w.exec("UPDATE pg_database SET datconnlimit = -2 WHERE datname = $1", "db_"+op.ShortID)
	w.deprovision(op)
	w.wantNothing(op)
}

func TestAServerCrashBeforeAnyStepIsSurvived(t *testing.T) {
	server := ownServer(t)
	adminURL := server.ProvisionerURL(t)
	b := configured(t, adminURL, nil)
	for step := range provisionSteps {
		op := newOp(2)
		_, err := provision(t.Context(), b, op, &recorder{at: func(at int) {
			if at == step {
				if err := server.Restart(); err != nil {
					t.Fatal(err)
				}
			}
		}})
		wantRepeatable(t, err)
		if after := server.ProvisionerURL(t); after != adminURL {
			t.Fatal("somebody took the server's port while it was down")
		}
		w := &world{t: t, server: server, b: b, user: "pgtest_provisioner", root: connect(t, server.AdminURL())}
		w.untilAnswered(func() error { _, err := provision(t.Context(), b, op, &recorder{}); return err })
		w.provision(op)
		w.deprovision(op)
		w.wantNothing(op)
	}
}

// untilAnswered repeats a call as the gateway does.
func (w *world) untilAnswered(call func() error) {
	w.t.Helper()
	await(w.t, "the call succeeds", func() bool {
		err := call()
		wantRepeatable(w.t, err)
		return err == nil
	})
}

func TestAServerThatIsDownIsNoDiagnostic(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "postgres://p:canary-admin-password@" + listener.Addr().String() + "/postgres"
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	b := configured(t, nobody, nil)
	_, err = provision(t.Context(), b, newOp(1), &recorder{})
	failure := wantClass(t, err, backend.Retryable)
	if !strings.Contains(failure.Message, "connection refused") {
		t.Errorf("message %q does not say why", failure.Message)
	}
	health, err := b.Health(t.Context(), backend.HealthRequest{})
	if err != nil || health.OK {
		t.Errorf("health without a server: %+v, %v", health, err)
	}
	for _, text := range []string{failure.Error(), health.Detail} {
		if strings.Contains(text, "canary") {
			t.Errorf("%q holds the admin password", text)
		}
	}
}

func TestAServerThatComesLaterIsUsed(t *testing.T) {
	w := newWorld(t, "later", nil)
	lines, through := newWire(t, w.provisionerURL())
	server := lines.leadTo("127.0.0.1:1") // nobody listens there
	b := configured(t, through, nil)
	lines.leadTo(server)
	op := newOp(1)
	w.untilAnswered(func() error { _, err := provision(t.Context(), b, op, &recorder{}); return err })
	w.deprovision(op)
}

func TestACallEndsWithItsDeadline(t *testing.T) {
	w := newWorld(t, "deadline", nil)
	op := newOp(1)
	held := make(chan struct{})
	release := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		_, _ = provision(t.Context(), w.b, op, &recorder{at: func(step int) {
			if step == 0 {
				close(held)
				<-release
			}
		}})
	})
	<-held // another attempt holds the resource's lock
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := provision(ctx, w.b, op, &recorder{})
	if _, answered := errors.AsType[*backend.Failure](err); answered || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want an unknown outcome at the deadline", err)
	}
	close(release)
	group.Wait()
	w.deprovision(op)
	w.wantNothing(op)
}

func TestCallsBeforeConfigureAreRefused(t *testing.T) {
	b := postgres.New()
	_, err := provision(t.Context(), b, newOp(1), &recorder{})
	wantClass(t, err, backend.Internal)
	health, err := b.Health(t.Context(), backend.HealthRequest{})
	if err != nil || health.OK {
		t.Errorf("health before Configure: %+v, %v", health, err)
	}
}

func TestAnUnfinishedDatabaseIsFinishedOrRemoved(t *testing.T) {
	w := newWorld(t, "unfinished", nil)
	for name, limit := range map[string]int{"created, without marker": 0, "half dropped": -2} {
		t.Run(name, func(t *testing.T) {
			w := &world{t: t, server: w.server, root: connect(t, w.server.AdminURL()), b: w.b, user: w.user}
			for _, finish := range []func(backend.Op){w.deprovision, func(op backend.Op) {
				out := w.provision(op)
				if _, err := w.customer(op, out).Exec(t.Context(), "CREATE TABLE t ()"); err != nil {
					t.Errorf("the customer: %v", err)
				}
			}} {
				op := newOp(2)
				w.exec("CREATE DATABASE " + postgres.StagingName(op.ResourceID) + " OWNER unfinished CONNECTION LIMIT 0")
				w.exec("UPDATE pg_database SET datconnlimit = $2 WHERE datname = $1", postgres.StagingName(op.ResourceID), limit)
				finish(op)
				if staged := w.staged(); len(staged) > 0 {
					t.Errorf("unfinished databases: %q", staged)
				}
				w.deprovision(op)
				w.wantNothing(op)
			}
		})
	}
}

func TestARemovalThatTheServerRefusesIsRepeatedLater(t *testing.T) {
	w := newWorld(t, "refused", nil)
	op := newOp(2)
	out := w.provision(op)
	// The provisioner may not end a superuser's session.
	visitor, err := pgx.Connect(t.Context(), strings.Replace(w.server.AdminURL(), "/postgres?", "/"+out.Database+"?", 1))
	if err != nil {
		t.Fatal(err)
	}
	wantClass(t, deprovision(t.Context(), w.b, op, &recorder{}), backend.Retryable)
	if err := visitor.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.untilAnswered(func() error { return deprovision(t.Context(), w.b, op, &recorder{}) })
	w.wantNothing(op)
}
