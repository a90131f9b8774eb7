package main

import (
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// encrypted is an address with TLS in front of a gateway that starts later, as
// customers reach it. The file holds the certificate to trust.
func encrypted(t *testing.T) (address, certificate string, front func(*process)) {
	t.Helper()
	var behind atomic.Pointer[url.URL]
	server := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind.Load())
	}})
	t.Cleanup(server.Close)
	certificate = filepath.Join(tempDir(t), "certificate.pem")
	write(t, certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	return server.URL, certificate, func(p *process) {
		u, err := url.Parse(p.URL)
		if err != nil {
			t.Fatal(err)
		}
		behind.Store(u)
	}
}

// sellOnXervo has the quickstart's files sell on Xervo, too.
var sellOnXervo = []string{
	"platform \"clevercloud\" {\n", "platform \"xervo\" {\n    password = secret(\"env:XERVO_PASSWORD\")\n    sso_salt = secret(\"env:XERVO_SSO_SALT\")\n" +
		"    regions = { \"us-east-1\" = \"eu\" }\n  }\n\n  platform \"clevercloud\" {\n",
}

// A base_url that nobody can reach fails what follows sign-ons, and is named.
func TestABaseURLOutOfReachIsNamedToWhoFollowsSignOns(t *testing.T) {
	t.Parallel()
	dir := changedExample(t, "quickstart", append(sellOnXervo, "https://addons.example.com", "https://127.0.0.1:1")...)
	secrets := append(quickstartEnv(), "XERVO_PASSWORD="+password, "XERVO_SSO_SALT="+ssoSalt)
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0", "--admin", "unix:" + dir + "/admin.sock"}, secrets...)
	manifest, errOut, code := addongw(t, dir, secrets, "manifest", "xervo", "tinyfiles", "--with-secrets", "--test-url", p.URL)
	if code != 0 {
		t.Fatalf("manifest: exit %d: %s", code, errOut)
	}
	write(t, filepath.Join(dir, "manifest.json"), manifest)
	out, errOut, code := addongw(t, dir, nil, "conformance", "xervo", "--manifest", "manifest.json", "--plan", "small,large", "--only", "XV-S21")
	if code != 1 || !strings.Contains(strings.Join(strings.Fields(out+errOut), " "), "base_url must be reachable from here, and with addongw dev it is") {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
}

// Xervo's test follows a sign-on to the customer's page, so the gateway must be
// where its base_url says.
func TestOurOwnGatewayIsConformantToXervo(t *testing.T) {
	address, certificate, front := encrypted(t)
	dir := changedExample(t, "quickstart", append(sellOnXervo, `base_url = "https://addons.example.com"`, `base_url = "`+address+`"`)...)
	secrets := []string{"XERVO_PASSWORD=" + password, "XERVO_SSO_SALT=" + ssoSalt, "SSL_CERT_FILE=" + certificate}
	args := []string{"serve", dir, "--listen", "127.0.0.1:0", "--admin", "unix:" + dir + "/admin.sock"}
	front(start(t, dir, args, append(quickstartEnv(), secrets...)...))
	manifest, errOut, code := addongw(t, dir, append(quickstartEnv(), secrets...), "manifest", "xervo", "tinyfiles", "--with-secrets")
	if code != 0 {
		t.Fatalf("manifest: exit %d: %s", code, errOut)
	}
	write(t, filepath.Join(dir, "manifest.json"), manifest)
	out, errOut, code := addongw(t, dir, secrets, "conformance", "xervo", "--manifest", "manifest.json", "--plan", "small,large", "--strict", "--json")
	var report conformanceReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v: %s%s", err, out, errOut)
	}
	if code != 0 || !report.Passed || len(report.Left) > 0 || len(report.Checks) < 100 {
		t.Errorf("exit %d, %d checks, left %+v, %s%s", code, len(report.Checks), report.Left, report.Stopped, errOut)
	}
	for _, c := range report.Checks {
		if c.Outcome != "ok" {
			t.Errorf("%s is %s: %s%q", c.ID, c.Outcome, c.Why, c.Problems)
		}
	}
}
