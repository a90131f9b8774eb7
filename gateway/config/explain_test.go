package config_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/diagnostic/explain"
	"github.com/addongw/addongw/gateway/platform/all"
)

// unshown lists the pages without examples, with the reason.
var unshown = map[string]string{
	"AG218": "it takes 200,000 evaluations",
	"AG226": "not in this version",
	"AG440": "it takes a store",
	"AG443": "it takes a store",
	"AG604": "it takes a broken plugin",
}

// living are the resources that live while the examples of a page are loaded:
// some problems are about nothing else.
var living = map[string][]gateway.InUse{
	"AG701": {{Platform: "clevercloud", Addon: "acme-db", Plan: "free", Region: "eu", Backend: "postgres.main", Count: 3}},
	"AG702": {{Platform: "clevercloud", Addon: "acme-db", Plan: "free", Region: "eu", Backend: "postgres.main", Count: 3}},
}

// alone lists the pages whose examples are all that the directory holds.
var alone = []string{"AG210"}

// TestTheExamplesOfEveryPageAreWrongAndRight loads them as validate does, with
// the real dialects and the real plugins' schemas.
func TestTheExamplesOfEveryPageAreWrongAndRight(t *testing.T) {
	for _, page := range explain.Pages() {
		t.Run(page.Code, func(t *testing.T) {
			t.Parallel()
			wrong, right := page.Example("Wrong"), page.Example("Right")
			switch {
			case unshown[page.Code] != "" && wrong == "":
				return
			case wrong == "":
				t.Fatal("the page has no example, and nobody says why")
			case page.Code == "AG110":
				checkLayout(t, wrong, right)
				return
			}
			if found := explained(t, page.Code, wrong); !slices.ContainsFunc(found, isCode(page.Code)) {
				t.Errorf("the wrong example does not lead to %s but to:\n%s", page.Code, describe(found))
			}
			if found := explained(t, page.Code, right); len(found) > 0 {
				t.Errorf("the right example is not right:\n%s", describe(found))
			}
			if formatted, _ := config.Format("example.hcl", []byte(right)); string(formatted) != right {
				t.Errorf("the right example is not formatted; it should be\n%s", formatted)
			}
		})
	}
}

// checkLayout is for the one code that is about nothing but layout.
func checkLayout(t *testing.T, wrong, right string) {
	t.Helper()
	formatted, diags := config.Format("example.hcl", []byte(wrong))
	if diags.HasErrors() || string(formatted) != right || wrong == right {
		t.Errorf("the wrong example becomes\n%s", formatted)
	}
}

func isCode(code string) func(*hcl.Diagnostic) bool {
	return func(d *hcl.Diagnostic) bool {
		info, _ := diagnostic.Of(d)
		return info.Code == code
	}
}

func explained(t *testing.T, code, example string) hcl.Diagnostics {
	t.Helper()
	text := completed(example)
	if !slices.Contains(alone, code) {
		beside := usual
		if regexp.MustCompile(`(?m)^provider\b`).MatchString(text) {
			beside = usualOfProviders
		}
		for _, b := range slices.Sorted(maps.Keys(beside)) {
			if !regexp.MustCompile(`(?m)^` + b + `\b`).MatchString(text) {
				text += "\n" + completed(beside[b])
			}
		}
	}
	dir := t.TempDir()
	writeScripts(t, filepath.Join(dir, "scripts", "servers"))
	if err := os.WriteFile(filepath.Join(dir, "example.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, _, diags := config.Load(t.Context(), config.Options{
		Dir: dir, Version: "0.1.0", Dialects: all.Dialects(), Providers: all.Providers(), Plugins: answering(realPlugins()),
	})
	if loaded == nil {
		return diags
	}
	return append(diags, loaded.Orphans(living[code])...)
}

// usual is what a configuration has beside an example.
var usual = map[string]string{
	"gateway": "gateway {\n  # …\n}\n",
	"backend": "backend \"postgres\" \"main\" {\n  # …\n}\n",
	"addon":   "addon \"acme-db\" {\n  # …\n}\n",
}

