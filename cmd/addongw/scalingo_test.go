package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance/scalingo/ownapi"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/spec"
)

// scalingoSeller is a gateway that sells the quickstart example on Scalingo,
// and a stand-in of Scalingo's own API.
type scalingoSeller struct {
	*process
	api *ownapi.Server
	dir string
}

func newScalingoSeller(t *testing.T, settings string) *scalingoSeller {
	t.Helper()
	s := &scalingoSeller{
		api: ownapi.New("tinyfiles", password, 2).Declare("TINYFILES_URL", "TINYFILES_QUOTA_MB"),
		dir: copyExample(t, "quickstart"),
	}
	server := httptest.NewServer(s.api)
	t.Cleanup(server.Close)
	file := filepath.Join(s.dir, "addongw.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block := fmt.Sprintf("platform \"scalingo\" {\n    password = secret(\"env:CLEVER_PASSWORD\")\n    sso_salt = secret(\"env:CLEVER_SSO_SALT\")\n    api_url = %q\n    %s\n  }\n\n  platform \"clevercloud\" {\n", server.URL, settings)
	changed := strings.Replace(string(text), "platform \"clevercloud\" {\n", block, 1)
	changed = strings.Replace(changed, "plan \"large\" {\n", "plan \"large\" {\n    options = { disk = \"ssd\" }\n", 1)
	if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	s.process = startQuickstart(t, s.dir)
	return s
}

func (s *scalingoSeller) base() string { return s.URL + "/scalingo/tinyfiles" }

func (s *scalingoSeller) order(uuid, app, plan string) call {
	return call{"POST", s.base() + "/resources", "tinyfiles", password, fmt.Sprintf(`{"uuid":%q,"app_id":%q,"plan":%q,"options":null}`, uuid, app, plan)}
}

// TestTheRealGatewaySpeaksScalingosLanguage plays every exchange file against
// the real binary with real scripts behind it.
func TestTheRealGatewaySpeaksScalingosLanguage(t *testing.T) {
	s := newScalingoSeller(t, `log_drain_url = "https://logs.example.com/${resource.short_id}"`)
	vars := spec.ProviderVars(s.base()+"/resources", "tinyfiles", password)
	vars["plan"], vars["other_plan"] = "small", "large"
	vars["plan_options"], vars["other_plan_options"] = "{}", `{"disk": "ssd"}`
	vars["sso_url"], vars["sso_salt"] = s.base()+"/sso", ssoSalt
	vars["config_vars"] = "TINYFILES_URL TINYFILES_QUOTA_MB"
	vars["log_drain"] = "true"
	platformtest.Replay(t, "scalingo", vars)
	schema, err := spec.File("scalingo", "manifest.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	manifest, errOut, code := addongw(t, s.dir, []string{"CLEVER_PASSWORD=" + password, "CLEVER_SSO_SALT=" + ssoSalt},
		"manifest", "scalingo", "tinyfiles", "--with-secrets", "--dir", s.dir)
	if code != 0 {
		t.Fatalf("manifest: exit %d: %s", code, errOut)
	}
	platformtest.CheckSchema(t, schema, []byte(manifest))
	if log := s.Log(); strings.Contains(log, "token=") || strings.Contains(log, password) || strings.Contains(log, ssoSalt) {
		t.Errorf("the log holds a secret:\n%s", log)
	}
}

func TestAPromiseToScalingoIsKeptAfterAKill(t *testing.T) {
	s := newScalingoSeller(t, `mode = "async"`)
	promised, err := s.order("ad-1", "app-1", "small").do()
	if err != nil || promised.Status != 202 || promised.Config != nil {
		t.Fatalf("%v: %d %s", err, promised.Status, promised.Body)
	}
	s.Kill()
	s.process = startQuickstart(t, s.dir)
	s.api.Own(ownapi.App{ID: "app-1", Name: "shop", OwnerEmail: "zoe@acme.example"})
	s.api.Add(ownapi.Addon{ID: promised.ID, UUID: "ad-1", App: "app-1", Plan: "small", Pending: true})
	await(t, "the order is completed", 30*time.Second, func() bool { return !s.api.Pending(promised.ID) })
	there := s.order("ad-1", "app-1", "small").must(t, 201)
	config, restarts := s.api.Config("app-1")
	if diff := cmp.Diff(there.Config, config); diff != "" || restarts != 0 || there.ID != promised.ID {
		t.Errorf("%d restarts, config (-answered +sent):\n%s", restarts, diff)
	}
	await(t, "the owner is known", 30*time.Second, func() bool {
		out, _, code := addongw(t, s.dir, nil, "resources", "show", "ad-1", "--dir", s.dir)
		return code == 0 && strings.Contains(out, "zoe@acme.example") && strings.Contains(out, "shop")
	})
	if _, errOut, code := addongw(t, s.dir, nil, "resources", "push", "ad-1", "--dir", s.dir); code != 0 {
		t.Fatalf("push: exit %d: %s", code, errOut)
	}
	await(t, "the push restarts the app", 30*time.Second, func() bool { _, restarts := s.api.Config("app-1"); return restarts == 1 })
}

func TestReconcileNamesTheAppsOfScalingosListing(t *testing.T) {
	s := newScalingoSeller(t, "")
	for _, o := range [][3]string{{"ad-1", "app-1", "small"}, {"ad-2", "app-1", "large"}, {"ad-3", "app-2", "small"}} {
		made := s.order(o[0], o[1], o[2]).must(t, 201)
		s.api.Add(ownapi.Addon{ID: made.ID, UUID: o[0], App: o[1], Plan: o[2]})
	}
	reconcile := func() (out, errOut string, code int) {
		return addongw(t, s.dir, nil, "resources", "reconcile", "--platform", "scalingo", "--dir", s.dir)
	}
	if out, errOut, code := reconcile(); code != 0 || out != "" || !strings.Contains(errOut, "scalingo, tinyfiles: 3 listed there, 3 living here") {
		t.Errorf("equal: exit %d: %s%s", code, out, errOut)
	}
	s.api.Add(ownapi.Addon{ID: "never", App: "app-9", Plan: "small"})
	s.order("ad-4", "app-3", "small").must(t, 201)
	out, _, code := reconcile()
	if code != 2 || strings.Count(out, "\n") != 3 || !strings.Contains(out, "app app-9") || !strings.Contains(out, "ad-4") {
		t.Errorf("exit %d:\n%s", code, out)
	}
}
