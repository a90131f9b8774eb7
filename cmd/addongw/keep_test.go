package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // a test lets time pass in the store
)

// keeping is examples/postgres with data kept for a week.
func keeping(t *testing.T) string {
	return changedExample(t, "postgres", `# drop_policy = "keep-7d"`, `drop_policy = "keep-7d"`)
}

// passTime makes what waits in a stopped gateway's store due, as a week does,
// and returns how much that is.
func passTime(t *testing.T, dir string) int64 {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "addongw.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	done, err := db.ExecContext(t.Context(), "UPDATE operations SET run_at = ? WHERE mode = 'purge' AND state = 'pending'", time.Now().UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	n, err := done.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// last is the newest operation of a resource, and the resource's state.
func (a acme) last(t *testing.T, id string) (state, operation string) {
	t.Helper()
	out, errOut, code := addongw(t, a.dir, nil, "resources", "show", id, "--json", "--dir", a.dir)
	var d struct {
		Resource   struct{ State string }
		Operations []struct {
			Verb, Mode, State string
			Attempt           int
		}
	}
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != 0 || len(d.Operations) == 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errOut)
	}
	o := d.Operations[0]
	return d.Resource.State, fmt.Sprintf("%s %s %s %d", o.Verb, o.Mode, o.State, o.Attempt)
}

// leave deprovisions a resource and waits until only its purge is left.
func (a acme) leave(t *testing.T, id string) {
	t.Helper()
	a.deprovision(id).must(t, 200)
	await(t, "the purge is planned", 20*time.Second, func() bool {
		state, op := a.last(t, id)
		return state == "deprovisioned" && op == "deprovision purge pending 0"
	})
}

func TestDataOfWhoLeavesIsKeptAndPurgedWhenItIsDue(t *testing.T) {
	dir := keeping(t)
	a := startAcme(t, dir)
	made := a.provision("addon_1", "hobby").must(t, 200)
	dsn := made.Config["ACME_DB_URL"]
	session, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close(t.Context()) }()
	if _, err := session.Exec(t.Context(), "CREATE TABLE orders AS SELECT 42 AS id"); err != nil {
		t.Fatal(err)
	}
	page := a.signOn(t, made.ID)
	page.must(t, 200)

	a.leave(t, made.ID)
	if _, err := session.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("the customer's session goes on")
	}
	if err := execSQL(t, dsn, "SELECT 1"); err == nil {
		t.Error("the customer still gets in")
	}
	if err := execSQL(t, withDatabase(t, a.admin, dsn), "DO $$ BEGIN ASSERT (SELECT id FROM orders) = 42; END $$"); err != nil {
		t.Errorf("the data: %v", err)
	}
	week := time.Now().Add(7 * 24 * time.Hour).UTC().Format("2006-01-02T")
	for _, args := range [][]string{{"resources", "show", made.ID}, {"operations", "list"}} {
		if out, _, _ := addongw(t, dir, nil, append(args, "--dir", dir)...); !strings.Contains(out, "deprovision (purge due "+week) {
			t.Errorf("%v does not say when the purge is due:\n%s", args, out)
		}
	}
	a.deprovision(made.ID).must(t, 200)
	a.provision("addon_1", "hobby").must(t, 410)
	a.change(made.ID, "addon_1", "standard").must(t, 410)
	page.must(t, 410)
	if a.postSignOn(t, made.ID).StatusCode != 410 {
		t.Error("a new sign-on is let in")
	}
	a.wantsItsBackend(t)

	if n := passTime(t, dir); n != 1 {
		t.Fatalf("%d purges were waiting, want 1", n)
	}
	a = startAcme(t, dir)
	await(t, "nothing left", 30*time.Second, func() bool { return a.leftovers(t, dsn) == "0 databases, 0 roles" })
	await(t, "the purge is recorded", 10*time.Second, func() bool {
		state, op := a.last(t, made.ID)
		return state == "deprovisioned" && op == "deprovision purge done 1"
	})
	a.deprovision(made.ID).must(t, 200)
	a.provision("addon_1", "hobby").must(t, 410)
	a.loseBackend(t)
	if _, errOut, code := addongw(t, dir, nil, "reload", dir); code != 0 {
		t.Errorf("nothing needs the backend any more, but a reload says %d: %s", code, errOut)
	}
}

