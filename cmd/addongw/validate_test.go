package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway"
)

var filterAll = gateway.ResourceFilter{}

func TestCorrectExamplesPassWithoutTheirSecrets(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join(root(t), "examples"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "ci" { // no configuration, but what checks one
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			if e.Name() == "python-plugin" {
				needPython(t)
			}
			out, errOut, code := addongw(t, root(t), nil, "validate", filepath.Join("examples", e.Name()))
			if code != 0 || !strings.HasPrefix(out, "ok  ") || errOut != "" {
				t.Errorf("exit %d\nstdout: %s\nstderr: %s", code, out, errOut)
			}
			out, errOut, code = addongw(t, root(t), nil, "fmt", "--check", filepath.Join("examples", e.Name()))
			if code != 0 {
				t.Errorf("not formatted: exit %d\n%s%s", code, out, errOut)
			}
		})
	}
}

// brokenExample is examples/postgres with four mistakes.
func brokenExample(t *testing.T) string {
	t.Helper()
	dir := copyExample(t, "postgres")
	file := filepath.Join(dir, "broken.hcl")
	if err := os.WriteFile(file, []byte(`
backend "postgres" "second" {
  config {
    admin_url  = secret("env:ACME_ADMIN_URL")
    extensions = true
  }
}

addon "acme-two" {
  name    = "Acme Two"
  backend = backend.postgres.main

  region "eu" {}

  plan "small" {
    price  = 1
    params = {}
  }

  plan "big" {
    price  = 2
    params = { connection_limit = 20 }
  }

  plan "big" {
    price  = 3
    params = { connection_limit = 30 }
  }

  config_vars = {
    ACME_TWO_URL = "postgres://${output.usrname}:${urlencode(output.password)}@${output.host}/${output.database}"
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    regions  = { eu = "eu" }
  }
}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFourMistakesAreAllShownWithLineCaretAndRemedy(t *testing.T) {
	dir := brokenExample(t)
	_, errOut, code := addongw(t, dir, nil, "validate", dir)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	for what, parts := range map[string][]string{
		"the misspelt output":     {"AG302", "broken.hcl:31:", `"usrname"`, `did you mean "username"?`, "^^^^^^^"},
		"the missing plan param":  {"AG204", "broken.hcl:17:", "connection_limit"},
		"the wrong type":          {"AG305", "broken.hcl:5:", "extensions"},
		"the duplicate plan":      {"AG207", "broken.hcl:25:", `"big"`, "broken.hcl:20:"},
		"the count at the bottom": {"4 errors"},
	} {
		for _, part := range parts {
			if !strings.Contains(errOut, part) {
				t.Errorf("%s: the output lacks %q", what, part)
			}
		}
	}
	if t.Failed() {
		t.Log(errOut)
	}
}

func TestValidateAsJSONIsOneObjectAndNothingElse(t *testing.T) {
	dir := brokenExample(t)
	out, errOut, code := addongw(t, dir, nil, "validate", dir, "--format", "json")
	var result struct {
		Type        string `json:"type"`
		Valid       bool   `json:"valid"`
		ErrorCount  int    `json:"error_count"`
		Diagnostics []struct {
			Code, Severity, Summary string
			Range                   struct{ Filename string }
		}
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if code != 1 || errOut != "" || result.Type != "validate" || result.Valid || result.ErrorCount != 4 || len(result.Diagnostics) != 4 {
		t.Errorf("exit %d, stderr %q, %+v", code, errOut, result)
	}
}

func TestWrongUsageInJSONIsJSON(t *testing.T) {
	out, _, code := addongw(t, root(t), nil, "validate", "--nope", "--format", "json")
	var result struct{ Type, Message string }
	if err := json.Unmarshal([]byte(out), &result); err != nil || result.Type != "error" {
		t.Errorf("%v: %s", err, out)
	}
	if code != 64 {
		t.Errorf("exit code %d, want 64", code)
	}
}
