package postgres_test

import (
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
	"github.com/addongw/addongw/plugins/postgres"
	"github.com/jackc/pgx/v5"
)

func TestContract(t *testing.T) {
	w := newWorld(t, "contract", nil)
	admin, err := pgx.ParseConfig(w.provisionerURL())
	if err != nil {
		t.Fatal(err)
	}
	b := postgres.New()
	t.Cleanup(b.Close)
	bigger := plan(7)
	backendtest.Run(t, backendtest.Subject{
		Backend:  b,
		Config:   config(w.provisionerURL(), nil),
		Op:       func(*testing.T) backend.Op { return backend.Op{Plan: plan(2), Region: backend.Region{ID: "eu"}} },
		ChangeTo: &bigger,
		Works:    w.works,
		Secrets:  []string{admin.Password, "SCRAM-SHA-256"},
	})
	if left := w.names("SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = $1", w.user); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
