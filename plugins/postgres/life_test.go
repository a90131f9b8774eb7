package postgres_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/zclconf/go-cty/cty"
)

func TestAResourceLivesFromProvisionToDeprovision(t *testing.T) {
	w := newWorld(t, "life", nil)
	op := newOp(3)
	op.Config = live("database", "acme_"+op.ShortID)
	out := w.provision(op)

	want := outputs{Username: "u_" + op.ShortID + "_a", Host: "127.0.0.1", Port: w.server.Port(), Database: "acme_" + op.ShortID}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Fatalf("outputs (-want +got):\n%s", diff)
	}
	customer := w.customer(op, out)
	for _, statement := range []string{
		"CREATE TABLE orders (id int primary key)", "INSERT INTO orders VALUES (1)",
		"CREATE SCHEMA reports", "CREATE EXTENSION hstore", "CREATE EXTENSION pgcrypto", "CREATE TEMP TABLE t (n int)",
	} {
		if _, err := customer.Exec(t.Context(), statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
	var owner string
	if err := customer.QueryRow(t.Context(), "SELECT tableowner FROM pg_tables WHERE tablename = 'orders'").Scan(&owner); err != nil {
		t.Fatal(err)
	}
	if want := "u_" + op.ShortID + "_g"; owner != want {
		t.Errorf("a new table belongs to %q, want the group %q", owner, want)
	}

	w.deprovision(op) // with the customer connected
	if left := w.leftovers(op); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	w.deprovision(op)
}

func TestAProvisionRepeatedReturnsTheSameAndKeepsTheData(t *testing.T) {
	w := newWorld(t, "repeated", nil)
	op := newOp(3)
	first := w.provision(op)
	if _, err := w.customer(op, first).Exec(t.Context(), "CREATE TABLE kept (); CREATE TABLE addongw_probe ()"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, w.provision(op)); diff != "" {
		t.Errorf("second outputs (-first +second):\n%s", diff)
	}
	if _, err := w.customer(op, first).Exec(t.Context(), "TABLE kept; TABLE addongw_probe"); err != nil {
		t.Errorf("a repeated provision lost a table: %v", err)
	}
	w.deprovision(op)
}

func TestDeprovisionOfAnUnknownResourceSucceeds(t *testing.T) {
	w := newWorld(t, "unknown", nil)
	w.deprovision(newOp(1))
	refused := newOp(1)
	refused.Config = live("database", `x"; DROP DATABASE postgres; --`)
	w.deprovision(refused)
}

func TestNamesStayWhenTheConfigurationChanges(t *testing.T) {
	w := newWorld(t, "renamed", nil)
	op := newOp(2)
	result, err := w.b.Provision(t.Context(), backend.ProvisionRequest{Op: op}, &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	op.Config, op.State, op.Outputs = live("database", "other_"+op.ShortID), result.State, result.Outputs
	out := w.provision(op)
	if want := "db_" + op.ShortID; out.Database != want {
		t.Errorf("the database is now %q, want %q", out.Database, want)
	}
	op.State = nil
	w.deprovision(op)
	if left := w.leftovers(op); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestOneConnectionIsEnoughRightAfterTheProvision(t *testing.T) {
	w := newWorld(t, "single", nil)
	for range 15 {
		op := newOp(1)
		out := w.provision(op)
		conn, err := pgx.Connect(t.Context(), w.customerURL(op, out))
		if err != nil {
			t.Fatalf("the customer's first connection: %v", err)
		}
		if _, err := pgx.Connect(t.Context(), w.customerURL(op, out)); sqlState(err) != "53300" {
			t.Fatalf("a second connection: %v, want SQLSTATE 53300", err)
		}
		_ = conn.Close(t.Context())
		w.deprovision(op)
	}
}

func TestAPlanChangeSetsTheLimits(t *testing.T) {
	w := newWorld(t, "plans", nil)
	op := newOp(1)
	out := w.provision(op)
	bigger := backend.Plan{ID: "big", Params: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"connection_limit": cty.NumberIntVal(2), "statement_timeout": cty.StringVal("90s"), "temp_file_limit_mb": cty.NumberIntVal(64),
	}))}
	w.changePlan(op, bigger)
	w.changePlan(op, bigger)
	customer := w.customer(op, out)
	var timeout, tempFiles string
	if err := customer.QueryRow(t.Context(), "SELECT current_setting('statement_timeout'), current_setting('temp_file_limit')").Scan(&timeout, &tempFiles); err != nil {
		t.Fatal(err)
	}
	if timeout != "90s" && timeout != "1min 30s" || tempFiles != "64MB" {
		t.Errorf("statement_timeout %s, temp_file_limit %s; want 90 s and 64 MB", timeout, tempFiles)
	}
	if _, err := customer.Exec(t.Context(), "SET temp_file_limit = -1"); sqlState(err) != "42501" {
		t.Errorf("lifting the limit of temporary files: %v, want SQLSTATE 42501", err)
	}
	second := w.customer(op, out)
	if _, err := pgx.Connect(t.Context(), w.customerURL(op, out)); sqlState(err) != "53300" {
		t.Errorf("a third connection: %v, want SQLSTATE 53300", err)
	}
	w.changePlan(op, plan(1))
	if err := second.Ping(t.Context()); err != nil {
		t.Errorf("a smaller plan ended a session: %v", err)
	}
	if n := w.number("SELECT count(*) FROM pg_roles, unnest(rolconfig) AS c WHERE rolname = $1 AND c NOT LIKE 'role=%'", out.Username); n != 0 {
		t.Errorf("the old plan's %d settings stayed", n)
	}
	w.deprovision(op)
}

