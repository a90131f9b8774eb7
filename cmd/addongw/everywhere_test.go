package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/all"
)

// everywhere is a gateway that serves examples/everywhere on a real PostgreSQL,
// behind a proxy with TLS, as it would in public.
type everywhere struct {
	acme
	front *publicFront
}

func startEverywhere(t *testing.T) everywhere {
	t.Helper()
	front := startFront(t)
	dir := changedExample(t, "everywhere", "https://addons.acme.example", front.URL)
	e := everywhere{startAcme(t, dir, everywhereEnv()...), front}
	front.lead(t, e.URL)
	return e
}

func everywhereEnv() (env []string) {
	for _, name := range []string{"CLEVER", "SCALINGO", "XERVO"} {
		env = append(env, name+"_PASSWORD="+password+"-"+name, name+"_SSO_SALT="+ssoSalt+"-"+name)
	}
	return env
}

// manifest writes the manifest for a platform.
func (e everywhere) manifest(t *testing.T, platform string, flags ...string) string {
	t.Helper()
	return manifestOf(t, e.dir, "acme-db", platform, append(everywhereEnv(), "ACME_ADMIN_URL=postgres://nobody@127.0.0.1/postgres"), flags...)
}

// manifestOf writes the manifest of an add-on for a platform.
func manifestOf(t *testing.T, dir, addon, platform string, env []string, flags ...string) string {
	t.Helper()
	args := append([]string{"manifest", platform, addon, "--with-secrets"}, flags...)
	text, errOut, code := addongw(t, dir, env, args...)
	if code != 0 {
		t.Fatalf("manifest: exit %d: %s", code, errOut)
	}
	file := filepath.Join(tempDir(t), "manifest.json")
	write(t, file, text)
	return file
}

// buyer is a platform that buys at a provider, as the conformance tester's
// client plays it.
type buyer struct {
	conformance.Client
	sender *conformance.Sender
	front  *publicFront
}

// buyer orders past the proxy: only a browser needs the public name.
func (e everywhere) buyer(t *testing.T, platform conformance.Platform) buyer {
	t.Helper()
	return buyerWith(t, platform, e.manifest(t, platform.Name(), "--test-url", e.URL), e.front)
}

// buyerWith is a platform that has a manifest.
func buyerWith(t *testing.T, platform conformance.Platform, manifest string, front *publicFront) buyer {
	t.Helper()
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	provider, problems := platform.ReadManifest(text, conformance.Reading{Environment: conformance.Test})
	for _, p := range problems {
		if p.Fatal {
			t.Fatalf("manifest: %s", p.Text)
		}
	}
	b := buyer{platform.Client(provider), conformance.NewSender(provider, time.Minute), front}
	t.Cleanup(b.sender.Close)
	return b
}

// buy makes a call that must be answered with a 2xx.
func (b buyer) buy(t *testing.T, r conformance.Request) (a answer) {
	t.Helper()
	call, err := b.sender.Send(t.Context(), r)
	if err != nil || call.Answer.Status/100 != 2 {
		t.Fatalf("%s %s: %d %s (%v)", r.Method, r.URL, call.Answer.Status, call.Answer.Body, err)
	}
	a.Status, a.Body = call.Answer.Status, string(call.Answer.Body)
	_ = json.Unmarshal(call.Answer.Body, &a) // some have no body
	return a
}

