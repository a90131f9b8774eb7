package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/admin"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/secret"
)

// edited is a quickstart that is served from a directory whose file a test
// changes.
type edited struct {
	*process
	file string
	was  string
}

func serveEdited(t *testing.T, flags ...string) *edited {
	t.Helper()
	dir := copyExample(t, "quickstart")
	e := &edited{file: filepath.Join(dir, "addongw.hcl")}
	text, err := os.ReadFile(e.file)
	if err != nil {
		t.Fatal(err)
	}
	e.was = string(text)
	args := append([]string{"serve", dir, "--listen", "127.0.0.1:0"}, flags...)
	e.process = start(t, dir, args, "CLEVER_PASSWORD="+password, "CLEVER_SSO_SALT="+ssoSalt, "TMPDIR="+dir)
	return e
}

// edit writes the first file with replacements, as editors do: beside it, then
// in its place.
func (e *edited) edit(oldnew ...string) {
	e.t.Helper()
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(e.was, oldnew[i]) {
			e.t.Fatalf("the file has no %q", oldnew[i])
		}
	}
	text := strings.NewReplacer(oldnew...).Replace(e.was)
	beside := filepath.Join(e.dir, ".addongw.hcl.swp")
	if err := os.WriteFile(beside, []byte(text), 0o644); err != nil {
		e.t.Fatal(err)
	}
	if err := os.Rename(beside, e.file); err != nil {
		e.t.Fatal(err)
	}
}

func (e *edited) reload(args ...string) (stdout, stderr string, code int) {
	e.t.Helper()
	return addongw(e.t, e.dir, nil, append([]string{"reload", e.dir}, args...)...)
}

func (e *edited) order(id, plan string) call {
	body := fmt.Sprintf(`{"addon_id":%q,"plan":%q,"region":"EU"}`, id, plan)
	return call{"POST", e.URL + "/clevercloud/tinyfiles/resources", "tinyfiles", password, body}
}

const tinyPlan = `  plan "tiny" {
    params = { quota_mb = 5 }
  }

  plan "large" {`

