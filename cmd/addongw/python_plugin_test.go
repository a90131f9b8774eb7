package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/conformance/clevercloud/vendorapi"
)

const pepper = "pepper-canary-2b77"

// needPython skips a test where the plugin of examples/python-plugin cannot run.
func needPython(t *testing.T) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", "import grpc, google.protobuf").CombinedOutput()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("/usr/bin/python3 with grpc and protobuf is missing: run make setup\n%s", out)
	}
	t.Skip("/usr/bin/python3 with grpc and protobuf is missing: install python3-grpcio and python3-protobuf")
}

// noteShop is a gateway that serves examples/python-plugin, and calls a stand-in of
// Clever Cloud's own API.
type noteShop struct {
	t       *testing.T
	dir     string
	api     *vendorapi.Server
	gateway *process
}

func newNoteShop(t *testing.T, oldnew ...string) *noteShop {
	t.Helper()
	needPython(t)
	s := &noteShop{t: t, api: vendorapi.New("acme-notes", password, 0)}
	server := httptest.NewServer(s.api)
	t.Cleanup(server.Close)
	own := []string{"platform \"clevercloud\" {\n", fmt.Sprintf("platform \"clevercloud\" {\n    api_url = %q\n", server.URL+"/v2")}
	s.dir = changedExample(t, "python-plugin", append(own, oldnew...)...)
	s.start()
	return s
}

func noteSecrets() []string {
	return []string{"CLEVER_PASSWORD=" + password, "CLEVER_SSO_SALT=" + ssoSalt, "NOTES_PEPPER=" + pepper}
}

func (s *noteShop) start() {
	s.t.Helper()
	args := []string{"serve", s.dir, "--listen", "127.0.0.1:0", "--admin", "unix:" + s.dir + "/admin.sock"}
	s.gateway = start(s.t, s.dir, args, append(noteSecrets(), "TMPDIR="+s.dir)...)
}

func (s *noteShop) request(method, path, body string) call {
	return call{method, s.gateway.URL + "/clevercloud/acme-notes/resources" + path, "acme-notes", password, body}
}

func (s *noteShop) order(id string) call {
	s.api.Order(vendorapi.App{ID: id, Plan: "small", Region: "eu"})
	s.api.Replied(id)
	return s.request("POST", "", fmt.Sprintf(`{"addon_id":%q,"plan":"small","region":"EU"}`, id))
}

func (s *noteShop) change(id, order, plan string) call {
	return s.request("PUT", "/"+id, fmt.Sprintf(`{"addon_id":%q,"plan":%q}`, order, plan))
}

// query reads one text, or what went wrong, from a database of the vendor.
func (s *noteShop) query(file, statement string) string {
	s.t.Helper()
	db := s.open(file)
	defer func() { _ = db.Close() }()
	var text string
	if err := db.QueryRowContext(s.t.Context(), statement).Scan(&text); err != nil {
		return err.Error()
	}
	return text
}

func (s *noteShop) open(file string) *sql.DB {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "data", file)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		s.t.Fatal(err)
	}
	return db
}

