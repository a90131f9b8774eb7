package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// agesDirectory has plugins of other ages than addongw's and what sells with one
// of them.
func agesDirectory(t *testing.T, sells string) string {
	t.Helper()
	dir := pluginDirectory(t, nil, fmt.Sprintf(`
backend %q "main" {}
addon "acme-it" {
  backend = backend.%s.main
  region "eu" {}
  plan "small" {}
  plan "large" {}
  config_vars = { ACME_IT_NAME = output.name }
  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
`, sells, sells))
	for _, age := range []string{"older", "newer", "future", "state-1", "state-2"} {
		if err := os.Symlink(filepath.Join(binaries(t), "versions"), filepath.Join(dir, "plugins", "addongw-plugin-"+age)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPluginsOfOtherAgesSellAsFarAsTheyGo(t *testing.T) {
	t.Parallel()
	for _, age := range []string{"older", "newer"} {
		t.Run(age, func(t *testing.T) {
			dir := agesDirectory(t, age)
			p := startQuickstart(t, dir)
			resources := p.URL + "/clevercloud/acme-it/resources"
			made := call{"POST", resources, "acme-it", password, `{"addon_id":"addon_1","plan":"small","region":"EU"}`}.must(t, 200)
			if made.Config["ACME_IT_NAME"] != "it" {
				t.Errorf("%+v", made)
			}
			operator := func(want int, verb string, flags ...string) (said string) {
				t.Helper()
				out, errOut, code := addongw(t, dir, nil, append([]string{"resources", verb, made.ID, "--admin", "unix:" + dir + "/admin.sock"}, flags...)...)
				if code != want {
					t.Errorf("%s: exit %d, want %d: %s%s", verb, code, want, out, errOut)
				}
				return out + errOut
			}
			operator(0, "suspend") // it is recorded, and pages show it
			operator(0, "resume")
			if said := operator(1, "rotate", "--force"); !strings.Contains(said, "can't replace credentials") {
				t.Errorf("rotate: %s", said)
			}
			call{"DELETE", resources + "/" + made.ID, "acme-it", password, ""}.must(t, 200)
		})
	}
}

func TestAPluginOfALaterProtocolIsRefusedWithARemedy(t *testing.T) {
	t.Parallel()
	dir := agesDirectory(t, "future")
	_, errOut, code := addongw(t, dir, nil, "validate", dir)
	for _, part := range []string{"error[AG604]", "^^^^^^^^ upgrade addongw, or install an older version of the plugin\n", "it speaks protocol 2 and no older one; this addongw speaks protocol 1"} {
		if code != 1 || !strings.Contains(errOut, part) {
			t.Errorf("exit %d, no %q: %s", code, part, errOut)
		}
	}
}

func TestPluginsDoctorTellsWhatAPluginCanDo(t *testing.T) {
	t.Parallel()
	dir := agesDirectory(t, "newer")
	steps, code := doctored(t, dir, nil)
	if code != 1 { // future
		t.Errorf("exit %d", code)
	}
	for plugin, want := range map[string]doctorStep{
		"older": {Status: stepOK, Detail: "change_plan, read; not suspend, rotate, upgrade_state"},
		"newer": {
			Status: stepOK, Detail: "change_plan, read; not suspend, rotate, upgrade_state; unknown to this addongw and ignored: levitate; parts of its description are unknown to this addongw and ignored",
			Next: "It is made for a later addongw, too. Upgrade addongw for what is ignored here.",
		},
		"future": {},
	} {
		want.Step = steps[plugin]["abilities"].Step
		if got := steps[plugin]["abilities"]; got != want {
			t.Errorf("%s: %+v", plugin, got)
		}
	}
	if got := steps["newer"]["handshake"]; got.Status != stepOK || got.Detail != "protocol 1" {
		t.Errorf("newer: %+v", got)
	}
	if got := steps["future"]["handshake"]; got.Status != stepFailed || got.Next != "Upgrade addongw, or install an older version of the plugin." {
		t.Errorf("future: %+v", got)
	}
}

// TestAPluginWithoutTLSIsToldApart is about one that does not say so itself.
func TestAPluginWithoutTLSIsToldApart(t *testing.T) {
	t.Parallel()
	plain := map[string]string{"plain": hostilePlugins(t)["plain"]}
	dir := pluginDirectory(t, plain, `backend "plain" "a" {}`)
	_, errOut, code := addongw(t, dir, nil, "validate", dir)
	for _, part := range []string{"error[AG604]", "^^^^^^^ write tls = false into its backend block", "it offers no TLS"} {
		if code != 1 || !strings.Contains(errOut, part) {
			t.Errorf("exit %d, no %q: %s", code, part, errOut)
		}
	}
	dir = pluginDirectory(t, plain, `
backend "plain" "a" {
  tls = false
  config { directory = "." }
}`)
	if _, errOut, _ := addongw(t, dir, nil, "validate", dir); strings.Contains(errOut, "AG604") {
		t.Error(errOut)
	}
}

// TestADowngradedPluginIsNotToldOfWhatALaterOneLeft puts an earlier version of a
// plugin in the place of a later one, and the later one back. The gateway is killed
// each time.
func TestADowngradedPluginIsNotToldOfWhatALaterOneLeft(t *testing.T) {
	t.Parallel()
	dir := agesDirectory(t, "aged")
	file := filepath.Join(dir, "addongw.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var p *process
	serve := func(version string) {
		t.Helper()
		if p != nil {
			p.Kill()
		}
		write(t, file, strings.Replace(string(text), `backend "aged" "main" {}`, fmt.Sprintf(`backend "aged" "main" { plugin = "state-%s" }`, version), 1))
		p = startQuickstart(t, dir)
	}
	request := func(method, path, body string) call {
		return call{method, p.URL + "/clevercloud/acme-it/resources" + path, "acme-it", password, body}
	}
	serve("1")
	made := request("POST", "", `{"addon_id":"addon_1","plan":"small","region":"EU"}`).must(t, 200)
	other := request("POST", "", `{"addon_id":"addon_2","plan":"small","region":"EU"}`).must(t, 200)
	serve("2")
	request("DELETE", "/"+other.ID, "").must(t, 200) // of a state of before: upgraded
	changed := request("PUT", "/"+made.ID, `{"addon_id":"addon_1","plan":"large"}`)
	changed.must(t, 200) // leaves a state of today
	state := func() string {
		out, errOut, code := addongw(t, dir, nil, "resources", "show", made.ID, "--dir", dir)
		if code != 0 {
			t.Fatalf("exit %d: %s", code, errOut)
		}
		return out
	}
	serve("1")
	request("DELETE", "/"+made.ID, "").must(t, 200)
	await(t, "the refusal", 10*time.Second, func() bool { return strings.Contains(state(), "install that version again") })
	if log := p.Log(); !strings.Contains(log, "operation put aside") || !strings.Contains(log, "its state has version 2, and the plugin that backend aged.main has now reads up to 1") {
		t.Error(log)
	}
	serve("2")
	await(t, "the removal", 10*time.Second, func() bool { return strings.Contains(state(), "deprovisioned") })
}
