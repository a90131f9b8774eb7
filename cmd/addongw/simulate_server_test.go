package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	customerToken      = "canary-token-of-ann-0123456789"
	otherCustomerToken = "canary-token-of-bob-0123456789"
	serverPassword     = "canary-password-of-a-server"
)

// landlord is somebody's provider of servers: the least that can be simulated.
type landlord struct {
	t   *testing.T
	url string
	env map[string]string
	dir string

	mu     sync.Mutex
	calls  int
	asked  int  // how often for a server
	gone   bool // the server was cancelled
	bodies map[string]string
}

func newLandlord(t *testing.T) *landlord {
	t.Helper()
	l := &landlord{t: t, dir: t.TempDir(), bodies: map[string]string{}, env: map[string]string{
		"LANG": "C.UTF-8", "ADDONGW_CREDENTIAL_ACCESS_TOKEN": customerToken,
	}}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	l.url = server.URL + "/nanobox/acme"
	return l
}

func (l *landlord) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	call := r.Method + " " + strings.TrimPrefix(strings.ReplaceAll(r.URL.Path, "//", "/"), "/nanobox/acme")
	body, _ := io.ReadAll(r.Body)
	l.calls++
	l.bodies[call] = string(body)
	w.Header().Set("Content-Type", "application/json")
	token := r.Header.Get("Auth-Access-Token")
	if call != "GET /meta" && call != "GET /catalog" && token != customerToken && token != otherCustomerToken {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"errors": ["This token is not good."]}`)
		return
	}
	switch call {
	case "GET /meta":
		fmt.Fprint(w, `{"id": "acme", "name": "Acme", "server_nick_name": "Box", "default_region": "fra", "default_size": "std-1", "default_plan": "standard",
			"can_reboot": true, "can_rename": true, "ssh_auth_method": "key", "ssh_key_method": "reference", "instructions": "Paste it.",
			"credential_fields": [{"key": "access-token", "label": "API token"}]}`)
	case "GET /catalog":
		fmt.Fprint(w, `[{"id": "fra", "name": "Frankfurt", "plans": [{"id": "standard", "name": "Standard", "title": "Standard", "specs":
			[{"id": "std-1", "ram": 1024, "cpu": 1, "disk": 10, "transfer": 1, "dollars_per_hr": 0.1, "dollars_per_mo": 6}]}]}]`)
	case "POST /keys":
		w.WriteHeader(201)
		fmt.Fprint(w, `{"id": "k_1"}`)
	case "POST /servers":
		l.asked, l.gone = 0, false
		w.WriteHeader(201)
		fmt.Fprint(w, `{"id": "srv_1"}`)
	case "DELETE /servers/srv_1":
		l.gone = true
	case "GET /servers/srv_1":
		if l.gone {
			w.WriteHeader(404)
			fmt.Fprint(w, `{"errors": ["No such server."]}`)
			return
		}
		l.asked++
		w.WriteHeader(201)
		if l.asked < 3 {
			fmt.Fprint(w, `{"id": "srv_1", "status": "creating", "name": "x", "external_ip": null, "internal_ip": null}`)
			return
		}
		fmt.Fprintf(w, `{"id": "srv_1", "status": "active", "name": "x", "external_ip": "192.0.2.1", "internal_ip": "10.0.0.1", "password": %q}`, serverPassword)
	case "DELETE /servers/srv_9":
		w.WriteHeader(404)
		fmt.Fprint(w, `{"errors": ["No such server."]}`)
	}
}

// body is the last one of a call.
func (l *landlord) body(call string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bodies[call]
}

func (l *landlord) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls
}

// do runs a command, which must show nobody's secrets.
func (l *landlord) do(want int, args ...string) (out, errOut string) {
	l.t.Helper()
	out, errOut, code := inProcess(l.t, l.env, args...)
	if code != want {
		l.t.Fatalf("%v: exit %d, want %d:\n%s%s", args, code, want, out, errOut)
	}
	for _, secret := range []string{customerToken, otherCustomerToken, serverPassword} {
		if strings.Contains(out+errOut, secret) {
			l.t.Errorf("%v shows %s:\n%s%s", args, secret, out, errOut)
		}
	}
	return out, errOut
}

func (l *landlord) simulate(want int, args ...string) (out, errOut string) {
	l.t.Helper()
	return l.do(want, append([]string{"simulate", "nanobox"}, append(args, "--url", l.url, "--state", filepath.Join(l.dir, "state"))...)...)
}

func TestSimulateServersFromOrderToEnd(t *testing.T) {
	l := newLandlord(t)
	for _, tc := range []struct{ words, want string }{
		{"meta", "> GET /nanobox/acme/meta HTTP/1.1"},
		{"catalog", `<         "title": "Standard",`},
		{"verify", "> POST /nanobox/acme/verify HTTP/1.1\n> Host: " + strings.TrimPrefix(strings.TrimSuffix(l.url, "/nanobox/acme"), "http://") + "\n> Auth-Access-Token: ***\n> Content-Type: application/octet-stream\n"},
		{"key --name laptop", `>   "name": "laptop",`},
		{"show-key", "> GET /nanobox/acme/keys/k_1 HTTP/1.1"},
		{"order --name web.1.1", `>   "ssh_key": "k_1"`},
		{"show", `"status": "creating"`},
		{"poll", `"password": "[redacted]"`},
		{"reboot", "> PATCH /nanobox/acme/servers/srv_1/reboot HTTP/1.1"},
		{"rename --name web.1.2", `>   "name": "web.1.2"`},
		{"install-key --name laptop", `>   "id": "laptop",`},
		{"list", "- key k_1 → laptop\n- server srv_1 → std-1\n"},
		{"cancel", "> DELETE /nanobox/acme/servers/srv_1 HTTP/1.1"},
		{"delete-key", "> DELETE /nanobox/acme/keys/k_1 HTTP/1.1"},
	} {
		out, errOut := l.simulate(0, strings.Fields(tc.words)...)
		if !strings.Contains(out, tc.want) || errOut != "" || tc.words != "list" && !strings.HasSuffix(out, "→ OK\n") {
			t.Errorf("%s lacks %q:\n%s%s", tc.words, tc.want, out, errOut)
		}
	}
	var order map[string]string
	if err := json.Unmarshal([]byte(l.body("POST /servers")), &order); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"name": "web.1.1", "region": "fra", "size": "std-1", "ssh_key": "k_1"}, order); diff != "" {
		t.Errorf("the order (-want +got):\n%s", diff)
	}
	if out, errOut := l.simulate(0, "list"); out != "" || !strings.Contains(errOut, "Nothing is remembered of "+l.url) {
		t.Errorf("list: %s%s", out, errOut)
	}
}

func TestSimulateServersSaysWhatIsWrong(t *testing.T) {
	l := newLandlord(t)
	for words, want := range map[string]string{
		"provision":               "Did you mean order? There is: meta, catalog, verify, key,",
		"order --plan small":      "--plan says nothing to Nanobox",
		"order --email a@b.c":     "--email says nothing to Nanobox",
		"order":                   "Register one with: addongw simulate nanobox key --url " + l.url + "\n",
		"order srv_1":             "order takes no id",
		"show":                    "no server is remembered of " + l.url + "\n  = Make one with order, or name it: addongw simulate nanobox show ID --url " + l.url + "\n",
		"oder":                    "Did you mean order? There is: meta,",
		"rebot":                   "Did you mean reboot?",
		"show --size big":         "--size says nothing to show",
		"rename srv_1":            "Name it with --name NAME.",
		"poll srv_1 --wait 0s":    "--wait leaves no time",
		"poll srv_1 --repeat 2":   "Leave --repeat out.",
		"key --public-key id_rsa": "id_rsa is a private key",
	} {
		if strings.Contains(words, "id_rsa") {
			file := filepath.Join(l.dir, "id_rsa")
			write(t, file, "-----BEGIN OPENSSH PRIVATE KEY-----\n")
			words = strings.Replace(words, "id_rsa", file, 1)
		}
		if _, errOut := l.simulate(exitUsage, strings.Fields(words)...); !strings.Contains(errOut, want) {
			t.Errorf("%s: %s", words, errOut)
		}
	}
	if _, errOut := l.do(exitUsage, "simulate", "scalingo", "provision", "--size", "big"); !strings.Contains(errOut, "--size says nothing to Scalingo") {
		t.Errorf("a size of an add-on: %s", errOut)
	}
	if out, _ := l.simulate(exitFailed, "cancel", "srv_9", "-q"); out != "→ FAILED status is 404; Nanobox takes 2xx: \"No such server.\"\n" {
		t.Errorf("a refusal: %s", out)
	}
	l.mu.Lock()
	l.asked = -1000
	l.mu.Unlock()
	if out, _ := l.simulate(exitFailed, "poll", "srv_1", "--wait", "150ms", "-q"); !strings.HasPrefix(out, `→ FAILED its status is "creating" after `) {
		t.Errorf("a server that takes long: %s", out)
	}
	l.env["ADDONGW_CREDENTIAL_ACCESS_TOKEN"] = "bad"
	if out, _ := l.simulate(exitFailed, "verify", "-q"); out != "→ FAILED status is 401; Nanobox takes 200: \"This token is not good.\"\n" {
		t.Errorf("bad credentials: %s", out)
	}
}

func TestSimulateServersBendsOrdersAndKeepsTokensOutOfCurl(t *testing.T) {
	l := newLandlord(t)
	l.simulate(0, "order", "--ssh-key", "k_7", "--set", "size=7", "--omit", "region", "-q")
	if got := l.body("POST /servers"); !strings.Contains(got, `"size":7`) || !strings.Contains(got, `"ssh_key":"k_7"`) || strings.Contains(got, "region") {
		t.Errorf("the order was %s", got)
	}
	calls := l.count()
	line, _ := l.simulate(0, "reboot", "--curl")
	if want := `printf 'Auth-Access-Token: %s\n' "$ADDONGW_CREDENTIAL_ACCESS_TOKEN" | curl -sS -H @- -X PATCH ` + l.url + "/servers/srv_1/reboot\n"; line != want {
		t.Errorf("the line is %s, want %s", line, want)
	}
	if l.count() != calls+2 { // metadata and catalog
		t.Fatalf("--curl has sent something: %d calls, then %d", calls, l.count())
	}
	command := exec.Command("sh", "-c", line)
	command.Env = append(bareEnvironment(l.dir), "ADDONGW_CREDENTIAL_ACCESS_TOKEN="+customerToken)
	if out, err := command.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("the line says %s: %v", out, err)
	}
	text, err := os.ReadFile(filepath.Join(l.dir, "state", "simulate.json"))
	if err != nil || strings.Contains(string(text), "canary") || !strings.Contains(string(text), "srv_1") {
		t.Errorf("remembered is %s, %v", text, err)
	}
}

func TestConformanceOfServersNeedsAnAddressAndCredentials(t *testing.T) {
	l := newLandlord(t)
	for words, want := range map[string]string{
		"":                                   "Name its address with --url URL, or with --manifest FILE the document that addongw manifest nanobox writes.",
		"--url ftp://x":                      "--url is no address",
		"--url " + l.url + " --plan a":       "--plan says nothing to Nanobox",
		"--url " + l.url + " --username a":   "--username says nothing to Nanobox",
		"--url " + l.url + " --listen :0":    "--listen says nothing to Nanobox",
		"--url " + l.url + " --wait 0s":      "--wait leaves no time",
		"--url " + l.url + " --only NB-Z1":   `there is no check or group "NB-Z1"`,
		"--url " + l.url + " --only catalgo": "Did you mean catalog? Groups: meta, catalog, auth, key, order, query,",
	} {
		if _, errOut := l.do(exitUsage, append([]string{"conformance", "nanobox"}, strings.Fields(words)...)...); !strings.Contains(errOut, want) {
			t.Errorf("%s: %s", words, errOut)
		}
	}
	if _, errOut := l.do(exitUsage, "conformance", "clevercloud", "--url", "http://127.0.0.1:1", "--wait", "1s"); !strings.Contains(errOut, "--wait says nothing to Clever Cloud") {
		t.Errorf("waiting for an add-on: %s", errOut)
	}
	l.env["ADDONGW_CREDENTIAL2_ACCESS_TOKEN"] = customerToken
	if _, errOut := l.do(exitUsage, "conformance", "nanobox", "--url", l.url); !strings.Contains(errOut, "both customers have the same credentials") {
		t.Errorf("one customer twice: %s", errOut)
	}
	l.env["ADDONGW_CREDENTIAL_ACCESS_TOKEN"] = "two\nlines"
	if _, errOut := l.do(exitUsage, "conformance", "nanobox", "--url", l.url); !strings.Contains(errOut, "ADDONGW_CREDENTIAL_ACCESS_TOKEN holds a line break") {
		t.Errorf("a line break: %s", errOut)
	}
	delete(l.env, "ADDONGW_CREDENTIAL_ACCESS_TOKEN")
	if _, errOut := l.do(exitUsage, "conformance", "nanobox", "--url", l.url); !strings.Contains(errOut, "Put one's into the environment, as ADDONGW_CREDENTIAL_ACCESS_TOKEN.") {
		t.Errorf("no credentials: %s", errOut)
	}
}

func TestConformanceOfServersReportsByTheMetadata(t *testing.T) {
	l := newLandlord(t)
	out, _ := l.do(0, "conformance", "nanobox", "--url", l.url+"/", "--only", "NB-E1,NB-A1,NB-Q6,NB-Q9,NB-I1", "--verbose")
	for _, want := range []string{
		"Nanobox  " + l.url + "   5 checks", "skipped: there is no second customer; give the credentials of one in ADDONGW_CREDENTIAL2_<KEY>",
		"skipped: the metadata says that keys open servers", `"password": "[redacted]"`, "Auth-Access-Token: [redacted]", "3 passed, 2 skipped",
	} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("no %q:\n%s", want, out)
		}
	}
	document := filepath.Join(l.dir, "document.json")
	write(t, document, `{"endpoint": "`+l.url+`", "meta": {"id": "acme"}, "catalog": null}`)
	l.env["ADDONGW_CREDENTIAL2_ACCESS_TOKEN"] = otherCustomerToken
	out, _ = l.do(exitFailed, "conformance", "nanobox", "--manifest", document, "--only", "manifest,NB-E10,NB-Q6", "--json")
	var report conformanceReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]string{}
	for _, c := range report.Checks {
		outcomes[c.ID] = c.Outcome
	}
	want := map[string]string{"NB-M1": "ok", "NB-M2": "ok", "NB-M3": "ok", "NB-E10": "ok", "NB-Q6": "failed"}
	if diff := cmp.Diff(want, outcomes); diff != "" || len(report.Left) > 0 {
		t.Errorf("outcomes (-want +got):\n%s%+v", diff, report.Left)
	}
	write(t, document, `{"endpoint": "not an address"}`)
	out, _ = l.do(exitFailed, "conformance", "nanobox", "--manifest", document)
	if !strings.Contains(out, "Errors in the manifest:\n  → endpoint must be an address") {
		t.Errorf("a document without an address: %s", out)
	}
}

// A document has the address that the platform calls, which may not be reachable
// from here.
func TestConformanceOfServersWhereTheDocumentsNameIsNotKnown(t *testing.T) {
	l := newLandlord(t)
	document := filepath.Join(l.dir, "document.json")
	write(t, document, `{"endpoint": "https://boxes.example.invalid/nanobox/acme", "meta": {"id": "acme"}, "catalog": null}`)
	const hint = "add --url, such as --url http://127.0.0.1:8080/nanobox/acme"
	out, _ := l.do(exitFailed, "conformance", "nanobox", "--manifest", document)
	if !strings.Contains(strings.Join(strings.Fields(out), " "), hint) {
		t.Errorf("no hint: %s", out)
	}
	out, _ = l.do(exitFailed, "conformance", "nanobox", "--manifest", document, "--url", "http://other.example.invalid/nanobox/acme")
	if strings.Contains(out, "add --url") {
		t.Errorf("a hint at what was done: %s", out)
	}
}

// Where nobody answers, nobody can say which credentials there are.
func TestConformanceOfServersWhereNobodyAnswers(t *testing.T) {
	l := newLandlord(t)
	out, _ := l.do(exitFailed, "conformance", "nanobox", "--url", "http://127.0.0.1:1/nanobox/acme")
	if !strings.Contains(out, "Nobody answers at http://127.0.0.1:1/nanobox/acme: connection refused.") {
		t.Errorf("%s", out)
	}
}