// visit signs a customer on and returns the status and the page that a browser
// ends at.
func (b buyer) visit(t *testing.T, id string) (status int, page string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	signOn := b.SignOn(id, conformance.Person{}, time.Now()).Request()
	r, err := http.NewRequestWithContext(t.Context(), signOn.Method, signOn.URL, bytes.NewReader(signOn.Body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = signOn.Header
	response, err := (&http.Client{Jar: jar, Transport: b.front.Client().Transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestOneFileSellsTheSameDatabasesOnEveryPlatform(t *testing.T) {
	e := startEverywhere(t)
	for _, platform := range all.Platforms() {
		t.Run(platform.Name(), func(t *testing.T) {
			e.life(t, platform, e.buyer(t, platform))
		})
	}
}

// life is the full life of a resource, with a customer in it.
func (e everywhere) life(t *testing.T, platform conformance.Platform, b buyer) {
	order := conformance.Order{ID: b.NewID(), Plan: "hobby"}
	made := b.buy(t, b.Provision(order))
	dsn := made.Config["ACME_DB_URL"]
	if err := execSQL(t, dsn, "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)"); err != nil {
		t.Fatalf("the customer's URL: %v", err)
	}
	if again := b.buy(t, b.Provision(order)); again.ID != made.ID || again.Config["ACME_DB_URL"] != dsn {
		t.Errorf("a repeat is answered with %s, not %s, or with other config vars", again.ID, made.ID)
	}
	limit := func() string {
		return e.query(t, "SELECT datconnlimit::text FROM pg_database WHERE datname = $1", made.Config["ACME_DB_NAME"])
	}
	before := limit()
	order.Plan = "standard"
	if changed := b.buy(t, b.ChangePlan(made.ID, order)); changed.Config["ACME_DB_URL"] != dsn || limit() == before {
		t.Errorf("after the plan change the limit is %s, as before, or the URL another one", limit())
	}
	if status, page := b.visit(t, made.ID); status != 200 || !strings.Contains(page, "Standard") || !strings.Contains(page, "Back to "+platform.Title()) {
		t.Errorf("the customer's page has status %d:\n%s", status, page)
	}
	e.suspension(t, b, made.ID, dsn)
	b.buy(t, b.Deprovision(made.ID))
	b.buy(t, b.Deprovision(made.ID))
	await(t, "nothing is left of the database", 30*time.Second, func() bool {
		return e.leftoversOf(t, made.Config["ACME_DB_NAME"]) == "0"
	})
}

// suspension locks a customer out and lets them in again, where the platform
// does such a thing.
func (e everywhere) suspension(t *testing.T, b buyer, id, dsn string) {
	suspend, can := b.Suspend(id)
	if !can {
		return
	}
	b.buy(t, suspend)
	if err := execSQL(t, dsn, "SELECT 1"); err == nil {
		t.Error("a suspended customer got in")
	}
	if status, page := b.visit(t, id); status != 200 || !strings.Contains(page, "Suspended") {
		t.Errorf("the page of a suspended resource has status %d:\n%s", status, page)
	}
	resume, _ := b.Resume(id)
	b.buy(t, resume)
	if err := execSQL(t, dsn, "SELECT id FROM orders"); err != nil {
		t.Errorf("a resumed customer: %v", err)
	}
}

// leftoversOf counts the databases and roles of one resource.
func (e everywhere) leftoversOf(t *testing.T, database string) string {
	t.Helper()
	short := strings.TrimPrefix(database, "db_")
	return e.query(t, `SELECT ((SELECT count(*) FROM pg_database WHERE datname LIKE '%' || $1 || '%')
		+ (SELECT count(*) FROM pg_roles WHERE rolname LIKE '%' || $1 || '%'))::text`, short)
}

func TestEveryPlatformsTesterIsContentWithIt(t *testing.T) {
	e := startEverywhere(t)
	for _, platform := range all.Platforms() {
		t.Run(platform.Name(), func(t *testing.T) {
			out, errOut, code := e.conformance(t, platform, "--json", "--strict")
			var report conformanceReport
			if err := json.Unmarshal([]byte(out), &report); err != nil {
				t.Fatalf("%v: %s%s", err, out, errOut)
			}
			if code != 0 || !report.Passed || len(report.Left) > 0 || len(report.Checks) < 60 {
				t.Errorf("exit %d, %d checks, left %+v, %s%s", code, len(report.Checks), report.Left, report.Stopped, errOut)
			}
			for _, c := range report.Checks {
				if c.Outcome != "ok" && c.Outcome != "skipped" {
					t.Errorf("%s is %s: %s%q", c.ID, c.Outcome, c.Why, c.Problems)
				}
			}
		})
	}
	if left := e.query(t, "SELECT count(*)::text FROM pg_database WHERE datname LIKE 'db_%'"); left != "0" {
		await(t, "what the tester made is gone", 30*time.Second, func() bool {
			return e.query(t, "SELECT count(*)::text FROM pg_database WHERE datname LIKE 'db_%'") == "0"
		})
	}
}

// conformance runs the tester as somebody with the manifest does.
func (e everywhere) conformance(t *testing.T, platform conformance.Platform, flags ...string) (out, errOut string, code int) {
	t.Helper()
	args := append([]string{"conformance", platform.Name(), "--manifest", e.manifest(t, platform.Name())}, flags...)
	if !platform.PlansInManifest() {
		args = append(args, "--plan", "hobby,standard")
	}
	trust := "SSL_CERT_FILE=" + e.front.certificate(t, tempDir(t))
	return addongwFor(t, 5*time.Minute, e.dir, []string{trust}, args...)
}
