package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/addongw/addongw/gateway"
)

// oldStore makes a store as the first version had it, with a resource that is
// being removed and one that is suspended, as the versions after it have.
func oldStore(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`INSERT INTO resources (id, short_id, provider_id, kind, platform, addon, external_id, plan, region, backend, state, config_rev, delivered_rev, created_at, updated_at)
 VALUES ('res_1', 's1', 'res_1', 'addon', 'moon', 'acme-db', 'ext-1', 'free', 'eu', 'postgres.main', 'deprovisioning', 2, 1, 1000, 2000),
 ('res_2', 's2', 'res_2', 'addon', 'moon', 'acme-db', 'ext-2', 'free', 'eu', 'postgres.main', 'suspended', 1, 1, 1000, 2000)`,
		`INSERT INTO operations (id, lane, seq, resource_id, verb, backend, plan, state, max_attempts, run_at, created_at)
 VALUES ('op_1', 'res:res_1', 1, 'res_1', 'deprovision', 'postgres.main', 'free', 'pending', 20, 1000, 1000)`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStoreOfTheFirstVersionIsReadWithWhatItHas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "addongw.db")
	oldStore(t, path)
	s := open(t, path)
	r, err := s.ResourceRecord(t.Context(), "res_1")
	if err != nil || r.State != gateway.Deprovisioning || r.ConfigRev != 2 || r.DeliveredRev != 1 || r.OwnerEmails != nil || r.App+r.Reason != "" || r.Accepted || r.LockedOut {
		t.Errorf("resource %+v, %v", r.Resource, err)
	}
	if r, err := s.ResourceRecord(t.Context(), "res_2"); err != nil || !r.LockedOut {
		t.Errorf("what is suspended may be locked out: %t, %v", r.LockedOut, err)
	}
	op, err := s.OperationRecord(t.Context(), "op_1")
	if err != nil || op.Mode != "" || op.Verb != "deprovision" || op.State != gateway.OperationPending {
		t.Errorf("operation %+v, %v", op.Operation, err)
	}
	used, err := s.InUse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []gateway.InUse{{Platform: "moon", Addon: "acme-db", Plan: "free", Region: "eu", Backend: "postgres.main", Count: 2}}
	if diff := cmp.Diff(want, used); diff != "" {
		t.Errorf("in use (-want +got):\n%s", diff)
	}
}