// usualOfProviders is what a configuration has beside an example with a provider
// of servers.
var usualOfProviders = map[string]string{
	"gateway": usual["gateway"],
	"backend": "backend \"shell\" \"servers\" {\n  config {\n    directory = \"scripts/servers\"\n    actions   = [\"verify\", \"create_server\", \"get_server\", \"delete_server\"]\n  }\n}\n",
}

// writeScripts makes the scripts that examples of providers name.
func writeScripts(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"verify", "create_server", "get_server", "delete_server", "reboot", "rebot"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// parts is what "# …" stands for inside of each kind of block, one setting or
// block each. Those that the example writes itself are left out.
var parts = map[string][]string{
	"gateway": {`base_url = "https://addons.acme.example"`},
	"backend": {"config {\n  # …\n}"},
	"config":  {`admin_url = secret("env:ACME_ADMIN_URL")`},
	"addon":   {"backend = backend.postgres.main", `region "eu" {}`, "plan \"hobby\" {\n  # …\n}", "platform \"clevercloud\" {\n  # …\n}"},
	"plan":    {"params = { connection_limit = 5 }"},
	"provider": {
		`name = "Acme"`, `server_nick_name = "box"`, `instructions = "Ask us for a token."`, "backend = backend.shell.servers",
		"credential \"access-token\" {\n  label = \"Access token\"\n}",
		"default {\n  region = \"fra\"\n  plan   = \"standard\"\n  size   = \"std-1\"\n}",
		"region \"fra\" {\n  name  = \"Frankfurt\"\n  plans = [\"standard\"]\n}",
		"plan \"standard\" {\n  spec \"std-1\" {\n    # …\n  }\n}",
	},
	"spec":     {"ram = 1024", "cpu = 1", "disk = 20", "transfer = 1", "dollars_per_mo = 5"},
	"platform": {`password = secret("env:CLEVER_PASSWORD")`, `sso_salt = secret("env:CLEVER_SSO_SALT")`},
}

// completed puts the usual parts where an example says "# …".
func completed(example string) string {
	for strings.Contains(example, "# …") {
		lines := strings.Split(example, "\n")
		at := slices.IndexFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "# …" })
		indent := strings.TrimSuffix(lines[at], "# …")
		start, end := at, at
		for start > 0 && (lines[start] == "" || strings.HasPrefix(lines[start], indent)) {
			start--
		}
		for lines[end] == "" || strings.HasPrefix(lines[end], indent) {
			end++
		}
		kind, _, _ := strings.Cut(strings.TrimSpace(lines[start]), " ")
		var filled []string
		for _, part := range parts[kind] {
			if !writes(lines[start+1:end], indent, part) {
				filled = append(filled, strings.Split(indent+strings.ReplaceAll(part, "\n", "\n"+indent), "\n")...)
			}
		}
		example = strings.Join(slices.Concat(lines[:at], filled, lines[at+1:]), "\n")
	}
	return example
}

// writes reports whether a block has the part already: a setting of the name,
// or a block of exactly this header. A second region or plan is another one.
func writes(lines []string, indent, part string) bool {
	header, _, _ := strings.Cut(part, "{")
	if name, _, isSetting := strings.Cut(header, " ="); isSetting {
		header = name + " "
	}
	return slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, indent+strings.TrimSpace(header)) })
}

// TestTheExamplesAreCompletedAsAReaderWould keeps the completion itself honest.
func TestTheExamplesAreCompletedAsAReaderWould(t *testing.T) {
	got := completed("addon \"acme-db\" {\n  # …\n\n  platform \"clevercloud\" {\n    password = \"x\"\n    # …\n  }\n}\n")
	want := fmt.Sprintf("addon \"acme-db\" {\n  backend = backend.postgres.main\n  region \"eu\" {}\n  plan \"hobby\" {\n    %s\n  }\n\n  platform \"clevercloud\" {\n    password = \"x\"\n    %s\n  }\n}\n",
		parts["plan"][0], parts["platform"][1])
	if got != want {
		t.Errorf("got\n%s", got)
	}
}
