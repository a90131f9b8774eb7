package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/platform/all"
	"github.com/addongw/addongw/gateway/scaffold"
	"github.com/addongw/addongw/plugins/redis/redistest"
)

// initialized runs init for one template in a folder of its own and returns the
// configuration directory.
func initialized(t *testing.T, template string, flags ...string) string {
	t.Helper()
	dir := tempDir(t)
	out, errOut, code := addongw(t, dir, nil, append([]string{"init", "acme", "--template", template, "--addon", "acme-db"}, flags...)...)
	if code != 0 || errOut != "" || !strings.Contains(out, "  create  acme/addongw.hcl\n") || !strings.Contains(out, "Next:\n  cd acme\n") {
		t.Fatalf("exit %d: %s%s", code, out, errOut)
	}
	return filepath.Join(dir, "acme")
}

func TestWhatInitWritesIsFormattedAndPasses(t *testing.T) {
	everywhere := []string{"--platform", strings.Join(scaffold.Platforms(), ",")}
	for template, flags := range map[string][]string{"shell": everywhere, "postgres": everywhere, "redis": everywhere, "http": everywhere, "nanobox": nil} {
		t.Run(template, func(t *testing.T) {
			dir := initialized(t, template, flags...)
			if out, errOut, code := addongw(t, dir, nil, "fmt", "--check"); code != 0 {
				t.Errorf("not formatted: exit %d: %s%s", code, out, errOut)
			}
			if out, errOut, code := addongw(t, dir, nil, "validate"); code != 0 || errOut != "" {
				t.Errorf("not valid: exit %d: %s%s", code, out, errOut)
			}
			if err := os.Remove(filepath.Join(dir, scaffold.Vars)); err != nil { // as in CI, where it never is
				t.Fatal(err)
			}
			if out, errOut, code := addongw(t, dir, nil, "validate"); code != 0 || errOut != "" {
				t.Errorf("not valid without %s: exit %d: %s%s", scaffold.Vars, code, out, errOut)
			}
		})
	}
}

func TestInitOffersThePlatformsThatTheGatewaySpeaks(t *testing.T) {
	var spoken []string
	for _, d := range all.Dialects() {
		spoken = append(spoken, d.Name())
	}
	slices.Sort(spoken)
	if diff := cmp.Diff(spoken, scaffold.Platforms()); diff != "" {
		t.Errorf("platforms (-spoken +offered):\n%s", diff)
	}
}

