package postgres_test

import (
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
	"github.com/zclconf/go-cty/cty"
)

func TestACustomerStaysInsideTheirDatabase(t *testing.T) {
	w := newWorld(t, "tenants", nil)
	mine, theirs := newOp(3), newOp(3)
	me, they := w.provision(mine), w.provision(theirs)
	if _, err := w.customer(theirs, they).Exec(t.Context(), "CREATE TABLE private ()"); err != nil {
		t.Fatal(err)
	}
	for _, database := range []string{they.Database, "postgres", "template1"} {
		if _, err := pgx.Connect(t.Context(), w.server.URL(me.Username, mine.Secrets["password"], database)); sqlState(err) != "42501" {
			t.Errorf("connect to %s: %v, want SQLSTATE 42501", database, err)
		}
	}
	if _, err := pgx.Connect(t.Context(), w.server.URL(me.Username, "wrong", me.Database)); sqlState(err) != "28P01" {
		t.Errorf("a wrong password: %v, want SQLSTATE 28P01", err)
	}
	customer := w.customer(mine, me)
	for _, statement := range []string{
		"DROP DATABASE " + they.Database,
		"DROP DATABASE " + me.Database,
		"ALTER DATABASE " + me.Database + " RENAME TO mine",
		"ALTER DATABASE " + me.Database + " CONNECTION LIMIT -1",
		"ALTER DATABASE " + they.Database + " CONNECTION LIMIT 0",
		"ALTER DATABASE " + me.Database + " OWNER TO " + me.Username,
		"COMMENT ON DATABASE " + me.Database + " IS NULL",
		"COMMENT ON ROLE " + me.Username + " IS NULL",
		"ALTER ROLE " + me.Username + " CONNECTION LIMIT -1",
		"ALTER ROLE " + me.Username + " CREATEDB",
		"ALTER ROLE " + they.Username + " PASSWORD 'x'",
		"GRANT " + strings.TrimSuffix(they.Username, "_a") + "_g TO " + me.Username,
		"CREATE ROLE another",
		"CREATE DATABASE another",
		"CREATE EXTENSION file_fdw",
		"CREATE EXTENSION postgres_fdw",
		"CREATE EXTENSION dblink",
		"CREATE EXTENSION pg_stat_statements",
		"CREATE EXTENSION adminpack",
		"CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'getpid'",
		"CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false)",
		"CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()",
		"CREATE PUBLICATION p FOR ALL TABLES",
		"CREATE TABLESPACE elsewhere LOCATION '/tmp'",
		"CREATE FOREIGN DATA WRAPPER w",
		"ALTER SYSTEM SET log_statement = 'none'",
		"SET log_statement = 'none'",
		"SET session_replication_role = 'replica'",
		"SET SESSION AUTHORIZATION " + they.Username,
		"SELECT pg_reload_conf()",
		"SELECT pg_ls_dir('.')",
		"SELECT lo_import('/etc/passwd')",
		"SELECT pg_create_physical_replication_slot('s')",
		"ALTER DATABASE " + they.Database + " RENAME TO theirs",
		"ALTER DATABASE " + me.Database + " SET work_mem = '1GB'",
		"ALTER DATABASE " + me.Database + " ALLOW_CONNECTIONS false",
		"ALTER ROLE " + me.Username + " SUPERUSER",
		"ALTER ROLE " + me.Username + " BYPASSRLS",
		"ALTER ROLE " + me.Username + " REPLICATION",
		"DROP ROLE " + they.Username,
		"GRANT " + me.Username + " TO " + they.Username,
		"GRANT " + strings.TrimSuffix(me.Username, "_a") + "_g TO " + they.Username,
		"GRANT pg_read_all_data TO " + me.Username,
		"COMMENT ON DATABASE " + me.Database + " IS 'addongw resource " + mine.ResourceID + " purge after 2001-01-01T00:00:00Z'",
		"COPY (SELECT 1) TO PROGRAM 'true'",
		"SELECT pg_read_file('PG_VERSION')",
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + w.user + "'",
		"SET ROLE " + w.user,
	} {
		for _, role := range []string{"RESET ROLE", "SET ROLE NONE"} {
			if _, err := customer.Exec(t.Context(), role); err != nil {
				t.Fatal(err)
			}
			if _, err := customer.Exec(t.Context(), statement); sqlState(err) != "42501" {
				t.Errorf("%s; %s: %v, want SQLSTATE 42501", role, statement, err)
			}
		}
	}
	// Granting it to everybody only warns, and does nothing.
	if _, err := customer.Exec(t.Context(), "GRANT CONNECT ON DATABASE "+me.Database+" TO PUBLIC"); err != nil {
		t.Errorf("grant to everybody: %v", err)
	}
	if _, err := pgx.Connect(t.Context(), w.server.URL(they.Username, theirs.Secrets["password"], me.Database)); sqlState(err) != "42501" {
		t.Errorf("connect to a database that its customer tried to open: %v, want SQLSTATE 42501", err)
	}
	w.deprovision(mine)
	w.deprovision(theirs)
}

