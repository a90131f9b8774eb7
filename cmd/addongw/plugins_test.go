package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostilePlugins are scripts in the place of plugins. "plain" is a real one that
// knows no TLS.
func hostilePlugins(t *testing.T) map[string]string {
	return map[string]string{
		"garbage": "#!/bin/sh\nprintf 'hello\\033[2Jthere\\n'\necho 'why me' >&2\nsleep 1\n",
		"exits":   "#!/bin/sh\necho 'cannot find libfoo' >&2\nexit 3\n",
		"hangs":   "#!/bin/sh\nexec sleep 600\n",
		"nowhere": "#!/nonexistent/python\n",
		"newer":   "#!/bin/sh\necho '1|99|unix|/tmp/nope|grpc|'\nsleep 1\n",
		"plain":   "#!/bin/sh\nunset PLUGIN_CLIENT_CERT\nexec " + filepath.Join(binaries(t), "addongw-plugin-shell") + "\n",
	}
}

// pluginDirectory is a configuration with these plugins in its folder plugins
// and these backend blocks.
func pluginDirectory(t *testing.T, plugins map[string]string, blocks string) string {
	t.Helper()
	dir := tempDir(t)
	if err := os.Mkdir(filepath.Join(dir, "plugins"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range plugins {
		if err := os.WriteFile(filepath.Join(dir, "plugins", "addongw-plugin-"+name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "addongw.hcl"), `
gateway {
  base_url    = "https://addons.example.com"
  plugin_dirs = ["plugins"]
}
store "sqlite" { path = "addongw.db" }
`+blocks)
	return dir
}

type pluginList struct {
	Type    string
	Valid   bool
	Plugins []listedPlugin
}

func listPlugins(t *testing.T, dir string, args ...string) (map[string]listedPlugin, pluginList, int) {
	t.Helper()
	out, errOut, code := addongw(t, dir, nil, append([]string{"plugins", "list", "--json"}, args...)...)
	var result pluginList
	if err := json.Unmarshal([]byte(out), &result); err != nil || result.Type != "plugins_list" || errOut != "" {
		t.Fatalf("%v: %s%s", err, out, errOut)
	}
	plugins := map[string]listedPlugin{}
	for _, p := range result.Plugins {
		plugins[p.Name] = p
	}
	return plugins, result, code
}

func TestPluginsListTellsOfAllThatAreFound(t *testing.T) {
	t.Parallel()
	dir := pluginDirectory(t, hostilePlugins(t), `
backend "shell" "a" { config { directory = "." } }
`)
	plugins, result, code := listPlugins(t, dir, dir)
	if code != 0 || !result.Valid {
		t.Errorf("exit %d though no backend uses a broken one: %+v", code, result)
	}
	if got := strings.Join(slices.Sorted(maps.Keys(plugins)), " "); got != "exits garbage hangs http newer nowhere plain postgres redis shell" {
		t.Errorf("listed: %s", got)
	}
	shell := plugins["shell"]
	if !shell.OK || shell.Protocol != 1 || !shell.TLS || shell.Version == "" || !slices.Contains(shell.Capabilities, "read") ||
		len(shell.Checksum) != len("sha256:")+64 || !slices.Equal(shell.Backends, []string{"shell.a"}) || shell.Path != filepath.Join(binaries(t), "addongw-plugin-shell") {
		t.Errorf("%+v", shell)
	}
	if p := plugins["plain"]; !p.OK || p.TLS {
		t.Errorf("one without TLS: %+v", p)
	}
	for name, want := range map[string]string{
		"garbage": "what it printed is no handshake: hello", "exits": "it ended without a line of handshake (exit status 3); its last words: cannot find libfoo",
		"hangs": "no answer in time", "nowhere": "no such file", "newer": "it speaks protocol 99 and no older one",
	} {
		if p := plugins[name]; p.OK || !strings.Contains(p.Problem, want) || p.Path == "" || p.Checksum == "" {
			t.Errorf("%s: %+v, want %q", name, p, want)
		}
	}
	out, errOut, code := addongw(t, dir, nil, "plugins", "list", dir)
	if code != 0 || strings.Count(out, "\n") != 1+len(plugins) || strings.Contains(out+errOut, "\x1b") || !strings.Contains(out, "its last words: cannot find libfoo") {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
}

func TestPluginsListFailsOnlyOverWhatABackendUses(t *testing.T) {
	t.Parallel()
	dir := pluginDirectory(t, map[string]string{"exits": hostilePlugins(t)["exits"]}, fmt.Sprintf(`
backend "exits" "a" {}
backend "gone" "b" {}
backend "shell" "c" { checksum = "sha256:%064d" }
backend "postgres" "d" { version = "~> 99.0" }
`, 0))
	plugins, result, code := listPlugins(t, dir, dir)
	if code != 1 || result.Valid {
		t.Errorf("exit %d: %+v", code, result)
	}
	for name, want := range map[string]string{
		"exits": "libfoo", "gone": "there is no executable addongw-plugin-gone", "shell": "backend shell.c pins another checksum", "postgres": "backend postgres.d needs another version",
	} {
		if p := plugins[name]; p.OK || !strings.Contains(p.Problem, want) || len(p.Backends) != 1 {
			t.Errorf("%s: %+v, want %q", name, p, want)
		}
	}
	_, errOut, code := addongw(t, dir, nil, "plugins", "list", dir)
	if code != 1 || !strings.Contains(errOut, "addongw plugins doctor exits --dir ") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

func TestPluginsListNeedsNoDirectory(t *testing.T) {
	t.Parallel()
	plugins, _, code := listPlugins(t, tempDir(t))
	if code != 0 || slices.ContainsFunc(slices.Collect(maps.Values(plugins)), func(p listedPlugin) bool { return !p.OK }) || len(plugins) != 4 {
		t.Errorf("exit %d: %+v", code, plugins)
	}
	if _, errOut, code := addongw(t, tempDir(t), nil, "plugins", "list", "nowhere"); code != 64 || !strings.Contains(errOut, "there is no directory nowhere") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

func TestPluginsSchemaIsThePluginsDocumentation(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	out, errOut, code := addongw(t, dir, nil, "plugins", "schema", "postgres")
	for _, part := range []string{"# `backend \"postgres\" \"NAME\"`", "* `admin_url` (`string`, required", "## `params` of a plan", "* `connection_limit`", "## Options", "## Outputs", "can: change plan"} {
		if code != 0 || !strings.Contains(out, part) {
			t.Errorf("exit %d, no %q: %s%s", code, part, out, errOut)
		}
	}
	if strings.Contains(out, "](") {
		t.Errorf("links that lead nowhere:\n%s", out)
	}
	out, _, code = addongw(t, dir, nil, "plugins", "schema", "postgres", "--json")
	type schema struct {
		Attributes []struct {
			Name, Type       string
			Required, Secret bool
		}
	}
	var result struct {
		Type, Name, Version string
		Protocol            int
		Capabilities        []string
		Config, Outputs     schema
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s", code, err, out)
	}
	if result.Type != "plugins_schema" || result.Name != "postgres" || result.Protocol != 1 || len(result.Capabilities) == 0 ||
		result.Config.Attributes[0].Name == "" || len(result.Outputs.Attributes) < 5 {
		t.Errorf("%+v", result)
	}
	_, errOut, code = addongw(t, dir, nil, "plugins", "schema", "postgers")
	if code != 1 || !strings.Contains(errOut, `did you mean "postgres"?`) {
		t.Errorf("exit %d: %s", code, errOut)
	}
	broken := pluginDirectory(t, map[string]string{"exits": hostilePlugins(t)["exits"]}, "")
	_, errOut, code = addongw(t, broken, nil, "plugins", "schema", "exits")
	if code != 1 || !strings.Contains(errOut, "libfoo") || !strings.Contains(errOut, "addongw plugins doctor exits") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

// doctored runs the doctor and returns the steps of each plugin, by "step" or
// "step backend".
func doctored(t *testing.T, dir string, env []string, args ...string) (map[string]map[string]doctorStep, int) {
	t.Helper()
	out, errOut, code := addongw(t, dir, env, append([]string{"plugins", "doctor", "--json"}, args...)...)
	var result struct {
		Type    string
		Valid   bool
		Plugins []patient
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil || result.Type != "plugins_doctor" || errOut != "" || result.Valid != (code == 0) {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errOut)
	}
	steps := map[string]map[string]doctorStep{}
	for _, p := range result.Plugins {
		steps[p.Name] = map[string]doctorStep{}
		for _, s := range p.Steps {
			steps[p.Name][strings.TrimSpace(s.Step+" "+s.Backend)] = s
		}
		if p.OK == p.failed() {
			t.Errorf("%+v", p)
		}
	}
	return steps, code
}

func TestPluginsDoctorFindsTheStepThatFails(t *testing.T) {
	t.Parallel()
	dir := pluginDirectory(t, hostilePlugins(t), `
backend "hangs" "h" {}
backend "gone" "g" {}
backend "shell" "s" { config { directory = "nowhere" } }
`)
	write(t, filepath.Join(dir, "plugins", "addongw-plugin-unset"), "#!/bin/sh\n")
	write(t, filepath.Join(dir, "plugins", "addongw-plugin-shell"), "#!/bin/sh\n")
	open := filepath.Join(dir, "plugins", "addongw-plugin-exits")
	if err := os.Chmod(open, 0o757); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	steps, code := doctored(t, dir, nil)
	if code != 1 || time.Since(began) > 40*time.Second {
		t.Errorf("exit %d after %s", code, time.Since(began))
	}
	for plugin, want := range map[string]map[string]string{
		"garbage":  {"found": "ok", "permissions": "ok", "checksum": "ok", "start": "ok", "handshake": "failed"},
		"exits":    {"found": "ok", "permissions": "failed", "checksum": "ok", "start": "ok", "handshake": "failed"},
		"hangs":    {"found": "ok", "permissions": "ok", "checksum": "ok", "start": "ok", "handshake": "failed", "config hangs.h": "skipped"},
		"nowhere":  {"found": "ok", "permissions": "ok", "checksum": "ok", "start": "failed"},
		"newer":    {"found": "ok", "permissions": "ok", "checksum": "ok", "start": "ok", "handshake": "failed"},
		"unset":    {"found": "ok", "permissions": "failed"},
		"gone":     {"found": "failed", "config gone.g": "skipped"},
		"plain":    {"found": "ok", "permissions": "ok", "checksum": "ok", "start": "ok", "handshake": "warning", "description": "warning", "abilities": "ok", "schemas": "ok", "stop": "ok"},
		"postgres": {"found": "ok", "permissions": "ok", "checksum": "ok", "start": "ok", "handshake": "ok", "description": "ok", "abilities": "ok", "schemas": "ok", "stop": "ok"},
		"shell":    {"found": "warning", "permissions": "ok", "checksum": "ok", "start": "ok", "handshake": "ok", "description": "ok", "abilities": "ok", "schemas": "ok", "stop": "ok", "config shell.s": "failed"},
	} {
		if len(steps[plugin]) != len(want) {
			t.Errorf("%s: %+v", plugin, steps[plugin])
		}
		for step, status := range want {
			got := steps[plugin][step]
			if got.Status != status || (got.Status == stepFailed || got.Status == stepWarning) && got.Next == "" {
				t.Errorf("%s, %s: %+v, want %s", plugin, step, got, status)
			}
		}
	}
	if next := steps["newer"]["handshake"].Next; !strings.Contains(next, "Upgrade addongw") {
		t.Errorf("another protocol: %s", next)
	}
	if next := steps["nowhere"]["start"].Next; !strings.HasPrefix(next, "Install /nonexistent/python") {
		t.Errorf("no interpreter: %s", next)
	}
	out, errOut, code := addongw(t, dir, nil, "plugins", "doctor", "garbage")
	if code != 1 || !strings.Contains(out, "  failed   handshake ") || !strings.Contains(out, "\n           = ") || strings.Contains(out, "\x1b") || !strings.Contains(errOut, "1 step failed") {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
}

// TestPluginsDoctorKnowsWhatIsWrongWithAFile is about files that never become a
// process, and about those that others may replace.
func TestPluginsDoctorKnowsWhatIsWrongWithAFile(t *testing.T) {
	t.Parallel()
	elsewhere := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 57)...) // for AArch64, or for RISC-V
	copy(elsewhere[16:], []byte{2, 0, 183, 0, 1, 0, 0, 0})
	if runtime.GOARCH == "arm64" {
		elsewhere[18] = 243
	}
	elsewhere[52], elsewhere[54], elsewhere[58] = 64, 56, 64
	dir := pluginDirectory(t, map[string]string{
		"empty": "", "crlf": "#!/bin/sh\r\n", "text": "echo hello\n", "elsewhere": string(elsewhere), "broken": "\x7fELF",
		"noise": "#!/bin/sh\necho Loading\nsleep 1\n",
	}, "")
	own, open := filepath.Join(binaries(t), "addongw-plugin-shell"), filepath.Join(dir, "open")
	plugins := filepath.Join(dir, "plugins")
	for _, folder := range []string{open, filepath.Join(open, "inner"), filepath.Join(plugins, "addongw-plugin-folder")} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(open, "inner", "shell"), string(program))
	if err := os.Chmod(filepath.Join(open, "inner", "shell"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"replaceable": filepath.Join(open, "inner", "shell"), "dangling": "/nowhere/at/all", "linked": own} {
		if err := os.Symlink(to, filepath.Join(plugins, "addongw-plugin-"+name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]doctorStep{
		"empty":       {Step: "start", Next: "It is empty"},
		"crlf":        {Step: "start", Next: "Its first line ends with a carriage return"},
		"text":        {Step: "start", Next: "It is no program for this machine, and no script"},
		"elsewhere":   {Step: "start", Next: "It is a program for "},
		"broken":      {Step: "start", Next: "It is broken"},
		"noise":       {Step: "handshake", Next: "Let it print on standard error only"},
		"dangling":    {Step: "found", Detail: "is a link to /nowhere/at/all", Next: "Put the plugin's file"},
		"folder":      {Step: "found", Detail: "is no file", Next: "Put the plugin's file"},
		"replaceable": {Step: "permissions", Detail: open + " is writable by all", Next: "Make sure that it is still the plugin"},
	} {
		steps, code := doctored(t, dir, nil, name)
		got := steps[name][want.Step]
		if code != 1 || got.Status != stepFailed || !strings.Contains(got.Detail, want.Detail) || !strings.HasPrefix(got.Next, want.Next) {
			t.Errorf("%s: exit %d: %+v", name, code, steps[name])
		}
	}
	if steps, code := doctored(t, dir, nil, "linked"); code != 0 || !strings.HasSuffix(steps["linked"]["found"].Detail, ", a link to "+own) {
		t.Errorf("exit %d: %+v", code, steps)
	}
}

func TestPluginsDoctorStartsNoFileThatIsNotTheOnePinned(t *testing.T) {
	t.Parallel()
	mark := filepath.Join(tempDir(t), "started")
	dir := pluginDirectory(t, map[string]string{"other": "#!/bin/sh\ntouch " + mark + "\n"}, fmt.Sprintf(`
backend "other" "o" { checksum = "sha256:%064d" }
`, 0))
	steps, code := doctored(t, dir, nil, "other")
	if s := steps["other"]["checksum"]; code != 1 || s.Status != stepFailed || s.Next == "" || len(steps["other"]) != 4 {
		t.Errorf("exit %d: %+v", code, steps)
	}
	if _, _, code := listPlugins(t, dir); code != 1 {
		t.Errorf("list: exit %d", code)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("it was started")
	}
}

func TestPluginsDoctorAsksLiveBackendsForTheirHealth(t *testing.T) {
	t.Parallel()
	secrets := []string{"CLEVER_PASSWORD=" + strings.Repeat("password", 5), "CLEVER_SSO_SALT=" + strings.Repeat("salt", 10)}
	quickstart := copyExample(t, "quickstart")
	steps, code := doctored(t, quickstart, secrets, "shell", "--live")
	if code != 0 || steps["shell"]["config shell.files"].Status != stepOK || steps["shell"]["health shell.files"].Status != stepOK {
		t.Errorf("exit %d: %+v", code, steps)
	}
	if steps, code := doctored(t, quickstart, nil, "shell"); code != 0 || len(steps["shell"]) != 10 {
		t.Errorf("without secrets: exit %d: %+v", code, steps)
	}
	steps, code = doctored(t, quickstart, nil, "shell", "--live")
	if s := steps["shell"]["health shell.files"]; code != 1 || s.Status != stepFailed || s.Next == "" {
		t.Errorf("live without secrets: exit %d: %+v", code, steps)
	}
	postgres := append(secrets, "ACME_ADMIN_URL=postgres://acme_admin:canary-of-acme@127.0.0.1:1/postgres")
	out, errOut, code := addongw(t, copyExample(t, "postgres"), postgres, "plugins", "doctor", "postgres", "--live")
	if code != 1 || !strings.Contains(out, "failed   health ") || strings.Contains(out+errOut, "canary-of-acme") {
		t.Errorf("no server: exit %d: %s%s", code, out, errOut)
	}
	if _, errOut, code := addongw(t, tempDir(t), nil, "plugins", "doctor", "--live"); code != 64 || !strings.Contains(errOut, "--dir") {
		t.Errorf("live without a directory: exit %d: %s", code, errOut)
	}
}

// TestPluginsDoctorPlaysARoundTrip breaks the scripts of a backend one after the
// other: whatever fails, what was made is removed, or named.
func TestPluginsDoctorPlaysARoundTrip(t *testing.T) {
	t.Parallel()
	secrets := []string{"CLEVER_PASSWORD=" + strings.Repeat("password", 5), "CLEVER_SSO_SALT=" + strings.Repeat("salt", 10)}
	for broken, want := range map[string]struct {
		status, detail, next string
		left                 int
	}{
		"":            {stepOK, "made, read, changed to large, rotated, removed", "", 0},
		"provision":   {stepFailed, "removed; provision: INVALID: ", "Orders would fare alike.", 0},
		"change_plan": {stepFailed, "made, read, removed; change_plan: INVALID: ", "Orders would fare alike.", 0},
		"rotate":      {stepFailed, "made, read, changed to large, removed; rotate: INVALID: ", "Orders would fare alike.", 0},
		"deprovision": {stepFailed, ") may be left: deprovision: INVALID: ", "Remove it where the backend makes its things", 1},
	} {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			dir := copyExample(t, "quickstart")
			if broken != "" {
				write(t, filepath.Join(dir, "scripts", broken), "#!/bin/sh\nexit 64\n")
			}
			write(t, filepath.Join(dir, "spare.hcl"), "backend \"shell\" \"spare\" {\n  config { directory = \"scripts\" }\n}\n")
			steps, code := doctored(t, dir, secrets, "shell", "--round-trip")
			got := steps["shell"]["round trip shell.files"]
			if (code == 0) != (want.status == stepOK) || got.Status != want.status || !strings.Contains(got.Detail, want.detail) || !strings.HasPrefix(got.Next, want.next) {
				t.Errorf("exit %d: %+v", code, got)
			}
			if spare := steps["shell"]["round trip shell.spare"]; spare.Status != stepSkipped {
				t.Errorf("one that sells nothing: %+v", spare)
			}
			if left, err := filepath.Glob(filepath.Join(dir, "data", "*")); err != nil || len(left) != want.left {
				t.Errorf("left: %q, %v", left, err)
			}
		})
	}
}

// TestPluginsDoctorRemovesWhatItMadeWhenInterrupted sends what Ctrl-C does while a call
// runs.
func TestPluginsDoctorRemovesWhatItMadeWhenInterrupted(t *testing.T) {
	t.Parallel()
	dir := copyExample(t, "quickstart")
	mark := filepath.Join(tempDir(t), "mark")
	write(t, filepath.Join(dir, "scripts", "change_plan"), "#!/bin/sh\n: >"+mark+"\nsleep 60\n")
	doctor := exec.Command(filepath.Join(binaries(t), "addongw"), "plugins", "doctor", "shell", "--round-trip", "--dir", dir)
	doctor.Env = append(os.Environ(), "CLEVER_PASSWORD="+strings.Repeat("password", 5), "CLEVER_SSO_SALT="+strings.Repeat("salt", 10))
	if err := doctor.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- doctor.Wait() }()
	await(t, "the plan change", 20*time.Second, func() bool { _, err := os.Stat(mark); return err == nil })
	made, err := filepath.Glob(filepath.Join(dir, "data", "*"))
	if err != nil || len(made) != 1 {
		t.Errorf("made: %q, %v", made, err)
	}
	if err := doctor.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		_ = doctor.Process.Kill()
		t.Fatal("it does not end")
	}
	if left, err := filepath.Glob(filepath.Join(dir, "data", "*")); err != nil || len(left) != 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

func TestNamesOfPluginsAreCompleted(t *testing.T) {
	t.Parallel()
	dir := pluginDirectory(t, map[string]string{"exits": "#!/bin/sh\n"}, `backend "gone" "g" {}`)
	list, directive := completed(t, dir, "plugins", "doctor", "")
	var names []string
	for _, line := range list {
		name, _, _ := strings.Cut(line, "\t")
		names = append(names, name)
	}
	if got := strings.Join(names, " "); got != "exits http postgres redis shell gone" || directive != noFiles {
		t.Errorf("%s (%s)", got, directive)
	}
	if list, _ := completed(t, dir, "plugins", "schema", "shell", ""); len(list) != 0 {
		t.Errorf("a second name: %v", list)
	}
	if _, directive := completed(t, dir, "plugins", "list", ""); directive != directories {
		t.Errorf("list: %s", directive)
	}
}

func TestAFolderForSocketsThatCannotBeMadeNamesTMPDIR(t *testing.T) {
	t.Parallel()
	dir := copyExample(t, "quickstart")
	for _, args := range [][]string{{"validate", dir}, {"plugins", "list", dir}, {"dev", dir}} {
		if _, errOut, code := addongw(t, dir, []string{"TMPDIR=/proc/nowhere"}, args...); code != 1 || !strings.Contains(errOut, "TMPDIR") {
			t.Errorf("%s: exit %d: %s", args[0], code, errOut)
		}
	}
}
