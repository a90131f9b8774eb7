package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheStartWarnsOfABackendThatDoesNotAnswer(t *testing.T) {
	dir := copyExample(t, "postgres")
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0"},
		"ACME_ADMIN_URL=postgres://acme_admin:nobody-is-there@127.0.0.1:1/postgres", "CLEVER_PASSWORD="+password, "CLEVER_SSO_SALT="+ssoSalt)
	await(t, "a warning", 20*time.Second, func() bool { return strings.Contains(p.Log(), `"event":"backend.sick","backend":"postgres.main"`) })
	if strings.Contains(p.Log(), "nobody-is-there") {
		t.Error("the log holds the admin password")
	}
}

func TestNamesOfStrangersDoNotReachTheTerminal(t *testing.T) {
	dir := copyExample(t, "quickstart")
	p := startQuickstart(t, dir)
	body := `{"addon_id":"addon_1","owner_name":"Zoë \u001b[31m evil\nline","plan":"small","region":"EU"}`
	call{"POST", p.URL + "/clevercloud/tinyfiles/resources", "tinyfiles", password, body}.must(t, 200)
	out, _, code := addongw(t, dir, nil, "resources", "show", "addon_1", "--dir", dir)
	if code != 0 || strings.ContainsRune(out, '\x1b') || !strings.Contains(out, "Zoë \uFFFD[31m evil\uFFFDline") {
		t.Errorf("exit %d: %q", code, out)
	}
}

func TestUsageErrorsSayWhatToType(t *testing.T) {
	dir := copyExample(t, "quickstart")
	cases := map[string]struct {
		args []string
		code int
		says string
	}{
		"a misspelt command":     {[]string{"valdate"}, 64, `Did you mean "validate"?`},
		"too few arguments":      {[]string{"resources", "show"}, 64, "addongw resources show ID"},
		"an unknown platform":    {[]string{"manifest", "klever", "tinyfiles", "-C", dir}, 64, "clevercloud"},
		"an unknown add-on":      {[]string{"manifest", "clevercloud", "tiny", "-C", dir}, 1, "tinyfiles"},
		"two directories":        {[]string{"validate", dir, "-C", dir}, 64, "Name one of them"},
		"no such directory":      {[]string{"validate", "/no/such"}, 64, "there is no directory /no/such"},
		"nobody runs there":      {[]string{"resources", "list", "-C", dir}, 4, "Is it running"},
		"a format":               {[]string{"validate", dir, "--format", "yaml"}, 64, "text, json"},
		"a variable, no value":   {[]string{"validate", dir, "--var", "x"}, 64, "NAME=VALUE"},
		"a directory of sockets": {[]string{"resources", "list", "--admin", "tcp:x"}, 64, "unix:/path"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, errOut, code := addongw(t, dir, nil, tc.args...)
			if code != tc.code || !strings.Contains(errOut, tc.says) {
				t.Errorf("exit %d, want %d; %q lacks %q", code, tc.code, errOut, tc.says)
			}
		})
	}
}

func TestFmtAsJSONTellsWhatItChanged(t *testing.T) {
	dir := tempDir(t)
	for name, content := range map[string]string{"ugly.hcl": "gateway{\nlisten=\"x:1\"\n}\n", "broken.hcl": "gateway {"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, errOut, code := addongw(t, dir, nil, "fmt", "--json", ".")
	var result struct {
		Type       string
		ErrorCount int `json:"error_count"`
		Changed    []string
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if code != 1 || errOut != "" || result.Type != "fmt" || result.ErrorCount != 1 || len(result.Changed) != 1 || result.Changed[0] != "ugly.hcl" {
		t.Errorf("exit %d, stderr %q, %+v", code, errOut, result)
	}
	if _, _, code := addongw(t, dir, nil, "fmt", "--check", "ugly.hcl"); code != 0 {
		t.Errorf("the formatted file is not formatted: exit %d", code)
	}
}
