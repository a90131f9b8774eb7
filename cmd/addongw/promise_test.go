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
)

// slowSeller sells the quickstart example everywhere, with a backend that is
// done when the test says so, and budgets of a second.
type slowSeller struct {
	*process
	api *ownapi.Server
	dir string
}

func newSlowSeller(t *testing.T) *slowSeller {
	t.Helper()
	s := &slowSeller{api: ownapi.New("tinyfiles", password, 0)}
	server := httptest.NewServer(s.api)
	t.Cleanup(server.Close)
	block := func(platform, settings string) string {
		return fmt.Sprintf("  platform %q {\n    password = secret(\"env:CLEVER_PASSWORD\")\n    sso_salt = secret(\"env:CLEVER_SSO_SALT\")\n    deadline = \"1s\"\n%s  }\n\n", platform, settings)
	}
	s.dir = changedExample(t, "quickstart",
		"  platform \"clevercloud\" {\n", block("scalingo", fmt.Sprintf("    api_url = %q\n", server.URL))+block("xervo", "")+"  platform \"clevercloud\" {\n    deadline = \"1s\"\n    api_url = \"http://127.0.0.1:1\"\n")
	script := filepath.Join(s.dir, "scripts", "provision")
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	held := "#!/bin/sh\nwhile [ ! -e \"$(dirname \"$0\")/../released\" ]; do sleep 0.05; done\n" + string(text)
	if err := os.WriteFile(script, []byte(held), 0o755); err != nil {
		t.Fatal(err)
	}
	s.process = startQuickstart(t, s.dir)
	return s
}

func (s *slowSeller) order(platform, body string) call {
	return call{"POST", s.URL + "/" + platform + "/tinyfiles/resources", "tinyfiles", password, body}
}

func (s *slowSeller) show(id string) string {
	s.t.Helper()
	out, errOut, code := addongw(s.t, s.dir, nil, "resources", "show", id, "--dir", s.dir)
	if code != 0 {
		s.t.Fatalf("show: exit %d: %s", code, errOut)
	}
	return out
}

func (s *slowSeller) shows(id, want string) {
	s.t.Helper()
	if out := s.show(id); !strings.Contains(out, want) {
		s.t.Errorf("show lacks %q:\n%s", want, out)
	}
}

// TestABackendSlowerThanTheBudgetIsWaitedForInEveryPlatformsWay: Scalingo is
// promised the resource and told when it is there, the others ask again. A kill
// in between changes nothing of that.
func TestABackendSlowerThanTheBudgetIsWaitedForInEveryPlatformsWay(t *testing.T) {
	s := newSlowSeller(t)
	scalingo := func() call {
		return s.order("scalingo", `{"uuid":"ad-1","app_id":"app-1","plan":"small","options":null}`)
	}
	clever := func() call { return s.order("clevercloud", `{"addon_id":"addon_1","plan":"small","region":"EU"}`) }
	xervo := func() call { return s.order("xervo", `{"xervo_id":"app1","plan":"small","region":"us-east-1"}`) }

	promised := scalingo().must(t, 202)
	if promised.ID == "" || promised.Config != nil {
		t.Fatalf("a promise is %s", promised.Body)
	}
	s.api.Add(ownapi.Addon{ID: promised.ID, UUID: "ad-1", App: "app-1", Plan: "small", Pending: true})
	for _, order := range []func() call{clever, xervo} {
		if waiting := order().must(t, 503); waiting.Header.Get("Retry-After") == "" {
			t.Errorf("nobody says when to ask again: %s", waiting.Body)
		}
	}
	s.shows(promised.ID, "promised          its platform was answered before it was there, and is told when it is\n")
	if again := scalingo().must(t, 202); again.ID != promised.ID {
		t.Errorf("a repeated order is promised %s, not %s", again.ID, promised.ID)
	}

	s.Kill()
	write(t, filepath.Join(s.dir, "released"), "")
	s.process = startQuickstart(t, s.dir)

	await(t, "Scalingo is told", 60*time.Second, func() bool { return !s.api.Pending(promised.ID) })
	there := scalingo().must(t, 201)
	await(t, "the promise is shown as kept", 30*time.Second, func() bool {
		return strings.Contains(s.show(promised.ID), "promised          its platform was told that it is there\n")
	})
	config, _ := s.api.Config("app-1")
	if diff := cmp.Diff(there.Config, config); diff != "" || there.ID != promised.ID {
		t.Errorf("promised %s, made %s, config (-answered +sent):\n%s", promised.ID, there.ID, diff)
	}
	first := clever().must(t, 200)
	if second := clever().must(t, 200); second.ID != first.ID || first.Config["TINYFILES_URL"] == "" {
		t.Errorf("Clever Cloud gets %s, then %s", first.ID, second.ID)
	}
	if got := xervo().must(t, 200); got.Config["TINYFILES_URL"] == "" {
		t.Errorf("Xervo gets %s", got.Body)
	}
	if made, err := os.ReadDir(filepath.Join(s.dir, "data")); err != nil || len(made) != 3 {
		t.Errorf("%d folders were made for three orders (%v)", len(made), err)
	}
	var told []string
	for _, call := range s.api.Calls() {
		if call.Status == 200 || call.Status == 204 {
			told = append(told, call.Method+" "+call.Path)
		}
	}
	want := []string{
		"PATCH /v1/provider/addons/" + promised.ID + "/config",
		"POST /v1/provider/addons/" + promised.ID + "/actions/provision",
	}
	if len(told) < 2 || cmp.Diff(want, told[:2]) != "" {
		t.Errorf("Scalingo was told %q", told)
	}
}