// TestTheBlankTemplateAsksForTheOneThingItLacks: nobody can guess the backend.
func TestTheBlankTemplateAsksForTheOneThingItLacks(t *testing.T) {
	dir := initialized(t, "blank")
	if out, _, code := addongw(t, dir, nil, "fmt", "--check"); code != 0 {
		t.Errorf("not formatted: %s", out)
	}
	_, errOut, code := addongw(t, dir, nil, "validate")
	if code != 1 || !strings.Contains(errOut, "add: backend = backend.TYPE.NAME") || !strings.Contains(errOut, "\n1 error (") {
		t.Errorf("exit %d: %s", code, errOut)
	}
	file := filepath.Join(dir, "addongw.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer(
		"# backend \"TYPE\" \"main\" {\n#   config {}\n# }", "backend \"postgres\" \"main\" {\n  config {\n    admin_url = secret(\"env:X\")\n  }\n}",
		"# backend = backend.TYPE.main", "backend = backend.postgres.main", "params      = {}", "params      = { connection_limit = 5 }",
	).Replace(string(text))
	if err := os.WriteFile(file, []byte(filled), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, errOut, code := addongw(t, dir, nil, "validate"); code != 0 {
		t.Errorf("filled in: exit %d: %s%s", code, out, errOut)
	}
}

func TestTheShellTemplateLivesAWholeLifeInDev(t *testing.T) {
	dir := initialized(t, "shell")
	p, screen := startDev(t, dir)
	commands := printedCommands(screen)
	out, err := exec.Command("sh", "-ec", commands["provision"]+commands["show"]+commands["change the plan"]).CombinedOutput()
	id := resourceID.FindString(string(out))
	if err != nil || id == "" || !strings.Contains(string(out), "ACME_DB_URL") {
		t.Fatalf("%v: %s", err, out)
	}
	folder := filepath.Join(dir, "data", id)
	if quota, err := os.ReadFile(filepath.Join(folder, "quota_mb")); err != nil || string(quota) != "10240\n" {
		t.Errorf("after the plan change: %q, %v", quota, err)
	}
	if out, err := exec.Command("sh", "-ec", "ID="+id+"; "+commands["deprovision"]).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	await(t, "the customer's folder gone", 10*time.Second, func() bool {
		_, err := os.Stat(folder)
		return os.IsNotExist(err)
	})
	if code := p.Stop(); code != 0 || strings.Contains(p.Log(), "not deprovisioned") {
		t.Errorf("exit code %d\n%s", code, p.Log())
	}
}

// TestTheNanoboxTemplateLivesAWholeLifeInDev pastes what dev prints.
func TestTheNanoboxTemplateLivesAWholeLifeInDev(t *testing.T) {
	dir := initialized(t, "nanobox")
	p, screen := startDev(t, dir)
	lines := regexp.MustCompile(`(?m)^  (export .*|.* simulate nanobox .*)$`).FindAllString(screen, -1)
	if out := paste(t, "cd "+dir+"\n"+strings.Join(lines[:len(lines)-1], "\n")); !strings.Contains(lines[len(lines)-1], " cancel ") || len(regexp.MustCompile(`(?m)^(→|->) OK$`).FindAllString(out, -1)) != len(lines)-2 {
		t.Fatalf("%q print\n%s", lines, out)
	}
	await(t, "the server has its new name", 10*time.Second, func() bool {
		names, err := filepath.Glob(filepath.Join(dir, "data", "res_*", "hostname"))
		if err != nil || len(names) != 1 {
			return false
		}
		text, err := os.ReadFile(names[0])
		return err == nil && string(text) == "box-2\n"
	})
	paste(t, "cd "+dir+"\n"+lines[0]+"\n"+lines[len(lines)-1])
	await(t, "the server gone", 10*time.Second, func() bool {
		left, err := filepath.Glob(filepath.Join(dir, "data", "res_*"))
		return err == nil && len(left) == 0
	})
	p.Stop()
	_, errOut, code := addongw(t, dir, nil, "init", "--template", "nanobox", "--platform", "xervo")
	if code != exitUsage || !strings.Contains(errOut, "servers are rented here") {
		t.Errorf("--platform: exit %d: %s", code, errOut)
	}
}

// rewrite replaces texts of a file, each of which must be there.
func rewrite(t *testing.T, path string, oldnew ...string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(string(text), oldnew[i]) {
			t.Fatalf("%s has no %s", path, oldnew[i])
		}
	}
	if err := os.WriteFile(path, []byte(strings.NewReplacer(oldnew...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheRedisTemplateLivesAWholeLifeInDev(t *testing.T) {
	servers := redistest.Directory(t)
	first, last := redistest.Ports(t, 20)
	dir := initialized(t, "redis")
	rewrite(t, filepath.Join(dir, "addongw.hcl"), `"data"`, strconv.Quote(servers), "7000-7999", fmt.Sprintf("%d-%d", first, last))
	p, screen := startDev(t, dir)
	commands := printedCommands(screen)
	out := paste(t, commands["provision"]+commands["show"]+commands["change the plan"])
	id, customer := resourceID.FindString(out), regexp.MustCompile(`redis://[^"\s]+`).FindString(out)
	if id == "" || redisCustomer(t, customer).Set(t.Context(), "order", "7", 0).Err() != nil {
		t.Fatalf("%s", out)
	}
	paste(t, "ID="+id+"; "+commands["deprovision"])
	await(t, "the customer's server gone", 20*time.Second, func() bool {
		return redisCustomer(t, customer).Ping(t.Context()).Err() != nil
	})
	if code := p.Stop(); code != 0 || strings.Contains(p.Log(), "not deprovisioned") {
		t.Errorf("exit code %d\n%s", code, p.Log())
	}
}

// TestTheHTTPTemplateLivesAWholeLifeInDev gives it the API that its comments
// describe.
func TestTheHTTPTemplateLivesAWholeLifeInDev(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"id": "a1", "key": "k1"}`)
		}
	}))
	t.Cleanup(api.Close)
	dir := initialized(t, "http")
	_, errOut, code := addongw(t, dir, nil, "dev", dir, "--port", "0")
	if code != 1 || !strings.Contains(errOut, "unless addongw.vars.hcl sets api_token") {
		t.Fatalf("without the token: exit %d: %s", code, errOut)
	}
	rewrite(t, filepath.Join(dir, scaffold.Vars), `# api_token = "TOKEN"`, `api_token = "hush"`)
	rewrite(t, filepath.Join(dir, "addongw.hcl"), `"https://api.acme.example/v1" #`, strconv.Quote(api.URL+"/v1")+" #", "# private_addresses", "private_addresses")
	p, screen := startDev(t, dir)
	commands := printedCommands(screen)
	out := paste(t, commands["provision"]+commands["show"]+commands["change the plan"])
	id := resourceID.FindString(out)
	if !strings.Contains(out, "https://a1:k1@api.acme.example/v1") {
		t.Fatalf("%s", out)
	}
	paste(t, "ID="+id+"; "+commands["deprovision"])
	want := []string{"POST /v1/accounts Bearer hush", "PATCH /v1/accounts/a1 Bearer hush", "DELETE /v1/accounts/a1 Bearer hush"}
	await(t, "the account gone", 10*time.Second, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(asked) >= len(want)
	})
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
	if code := p.Stop(); code != 0 || strings.Contains(p.Log(), "not deprovisioned") {
		t.Errorf("exit code %d\n%s", code, p.Log())
	}
}

var valueOf = regexp.MustCompile(`(?m)^clevercloud_password = "(.*)"$`)

func TestThePostgresTemplateServesOnceItKnowsItsServer(t *testing.T) {
	server := postgresServer(t)
	dir := initialized(t, "postgres")
	_, errOut, code := addongw(t, dir, nil, "serve", dir, "--listen", "127.0.0.1:0")
	if code != 1 || !strings.Contains(errOut, "AG501") || !strings.Contains(errOut, "unless addongw.vars.hcl sets db_admin_url") {
		t.Fatalf("without the URL: exit %d: %s", code, errOut)
	}

	vars := filepath.Join(dir, scaffold.Vars)
	text, err := os.ReadFile(vars)
	if err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer(
		`# db_admin_url = "postgres://addongw:PASSWORD@127.0.0.1:5432/postgres"`, fmt.Sprintf("db_admin_url = %q", server.ProvisionerURL),
		`# db_sslmode`, "db_sslmode",
	).Replace(string(text))
	if err := os.WriteFile(vars, []byte(filled), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0"}, "TMPDIR="+dir)
	key := valueOf.FindStringSubmatch(filled)[1]
	resources := p.URL + "/clevercloud/acme-db/resources"
	made := call{"POST", resources, "acme-db", key, `{"addon_id":"addon_1","plan":"hobby","region":"EU"}`}.must(t, 200)
	dsn := made.Config["ACME_DB_URL"]
	if err := execSQL(t, dsn, "CREATE TABLE orders (id int)"); err != nil {
		t.Fatalf("the customer's URL: %v", err)
	}
	call{"DELETE", resources + "/" + made.ID, "acme-db", key, ""}.must(t, 200)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal("the config var is no URL")
	}
	await(t, "the database gone", 30*time.Second, func() bool {
		return acme{admin: server.SuperuserURL}.query(t, "SELECT count(*)::text FROM pg_database WHERE datname = $1", strings.TrimPrefix(u.Path, "/")) == "0"
	})
	p.Stop()
	if strings.Contains(p.Log(), key) || strings.Contains(p.Log(), passwordOf(t, server.ProvisionerURL)) {
		t.Error("the log holds a secret of " + scaffold.Vars)
	}
}

func TestInitOverwritesNothingUnasked(t *testing.T) {
	dir := initialized(t, "shell")
	vars := filepath.Join(dir, scaffold.Vars)
	before, err := os.ReadFile(vars)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "scripts", "read")); err != nil {
		t.Fatal(err)
	}
	_, errOut, code := addongw(t, dir, nil, "init", "--template", "shell")
	if code != 1 || !strings.Contains(errOut, "  exists  addongw.hcl\n") || !strings.Contains(errOut, "nothing was written") {
		t.Errorf("exit %d: %s", code, errOut)
	}
	if _, err := os.Stat(filepath.Join(dir, "scripts", "read")); !os.IsNotExist(err) {
		t.Error("a file was written beside the conflicts")
	}
	out, _, code := addongw(t, dir, nil, "init", "--template", "postgres", "--force")
	after, err := os.ReadFile(vars)
	if code != 0 || err != nil || string(after) != string(before) || !strings.Contains(out, "  keep    "+scaffold.Vars) {
		t.Errorf("--force: exit %d, %v: %s", code, err, out)
	}
}