func (w *world) changePlan(op backend.Op, to backend.Plan) {
	w.t.Helper()
	old := op.Plan
	op.Plan = to
	if _, err := w.b.ChangePlan(w.t.Context(), backend.ChangePlanRequest{Op: op, OldPlan: old}, &recorder{}); err != nil {
		w.t.Fatal(err)
	}
}

func TestAPlanChangeOfAnAbsentResourceIsNotFound(t *testing.T) {
	w := newWorld(t, "absent", nil)
	_, err := w.b.ChangePlan(t.Context(), backend.ChangePlanRequest{Op: newOp(1)}, &recorder{})
	wantClass(t, err, backend.NotFound)
}

func TestReadFindsDrift(t *testing.T) {
	w := newWorld(t, "drift", nil)
	op := newOp(4)
	out := w.provision(op)
	read := func() []string {
		t.Helper()
		got, err := w.b.Read(t.Context(), backend.ReadRequest{Op: op})
		if err != nil {
			t.Fatal(err)
		}
		var seen outputs
		if err := got.Outputs.Decode(&seen); err != nil || seen != out {
			t.Errorf("read outputs %+v (%v), want %+v", seen, err, out)
		}
		return got.Drift
	}
	if drift := read(); drift != nil {
		t.Errorf("drift of a new resource: %q", drift)
	}
	cases := map[string][2]string{ // what is said: change, repair
		"disabled":                     {"ALTER ROLE %[2]s NOLOGIN", "ALTER ROLE %[2]s LOGIN"},
		"allows 9":                     {"ALTER DATABASE %[1]s CONNECTION LIMIT 9", "ALTER DATABASE %[1]s CONNECTION LIMIT 4"},
		"hold 9":                       {"ALTER ROLE %[2]s CONNECTION LIMIT 9", "ALTER ROLE %[2]s CONNECTION LIMIT 4"},
		"does not act":                 {"ALTER ROLE %[2]s RESET role", "ALTER ROLE %[2]s SET role = %[3]s"},
		"statement_timeout":            {"ALTER ROLE %[2]s SET statement_timeout = '1s'", "ALTER ROLE %[2]s RESET statement_timeout"},
		"group role \"u_" + op.ShortID: {"COMMENT ON ROLE %[3]s IS NULL", "COMMENT ON ROLE %[3]s IS 'addongw resource " + op.ResourceID + "'"},
	}
	for says, statements := range cases {
		run := func(s string) {
			w.exec(strings.Split(fmt.Sprintf(s+" -- %[1]s%[2]s%[3]s", out.Database, out.Username, "u_"+op.ShortID+"_g"), " -- ")[0])
		}
		run(statements[0])
		if drift := read(); len(drift) != 1 || !strings.Contains(drift[0], says) {
			t.Errorf("after %q: drift %q, want one sentence with %q", statements[0], drift, says)
		}
		run(statements[1])
	}
	w.exec("DROP DATABASE " + out.Database)
	_, err := w.b.Read(t.Context(), backend.ReadRequest{Op: op})
	wantClass(t, err, backend.NotFound)
	w.deprovision(op)
}

