package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
	"github.com/jackc/pgx/v5"
)

// TestAKilledProcessLosesDoublesAndLeavesNothing is backends.md §7, 1, for the
// plugin. What a step that is interrupted in other ways does is in
// crash_test.go.
func TestAKilledProcessLosesDoublesAndLeavesNothing(t *testing.T) {
	w := newWorld(t, "killed", nil)
	bigger := plan(3)
	backendtest.Crash(t, backendtest.Crashing{
		Subject: backendtest.Subject{
			Config:   config(w.provisionerURL(), keepFor("keep-7d")),
			Op:       func(*testing.T) backend.Op { return backend.Op{Plan: plan(2), Region: backend.Region{ID: "eu"}} },
			ChangeTo: &bigger,
			Works:    w.works,
		},
		Things: func(_ *testing.T, op backend.Op) []string { return w.things(op) },
		Use: func(_ *testing.T, op backend.Op) {
			var out outputs
			if err := op.Outputs.Decode(&out); err != nil {
				t.Fatal(err)
			}
			conn := w.customer(op, out)
			if _, err := conn.Exec(t.Context(), "CREATE TABLE precious (n int); INSERT INTO precious VALUES (7)"); err != nil {
				t.Fatal(err)
			}
			_ = conn.Close(t.Context())
			await(t, "the session is gone", func() bool {
				return w.number("SELECT count(*) FROM pg_stat_activity WHERE datname = $1", out.Database) == 0
			})
		},
	})
}

// things is what belongs to a resource and what customers notice of it. A login
// that a rotation has closed is nothing, as long as there is a database.
func (w *world) things(op backend.Op) []string {
	w.t.Helper()
	list := append(w.leftovers(op), w.staged()...)
	shut := w.names(`
		SELECT 'role ' || rolname FROM pg_roles WHERE rolname IN ($1, $2) AND NOT rolcanlogin AND rolconnlimit = 0
		AND EXISTS (SELECT FROM pg_database WHERE datname = $3)`, "u_"+op.ShortID+"_a", "u_"+op.ShortID+"_b", "db_"+op.ShortID)
	list = slices.DeleteFunc(list, func(thing string) bool { return slices.Contains(shut, thing) })
	list = append(list, w.names(`
		SELECT format('%s admits %s, speaks to PUBLIC: %s, is kept: %s, sessions: %s', datname, datconnlimit, has_database_privilege('public', oid, 'CONNECT'),
			shobj_description(oid, 'pg_database') LIKE '% purge after %', (SELECT count(*) FROM pg_stat_activity a WHERE datid = d.oid))
		FROM pg_database d WHERE datname = $1`, "db_"+op.ShortID)...)
	list = append(list, w.names(`
		SELECT format('%s logs in: %s, holds %s, has %s', rolname, rolcanlogin, rolconnlimit, rolconfig)
		FROM pg_roles WHERE rolname IN ($1, $2) AND NOT 'role ' || rolname = ANY($3)`, "u_"+op.ShortID+"_a", "u_"+op.ShortID+"_b", shut)...)
	if w.number("SELECT count(*) FROM pg_database WHERE datname = $1", "db_"+op.ShortID) == 1 {
		list = append(list, w.inside(op)...)
	}
	return list
}

// inside is what a superuser sees in the resource's database.
func (w *world) inside(op backend.Op) []string {
	w.t.Helper()
	root, err := pgx.Connect(w.t.Context(), strings.Replace(w.server.AdminURL(), "/postgres?", "/db_"+op.ShortID+"?", 1))
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		_ = root.Close(context.Background())
		await(w.t, "the superuser is gone", func() bool {
			return w.number("SELECT count(*) FROM pg_stat_activity WHERE datname = $1", "db_"+op.ShortID) == 0
		})
	}()
	rows, err := root.Query(w.t.Context(), "SELECT format('%s of %s', tablename, tableowner) FROM pg_tables WHERE schemaname = 'public'")
	if err != nil {
		w.t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.t.Fatal(err)
	}
	for _, table := range tables {
		var n int
		if err := root.QueryRow(w.t.Context(), "SELECT sum(n) FROM precious").Scan(&n); err != nil {
			w.t.Fatal(err)
		}
		tables = append(tables, fmt.Sprintf("%s: %d", table, n))
	}
	return tables
}
