package main

import (
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/platform/all"
)

// completed asks addongw as a shell does and returns the words, and how the
// shell goes on.
func completed(t *testing.T, dir string, words ...string) (list []string, directive string) {
	t.Helper()
	out, errOut, code := addongw(t, dir, nil, append([]string{"__complete"}, words...)...)
	if code != 0 || strings.Count(errOut, "\n") != 1 || !strings.HasPrefix(errOut, "Completion ended with directive: ") {
		t.Errorf("%v: exit %d: %s", words, code, errOut)
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	return lines[:len(lines)-1], lines[len(lines)-1]
}

const (
	noFiles     = ":4"
	files       = ":8"
	directories = ":16"
)

func TestWordsOfTheConfigurationAreCompleted(t *testing.T) {
	dir := initialized(t, "shell")
	for _, tc := range []struct {
		words     []string
		want      []string
		directive string
	}{
		{[]string{"manifest", ""}, []string{"clevercloud"}, noFiles},
		{[]string{"manifest", "clevercloud", ""}, []string{"acme-db\tAcme Db"}, noFiles},
		{[]string{"manifest", "clevercloud", "acme-db", ""}, []string{}, noFiles},
		{[]string{"conformance", ""}, conformancePlatforms(), noFiles},
		{[]string{"conformance", "clevercloud", "--only", "sso,CC-A1"}, []string{"sso,CC-A1"}, ":6"},
		{[]string{"console", "--addon", ""}, []string{"acme-db\tAcme Db"}, noFiles},
		{[]string{"console", "--plan", ""}, []string{"small\tAcme Db, Small", "large\tAcme Db, Large"}, noFiles},
		{[]string{"console", "--addon", "other", "--plan", ""}, []string{}, noFiles},
		{[]string{"resources", "list", "--region="}, []string{"eu\tAcme Db, Europe"}, noFiles},
		{[]string{"resources", "list", "--platform", ""}, []string{"clevercloud"}, noFiles},
		{[]string{"operations", "list", "--state", ""}, []string{"pending", "running", "done", "failed", "cancelled", "waiting"}, noFiles},
		{[]string{"resources", "list", "--kind", ""}, []string{"addon", "server", "ssh_key"}, noFiles},
		{[]string{"init", "--template", ""}, []string{"shell", "postgres", "redis", "http", "nanobox", "blank"}, noFiles},
		{[]string{"completion", ""}, []string{"bash", "zsh", "fish", "powershell"}, noFiles},
		{[]string{"validate", ""}, []string{}, directories},
		{[]string{"serve", "--dir", ""}, []string{}, directories},
		{[]string{"manifest", "--out", ""}, []string{}, directories},
		{[]string{"fmt", "a.hcl", ""}, []string{"hcl"}, files},
		{[]string{"keys", ""}, []string{"generate\tPrint a new key for a keyring block"}, noFiles},
	} {
		list, directive := completed(t, dir, tc.words...)
		if diff := cmp.Diff(tc.want, list); diff != "" || directive != tc.directive {
			t.Errorf("%v: directive %s (-want +got):\n%s", tc.words, directive, diff)
		}
	}
}

func TestCompletionIsSilentWhateverIsWrong(t *testing.T) {
	broken := initialized(t, "shell")
	write(t, filepath.Join(broken, "broken.hcl"), "addon \"")
	hung := initialized(t, "shell")
	l, err := net.Listen("unix", filepath.Join(hung, "admin.sock")) // takes calls and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for name, words := range map[string][]string{
		"a broken file":             {"manifest", "-C", broken, "clevercloud", ""},
		"no directory":              {"console", "-C", "/no/such", "--plan", ""},
		"no gateway":                {"resources", "show", "-C", broken, ""},
		"a gateway that hangs":      {"resources", "show", "-C", hung, ""},
		"a wrong variable":          {"console", "-C", hung, "--var", "x", "--plan", ""},
		"an address of another API": {"resources", "show", "--admin", "tcp:x", ""},
	} {
		started := time.Now()
		if list, directive := completed(t, broken, words...); len(list) > 0 || directive != noFiles {
			t.Errorf("%s: %v, directive %s", name, list, directive)
		}
		if took := time.Since(started); took > 5*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
	}
	out, errOut, code := addongw(t, broken, []string{"ADDONGW_FORMAT=nonsense"}, "__complete", "manifest", "")
	var every strings.Builder
	for _, d := range all.Dialects() {
		every.WriteString(d.Name() + "\n")
	}
	if code != 0 || out != every.String()+":4\n" || strings.Count(errOut, "\n") != 1 {
		t.Errorf("a wrong format: exit %d: %s%s", code, out, errOut)
	}
}

func TestIdsOfARunningGatewayAreCompleted(t *testing.T) {
	dir := copyExample(t, "quickstart")
	p := startQuickstart(t, dir)
	made := call{"POST", p.URL + "/clevercloud/tinyfiles/resources", "tinyfiles", password, `{"addon_id":"addon_1","plan":"small","region":"EU"}`}.must(t, 200)
	for _, verb := range []string{"show", "retry"} {
		list, _ := completed(t, dir, "resources", verb, "-C", dir, "")
		if diff := cmp.Diff([]string{made.ID + "\ttinyfiles, small, active"}, list); diff != "" {
			t.Errorf("%s (-want +got):\n%s", verb, diff)
		}
	}
	list, _ := completed(t, dir, "operations", "show", "-C", dir, "op_")
	provision := slices.IndexFunc(list, func(s string) bool { return strings.HasSuffix(s, "\tprovision of "+made.ID+", done") })
	if provision < 0 || !strings.HasPrefix(list[provision], "op_") {
		t.Errorf("%q", list)
	}
	if list, _ := completed(t, dir, "operations", "list", "-C", dir, "--resource", ""); len(list) != 1 {
		t.Errorf("%q", list)
	}
	write(t, filepath.Join(dir, "broken.hcl"), "addon \"") // while somebody edits
	if list, _ := completed(t, dir, "resources", "show", "-C", dir, ""); len(list) != 1 {
		t.Errorf("with a broken file: %q", list)
	}
}

func TestEveryShellGetsAScript(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		out, errOut, code := addongw(t, root(t), nil, "completion", shell)
		if code != 0 || errOut != "" || !strings.Contains(out, "__complete") {
			t.Errorf("%s: exit %d, %d bytes: %s", shell, code, len(out), errOut)
		}
	}
	if _, errOut, code := addongw(t, root(t), nil, "completion", "tcsh"); code != 64 || !strings.Contains(errOut, "bash, zsh") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}
