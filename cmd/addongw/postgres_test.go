package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	password = "e2e-password-of-at-least-35-characters"
	ssoSalt  = "e2e-sso-salt-that-is-35-characters-or-more"
)

// acme serves examples/postgres on a real PostgreSQL.
type acme struct {
	*process
	admin string // the superuser's URL
}

// startAcme starts it; env replaces what the gateway usually finds in its
// environment.
func startAcme(t *testing.T, dir string, env ...string) acme {
	t.Helper()
	server := postgresServer(t)
	env = append([]string{
		"ACME_ADMIN_URL=" + server.ProvisionerURL,
		"ADDONGW_VAR_db_sslmode=disable", "TMPDIR=" + dir,
		"CLEVER_PASSWORD=" + password, "CLEVER_SSO_SALT=" + ssoSalt,
	}, env...)
	args := []string{"serve", dir, "--listen", "127.0.0.1:0", "--admin", "unix:" + dir + "/admin.sock"}
	return acme{process: start(t, dir, args, env...), admin: server.SuperuserURL}
}

func (a acme) provision(externalID, plan string) call {
	body := fmt.Sprintf(`{"addon_id":%q,"owner_id":"orga_1","owner_name":"Ann","user_id":"user_1","plan":%q,"region":"EU","callback_url":"https://api.example/v2/vendor/apps/%s","options":{}}`,
		externalID, plan, externalID)
	return call{"POST", a.URL + "/clevercloud/acme-db/resources", "acme-db", password, body}
}

func (a acme) change(id, externalID, plan string) call {
	body := fmt.Sprintf(`{"addon_id":%q,"plan":%q}`, externalID, plan)
	return call{"PUT", a.URL + "/clevercloud/acme-db/resources/" + id, "acme-db", password, body}
}

func (a acme) deprovision(id string) call {
	return call{"DELETE", a.URL + "/clevercloud/acme-db/resources/" + id, "acme-db", password, ""}
}

// query asks the server as its superuser for one text.
func (a acme) query(t *testing.T, sql string, args ...any) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), a.admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var text string
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// leftovers counts the databases and roles of one customer's database.
func (a acme) leftovers(t *testing.T, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal("the config var is no URL")
	}
	database := strings.TrimPrefix(u.Path, "/")
	short := strings.TrimPrefix(database, "acme_")
	return a.query(t, `SELECT (SELECT count(*) FROM pg_database WHERE datname = $1)::text || ' databases, '
		|| (SELECT count(*) FROM pg_roles WHERE rolname LIKE '%' || $2 || '%')::text || ' roles'`, database, short)
}

func execSQL(t *testing.T, databaseURL, sql string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), sql)
	return err
}

func TestACustomersDatabaseLivesAndDies(t *testing.T) {
	a := startAcme(t, copyExample(t, "postgres"))

	first := a.provision("addon_1", "hobby").must(t, 200)
	other := a.provision("addon_2", "hobby").must(t, 200)
	dsn := first.Config["ACME_DB_URL"]
	if dsn == "" || first.ID == "" || first.ID == other.ID {
		t.Fatalf("id %q, other %q, config vars %d", first.ID, other.ID, len(first.Config))
	}

	if err := execSQL(t, dsn, "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)"); err != nil {
		t.Fatalf("the customer's URL: %v", err)
	}
	if err := execSQL(t, withDatabase(t, dsn, other.Config["ACME_DB_URL"]), "SELECT 1"); err == nil {
		t.Error("a tenant got into another tenant's database")
	}

	limit := func() string {
		return a.query(t, "SELECT datconnlimit::text FROM pg_database WHERE datname = $1", first.Config["ACME_DB_NAME"])
	}
	before := limit()
	changed := a.change(first.ID, "addon_1", "standard").must(t, 200)
	if after := limit(); after == before {
		t.Errorf("the plan change left the connection limit at %s", before)
	}
	if changed.Config["ACME_DB_URL"] != dsn {
		t.Error("the plan change changed the customer's URL")
	}

	a.deprovision(first.ID).must(t, 200)
	a.deprovision(first.ID).must(t, 200)
	await(t, "nothing left of the database", 30*time.Second, func() bool {
		return a.leftovers(t, dsn) == "0 databases, 0 roles"
	})
	if got := a.leftovers(t, other.Config["ACME_DB_URL"]); !strings.HasPrefix(got, "1 databases") {
		t.Errorf("the other tenant is left with %s", got)
	}
	if code := a.Stop(); code != 0 {
		t.Errorf("SIGTERM: exit code %d", code)
	}
	for _, secret := range []string{password, ssoSalt, passwordOf(t, dsn)} {
		if strings.Contains(a.Log(), secret) {
			t.Error("the log holds a secret")
		}
	}
}

// withDatabase is dsn with the database of other.
func withDatabase(t *testing.T, dsn, other string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	o, err2 := url.Parse(other)
	if err != nil || err2 != nil {
		t.Fatal("a config var is no URL")
	}
	u.Path = o.Path
	return u.String()
}

func passwordOf(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal("the config var is no URL")
	}
	p, _ := u.User.Password()
	return p
}

func TestFiftyDifferentOrdersAtOnceMakeFiftyDatabases(t *testing.T) {
	a := startAcme(t, copyExample(t, "postgres"))
	answers := parallel(50, func(i int) (answer, error) { return a.provision(fmt.Sprintf("addon_%d", i), "hobby").do() })
	ids := map[string]bool{}
	for _, r := range answers {
		if r.err != nil || r.Status != 200 {
			t.Fatalf("%v %d %s", r.err, r.Status, r.Body)
		}
		ids[r.Config["ACME_DB_URL"]] = true
		if err := execSQL(t, r.Config["ACME_DB_URL"], "SELECT 1"); err != nil {
			t.Error(err)
		}
	}
	if len(ids) != 50 {
		t.Errorf("%d different databases, want 50", len(ids))
	}
}

func TestFiftyIdenticalOrdersAtOnceMakeOneDatabaseAndOneAnswer(t *testing.T) {
	a := startAcme(t, copyExample(t, "postgres"))
	count := func() string { return a.query(t, "SELECT count(*)::text FROM pg_database") }
	before := count()
	answers := parallel(50, func(int) (answer, error) { return a.provision("addon_same", "hobby").do() })
	bodies := map[string]bool{}
	for _, r := range answers {
		if r.err != nil || r.Status != 200 {
			t.Fatalf("%v %d %s", r.err, r.Status, r.Body)
		}
		bodies[r.Body] = true
	}
	if len(bodies) != 1 {
		t.Errorf("%d different answers, want one", len(bodies))
	}
	if after := count(); after != fmt.Sprint(atoi(t, before)+1) {
		t.Errorf("databases: %s before, %s after", before, after)
	}
}

func TestTheSameIDWithAnotherPlanIsAConflict(t *testing.T) {
	a := startAcme(t, copyExample(t, "postgres"))
	a.provision("addon_1", "hobby").must(t, 200)
	a.provision("addon_1", "standard").must(t, 409)
}

type result struct {
	answer
	err error
}

func parallel(n int, f func(int) (answer, error)) []result {
	results := make([]result, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { results[i].answer, results[i].err = f(i) })
	}
	wg.Wait()
	return results
}