// hold keeps everybody else from writing accounts until release: an order stands
// still between its two steps.
func (s *noteShop) hold() (release func()) {
	s.t.Helper()
	db := s.open("accounts.db")
	conn, err := db.Conn(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := conn.ExecContext(s.t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		s.t.Helper()
		if _, err := conn.ExecContext(s.t.Context(), "ROLLBACK"); err != nil {
			s.t.Error(err)
		}
		_, _ = conn.Close(), db.Close()
	}
}

// notebooks are the files of customers.
func (s *noteShop) notebooks() []string {
	files, _ := filepath.Glob(filepath.Join(s.dir, "data", "????????????.db*")) // the pattern is well-formed
	return files
}

// plugin is the process id of the plugin, of which there is one.
func (s *noteShop) plugin() int {
	s.t.Helper()
	pids := pluginsOf(s.t, s.dir)
	if len(pids) != 1 {
		s.t.Fatalf("plugin processes: %v", pids)
	}
	return pids[0]
}

// begin places an order and lets it come to its second step.
func (s *noteShop) begin(id string) <-chan result {
	s.t.Helper()
	before, order, answer := s.notebooks(), s.order(id), make(chan result, 1)
	go func() {
		got, err := order.do()
		answer <- result{got, err}
	}()
	await(s.t, "the notebook", 10*time.Second, func() bool {
		now := s.notebooks()
		return len(now) == len(before)+1 && s.tables(filepath.Base(s.added(before))) == "note"
	})
	return answer
}

// added is the notebook that was not there before.
func (s *noteShop) added(before []string) string {
	for _, file := range s.notebooks() {
		if !slices.Contains(before, file) {
			return file
		}
	}
	return ""
}

func (s *noteShop) tables(file string) string {
	s.t.Helper()
	return s.query(file, "SELECT group_concat(name) FROM sqlite_master")
}

// letsIn checks that the vendor's application would let the customer in, and
// that they have one account and one notebook.
func (s *noteShop) letsIn(made answer) (name string) {
	s.t.Helper()
	u, err := url.Parse(made.Config["ACME_NOTES_URL"])
	if err != nil {
		s.t.Fatal(err)
	}
	secret, _ := u.User.Password()
	hash := hmac.New(sha256.New, []byte(pepper))
	hash.Write([]byte(secret))
	name = u.User.Username()
	known := s.query("accounts.db", "SELECT group_concat(hash) FROM password WHERE name = '"+name+"'")
	if len(secret) != 32 || known != hex.EncodeToString(hash.Sum(nil)) {
		s.t.Error("the customer's password does not fit")
	}
	if tables := s.tables(name + ".db"); tables != "note" {
		s.t.Errorf("the notebook has the tables %s", tables)
	}
	return name
}

// sold counts accounts and notebooks.
func (s *noteShop) sold() string {
	return s.query("accounts.db", "SELECT count(*) FROM account") + " accounts, " + fmt.Sprint(len(s.notebooks())) + " notebooks"
}

// rotate replaces the customer's password and returns what the platform is told.
func (s *noteShop) rotate(old answer) answer {
	s.t.Helper()
	args := []string{"resources", "rotate", old.ID, "--grace", "0s", "--wait", "--admin", "unix:" + s.dir + "/admin.sock"}
	if out, errOut, code := addongw(s.t, s.dir, nil, args...); code != 0 {
		s.t.Fatalf("rotate: exit %d: %s%s", code, out, errOut)
	}
	pushes := s.api.Pushes("addon_1")
	if len(pushes) == 0 || pushes[len(pushes)-1]["ACME_NOTES_URL"] == old.Config["ACME_NOTES_URL"] {
		s.t.Fatalf("after %d pushes the platform has the old password", len(pushes))
	}
	return answer{ID: old.ID, Config: pushes[len(pushes)-1]}
}

func (s *noteShop) leave(id string) {
	s.t.Helper()
	s.request("DELETE", "/"+id, "").must(s.t, 200)
	await(s.t, "nothing is left", 10*time.Second, func() bool { return s.sold() == "0 accounts, 0 notebooks" })
}

// TestAPluginInPythonIsSold is a whole life with examples/python-plugin.
func TestAPluginInPythonIsSold(t *testing.T) {
	s := newNoteShop(t)
	made := s.order("addon_1").must(t, 200)
	if again := s.order("addon_1").must(t, 200); again.Body != made.Body {
		t.Error("the repeat of an order is answered otherwise")
	}
	name := s.letsIn(made)

	s.change(made.ID, "addon_1", "large").must(t, 200)
	if quota := s.query("accounts.db", "SELECT quota_mb FROM account"); quota != "1024" {
		t.Errorf("after the plan change the account has %s MB", quota)
	}
	s.query(name+".db", "INSERT INTO note (text) VALUES (hex(randomblob(1048576))) RETURNING id")
	if refused := s.change(made.ID, "addon_1", "small").must(t, 422); !strings.Contains(refused.Body, "Delete some first.") {
		t.Errorf("a plan that is too small: %s", refused.Body)
	}

	for _, step := range [][]string{{"suspend", "The invoice is open."}, {"resume", ""}} {
		args := []string{"resources", step[0], made.ID, "--admin", "unix:" + s.dir + "/admin.sock"}
		if step[1] != "" {
			args = append(args, "--reason", step[1])
		}
		if out, errOut, code := addongw(t, s.dir, nil, args...); code != 0 {
			t.Fatalf("%s: exit %d: %s%s", step[0], code, out, errOut)
		}
		await(t, step[0]+" carried out", 10*time.Second, func() bool {
			return s.query("accounts.db", "SELECT coalesce(suspended, '') FROM account") == step[1]
		})
	}
	s.letsIn(made)
	made = s.rotate(made)
	s.letsIn(made)
	s.leave(made.ID)
	if code := s.gateway.Stop(); code != 0 || len(pluginsOf(t, s.dir)) > 0 {
		t.Errorf("exit %d, plugins %v", code, pluginsOf(t, s.dir))
	}
	for _, secret := range []string{pepper, strings.Split(made.Config["ACME_NOTES_URL"], ":")[2][:32]} {
		if strings.Contains(s.gateway.Log(), secret) {
			t.Error("the log shows a secret")
		}
	}
}

func TestAPluginInPythonIsLookedAt(t *testing.T) {
	needPython(t)
	dir := copyExample(t, "python-plugin")
	plugins, _, code := listPlugins(t, dir, dir)
	if p := plugins["notes"]; code != 0 || !p.OK || p.TLS || p.Protocol != 1 || p.Version != "1.0.0" || len(p.Capabilities) != 4 {
		t.Errorf("exit %d: %+v", code, p)
	}
	steps, code := doctored(t, dir, noteSecrets(), "notes", "--round-trip")
	if code != 0 || len(steps["notes"]) != 13 || steps["notes"]["health notes.main"].Status != stepOK || steps["notes"]["round trip notes.main"].Status != stepOK {
		t.Errorf("exit %d: %+v", code, steps)
	}
	out, errOut, code := addongw(t, dir, nil, "plugins", "schema", "notes", "--dir", dir)
	for _, part := range []string{"`pepper`", "secret", "`quota_mb`", "`used_mb`", "Acme Notes"} {
		if code != 0 || !strings.Contains(out, part) {
			t.Errorf("exit %d, no %q: %s%s", code, part, out, errOut)
		}
	}
	wrong := changedExample(t, "python-plugin", "customers = 1000", "customers = 0.5", "quota_mb = 1024", "quota_mb = 0")
	_, errOut, code = addongw(t, wrong, nil, "validate", wrong)
	if code != 1 || strings.Count(errOut, "error[AG603]") != 2 || !strings.Contains(errOut, "customers = 0.5\n") || !strings.Contains(errOut, "quota_mb is a whole number above 0") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

func TestKill9OfAPluginInPythonLosesAndDoublesNothing(t *testing.T) {
	s := newNoteShop(t)
	first := s.order("addon_0").must(t, 200)
	release := s.hold()
	answer, killed := s.begin("addon_1"), s.plugin()
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	release()
	got := <-answer
	if got.err != nil || got.Status != 200 {
		t.Fatalf("%v %d %s", got.err, got.Status, got.Body)
	}
	if again := s.order("addon_1").must(t, 200); again.Body != got.Body {
		t.Error("the repeat differs")
	}
	s.letsIn(got.answer)
	s.letsIn(first)
	if sold := s.sold(); sold != "2 accounts, 2 notebooks" || s.plugin() == killed {
		t.Errorf("%s, plugin %d", sold, s.plugin())
	}
}

func TestKill9OfTheGatewayEndsAPluginInPythonAndLosesNothing(t *testing.T) {
	s := newNoteShop(t)
	s.order("addon_0").must(t, 200)
	release := s.hold()
	answer := s.begin("addon_1")
	s.gateway.Kill()
	if cut := <-answer; cut.err == nil && cut.Status == 200 {
		t.Fatal("it was answered before the kill")
	}
	await(t, "the plugin's end", 5*time.Second, func() bool { return len(pluginsOf(t, s.dir)) == 0 })
	release()
	s.start()
	made := s.order("addon_1").must(t, 200)
	s.letsIn(made)
	if sold := s.sold(); sold != "2 accounts, 2 notebooks" {
		t.Error(sold)
	}
}

// TestAPluginInPythonSaysWhatWentWrong has it fail in each of its ways.
func TestAPluginInPythonSaysWhatWentWrong(t *testing.T) {
	s := newNoteShop(t, "customers = 1000", "customers = 2")
	made := s.order("addon_0").must(t, 200)
	plugin := s.plugin()

	t.Run("retryable", func(t *testing.T) {
		release := s.hold()
		answer := s.begin("addon_1")
		await(t, "the failure", 10*time.Second, func() bool { return strings.Contains(s.gateway.Log(), "somebody else is writing") })
		release()
		if got := <-answer; got.err != nil || got.Status != 200 {
			t.Errorf("%v %d %s", got.err, got.Status, got.Body)
		}
	})
	t.Run("quota", func(t *testing.T) {
		refused := s.order("addon_2").must(t, 422)
		if strings.Contains(refused.Body, "customers already") {
			t.Errorf("the customer reads %s", refused.Body)
		}
		await(t, "the clean-up", 10*time.Second, func() bool { return s.sold() == "2 accounts, 2 notebooks" })
	})
	t.Run("exception", func(t *testing.T) {
		accounts := filepath.Join(s.dir, "data", "accounts.db")
		if err := os.Rename(accounts, accounts+".kept"); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(accounts, 0o700); err != nil {
			t.Fatal(err)
		}
		answer := make(chan result, 1)
		change := s.change(made.ID, "addon_0", "large")
		go func() {
			got, err := change.do()
			answer <- result{got, err}
		}()
		await(t, "the exception in the log", 10*time.Second, func() bool {
			return strings.Contains(s.gateway.Log(), "exception in a call") && strings.Contains(s.gateway.Log(), "unable to open database file")
		})
		if err := os.Remove(accounts); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(accounts+".kept", accounts); err != nil {
			t.Fatal(err)
		}
		if got := <-answer; got.err != nil || got.Status != 200 {
			t.Errorf("%v %d %s", got.err, got.Status, got.Body)
		}
	})
	if s.plugin() != plugin {
		t.Error("the plugin died of it")
	}
}

// TestAPluginInPythonAdoptsNothing puts something else in the place of a notebook
// between two attempts.
func TestAPluginInPythonAdoptsNothing(t *testing.T) {
	s := newNoteShop(t)
	s.order("addon_0").must(t, 200)
	before := s.notebooks()
	release := s.hold()
	answer := s.begin("addon_1")
	if err := syscall.Kill(s.plugin(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	theirs := s.added(before)
	if err := os.WriteFile(theirs+".new", []byte("somebody's letters, and no database at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(theirs+".new", theirs); err != nil {
		t.Fatal(err)
	}
	release()
	if got := <-answer; got.err != nil || got.Status/100 == 2 {
		t.Errorf("%v %d %s", got.err, got.Status, got.Body)
	}
	await(t, "the conflict in the log", 10*time.Second, func() bool { return strings.Contains(s.gateway.Log(), "is no database") })
	removed := regexp.MustCompile(`"msg":"operation done".*"verb":"deprovision"`)
	await(t, "the end of the clean-up", 10*time.Second, func() bool { return removed.MatchString(s.gateway.Log()) })
	if text, err := os.ReadFile(theirs); err != nil || !strings.HasPrefix(string(text), "somebody's letters") {
		t.Errorf("%v %q", err, text)
	}
}
