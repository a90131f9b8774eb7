package postgres_test

import (
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/postgres"
	"github.com/zclconf/go-cty/cty"
)

// diagnosticsOf configures a new backend and returns what it says.
func diagnosticsOf(t *testing.T, url string, extra map[string]cty.Value) backend.Diagnostics {
	t.Helper()
	b := postgres.New()
	t.Cleanup(b.Close)
	res, err := b.Configure(t.Context(), backend.ConfigureRequest{Config: config(url, extra)})
	if err != nil {
		t.Fatal(err)
	}
	return res.Diagnostics
}

func text(found backend.Diagnostics) string {
	var lines []string
	for _, d := range found {
		lines = append(lines, string(d.Severity)+": "+d.Summary+". "+d.Detail)
	}
	return strings.Join(lines, "\n")
}

func TestAProvisionerWithoutItsRightsIsRefused(t *testing.T) {
	w := newWorld(t, "powerless", nil)
	cases := map[string]struct{ take, back, says string }{
		"CREATEDB":          {"ALTER ROLE powerless NOCREATEDB", "ALTER ROLE powerless CREATEDB", "ALTER ROLE \"powerless\" CREATEROLE CREATEDB;"},
		"CREATEROLE":        {"ALTER ROLE powerless NOCREATEROLE", "ALTER ROLE powerless CREATEROLE", "ALTER ROLE \"powerless\" CREATEROLE CREATEDB;"},
		"pg_signal_backend": {"REVOKE pg_signal_backend FROM powerless", "GRANT pg_signal_backend TO powerless", "GRANT pg_signal_backend TO \"powerless\";"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w.exec(c.take)
			found := diagnosticsOf(t, w.provisionerURL(), nil)
			w.exec(c.back)
			if !found.HasErrors() || !strings.Contains(text(found), c.says) {
				t.Errorf("got %q, want an error with %q", text(found), c.says)
			}
		})
	}
	if found := diagnosticsOf(t, w.provisionerURL(), nil); len(found) > 0 {
		t.Errorf("a provisioner with all its rights: %q", text(found))
	}
}

func TestAnExtensionThatTheServerLacksIsADiagnostic(t *testing.T) {
	server := ownServer(t)
	if found := diagnosticsOf(t, server.ProvisionerURL(t), map[string]cty.Value{"extensions": strs(postgres.TrustedExtensions()...)}); found.HasErrors() {
		t.Errorf("an allowed extension is not on a server with all of PostgreSQL's: %q", text(found))
	}
}

func TestDatabasesThatEverybodyMayConnectToAreClosedOrReported(t *testing.T) {
	server := ownServer(t)
	root := connect(t, server.AdminURL())
	url := server.ProvisionerURL(t)
	const canConnect = "SELECT count(*) FROM pg_database WHERE datname IN ('postgres', 'template1') AND has_database_privilege('public', oid, 'CONNECT')"
	if _, err := root.Exec(t.Context(), "GRANT CONNECT ON DATABASE postgres, template1 TO PUBLIC"); err != nil {
		t.Fatal(err)
	}
	if _, err := root.Exec(t.Context(), "CREATE DATABASE payroll"); err != nil {
		t.Fatal(err)
	}

	found := diagnosticsOf(t, url, nil)
	for _, want := range []string{`REVOKE CONNECT ON DATABASE "payroll", "postgres", "template1" FROM PUBLIC`, `TO "pgtest_provisioner"`} {
		if found.HasErrors() || !strings.Contains(text(found), want) {
			t.Errorf("a provisioner that may not close them: %q, want a warning with %q", text(found), want)
		}
	}

	found = diagnosticsOf(t, server.AdminURL(), nil)
	for _, want := range []string{"no longer connect to postgres and template1", `Every customer can connect to "payroll"`} {
		if found.HasErrors() || !strings.Contains(text(found), want) {
			t.Errorf("a superuser: %q, want a warning with %q", text(found), want)
		}
	}
	var n int
	if err := root.QueryRow(t.Context(), canConnect).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d databases stayed open (%v)", n, err)
	}
	if found = diagnosticsOf(t, url, nil); !strings.Contains(text(found), "payroll") || strings.Contains(text(found), "template1") {
		t.Errorf("afterwards: %q", text(found))
	}
}

func TestAUnixSocketNeedsAHostForCustomers(t *testing.T) {
	w := newWorld(t, "socket", nil)
	url := "postgres:///postgres?user=socket&host=" + w.server.SocketFolder()
	found := diagnosticsOf(t, url, nil)
	wantProblem(t, found, "host", "host is missing")
	found = diagnosticsOf(t, url, map[string]cty.Value{"host": cty.StringVal("db.example.com")})
	if strings.Contains(text(found), "host is missing") {
		t.Errorf("with a host: %q", text(found))
	}
}

func TestASocketServesAsWellAsTCP(t *testing.T) {
	w := newWorld(t, "socketed", nil)
	u := strings.Replace(w.provisionerURL(), "127.0.0.1:", "localhost:", 1)
	u += "&host=" + w.server.SocketFolder()
	b := configured(t, u, map[string]cty.Value{"host": cty.StringVal("127.0.0.1")})
	op := newOp(1)
	if _, err := provision(t.Context(), b, op, &recorder{}); err != nil {
		t.Fatal(err)
	}
	if err := deprovision(t.Context(), b, op, &recorder{}); err != nil {
		t.Fatal(err)
	}
}