func TestInitAsJSONListsItsFiles(t *testing.T) {
	dir := tempDir(t)
	out, errOut, code := addongw(t, dir, nil, "init", "--json", "--addon", "acme-db")
	var result struct {
		Type, Template string
		Files          []struct{ Path, Action string }
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil || code != 0 || errOut != "" {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errOut)
	}
	if result.Type != "init" || result.Template != "shell" || len(result.Files) != 12 {
		t.Errorf("%+v", result)
	}
	for _, f := range result.Files {
		if _, err := os.Stat(filepath.Join(dir, f.Path)); err != nil || f.Action != "create" {
			t.Errorf("%+v: %v", f, err)
		}
	}
	out, _, code = addongw(t, dir, nil, "init", "--json")
	var refused struct{ Conflicts []string }
	if err := json.Unmarshal([]byte(out), &refused); err != nil || code != 1 || len(refused.Conflicts) != 12 {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
}

func TestInitRefusesWhatItCanNotMake(t *testing.T) {
	dir := tempDir(t)
	for flag, says := range map[string]string{
		"--template=mysql": "shell, postgres, redis, http, nanobox, blank", "--platform=heroku": "clevercloud", "--addon=Acme": "beginning with a letter",
	} {
		_, errOut, code := addongw(t, dir, nil, "init", flag)
		if code != 64 || !strings.Contains(errOut, says) {
			t.Errorf("%s: exit %d: %s", flag, code, errOut)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v was written, %v", left, err)
	}
}

func TestTheToolsInstallTheReleaseThatWroteThem(t *testing.T) {
	for version, want := range map[string]string{"0.1.0-dev": "main", "0.1.0-dev+abc": "main", "1.12.0": "v1.12.0"} {
		if got := revision(version); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}
