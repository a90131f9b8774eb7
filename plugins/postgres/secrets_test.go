package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/zclconf/go-cty/cty"
)

func TestSecretsAreNowhereToBeSeen(t *testing.T) {
	w := newWorld(t, "secretive", keepFor("keep-7d"))
	adminURL := w.provisionerURL()
	said := &recorder{}
	op := newOp(2)
	result, err := w.b.Provision(t.Context(), backend.ProvisionRequest{Op: op}, said)
	if err != nil {
		t.Fatal(err)
	}
	said.add(fmt.Sprintf("%+v %s", result, result.State))
	w.changePlan(op, plan(3))
	now := recorded(t, op, result)
	passwords := []string{op.Secrets["password"]}
	for _, end := range []backend.RotatePhase{backend.RotateCommit, backend.RotateAbort} {
		staging := now.renewed()
		passwords = append(passwords, staging.Secrets["password"])
		staged, err := rotate(t.Context(), w.b, staging, backend.RotateStage, said)
		if err != nil {
			t.Fatal(err)
		}
		if end == backend.RotateCommit {
			now = recorded(t, staging, staged)
		}
		ended, err := rotate(t.Context(), w.b, now.op, end, said)
		if err != nil {
			t.Fatal(err)
		}
		said.add(fmt.Sprintf("%+v %s %+v %s", staged, staged.State, ended, ended.State))
	}
	op = now.op
	found, err := w.b.Read(t.Context(), backend.ReadRequest{Op: op})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := soft(t.Context(), w.b, op, said)
	if err != nil || kept.PurgeAfter.IsZero() {
		t.Fatalf("%+v, %v", kept, err)
	}
	_, refused := provision(t.Context(), w.b, op, said)
	said.add(fmt.Sprintf("%+v %+v %s %v", found, kept, kept.State, refused))
	if err := deprovision(t.Context(), w.b, op, said); err != nil {
		t.Fatal(err)
	}
	log, err := w.server.Log()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log, "SCRAM-SHA-256$4096:") || !strings.Contains(log, "u_"+op.ShortID+"_a") || !strings.Contains(log, "u_"+op.ShortID+"_b") ||
		!strings.Contains(log, op.ResourceID+" purge after ") || !strings.Contains(log, "DROP DATABASE IF EXISTS \"db_"+op.ShortID) {
		t.Error("the server's log does not hold the statements: this test proves nothing")
	}
	admin, err := pgx.ParseConfig(adminURL)
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"the server's log": log, "events and result": said.text()} {
		for what, secret := range map[string]string{
			"the customer's first password": passwords[0], "the second password": passwords[1], "one that was taken back": passwords[2],
			"the admin password": admin.Password, "admin_url": adminURL,
		} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s", where, what)
			}
		}
	}
	if strings.Contains(said.text(), "SCRAM") {
		t.Error("events or result hold the verifier")
	}
}

func TestBrokenAdminURLsAreNotRepeated(t *testing.T) {
	const canary = "canary-pass"
	for _, url := range []string{
		"postgres://u:" + canary + "@[::1/db", "mysql://u:" + canary + "@h/db", canary, "postgres://u:" + canary + "%zz@h/db",
		"postgres://:" + canary + "@h/db", "postgres://u:" + canary + "@/db", "postgres://u:" + canary + "@h",
		"postgres://u:" + canary + "@h/db?sslmode=" + canary, "postgres://u:" + canary + "@h:99999/db", "host=h password=" + canary,
		"postgres://u:" + canary + "@h/db?sslrootcert=/nowhere/" + canary,
	} {
		b := postgres.New()
		validated, err := b.ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: config(url, nil)})
		if err != nil || !validated.Diagnostics.HasErrors() {
			t.Errorf("%s is accepted: %v", url, err)
		}
		configured, err := b.Configure(t.Context(), backend.ConfigureRequest{Config: config(url, nil)})
		if err != nil || !configured.Diagnostics.HasErrors() {
			t.Errorf("%s is accepted by Configure: %v", url, err)
		}
		for _, d := range append(validated.Diagnostics, configured.Diagnostics...) {
			if strings.Contains(d.Summary+d.Detail, "canary") {
				t.Errorf("%s: diagnostic %q %q repeats it", url, d.Summary, d.Detail)
			}
			if !d.Path.Equals(cty.GetAttrPath("admin_url")) || d.Detail == "" {
				t.Errorf("%s: diagnostic %q has path %v and remedy %q", url, d.Summary, d.Path, d.Detail)
			}
		}
	}
}

func TestAWrongAdminPasswordIsADiagnostic(t *testing.T) {
	w := newWorld(t, "mistaken", nil)
	b := postgres.New()
	t.Cleanup(b.Close)
	url := w.server.URL("mistaken", "canary-wrong-password", "postgres")
	res, err := b.Configure(t.Context(), backend.ConfigureRequest{Config: config(url, nil)})
	if err != nil || len(res.Diagnostics) != 1 || !res.Diagnostics.HasErrors() {
		t.Fatalf("got %+v, %v; want one error", res.Diagnostics, err)
	}
	if text := res.Diagnostics[0].Summary + res.Diagnostics[0].Detail; !strings.Contains(text, "28P01") || strings.Contains(text, "canary") {
		t.Errorf("diagnostic %q", text)
	}
	if text := res.Diagnostics[0].Detail; !strings.HasPrefix(text, "The server does not let the provisioner in: check admin_url") || !strings.HasSuffix(text, ").") {
		t.Errorf("detail %q is no sentence", text)
	}
	op := newOp(1)
	_, err = provision(t.Context(), b, op, &recorder{})
	wantClass(t, err, backend.Internal) // the operator's trouble, and not the customer's
	wantClass(t, deprovision(t.Context(), b, op, &recorder{}), backend.Internal)
}

func TestAServerThatAsksForNoPasswordIsReported(t *testing.T) {
	server := ownServer(t)
	conn := connect(t, server.AdminURL())
	var file string
	if err := conn.QueryRow(t.Context(), "SHOW hba_file").Scan(&file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Clean(file), []byte("host all all 127.0.0.1/32 trust\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "SELECT pg_reload_conf()"); err != nil {
		t.Fatal(err)
	}
	await(t, "the server lets everybody in", func() bool {
		other, err := pgx.Connect(t.Context(), server.URL("pgtest_root", "wrong", "postgres"))
		if err != nil {
			return false
		}
		return other.Close(t.Context()) == nil
	})
	b := configured(t, server.ProvisionerURL(t), nil)
	for range 5 {
		said := &recorder{}
		if _, err := provision(t.Context(), b, newOp(1), said); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(said.text(), "without SCRAM") {
			t.Errorf("no warning in %q", said.text())
		}
	}
}
