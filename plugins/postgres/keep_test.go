package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/zclconf/go-cty/cty"
)

func keepFor(policy string) map[string]cty.Value {
	return map[string]cty.Value{"drop_policy": cty.StringVal(policy)}
}

func soft(ctx context.Context, b *postgres.Backend, op backend.Op, events backend.Events) (backend.Result, error) {
	return b.Deprovision(ctx, backend.DeprovisionRequest{Op: op, Mode: backend.ModeSoft}, events)
}

func (w *world) soft(op backend.Op) backend.Result {
	w.t.Helper()
	result, err := soft(w.t.Context(), w.b, op, &recorder{})
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

// withData provisions a resource with a row in it.
func (w *world) withData(op backend.Op) outputs {
	w.t.Helper()
	out := w.provision(op)
	if _, err := w.customer(op, out).Exec(w.t.Context(), "CREATE TABLE precious (n int); INSERT INTO precious VALUES (7)"); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// wantKept fails unless the database lets nobody in and still has its row.
func (w *world) wantKept(op backend.Op, out outputs) {
	w.t.Helper()
	if _, err := pgx.Connect(w.t.Context(), w.customerURL(op, out)); sqlState(err) != "28000" {
		w.t.Errorf("the customer's login: %v, want SQLSTATE 28000", err)
	}
	w.wantNoSessions(out)
	if n := w.rows(out); n != 7 {
		w.t.Errorf("a superuser reads %d, want 7", n)
	}
}

func (w *world) wantNoSessions(out outputs) {
	w.t.Helper()
	if n := w.number("SELECT count(*) FROM pg_stat_activity WHERE datname = $1", out.Database); n != 0 {
		w.t.Errorf("%d sessions in the database", n)
	}
}

// rows reads withData's row as superuser.
func (w *world) rows(out outputs) int {
	w.t.Helper()
	root, err := pgx.Connect(w.t.Context(), strings.Replace(w.server.AdminURL(), "/postgres?", "/"+out.Database+"?", 1))
	if err != nil {
		w.t.Fatal(err)
	}
	var n int
	if err := root.QueryRow(w.t.Context(), "SELECT n FROM precious").Scan(&n); err != nil {
		w.t.Error(err)
	}
	_ = root.Close(w.t.Context())
	await(w.t, "the superuser is gone, who would keep the database from being dropped", func() bool {
		return w.number("SELECT count(*) FROM pg_stat_activity WHERE datname = $1", out.Database) == 0
	})
	return n
}

func TestASoftDeprovisionLocksTheCustomerOutAndKeepsTheData(t *testing.T) {
	w := newWorld(t, "keeper", keepFor("keep-7d"))
	begun := time.Date(2026, 2, 27, 12, 0, 0, 123456789, time.FixedZone("", 3600))
	w.b.SetClock(func() time.Time { return begun })
	op := newOp(3)
	out := w.withData(op)
	idle, busy := w.customer(op, out), w.customer(op, out)
	asleep := make(chan error, 1)
	go func() {
		_, err := busy.Exec(context.Background(), "SELECT pg_sleep(600)")
		asleep <- err
	}()
	await(t, "the customer sleeps", func() bool {
		return w.number("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND datname = $1", out.Database) == 1
	})

	first := w.soft(op)
	if want := time.Date(2026, 3, 6, 11, 0, 0, 0, time.UTC); !first.PurgeAfter.Equal(want) {
		t.Errorf("purge after %v, want %v", first.PurgeAfter, want)
	}
	if err := idle.Ping(t.Context()); err == nil {
		t.Error("an idle session of the customer goes on")
	}
	if err := <-asleep; sqlState(err) != "57P01" {
		t.Errorf("a busy session ended with %v, want SQLSTATE 57P01", err)
	}
	w.wantKept(op, out)
	if comment := w.names("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", out.Database); comment[0] != "addongw resource "+op.ResourceID+" purge after 2026-03-06T11:00:00Z" {
		t.Errorf("comment %q", comment)
	}

	w.b.SetClock(func() time.Time { return begun.Add(50 * time.Hour) })
	if again := w.soft(op); !again.PurgeAfter.Equal(first.PurgeAfter) {
		t.Errorf("the repeat says %v, and the first said %v", again.PurgeAfter, first.PurgeAfter)
	}
	op.State = first.State
	w.deprovision(op)
	w.deprovision(op)
	w.wantNothing(op)
	_, err := w.b.Read(t.Context(), backend.ReadRequest{Op: op})
	wantClass(t, err, backend.NotFound)
}

func TestAKeptDatabaseIsNeverRevived(t *testing.T) {
	w := newWorld(t, "revival", keepFor("keep-1d"))
	op := newOp(3)
	out := w.withData(op)
	w.soft(op)
	_, err := provision(t.Context(), w.b, op, &recorder{})
	if f := wantClass(t, err, backend.Conflict); !strings.Contains(f.Message, "is kept until 2") || !strings.Contains(f.Message, "mode purge") {
		t.Errorf("message %q says neither until when nor what to do", f.Message)
	}
	_, err = w.b.ChangePlan(t.Context(), backend.ChangePlanRequest{Op: op}, &recorder{})
	wantClass(t, err, backend.NotFound)
	_, err = w.b.Read(t.Context(), backend.ReadRequest{Op: op})
	if f := wantClass(t, err, backend.NotFound); !strings.Contains(f.Message, "only kept until it is purged") {
		t.Errorf("message %q does not tell of the data", f.Message)
	}
	other := newOp(3) // somebody else who would like the name
	other.Config = live("database", out.Database)
	_, err = provision(t.Context(), w.b, other, &recorder{})
	wantClass(t, err, backend.Conflict)
	w.deprovision(other)
	w.wantKept(op, out)
	w.deprovision(op)
	w.wantNothing(op)
}

func TestAPromiseToKeepOutlivesAChangeOfPolicy(t *testing.T) {
	w := newWorld(t, "promise", keepFor("keep-30d"))
	hasty := configured(t, w.provisionerURL(), keepFor("now"))
	op := newOp(3)
	out := w.withData(op)
	first := w.soft(op)
	again, err := soft(t.Context(), hasty, op, &recorder{})
	if err != nil || !again.PurgeAfter.Equal(first.PurgeAfter) {
		t.Errorf("got %v, %v; want %v as before", again.PurgeAfter, err, first.PurgeAfter)
	}
	w.wantKept(op, out)
	w.deprovision(op)
}

func TestASoftDeprovisionThatKeepsNothingDropsEverything(t *testing.T) {
	cases := map[string]struct {
		policy string
		make   func(w *world, op backend.Op)
	}{
		"the policy is now": {"now", func(w *world, op backend.Op) { w.provision(op) }},
		"a half-dropped database": {"keep-7d", func(w *world, op backend.Op) {
			w.provision(op)
			w.exec("UPDATE pg_database SET datconnlimit = -2 WHERE datname = $1", "db_"+op.ShortID)
		}},
		"a kept database, half dropped": {"keep-7d", func(w *world, op backend.Op) {
			w.provision(op)
			w.soft(op)
			w.exec("UPDATE pg_database SET datconnlimit = -2 WHERE datname = $1", "db_"+op.ShortID)
		}},
		"an unfinished database": {"keep-7d", func(w *world, op backend.Op) {
			w.exec("CREATE DATABASE " + postgres.StagingName(op.ResourceID) + " OWNER keepnothing CONNECTION LIMIT 0")
		}},
		"roles alone": {"keep-7d", func(w *world, op backend.Op) {
			w.provision(op)
			w.exec("DROP DATABASE db_" + op.ShortID)
		}},
		"nothing": {"keep-7d", func(*world, backend.Op) {}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "keepnothing", keepFor(c.policy))
			op := newOp(2)
			c.make(w, op)
			for range 2 {
				if result := w.soft(op); !result.PurgeAfter.IsZero() || result.State != nil {
					t.Errorf("got %v, state %s; want none", result.PurgeAfter, result.State)
				}
			}
			w.wantNothing(op)
		})
	}
}

