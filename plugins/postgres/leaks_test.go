package postgres_test

import (
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
	"github.com/zclconf/go-cty/cty"
)

// What follows is not wanted. It is asserted so that a change is noticed, in
// PostgreSQL or in what we do, and so that the README tells the truth.

// query gives a customer's one text.
func query(t *testing.T, conn *pgx.Conn, statement string, args ...any) string {
	t.Helper()
	var text string
	if err := conn.QueryRow(t.Context(), statement, args...).Scan(&text); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return text
}

func run(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

func TestWhatCustomersSeeOfEachOther(t *testing.T) {
	w := newWorld(t, "seen", keepFor("keep-7d"))
	mine, theirs, gone := newOp(3), newOp(3), newOp(3)
	theirs.Plan = backend.Plan{ID: "timed", Params: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"connection_limit": cty.NumberIntVal(3), "statement_timeout": cty.StringVal("77s"),
	}))}
	me, they, past := w.provision(mine), w.provision(theirs), w.provision(gone)
	w.soft(gone)
	run(t, w.customer(theirs, they), "SELECT 'a secret of theirs'")
	customer := w.customer(mine, me)
	leaks := map[string]struct{ query, object, want string }{
		"the name of a database":         {"SELECT datname FROM pg_database WHERE datname = $1", they.Database, they.Database},
		"its comment":                    {"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", they.Database, theirs.ResourceID},
		"the purge date of another":      {"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", past.Database, "purge after"},
		"its connection limit":           {"SELECT datconnlimit::text FROM pg_database WHERE datname = $1", they.Database, "3"},
		"the name of a role":             {"SELECT rolname FROM pg_roles WHERE rolname = $1", they.Username, they.Username},
		"its settings":                   {"SELECT array_to_string(rolconfig, ' ') FROM pg_roles WHERE rolname = $1", they.Username, "77000ms"},
		"who is a member of which group": {"SELECT roleid::regrole::text FROM pg_auth_members WHERE member = $1::regrole", they.Username, "_g"},
		"that somebody is connected":     {"SELECT datname FROM pg_stat_activity WHERE usename = $1", they.Username, they.Database},
		"that login's source, no longer": {"SELECT coalesce(client_addr::text, 'hidden') FROM pg_stat_activity WHERE usename = $1", they.Username, "hidden"},
		"nor what it does":               {"SELECT query FROM pg_stat_activity WHERE usename = $1", they.Username, "<insufficient privilege>"},
		"counts of their transactions":   {"SELECT (xact_commit >= 0)::text FROM pg_stat_database WHERE datname = $1", they.Database, "true"},
	}
	for what, leak := range leaks {
		if got := query(t, customer, leak.query, leak.object); !strings.Contains(got, leak.want) {
			t.Errorf("%s: a customer sees %q, no longer %q", what, got, leak.want)
		}
	}
	for _, refused := range []string{
		"SELECT rolpassword FROM pg_authid",
		"SELECT pg_database_size('" + they.Database + "')",
		"SELECT pg_stat_reset_shared('bgwriter')",
		"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = '" + they.Username + "'",
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + they.Username + "'",
	} {
		if _, err := customer.Exec(t.Context(), refused); sqlState(err) != "42501" {
			t.Errorf("%s: %v, want SQLSTATE 42501", refused, err)
		}
	}
	for _, op := range []backend.Op{mine, theirs, gone} {
		w.deprovision(op)
	}
}

