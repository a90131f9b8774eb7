package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// noSuchUser is a setting that only a started plugin finds wrong.
const noSuchUser = "directory = \"scripts\"\n    user      = \"nobdy\""

// refused are the parts of the picture of it.
func refused() []string {
	return []string{
		`error[AG603]: shell: This machine has no user "nobdy"`, "addongw.hcl:21:17", `21 |     user      = "nobdy"`,
		"^^^^^^^ useradd --system nobdy", "addongw explain AG603",
	}
}

// TestWhatAStartedPluginRefusesIsShownAtItsPlace is about diagnostics of Configure: with
// code, line, caret and remedy, as validate shows those of ValidateConfig.
func TestWhatAStartedPluginRefusesIsShownAtItsPlace(t *testing.T) {
	t.Parallel()
	dir := changedExample(t, "quickstart", `directory = "scripts"`, noSuchUser)
	secrets := []string{"CLEVER_PASSWORD=" + password, "CLEVER_SSO_SALT=" + ssoSalt}
	for _, args := range [][]string{{"serve", dir, "--listen", "127.0.0.1:0"}, {"dev", dir}} {
		_, errOut, code := addongw(t, dir, secrets, args...)
		if code != 1 {
			t.Errorf("%s: exit %d", args[0], code)
		}
		for _, part := range refused() {
			if !strings.Contains(errOut, part) {
				t.Errorf("%s lacks %q:\n%s", args[0], part, errOut)
			}
		}
	}
	steps, _ := doctored(t, dir, secrets, "shell", "--live")
	want := `addongw.hcl:21: shell: This machine has no user "nobdy": useradd --system nobdy`
	if got := steps["shell"]["health shell.files"]; got.Status != stepFailed || got.Detail != want {
		t.Errorf("doctor: %+v, want %s", got, want)
	}
	out, _, code := addongw(t, dir, secrets, "serve", dir, "--listen", "127.0.0.1:0", "--json")
	if code != 1 || !strings.Contains(out, `"AG603"`) {
		t.Errorf("as JSON: exit %d: %s", code, out)
	}
}

func TestWhatAReloadedPluginRefusesIsShownAtItsPlace(t *testing.T) {
	e := serveEdited(t)
	e.edit(`directory = "scripts"`, noSuchUser)
	_, errOut, code := e.reload()
	if code != 1 || strings.Count(errOut, "nobdy") != 3 || !strings.Contains(errOut, "serves on as before") {
		t.Errorf("exit %d: %s", code, errOut)
	}
	for _, part := range []string{"AG603", "addongw.hcl:", "^^^^^^^", "useradd --system nobdy"} {
		if !strings.Contains(errOut, part) {
			t.Errorf("it lacks %q:\n%s", part, errOut)
		}
	}
}

// TestAPluginThatIsNotExecutableIsCalledThatEverywhere has all commands that look for one
// name the file and the remedy.
func TestAPluginThatIsNotExecutableIsCalledThatEverywhere(t *testing.T) {
	t.Parallel()
	dir := pluginDirectory(t, map[string]string{"unset": "#!/bin/sh\n"}, "backend \"unset\" \"u\" {}\n")
	file := filepath.Join(dir, "plugins", "addongw-plugin-unset")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"validate", dir}, {"serve", dir}, {"plugins", "schema", "unset", "--dir", dir}, {"plugins", "doctor", "unset", "--dir", dir}, {"plugins", "list", dir},
	} {
		out, errOut, code := addongw(t, dir, nil, args...)
		told := out + errOut
		if code != 1 || !strings.Contains(told, file+" is not executable") || strings.Contains(told, "no plugin") {
			t.Errorf("%v: exit %d: %s", args, code, told)
		}
		if args[1] != "list" && !strings.Contains(told, "chmod +x "+file) {
			t.Errorf("%v gives no remedy: %s", args, told)
		}
	}
}

// TestTheHintAtTheDoctorCanBePasted takes the command out of what validate and schema say
// and runs it elsewhere.
func TestTheHintAtTheDoctorCanBePasted(t *testing.T) {
	t.Parallel()
	dir := pluginDirectory(t, map[string]string{"exits": hostilePlugins(t)["exits"]}, "backend \"exits\" \"e\" {}\n")
	for _, args := range [][]string{{"validate", dir}, {"plugins", "schema", "exits", "--dir", dir}} {
		_, errOut, _ := addongw(t, dir, nil, args...)
		_, hint, found := strings.Cut(errOut, "addongw plugins doctor ")
		hint, _, ended := strings.Cut(hint, " looks into it")
		if !found || !ended {
			t.Errorf("%v gives no hint: %s", args, errOut)
			continue
		}
		out, errOut, code := addongw(t, tempDir(t), nil, append([]string{"plugins", "doctor"}, strings.Fields(hint)...)...)
		if code != 1 || !strings.Contains(out, "failed   handshake") {
			t.Errorf("%q: exit %d: %s%s", hint, code, out, errOut)
		}
	}
}