func TestASessionThatIsJustBeginningIsEnded(t *testing.T) {
	w := newWorld(t, "beginning", keepFor("keep-7d"))
	op := newOp(3)
	out := w.withData(op)
	config, err := pgx.ParseConfig(w.customerURL(op, out))
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["post_auth_delay"] = "300"
	late := make(chan error, 1)
	go func() {
		conn, err := pgx.ConnectConfig(context.Background(), config)
		if err == nil {
			err = conn.Ping(context.Background())
		}
		late <- err
	}()
	await(t, "the customer is past the door", func() bool {
		return w.number(`SELECT count(*) FROM pg_locks, pg_database d WHERE objid = d.oid AND classid = 'pg_database'::regclass
			AND mode = 'RowExclusiveLock' AND datname = $1`, out.Database) == 1
	})
	w.soft(op)
	select {
	case err := <-late:
		if err == nil {
			t.Error("the session began after all, and goes on")
		}
	case <-time.After(10 * time.Second):
		t.Error("the session is still beginning")
	}
	w.wantKept(op, out)
	w.deprovision(op)
}

func TestNobodyComesInWhileTheDoorIsClosed(t *testing.T) {
	w := newWorld(t, "closing", keepFor("keep-7d"))
	for range 5 {
		op := newOp(20)
		out := w.withData(op)
		url := w.customerURL(op, out)
		stop := make(chan struct{})
		ended := make(chan struct{})
		for range 4 {
			go func() {
				defer func() { ended <- struct{}{} }()
				for {
					select {
					case <-stop:
						return
					default: // connections stay open: the deprovision is to end them
						_, _ = pgx.Connect(context.Background(), url)
					}
				}
			}()
		}
		await(t, "customers come in", func() bool {
			return w.number("SELECT count(*) FROM pg_stat_activity WHERE datname = $1", out.Database) > 3
		})
		w.soft(op)
		w.wantNoSessions(out)
		close(stop)
		for range 4 {
			<-ended
		}
		w.wantKept(op, out)
		w.deprovision(op)
		w.wantNothing(op)
	}
}