func TestExtensionsAreThere(t *testing.T) {
	w := newWorld(t, "extensions", map[string]cty.Value{
		"extensions": cty.ListVal([]cty.Value{cty.StringVal("pgcrypto"), cty.StringVal("uuid-ossp"), cty.StringVal("citext")}),
	})
	op := newOp(2)
	out := w.provision(op)
	if _, err := w.customer(op, out).Exec(t.Context(), "SELECT gen_salt('bf'), uuid_generate_v4(), 'A'::citext = 'a'"); err != nil {
		t.Error(err)
	}
	w.deprovision(op)
}

func TestHostAndPortForCustomersMayDiffer(t *testing.T) {
	w := newWorld(t, "hosts", map[string]cty.Value{"host": cty.StringVal("db.example.com"), "port": cty.NumberIntVal(6543)})
	op := newOp(1)
	out := w.provision(op)
	if out.Host != "db.example.com" || out.Port != 6543 {
		t.Errorf("got %s:%d, want db.example.com:6543", out.Host, out.Port)
	}
	w.deprovision(op)
}

func TestManyProvisionsAtOnce(t *testing.T) {
	w := newWorld(t, "many", nil)
	ops := make([]backend.Op, 20)
	var group sync.WaitGroup
	for i := range ops {
		ops[i] = newOp(2)
		group.Go(func() {
			if _, err := provision(t.Context(), w.b, ops[i], &recorder{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := w.number("SELECT count(*) FROM pg_database WHERE pg_get_userbyid(datdba) = 'many'"); n != len(ops) {
		t.Errorf("%d databases, want %d", n, len(ops))
	}
	for _, op := range ops {
		group.Go(func() {
			if err := deprovision(t.Context(), w.b, op, &recorder{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, op := range ops {
		if left := w.leftovers(op); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
}

func TestTheSameProvisionAtOnceMakesOneDatabase(t *testing.T) {
	w := newWorld(t, "same", nil)
	other := configured(t, w.provisionerURL(), nil) // a second process of the same configuration
	op := newOp(2)
	var group sync.WaitGroup
	for i := range 12 {
		b := w.b
		if i%2 == 1 {
			b = other
		}
		group.Go(func() {
			if _, err := provision(t.Context(), b, op, &recorder{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got, want := len(w.leftovers(op)), 3; got != want {
		t.Errorf("%d objects, want %d: %q", got, want, w.leftovers(op))
	}
	if staged := w.staged(); len(staged) > 0 {
		t.Errorf("unfinished databases: %q", staged)
	}
	w.deprovision(op)
}

func (w *world) provisionerURL() string {
	w.t.Helper()
	url, err := w.server.Provisioner(w.t.Context(), w.user)
	if err != nil {
		w.t.Fatal(err)
	}
	return url
}

func TestASuperuserMayBeTheProvisioner(t *testing.T) {
	w := newWorld(t, "unused", nil)
	b := configured(t, w.server.AdminURL(), nil)
	op := newOp(1)
	out, err := provision(t.Context(), b, op, &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.customer(op, out).Exec(t.Context(), "CREATE TABLE t ()"); err != nil {
		t.Error(err)
	}
	if err := deprovision(t.Context(), b, op, &recorder{}); err != nil {
		t.Fatal(err)
	}
	if left := w.leftovers(op); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestHealthFollowsTheServer(t *testing.T) {
	w := newWorld(t, "health", nil)
	got, err := w.b.Health(t.Context(), backend.HealthRequest{})
	if err != nil || !got.OK {
		t.Errorf("health of a running server: %+v, %v", got, err)
	}
}
