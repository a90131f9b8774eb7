package main

import (
	"context"
	"encoding/pem"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/web/webtest"
)

// diaVersion is the dia that .ci/setup fetches, with what it needs, as
// testdata/dia/package-lock.json says.
const diaVersion = "0.3.2"

// soldOnXervo are the changes that sell the quickstart example there too, with
// the plan that a full run of dia orders.
func soldOnXervo() []string {
	return []string{
		`plan "small" {`, `plan "test" {`,
		`  platform "clevercloud" {`, `  platform "xervo" {
    password = secret("env:XERVO_PASSWORD")
    sso_salt = secret("env:XERVO_SSO_SALT")
  }

  platform "clevercloud" {`,
	}
}

// TestDiaPassesTwiceOnOneStore runs the platform's own test against a real
// gateway under its public name. dia orders with the same platform id in every
// run, and signs on with the id of the resource that it has just removed.
func TestDiaPassesTwiceOnOneStore(t *testing.T) {
	dia := findDia(t)
	front := startFront(t)
	dir := changedExample(t, "quickstart", append(soldOnXervo(), "https://addons.example.com", front.URL)...)
	secrets := []string{"CLEVER_PASSWORD=" + password, "CLEVER_SSO_SALT=" + ssoSalt, "XERVO_PASSWORD=" + password, "XERVO_SSO_SALT=" + ssoSalt}
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0", "--admin", "unix:" + dir + "/admin.sock"}, secrets...)
	front.lead(t, p.URL)
	manifest, errOut, code := addongw(t, dir, secrets, "manifest", "-C", dir, "xervo", "tinyfiles", "--with-secrets")
	if code != 0 {
		t.Fatalf("manifest: %s", errOut)
	}
	home := tempDir(t) // dia keeps a folder there
	if err := os.WriteFile(filepath.Join(home, "addon-manifest.json"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	trust := "NODE_EXTRA_CA_CERTS=" + front.certificate(t, home)
	for run := range 2 {
		judgeDia(t, run, dia.run(t, home, trust))
	}
	for _, state := range []string{"active", "deprovisioned"} {
		want := map[string]int{"deprovisioned": 2}[state]
		await(t, "two resources made and removed", 10*time.Second, func() bool {
			out, _, _ := addongw(t, dir, nil, "resources", "list", "--admin", "unix:"+dir+"/admin.sock", "--state", state)
			return strings.Count(out, "tinyfiles999") == want
		})
	}
}

// judgeDia looks at every step: dia ends with 0 whatever it finds, and stops
// without a word where it cannot go on.
func judgeDia(t *testing.T, run int, output string) {
	t.Helper()
	passed := regexp.MustCompile(`(?m)^  (.+) \[PASS\]$`).FindAllStringSubmatch(output, -1)
	var checks []string
	for _, p := range passed {
		checks = append(checks, p[1])
	}
	for _, step := range []string{
		"testing manifest id", "testing config_vars", "testing POST to ", "testing PUT to ", "testing DELETE to ",
		"testing invalid single sign on authentication", "testing valid single sign on authentication",
	} {
		if !strings.Contains(output, step) {
			t.Errorf("run %d: dia did not get to %q", run+1, step)
		}
	}
	for check, count := range map[string]int{
		"check that config_vars match manifest id": 2, "check authentication": 3, "check response": 3, "check successful single sign on response": 2,
	} {
		if got := len(slices.DeleteFunc(slices.Clone(checks), func(c string) bool { return c != check })); got != count {
			t.Errorf("run %d: %q passed %d times, want %d", run+1, check, got, count)
		}
	}
	if strings.Contains(output, "[FAIL]") || t.Failed() {
		t.Fatalf("run %d:\n%s", run+1, output)
	}
}

// diaProgram is dia as .ci/setup keeps it.
type diaProgram struct{ node, script string }

func findDia(t *testing.T) diaProgram {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		webtest.Missing(t, "Node.js, which dia runs on,")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(cache, "addongw", "dia-"+diaVersion)
	want, err := os.ReadFile(filepath.Join("testdata", "dia", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(folder, "package-lock.json")); err != nil || string(got) != string(want) {
		webtest.Missing(t, "dia "+diaVersion)
	}
	return diaProgram{node: node, script: filepath.Join(folder, "node_modules", "dia", "bin", "dia")}
}

// run is one full test of the manifest in home.
func (d diaProgram) run(t *testing.T, home string, environment ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, d.node, d.script, "test")
	cmd.Dir = home
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "NO_COLOR=1"}, environment...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("dia: %v\n%s", err, output)
	}
	return regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(string(output), "")
}

// publicFront is a vendor's reverse proxy with TLS, which is there before the
// gateway behind it: the gateway's files say its address.
type publicFront struct {
	*httptest.Server
	gateway atomic.Pointer[url.URL]
}

func startFront(t *testing.T) *publicFront {
	t.Helper()
	f := &publicFront{}
	f.Server = httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(f.gateway.Load()) }})
	t.Cleanup(f.Close)
	return f
}

func (f *publicFront) lead(t *testing.T, to string) {
	t.Helper()
	address, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	f.gateway.Store(address)
}

// certificate writes what a client must trust to a file.
func (f *publicFront) certificate(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(folder, "front.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
