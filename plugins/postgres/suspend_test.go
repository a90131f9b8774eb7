package postgres_test

import (
	"errors"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
)

func (w *world) suspend(op backend.Op) {
	w.t.Helper()
	if _, err := w.b.Suspend(w.t.Context(), backend.SuspendRequest{Op: op, Reason: "The invoice is open."}, &recorder{}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) resume(op backend.Op) {
	w.t.Helper()
	if _, err := w.b.Resume(w.t.Context(), backend.ResumeRequest{Op: op}, &recorder{}); err != nil {
		w.t.Fatal(err)
	}
}

func TestASuspendedCustomerIsOutsideUntilTheResume(t *testing.T) {
	w := newWorld(t, "suspended", nil)
	op := newOp(3)
	out := w.withData(op)
	inside := w.customer(op, out)
	w.suspend(op)
	if _, err := inside.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("a session outlived the suspension")
	}
	w.wantNoSessions(out)
	if _, err := pgx.Connect(t.Context(), w.customerURL(op, out)); sqlState(err) != "28000" {
		t.Errorf("the customer's login: %v, want SQLSTATE 28000", err)
	}
	if n := w.rows(out); n != 7 {
		t.Error("the data is lost")
	}
	w.suspend(op)
	w.resume(op)
	w.resume(op)
	if _, err := w.customer(op, out).Exec(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("after the resume: %v", err)
	}
	w.suspend(op)
	w.deprovision(op)
	if left := w.leftovers(op); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// Another customer's deprovision must get into a suspended database: what was
// granted there keeps its role from being dropped.
func TestASuspendedDatabaseHoldsUpNobodyElsesDeprovision(t *testing.T) {
	w := newWorld(t, "suspendedgrant", nil)
	suspended, leaving := newOp(3), newOp(3)
	out := w.provision(suspended)
	w.provision(leaving)
	if _, err := w.customer(suspended, out).Exec(t.Context(), "CREATE TABLE shared (); GRANT SELECT ON shared TO u_"+leaving.ShortID+"_a"); err != nil {
		t.Fatal(err)
	}
	w.suspend(suspended)
	w.deprovision(leaving)
	if left := w.leftovers(leaving); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	w.resume(suspended)
	w.customer(suspended, out)
	w.deprovision(suspended)
}

func TestOnlyWhatIsThereIsSuspended(t *testing.T) {
	w := newWorld(t, "suspendnothing", keepFor("keep-7d"))
	gone := newOp(2)
	w.withData(gone)
	w.soft(gone)
	for name, op := range map[string]backend.Op{"never provisioned": newOp(1), "deprovisioned and kept": gone} {
		_, suspending := w.b.Suspend(t.Context(), backend.SuspendRequest{Op: op}, &recorder{})
		_, resuming := w.b.Resume(t.Context(), backend.ResumeRequest{Op: op}, &recorder{})
		for verb, err := range map[string]error{"suspend": suspending, "resume": resuming} {
			var f *backend.Failure
			if !errors.As(err, &f) || f.Class != backend.NotFound {
				t.Errorf("%s of one %s: %v", verb, name, err)
			}
		}
	}
	if w.number("SELECT count(*) FROM pg_roles WHERE rolname = $1 AND rolcanlogin", "u_"+gone.ShortID+"_a") != 0 {
		t.Error("a customer who left can log in")
	}
}