func TestWhatACustomerCanUndo(t *testing.T) {
	w := newWorld(t, "undo", nil)
	op := newOp(3)
	op.Plan = backend.Plan{ID: "timed", Params: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"connection_limit": cty.NumberIntVal(3), "statement_timeout": cty.StringVal("77s"), "temp_file_limit_mb": cty.NumberIntVal(1),
	}))}
	out := w.provision(op)
	login, group := out.Username, "u_"+op.ShortID+"_g"
	customer := w.customer(op, out)

	for _, after := range []struct{ statement, acting string }{
		{"RESET ROLE", group}, {"DISCARD ALL", group}, {"RESET ALL", group}, {"SET ROLE NONE", login},
	} {
		run(t, customer, after.statement)
		var acting string // without a statement that DISCARD ALL would drop
		if err := customer.QueryRow(t.Context(), "SELECT current_user", pgx.QueryExecModeSimpleProtocol).Scan(&acting); err != nil {
			t.Fatal(err)
		}
		if acting != after.acting {
			t.Errorf("after %s the customer acts as %s, no longer as %s", after.statement, acting, after.acting)
		}
	}
	run(t, customer, "CREATE TABLE of_the_login ()", "CREATE SCHEMA of_the_login", "SET statement_timeout = 0")
	if got := query(t, customer, "SHOW statement_timeout"); got != "0" {
		t.Errorf("statement_timeout is %s: it can no longer be lifted", got)
	}
	// The login's own defaults, for all sessions to come.
	run(t, customer, "ALTER ROLE "+login+" SET statement_timeout = 0", "ALTER ROLE "+login+" RESET role")
	got, err := w.b.Read(t.Context(), backend.ReadRequest{Op: op})
	if drift := strings.Join(got.Drift, " "); err != nil || !strings.Contains(drift, "statement_timeout") || !strings.Contains(drift, "does not act as the group") {
		t.Errorf("what the customer undid is read as drift %q, %v", drift, err)
	}
	for _, held := range []struct{ statement, code string }{
		{"SET temp_file_limit = -1", "42501"},
		{"ALTER ROLE " + login + " SET temp_file_limit = -1", "42501"},
		{"ALTER ROLE " + login + " RESET temp_file_limit", "42501"},
		{"SELECT count(*) FROM (SELECT n, repeat('x', 1000) FROM generate_series(1, 20000) n ORDER BY 2, 1 DESC OFFSET 1) s", "53400"},
		{"ALTER ROLE " + login + " VALID UNTIL 'infinity'", "42501"},
		{"ALTER ROLE " + login + " LOGIN", "42501"},
		{"ALTER ROLE " + login + " RENAME TO me", "0A000"},
		{"ALTER ROLE " + login + " IN DATABASE " + out.Database + " SET temp_file_limit = -1", "42501"},
		{"ALTER DATABASE " + out.Database + " SET temp_file_limit = -1", "42501"},
	} {
		if _, err := customer.Exec(t.Context(), "SET work_mem = '64kB'; "+held.statement); sqlState(err) != held.code {
			t.Errorf("%s: %v, want SQLSTATE %s", held.statement, err, held.code)
		}
	}
	w.changePlan(op, op.Plan)
	if _, err := w.customer(op, out).Exec(t.Context(), "SELECT 1"); err != nil {
		t.Error(err)
	}
	w.deprovision(op)
	w.wantNothing(op)
}

func TestAPasswordThatACustomerSetsIsLogged(t *testing.T) {
	w := newWorld(t, "logged", nil)
	op := newOp(3)
	out := w.provision(op)
	customer := w.customer(op, out)
	run(t, customer, "SET ROLE NONE", "ALTER ROLE "+out.Username+" PASSWORD 'chosen-by-"+op.ShortID+"'")
	log, err := w.server.Log()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log, "chosen-by-"+op.ShortID) {
		t.Error("the server no longer logs it")
	}
	if _, err := pgx.Connect(t.Context(), w.customerURL(op, out)); sqlState(err) != "28P01" {
		t.Errorf("the password of the config vars: %v, want SQLSTATE 28P01", err)
	}
	w.provision(op) // a repeat sets the gateway's again
	w.deprovision(op)
}

func TestACustomerCannotKeepTheRolesOfAnotherOne(t *testing.T) {
	w := newWorld(t, "clingy", nil)
	mine, theirs := newOp(2), newOp(3)
	me, they := w.provision(mine), w.provision(theirs)
	group := "u_" + theirs.ShortID + "_g"
	customer := w.customer(mine, me)
	run(t, customer, "CREATE TABLE t (n int)", "INSERT INTO t VALUES (7)", "GRANT SELECT ON t TO "+they.Username,
		"CREATE SCHEMA s", "GRANT ALL ON SCHEMA s TO "+group, "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO "+they.Username,
		"SET ROLE NONE", "CREATE TABLE of_the_login ()", "GRANT ALL ON of_the_login TO "+group+" WITH GRANT OPTION")
	second := w.customer(mine, me) // nobody else comes in now, not even we
	wantClass(t, deprovision(t.Context(), w.b, theirs, &recorder{}), backend.Retryable)
	if err := second.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.untilAnswered(func() error { return deprovision(t.Context(), w.b, theirs, &recorder{}) })
	w.wantNothing(theirs)
	if got := query(t, customer, "SELECT n::text FROM t"); got != "7" {
		t.Errorf("what was granted holds %s, want 7", got)
	}
	if members := w.names("SELECT roleid::regrole::text FROM pg_auth_members WHERE member = 'clingy'::regrole AND roleid::regrole::text LIKE 'u_%'"); len(members) > 0 {
		t.Errorf("the provisioner is still a member of %q", members)
	}
	w.deprovision(mine)
	w.wantNothing(mine)
}
