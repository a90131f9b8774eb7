package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const mailHCL = `gateway {
  base_url    = "https://addons.acme.example"
  plugin_dirs = ["."]
}

store "sqlite" {
  path = "addongw.db"
}

locals {
  token = secret("env:MAIL_TOKEN")
}

backend "caller" "main" {
  config {
    dir = "."

    provision {
      path    = "/accounts"
      body    = { ref = resource.short_id, tier = plan.params.tier, token = local.token, release = "first" }
      outputs = { account_id = response.id, api_key = response.key }
    }

    change_plan {
      path = "/accounts/${output.account_id}"
      body = {
        tier  = plan.params.tier
        limit = plan.id == "broken" ? tonumber(output.api_key) : 5
      }
    }

    deprovision {
      path = "/accounts/${output.account_id}"
    }
  }
}

addon "acme-mail" {
  name    = "Acme Mail"
  backend = backend.caller.main

  region "eu" {}

  plan "starter" {
    price  = 1
    params = { tier = "s0" }
  }

  plan "growth" {
    price  = 2
    params = { tier = "s1" }
  }

  plan "broken" {
    price  = 3
    params = { tier = "s2" }
  }

  config_vars = {
    ACME_MAIL_KEY = output.api_key
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    regions  = { eu = "eu" }
  }
}
`

const mailToken = "mail-token-canary-5d1f"

// mailShop is a gateway whose plugin evaluates expressions.
type mailShop struct {
	t       *testing.T
	dir     string
	gateway *process
}

func newMailShop(t *testing.T) *mailShop {
	t.Helper()
	s := &mailShop{t: t, dir: tempDir(t)}
	build := exec.Command("go", "build", "-o", filepath.Join(s.dir, "addongw-plugin-caller"), "./cmd/addongw/testdata/caller")
	build.Dir = root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the plugin: %v\n%s", err, out)
	}
	write(t, filepath.Join(s.dir, "addongw.hcl"), mailHCL)
	s.start()
	return s
}

func (s *mailShop) start() {
	s.t.Helper()
	args := []string{"serve", s.dir, "--listen", "127.0.0.1:0", "--admin", "unix:" + s.dir + "/admin.sock"}
	s.gateway = start(s.t, s.dir, args, "CLEVER_PASSWORD="+password, "CLEVER_SSO_SALT="+ssoSalt, "MAIL_TOKEN="+mailToken)
}

func (s *mailShop) request(method, path, body string) call {
	return call{method, s.gateway.URL + "/clevercloud/acme-mail/resources" + path, "acme-mail", password, body}
}

// mailCall is a call that the plugin wrote down.
type mailCall struct {
	Verb, Operation, Path string
	Body                  map[string]any
}

func (s *mailShop) calls() (all []mailCall) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "calls"))
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var m mailCall
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			s.t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// TestAPluginEvaluatesWhatWasRecorded kills the gateway in the middle of an order
// and changes the file meanwhile: the repeat is the call that was recorded.
func TestAPluginEvaluatesWhatWasRecorded(t *testing.T) {
	s := newMailShop(t)
	order := func() call { return s.request("POST", "", `{"addon_id":"addon_1","plan":"starter","region":"EU"}`) }
	hold := filepath.Join(s.dir, "hold")
	write(t, hold, "")
	doomed, cut := order(), make(chan struct{})
	go func() {
		defer close(cut)
		_, _ = doomed.do() // the gateway dies before the answer
	}()
	await(t, "the first call", 20*time.Second, func() bool { return len(s.calls()) == 1 })
	s.gateway.Kill()
	<-cut
	if err := os.Remove(hold); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.dir, "addongw.hcl"), strings.NewReplacer(`"first"`, `"second"`, `"/accounts"`, `"/others"`).Replace(mailHCL))
	s.start()
	bought := order().must(t, 200)
	calls := s.calls()
	if len(calls) != 2 {
		t.Fatalf("%d calls: %+v", len(calls), calls)
	}
	if diff := cmp.Diff(calls[0], calls[1]); diff != "" {
		t.Errorf("the repeat is another call (-first +repeat)\n%s", diff)
	}
	short := strings.TrimPrefix(bought.Config["ACME_MAIL_KEY"], "key-of-")
	want := mailCall{Verb: "provision", Operation: calls[0].Operation, Path: "/accounts", Body: map[string]any{"ref": short, "tier": "s0", "token": mailToken, "release": "first"}}
	if diff := cmp.Diff(want, calls[0]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	s.request("PUT", "/"+bought.ID, `{"addon_id":"addon_1","plan":"growth"}`).must(t, 200)
	s.request("DELETE", "/"+bought.ID, "").must(t, 200)
	await(t, "the removal", 20*time.Second, func() bool { return len(s.calls()) == 4 })
	calls = s.calls()
	if calls[2].Path != "/accounts/acct-"+short || calls[2].Body["tier"] != "s1" || calls[3].Verb != "deprovision" || calls[3].Path != calls[2].Path {
		t.Errorf("the calls after the order: %+v", calls[2:])
	}
}

// TestAnExpressionThatFailsShowsNoSecret: the operator reads where and what, and
// nobody reads a value.
func TestAnExpressionThatFailsShowsNoSecret(t *testing.T) {
	s := newMailShop(t)
	bought := s.request("POST", "", `{"addon_id":"addon_1","plan":"starter","region":"EU"}`).must(t, 200)
	refused := s.request("PUT", "/"+bought.ID, `{"addon_id":"addon_1","plan":"broken"}`).must(t, 422)
	places := map[string]string{"the answer": refused.Body}
	for _, args := range [][]string{{"operations", "list", "--json"}, {"resources", "show", bought.ID, "--json"}} {
		out, errOut, code := addongw(t, s.dir, nil, append(args, "--admin", "unix:"+s.dir+"/admin.sock")...)
		if code != 0 {
			t.Fatalf("%v: exit %d: %s", args, code, errOut)
		}
		places["the output of "+strings.Join(args, " ")] = out + errOut
	}
	s.gateway.Stop()
	places["the gateway's log"] = s.gateway.Log()
	if err := os.Remove(filepath.Join(s.dir, "calls")); err != nil { // the service's own book
		t.Fatal(err)
	}
	storeFiles(t, s.dir, places)
	const where = "addongw.hcl:28:48: Invalid function argument: tonumber"
	if !strings.Contains(places["the gateway's log"], where) {
		t.Errorf("the log does not say %q:\n%s", where, places["the gateway's log"])
	}
	for place, text := range places {
		for what, secret := range map[string]string{"the customer's key": bought.Config["ACME_MAIL_KEY"], "the token": mailToken} {
			for _, form := range forms(secret) {
				if strings.Contains(text, form) {
					t.Errorf("%s shows %s", place, what)
				}
			}
		}
	}
}