func TestAReloadPutsAnEditIntoEffect(t *testing.T) {
	e := serveEdited(t)
	e.order("addon_1", "tiny").must(t, 422)
	first := e.order("addon_1", "small").must(t, 200)
	e.edit(`  plan "large" {`, tinyPlan, "TINYFILES_QUOTA_MB =", "TINYFILES_SIZE     =")
	out, errOut, code := e.reload()
	if code != 0 || !strings.Contains(out, "reloaded  "+e.dir) || !strings.Contains(out, "+ plan tinyfiles/tiny") || !strings.Contains(out, "~ file addongw.hcl") {
		t.Fatalf("exit %d: %s%s", code, out, errOut)
	}
	a := e.order("addon_2", "tiny").must(t, 200)
	if a.Config["TINYFILES_SIZE"] != "5" {
		t.Errorf("the config vars are %v", a.Config)
	}
	if again := e.order("addon_1", "small").must(t, 200); again.Body != first.Body {
		t.Errorf("a repeat answers %s, not %s", again.Body, first.Body)
	}
	if out, _, code := e.reload(); code != 0 || !strings.Contains(out, "the files are as before") {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestFlagsOfServeHoldAfterAReload(t *testing.T) {
	socket := "unix:" + filepath.Join(tempDir(t), "own.sock")
	e := serveEdited(t, "--admin", socket)
	for range 2 {
		if out, errOut, code := e.reload("--admin", socket); code != 0 || strings.Contains(errOut, "next start") {
			t.Errorf("exit %d: %s%s", code, out, errOut)
		}
	}
}

func TestABrokenEditIsShownAndTheGatewayServesOn(t *testing.T) {
	e := serveEdited(t)
	for name, tc := range map[string]struct{ old, new, code string }{
		"a misspelt setting": {"price       = 20", "prices      = 20", "AG202"},
		"a missing quote":    {`summary     = "File`, `summary     = File`, ""},
		"an unknown output":  {"output.username", "output.usrname", "AG302"},
		"a missing secret":   {"env:CLEVER_SSO_SALT", "env:CLEVER_SSO_SALD", "AG501"},
		"a missing plugin":   {`backend "shell" "files" {`, "backend \"shell\" \"files\" {\n  plugin = \"shel\"", "AG601"},
		"a refused setting":  {`directory = "scripts"`, `directory = "no-such-scripts"`, "AG603"},
	} {
		t.Run(name, func(t *testing.T) {
			e.edit(tc.old, tc.new)
			_, errOut, code := e.reload()
			if code != 1 || !strings.Contains(errOut, tc.code) || !strings.Contains(errOut, "addongw.hcl:") || !strings.Contains(errOut, "serves on as before") {
				t.Errorf("exit %d: %s", code, errOut)
			}
			if strings.Contains(errOut, password) || strings.Contains(errOut, ssoSalt) {
				t.Error("a secret is shown")
			}
			e.order("addon_"+strings.ReplaceAll(name, " ", "_"), "small").must(t, 200)
		})
	}
	out, _, code := e.reload("--json")
	var answer struct {
		Type, Outcome string
		Diagnostics   struct {
			Diagnostics []struct{ Code string }
		}
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil || code != 1 || answer.Outcome != "invalid" || len(answer.Diagnostics.Diagnostics) == 0 {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
}

// heldOrder orders an add-on whose provision script waits while the file gate is
// there, and returns once the script tells with GATE.reached that it does. finish
// removes the gate and returns what the order was answered.
func (e *edited) heldOrder(t *testing.T) (finish func() answer) {
	t.Helper()
	gate := filepath.Join(e.dir, "gate")
	script := filepath.Join(e.dir, "scripts", "provision")
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	waiting := "#!/bin/sh\nif [ -e " + gate + " ]; then : > " + gate + ".reached; while [ -e " + gate + " ]; do sleep 0.02; done; fi\n"
	if err := os.WriteFile(script, append([]byte(waiting), text...), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(gate, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var slow answer
	var group sync.WaitGroup
	group.Go(func() {
		var err error
		if slow, err = e.order("addon_slow", "small").do(); err != nil {
			t.Error(err)
		}
	})
	await(t, "the script", 10*time.Second, func() bool { _, err := os.Stat(gate + ".reached"); return err == nil })
	return func() answer {
		if err := os.Remove(gate); err != nil {
			t.Error(err)
		}
		group.Wait()
		return slow
	}
}

// TestAChangedBackendLetsRunningCallsEndAsTheyBegan reloads while a provision
// is inside its script: the plugin process that runs it goes on, its config
// vars are those of the configuration that it began under, and only then is the
// process gone.
func TestAChangedBackendLetsRunningCallsEndAsTheyBegan(t *testing.T) {
	e := serveEdited(t)
	finish := e.heldOrder(t)
	old := pluginsOf(t, e.dir)
	e.edit("TINYFILES_QUOTA_MB =", "TINYFILES_SIZE     =", `output "used_mb" {`, "output \"used_mb\" {\n      description = \"Measured.\"")
	out, errOut, code := e.reload()
	if code != 0 || !strings.Contains(out, "~ backend shell.files: a new process") {
		t.Fatalf("exit %d: %s%s", code, out, errOut)
	}
	if now := pluginsOf(t, e.dir); len(old) != 1 || len(now) != 2 {
		t.Errorf("plugin processes before %v, meanwhile %v", old, now)
	}
	slow := finish()
	if slow.Status != 200 || slow.Config["TINYFILES_QUOTA_MB"] != "100" {
		t.Errorf("the running order got %d %s", slow.Status, slow.Body)
	}
	if a := e.order("addon_2", "small").must(t, 200); a.Config["TINYFILES_SIZE"] != "100" {
		t.Errorf("the next order got %s", a.Body)
	}
	await(t, "the old process gone", 10*time.Second, func() bool {
		now := pluginsOf(t, e.dir)
		return len(now) == 1 && now[0] != old[0]
	})
	for line := range strings.Lines(e.Log()) {
		if strings.Contains(line, "will be repeated") && strings.Contains(line, `"verb":"provision"`) {
			t.Errorf("a call was repeated: %s", line)
		}
	}
}

func TestSIGHUPReloadsAndTellsTheLog(t *testing.T) {
	e := serveEdited(t)
	e.edit("price       = 20", "prices      = 20")
	e.hangUp("config.reload_failed")
	for _, part := range []string{`"code":"AG202"`, "addongw.hcl:", "did you mean"} {
		if !strings.Contains(e.Log(), part) {
			t.Errorf("the log lacks %s:\n%s", part, e.Log())
		}
	}
	e.edit(`  plan "large" {`, tinyPlan)
	e.hangUp("config.reloaded")
	e.order("addon_1", "tiny").must(t, 200)
	if code := e.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestASIGHUPWhileTheGatewayStopsDoesNotKillIt(t *testing.T) {
	e := serveEdited(t)
	finish := e.heldOrder(t)
	_ = e.cmd.Process.Signal(syscall.SIGTERM)
	await(t, "the end of listening", 10*time.Second, func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(e.URL, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	_ = e.cmd.Process.Signal(syscall.SIGHUP)
	slow := finish()
	<-e.done
	if code := e.cmd.ProcessState.ExitCode(); code != 0 || slow.Status != 200 {
		t.Errorf("exit code %d, and the running order got %d", code, slow.Status)
	}
}

func (e *edited) hangUp(event string) {
	e.t.Helper()
	if err := e.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		e.t.Fatal(err)
	}
	await(e.t, event, 20*time.Second, func() bool { return strings.Contains(e.Log(), `"event":"`+event+`"`) })
}

func TestWatchedFilesAreReloadedWhenTheyChange(t *testing.T) {
	e := serveEdited(t, "--watch")
	e.edit("price       = 20", "prices      = 20")
	await(t, "the broken edit noticed", 20*time.Second, func() bool { return strings.Contains(e.Log(), "config.reload_failed") })
	e.order("addon_1", "small").must(t, 200)
	e.edit(`  plan "large" {`, tinyPlan)
	await(t, "the good edit noticed", 20*time.Second, func() bool { return strings.Contains(e.Log(), `"event":"config.reloaded"`) })
	e.order("addon_2", "tiny").must(t, 200)
}

func TestWhatLivingResourcesNeedCannotBeTakenAway(t *testing.T) {
	e := serveEdited(t)
	e.order("addon_1", "large").must(t, 200)
	e.edit(`plan "large" {`, `plan "huge" {`)
	_, errOut, code := e.reload()
	if code != 3 || !strings.Contains(errOut, "AG701") || !strings.Contains(errOut, `1 live resource uses plan "large" of tinyfiles`) || !strings.Contains(errOut, "previously") {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	e.order("addon_2", "large").must(t, 200) // it serves on
	e.Stop()
	_, errOut, code = addongw(t, e.dir, []string{"CLEVER_PASSWORD=" + password, "CLEVER_SSO_SALT=" + ssoSalt}, "serve", e.dir, "--listen", "127.0.0.1:0")
	if code != 3 || !strings.Contains(errOut, "AG701") || !strings.Contains(errOut, "--allow-orphans") {
		t.Fatalf("a start: exit %d: %s", code, errOut)
	}
	e.edit(`plan "large" {`, "plan \"huge\" {\n    previously = [\"large\"]")
	e.process = start(t, e.dir, []string{"serve", e.dir, "--listen", "127.0.0.1:0"}, "CLEVER_PASSWORD="+password, "CLEVER_SSO_SALT="+ssoSalt)
	out, _, _ := addongw(t, e.dir, nil, "resources", "list", "-C", e.dir, "--plan", "huge")
	if strings.Count(out, "res_") != 2 {
		t.Errorf("the renamed resources: %s", out)
	}
	e.order("addon_1", "huge").must(t, 200) // the repeat of an order, in the new words
}

func TestStatusTellsWhichConfigurationIsActive(t *testing.T) {
	e := serveEdited(t)
	before, _, code := addongw(t, e.dir, nil, "status", e.dir)
	if code != 0 || !strings.Contains(before, "tinyfiles") || !strings.Contains(before, "shell.files") || !strings.Contains(before, e.dir) {
		t.Fatalf("exit %d: %s", code, before)
	}
	e.edit("price       = 20", "price       = 21")
	if _, errOut, code := e.reload(); code != 0 {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	after, _, _ := addongw(t, e.dir, nil, "status", e.dir)
	digest := func(text string) string { _, rest, _ := strings.Cut(text, "digest"); return strings.Fields(rest)[0] }
	if digest(before) == digest(after) {
		t.Errorf("the digest stays %s", digest(after))
	}
}

func TestAReloadThatRunsOutOfTimeStillLearnsTheNewSecrets(t *testing.T) {
	env := map[string]string{"CLEVER_PASSWORD": password, "CLEVER_SSO_SALT": ssoSalt}
	c := &command{dir: copyExample(t, "quickstart"), streams: &streams{getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}}
	l, err := c.load(t.Context(), func(o *config.Options) { o.Secrets = true })
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	redactor := secret.NewRedactor()
	g := &running{redactor: redactor, log: slog.New(secret.RedactingHandler(slog.NewJSONHandler(&log, nil), redactor))}
	g.source.load = func(context.Context) (loaded, error) {
		l.diags = hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "the plugin says " + password}}
		return l, context.DeadlineExceeded
	}
	g.active.Store(&active{loaded: l})
	if answer := g.Reload(t.Context(), false); answer.Outcome != admin.ReloadFailed {
		t.Errorf("outcome %s", answer.Outcome)
	}
	if strings.Contains(log.String(), password) || !strings.Contains(log.String(), "the plugin says [redacted]") {
		t.Errorf("the log has %s", &log)
	}
}