func TestADateThatSomebodyMadeUnreadableIsReplaced(t *testing.T) {
	w := newWorld(t, "unreadable", keepFor("keep-7d"))
	op := newOp(2)
	out := w.withData(op)
	w.soft(op)
	w.exec("COMMENT ON DATABASE " + out.Database + " IS 'addongw resource " + op.ResourceID + " purge after next week'")
	_, err := provision(t.Context(), w.b, op, &recorder{})
	wantClass(t, err, backend.Conflict)
	if again := w.soft(op); time.Until(again.PurgeAfter) < 6*24*time.Hour {
		t.Errorf("purge after %v", again.PurgeAfter)
	}
	w.wantKept(op, out)
	w.deprovision(op)
	w.wantNothing(op)
}

func TestAKeptDatabaseKeepsNobodyElseFromLeaving(t *testing.T) {
	w := newWorld(t, "granted", keepFor("keep-7d"))
	kept, leaves := newOp(2), newOp(2)
	out, they := w.withData(kept), w.provision(leaves)
	run(t, w.customer(kept, out), "GRANT SELECT ON precious TO "+they.Username, "GRANT SELECT ON precious TO u_"+leaves.ShortID+"_g")
	w.soft(kept)
	if err := deprovision(t.Context(), w.b, leaves, &recorder{}); err != nil {
		t.Errorf("a resource whose roles were granted something in a kept database: %v", err)
	}
	w.wantNothing(leaves)
	w.wantKept(kept, out)
	if n := w.number("SELECT datconnlimit FROM pg_database WHERE datname = $1", out.Database); n != 0 {
		t.Errorf("the kept database has connection limit %d, want 0", n)
	}
	w.deprovision(kept)
	w.deprovision(leaves)
}