func TestForeignObjectsAreNeitherAdoptedNorDropped(t *testing.T) {
	w := newWorld(t, "foreign", nil)
	cases := map[string]struct{ create, drop string }{
		"a database of the operator":                  {"CREATE DATABASE db_%", "DROP DATABASE db_%"},
		"an empty database of the provisioner":        {"CREATE DATABASE db_% OWNER \"foreign\" CONNECTION LIMIT 0", "DROP DATABASE db_%"},
		"a group of the operator":                     {"CREATE ROLE u_%_g", "DROP ROLE u_%_g"},
		"a login of the operator":                     {"CREATE ROLE u_%_a LOGIN", "DROP ROLE u_%_a"},
		"the other login of the operator":             {"CREATE ROLE u_%_b LOGIN", "DROP ROLE u_%_b"},
		"a role with another resource's comment":      {"CREATE ROLE u_%_g; COMMENT ON ROLE u_%_g IS 'addongw resource res_other'", "DROP ROLE u_%_g"},
		"a role with a comment that begins like ours": {"CREATE ROLE u_%_g; COMMENT ON ROLE u_%_g IS 'addongw resource '", "DROP ROLE u_%_g"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			op := newOp(2)
			w := &world{t: t, server: w.server, root: connect(t, w.server.AdminURL()), b: w.b, user: w.user}
			w.exec(strings.ReplaceAll(c.create, "%", op.ShortID))
			before := w.leftovers(op)
			_, err := provision(t.Context(), w.b, op, &recorder{})
			wantClass(t, err, backend.Conflict)
			_, err = w.b.Read(t.Context(), backend.ReadRequest{Op: op})
			wantClass(t, err, backend.NotFound)
			_, err = w.b.ChangePlan(t.Context(), backend.ChangePlanRequest{Op: op}, &recorder{})
			wantClass(t, err, backend.NotFound)
			said := &recorder{}
			if err := deprovision(t.Context(), w.b, op, said); err != nil {
				t.Errorf("the clean-up: %v", err)
			}
			if !strings.Contains(said.text(), "not removed") {
				t.Errorf("the clean-up says nothing of what it left: %s", said.text())
			}
			if after := w.leftovers(op); strings.Join(before, ",") != strings.Join(after, ",") {
				t.Errorf("before %q, after %q", before, after)
			}
			w.exec(strings.ReplaceAll(c.drop, "%", op.ShortID))
		})
	}
}

func TestADatabaseNameBelongsToOneResource(t *testing.T) {
	w := newWorld(t, "twice", nil)
	first, second := newOp(2), newOp(2)
	first.Config = live("database", "shared_"+first.ShortID)
	second.Config = first.Config
	out := w.provision(first)
	if _, err := w.customer(first, out).Exec(t.Context(), "CREATE TABLE precious ()"); err != nil {
		t.Fatal(err)
	}
	_, err := provision(t.Context(), w.b, second, &recorder{})
	wantClass(t, err, backend.Conflict)
	w.deprovision(second)
	w.wantNothing(second)
	if _, err := w.customer(first, out).Exec(t.Context(), "TABLE precious"); err != nil {
		t.Errorf("the first resource: %v", err)
	}
	w.deprovision(first)
}

func TestTwoResourcesRacingForOneDatabaseName(t *testing.T) {
	w := newWorld(t, "racing", nil)
	for range 5 {
		ops := []backend.Op{newOp(2), newOp(2), newOp(2)}
		results := make(chan error, len(ops))
		for i := range ops {
			ops[i].Config = live("database", "raced_"+ops[0].ShortID)
			go func() {
				_, err := provision(t.Context(), w.b, ops[i], &recorder{})
				results <- err
			}()
		}
		won := 0
		for range ops {
			if err := <-results; err == nil {
				won++
			} else if f := wantClass(t, err, backend.Conflict); f == nil {
				t.Fail()
			}
		}
		if won != 1 {
			t.Errorf("%d resources have the database, want 1", won)
		}
		for _, op := range ops {
			w.deprovision(op)
		}
		for _, op := range ops {
			w.wantNothing(op)
		}
	}
}

func TestHostileNamesAreRefused(t *testing.T) {
	w := newWorld(t, "hostile", nil)
	before := w.number("SELECT count(*) FROM pg_roles") + w.number("SELECT count(*) FROM pg_database")
	for _, name := range []string{
		`a"b`, `a'b`, "a b", "a;b", "A", "é", "a\x00b", "1a", "_a", "-a", "a/../b", "postgres", "template1", "pg_x",
		"addongw_new_x", strings.Repeat("a", 64), "a\nb", "a%b",
	} {
		for _, attribute := range []string{"database", "role"} {
			op := newOp(1)
			op.Config = live(attribute, name)
			_, err := provision(t.Context(), w.b, op, &recorder{})
			failure := wantClass(t, err, backend.Invalid)
			if !failure.Path.Equals(cty.GetAttrPath(attribute)) {
				t.Errorf("%s %q: path %v", attribute, name, failure.Path)
			}
		}
	}
	longest := newOp(1)
	longest.Config = live("role", strings.Repeat("r", 62))
	_, err := provision(t.Context(), w.b, longest, &recorder{})
	wantClass(t, err, backend.Invalid)
	odd := newOp(1)
	odd.ResourceID = "res_'; DROP ROLE x; --"
	_, err = provision(t.Context(), w.b, odd, &recorder{})
	wantClass(t, err, backend.Internal)
	if after := w.number("SELECT count(*) FROM pg_roles") + w.number("SELECT count(*) FROM pg_database"); after != before {
		t.Errorf("refused names made %d objects", after-before)
	}
}

func TestTheLongestNamesWork(t *testing.T) {
	w := newWorld(t, "longest", nil)
	op := newOp(1)
	pad := func(size int) string { return op.ShortID + strings.Repeat("-", size-len(op.ShortID)) }
	op.ShortID = "a" + op.ShortID[1:]
	op.Config = backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"database": cty.StringVal(pad(63)), "role": cty.StringVal(pad(61)),
	}))
	out := w.provision(op)
	if len(out.Database) != 63 || len(out.Username) != 63 {
		t.Errorf("got %d and %d characters, want 63 both", len(out.Database), len(out.Username))
	}
	w.deprovision(op)
	w.wantNothing(op)
}