// loseBackend gives the backend another name, as if it were another one.
func (a acme) loseBackend(t *testing.T) (restore func()) {
	t.Helper()
	file := filepath.Join(a.dir, "addongw.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(strings.NewReplacer(`backend "postgres" "main"`, `backend "postgres" "other"`, "backend.postgres.main", "backend.postgres.other").Replace(string(text)))
	return func() { write(string(text)) }
}

// wantsItsBackend fails unless neither a reload nor a start takes away what a
// purge will need. It leaves the gateway stopped.
func (a acme) wantsItsBackend(t *testing.T) {
	t.Helper()
	restore := a.loseBackend(t)
	defer restore()
	_, errOut, code := addongw(t, a.dir, nil, "reload", a.dir)
	if code != 3 || !strings.Contains(errOut, "postgres.main") {
		t.Errorf("reload: exit %d: %s", code, errOut)
	}
	a.Stop()
	_, errOut, code = addongw(t, a.dir, append([]string{"TMPDIR=" + a.dir}, a.cmd.Env...), "serve", a.dir, "--listen", "127.0.0.1:0")
	if code != 3 || !strings.Contains(errOut, "postgres.main") {
		t.Errorf("start: exit %d: %s", code, errOut)
	}
}

// postSignOn posts the console's form and follows nothing.
func (a acme) postSignOn(t *testing.T, id string) *http.Response {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(a.URL+"/clevercloud/acme-db/sso", signOnForm(id, time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp
}

// visit is a look at a customer's page with its session.
type visit struct{ url, cookie string }

func (a acme) signOn(t *testing.T, id string) visit {
	t.Helper()
	entered := a.postSignOn(t, id)
	address, err := entered.Location()
	if err != nil {
		t.Fatalf("status %d, %v", entered.StatusCode, err)
	}
	page := call{method: "GET", url: a.URL + address.RequestURI()}.must(t, 200)
	cookie, _, _ := strings.Cut(page.Header.Get("Set-Cookie"), ";")
	return visit{url: a.URL + (&url.URL{Path: address.Path}).String(), cookie: cookie}
}

func (v visit) must(t *testing.T, status int) {
	t.Helper()
	req, err := http.NewRequest("GET", v.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", v.cookie)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != status {
		t.Errorf("the customer's page answers %d, want %d", resp.StatusCode, status)
	}
}

// TestKill9InTheMiddleOfAPurgeLeavesNothing holds a purge with a session that
// the plugin may not end, and kills others at some instant.
func TestKill9InTheMiddleOfAPurgeLeavesNothing(t *testing.T) {
	dir := keeping(t)
	a := startAcme(t, dir)
	const rounds = 4
	made := make([]answer, rounds)
	for i := range made {
		made[i] = a.provision(fmt.Sprintf("addon_%d", i), "hobby").must(t, 200)
	}
	for _, m := range made {
		a.leave(t, m.ID)
	}
	held, err := pgx.Connect(t.Context(), withDatabase(t, a.admin, made[0].Config["ACME_DB_URL"]))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Close(t.Context()) }()
	a.Stop()
	if n := passTime(t, dir); n != rounds {
		t.Fatalf("%d purges were waiting, want %d", n, rounds)
	}
	for round := range rounds {
		a = startAcme(t, dir)
		if round == rounds-1 {
			await(t, "the held purge is tried", 20*time.Second, func() bool {
				_, op := a.last(t, made[0].ID)
				return op != "deprovision purge pending 0"
			})
		}
		<-time.After(time.Duration(round) * 15 * time.Millisecond) // the instant is the experiment
		_ = a.cmd.Process.Signal(syscall.SIGKILL)
		<-a.done
	}
	if got := a.leftovers(t, made[0].Config["ACME_DB_URL"]); !strings.HasPrefix(got, "1 databases") {
		t.Errorf("a purge that was held left %s", got)
	}
	_ = held.Close(t.Context())
	a = startAcme(t, dir)
	for _, m := range made {
		await(t, "nothing left of "+m.ID, 60*time.Second, func() bool {
			state, op := a.last(t, m.ID)
			return a.leftovers(t, m.Config["ACME_DB_URL"]) == "0 databases, 0 roles" && state == "deprovisioned" && strings.HasPrefix(op, "deprovision purge done")
		})
	}
}
