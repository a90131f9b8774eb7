package postgres_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
)

// gauges are the measured outputs.
type gauges struct {
	StorageMB   int `json:"storage_mb"`
	Connections int `json:"connections"`
}

func gaugesOf(t *testing.T, v backend.Value) gauges {
	t.Helper()
	g := gauges{StorageMB: -1, Connections: -1}
	if err := v.Decode(&g); err != nil {
		t.Fatal(err)
	}
	return g
}

// read allows no more time than the gateway does.
func (w *world) read(op backend.Op) gauges {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Second)
	defer cancel()
	got, err := w.b.Read(ctx, backend.ReadRequest{Op: op})
	if err != nil {
		w.t.Fatal(err)
	}
	return gaugesOf(w.t, got.Outputs)
}

func TestStorageAndConnectionsAreMeasured(t *testing.T) {
	w := newWorld(t, "measured", nil)
	op := newOp(3)
	result, err := w.b.Provision(t.Context(), backend.ProvisionRequest{Op: op}, &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	fresh := gaugesOf(t, result.Outputs)
	if fresh.StorageMB < 5 || fresh.StorageMB > 15 || fresh.Connections != 0 {
		t.Errorf("a new database: %+v, want 5 to 15 MB and no connection", fresh)
	}
	out := w.provision(op)
	first, second := w.customer(op, out), w.customer(op, out)
	// 10 MB (of 1024 × 1024 bytes) that do not compress.
	if _, err := first.Exec(t.Context(), "CREATE TABLE heavy (n int, filler char(8000)); ALTER TABLE heavy ALTER filler SET STORAGE PLAIN; INSERT INTO heavy SELECT n, 'x' FROM generate_series(1, 1280) n"); err != nil {
		t.Fatal(err)
	}
	full := w.read(op)
	if grown := full.StorageMB - fresh.StorageMB; grown < 10 || grown > 12 || full.Connections != 2 {
		t.Errorf("with 10 MB more and two sessions: %+v after %+v", full, fresh)
	}
	bytes := w.number("SELECT pg_database_size($1)", out.Database)
	if want := (bytes + 1<<20 - 1) >> 20; w.read(op).StorageMB != want {
		t.Errorf("%d MB for %d bytes, want %d", w.read(op).StorageMB, bytes, want)
	}
	changed, err := w.b.ChangePlan(t.Context(), backend.ChangePlanRequest{Op: op}, &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	if now := gaugesOf(t, changed.Outputs); now.Connections != 2 || now.StorageMB < full.StorageMB {
		t.Errorf("a plan change returns %+v, want %+v", now, full)
	}
	if _, err := first.Exec(t.Context(), "DROP TABLE heavy"); err != nil {
		t.Fatal(err)
	}
	if err := second.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, "the session is gone", func() bool { return w.read(op).Connections == 1 })
	if now := w.read(op); now.StorageMB > fresh.StorageMB+1 {
		t.Errorf("after the table was dropped: %+v", now)
	}
	w.deprovision(op)
}

func TestAReadWaitsForNoCustomer(t *testing.T) {
	w := newWorld(t, "lockers", nil)
	op := newOp(2)
	out := w.provision(op)
	if _, err := w.customer(op, out).Exec(t.Context(), "CREATE TABLE t (); BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	w.customer(op, out) // the limit is reached
	if _, err := pgx.Connect(t.Context(), w.customerURL(op, out)); sqlState(err) != "53300" {
		t.Fatalf("a third session: %v, want SQLSTATE 53300", err)
	}
	// The greatest locks that a superuser can hold in the customer's database.
	root := connect(t, strings.Replace(w.server.AdminURL(), "/postgres?", "/"+out.Database+"?", 1))
	if _, err := root.Exec(t.Context(), "BEGIN; LOCK TABLE pg_class, pg_attribute, pg_namespace IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	if got := w.read(op); got.Connections != 2 {
		t.Errorf("got %+v, want 2 connections", got)
	}
	if _, err := root.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	_ = root.Close(t.Context()) // or it would keep the database from being dropped
	w.untilAnswered(func() error { return deprovision(t.Context(), w.b, op, &recorder{}) })
}

func TestAReadWaitsForNoOperation(t *testing.T) {
	w := newWorld(t, "busypool", nil)
	op, slow := newOp(2), newOp(2)
	w.provision(op)
	w.b = configured(t, w.provisionerURL()+"&pool_max_conns=1", nil)
	held, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	letGo := sync.OnceFunc(func() { close(release) })
	t.Cleanup(letGo) // before the backend is closed, which waits for it
	go func() {
		_, err := provision(t.Context(), w.b, slow, &recorder{at: func(step int) {
			if step == 0 {
				close(held)
				<-release
			}
		}})
		ended <- err
	}()
	<-held // the only connection is in use
	w.read(op)
	letGo()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	w.deprovision(op)
	w.deprovision(slow)
}

func TestAReadNeedsNoRightsAndWritesNothing(t *testing.T) {
	w := newWorld(t, "humble", nil)
	op := newOp(2)
	out := w.provision(op)
	customer := w.customer(op, out)
	w.exec("REVOKE pg_read_all_stats FROM humble")
	w.exec("ALTER ROLE humble SET default_transaction_read_only = on")
	w.b = configured(t, w.provisionerURL(), nil)
	if got := w.read(op); got.Connections != 1 || got.StorageMB < 5 {
		t.Errorf("got %+v", got)
	}
	w.exec("ALTER ROLE humble RESET default_transaction_read_only")
	_ = customer.Close(t.Context())
	w.b = configured(t, w.provisionerURL(), nil)
	w.deprovision(op)
}
