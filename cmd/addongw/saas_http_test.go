package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/all"
)

// partnerToken is what Mailwind knows us by; no other text of the tests holds it.
const partnerToken = "mailwind-canary-2f7c19e3ab"

// mailwind is a gateway that serves examples/saas-http, with the API beside it.
type mailwind struct {
	*process
	front *publicFront
	api   string // http://127.0.0.1:PORT
}

// startSaaS builds and starts the service of the example, and ends it with the
// test.
func startSaaS(t testing.TB, args ...string) (url string) {
	t.Helper()
	binary := filepath.Join(tempDir(t), "saas")
	build := exec.Command("go", "build", "-o", binary, "./examples/saas-http/saas")
	build.Dir = root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the service: %v\n%s", err, out)
	}
	return startListening(t, exec.Command(binary, append([]string{"-listen", "127.0.0.1:0"}, args...)...), "MAILWIND_PARTNER_TOKEN="+partnerToken)
}

// startListening starts a server whose first line of standard error ends with
// its address.
func startListening(t testing.TB, cmd *exec.Cmd, env ...string) (url string) {
	t.Helper()
	cmd.Env = append(bareEnvironment("/"), env...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	lines.Scan()
	first := lines.Text()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines.Scan() { // or it would stand still
		}
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	at := strings.Index(first, "http://")
	if at < 0 {
		t.Fatalf("the server begins with %q", first)
	}
	return first[at:]
}

func mailwindEnv(api string) []string {
	return append(everywhereEnv(), "ADDONGW_VAR_api="+api+"/v2", "MAILWIND_PARTNER_TOKEN="+partnerToken)
}

// startMailwind serves the example, in less of a hurry than it is elsewhere.
func startMailwind(t *testing.T, dir, api string) mailwind {
	t.Helper()
	tmp := filepath.Join(dir, "t")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	args := []string{"serve", dir, "--listen", "127.0.0.1:0", "--admin", "unix:" + dir + "/admin.sock"}
	return mailwind{process: start(t, dir, args, append(mailwindEnv(api), "TMPDIR="+tmp)...), api: api}
}

func mailwindExample(t *testing.T, front *publicFront) string {
	t.Helper()
	return changedExample(t, "saas-http", "https://addons.mailwind.example", front.URL,
		`timeout           = "5s"`, "timeout = \"500ms\"\nsettle = \"1s\"", `interval = "500ms"`, `interval = "20ms"`)
}

func (m mailwind) buyer(t *testing.T, platform conformance.Platform) buyer {
	t.Helper()
	return buyerWith(t, platform, manifestOf(t, m.dir, "mailwind", platform.Name(), mailwindEnv(m.api), "--test-url", m.URL), m.front)
}

// misbehave has the next requests go wrong.
func (m mailwind) misbehave(t *testing.T, kinds ...string) {
	t.Helper()
	body, _ := json.Marshal(kinds)
	call{method: "POST", url: m.api + "/-/misbehave", body: string(body)}.must(t, 204)
}

// accounts is what there is at Mailwind, each as "tier suspended keys".
func (m mailwind) accounts(t *testing.T) []string {
	t.Helper()
	var list []struct {
		Tier      string `json:"tier"`
		Suspended bool   `json:"suspended"`
		Keys      int    `json:"keys"`
	}
	if err := json.Unmarshal([]byte(call{method: "GET", url: m.api + "/-/accounts"}.must(t, 200).Body), &list); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, a := range list {
		all = append(all, fmt.Sprintf("%s %t %d", a.Tier, a.Suspended, a.Keys))
	}
	return all
}

// send does what a customer's application does, and returns the status.
func send(t *testing.T, config map[string]string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", config["MAILWIND_API_URL"]+"/messages", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", config["MAILWIND_API_KEY"])
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// insist makes a call until it is answered with a 2xx, as platforms do and people
// who press a button again.
func (b buyer) insist(t *testing.T, r conformance.Request) (a answer) {
	t.Helper()
	await(t, r.Method+" "+r.URL+" succeeds", time.Minute, func() bool {
		call, err := b.sender.Send(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if status := call.Answer.Status; status/100 != 2 && status != 503 && status != 500 && status != 409 {
			t.Fatalf("%s %s: %d %s", r.Method, r.URL, status, call.Answer.Body)
		}
		a = answer{Status: call.Answer.Status, Body: string(call.Answer.Body)}
		_ = json.Unmarshal(call.Answer.Body, &a) // some have no body
		return a.Status/100 == 2
	})
	return a
}

// troubles are what the service of the example can do.
const troubles = "lost,500,wrong-types,slow,duplicate,truncated,before,503,huge,page,redirect"

// TestASaaSIsSoldOnEveryPlatformWhateverItDoes has every third request to the
// API go wrong, while customers come, change and go.
func TestASaaSIsSoldOnEveryPlatformWhateverItDoes(t *testing.T) {
	front := startFront(t)
	m := startMailwind(t, mailwindExample(t, front), startSaaS(t, "-misbehave", troubles, "-every", "3", "-work", "50ms"))
	m.front = front
	front.lead(t, m.URL)
	var keys []string
	for _, platform := range all.Platforms() {
		t.Run(platform.Name(), func(t *testing.T) {
			b := m.buyer(t, platform)
			for range 3 { // other things go wrong each time
				keys = append(keys, m.life(t, b))
			}
		})
	}
	if code := m.Stop(); code != 0 {
		t.Errorf("SIGTERM: exit code %d", code)
	}
	places := map[string]string{"the gateway's log": m.Log()}
	storeFiles(t, m.dir, places)
	for place, text := range places {
		for _, secret := range append(keys, partnerToken) {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows a secret", place)
			}
		}
	}
	if len(keys) < 6 {
		t.Errorf("there were %d customers", len(keys))
	}
}

// life is the whole life of a customer, who is alone. It returns the key.
func (m mailwind) life(t *testing.T, b buyer) string {
	t.Helper()
	order := conformance.Order{ID: b.NewID(), Plan: "starter"}
	made := b.insist(t, b.Provision(order))
	if got := m.accounts(t); len(got) != 1 || got[0] != "s0 false 1" {
		t.Fatalf("after the order there are %q", got)
	}
	if status := send(t, made.Config); status != 202 {
		t.Errorf("the customer's key: %d", status)
	}
	if again := b.insist(t, b.Provision(order)); again.ID != made.ID || again.Config["MAILWIND_API_KEY"] != made.Config["MAILWIND_API_KEY"] {
		t.Errorf("a repeat is %s, not %s, or has other config vars", again.ID, made.ID)
	}
	for plan, tier := range map[string]string{"growth": "s1", "starter": "s0"} {
		order.Plan = plan
		b.insist(t, b.ChangePlan(made.ID, order))
		if got := m.accounts(t); len(got) != 1 || got[0] != tier+" false 1" {
			t.Errorf("after the change to %s there are %q", plan, got)
		}
	}
	if suspend, can := b.Suspend(made.ID); can {
		b.insist(t, suspend)
		await(t, "the customer is locked out", 30*time.Second, func() bool { return send(t, made.Config) == 403 })
		resume, _ := b.Resume(made.ID)
		b.insist(t, resume)
		await(t, "the customer is back", 30*time.Second, func() bool { return send(t, made.Config) == 202 })
	}
	b.insist(t, b.Deprovision(made.ID))
	b.insist(t, b.Deprovision(made.ID))
	await(t, "nothing is left of the account", time.Minute, func() bool { return len(m.accounts(t)) == 0 })
	return made.Config["MAILWIND_API_KEY"]
}

// TestAKilledGatewayOrdersNothingTwice kills it while the API works, and while
// the answer is on its way.
func TestAKilledGatewayOrdersNothingTwice(t *testing.T) {
	front := startFront(t)
	dir := mailwindExample(t, front)
	m := startMailwind(t, dir, startSaaS(t, "-work", "200ms"))
	platform := all.Platforms()[0]
	for _, trouble := range []string{"slow", "none"} {
		m.front = front
		front.lead(t, m.URL)
		b := m.buyer(t, platform)
		order := conformance.Order{ID: b.NewID(), Plan: "starter"}
		m.misbehave(t, trouble)
		hungUp := make(chan struct{})
		go func() {
			defer close(hungUp)
			_, _ = b.sender.Send(t.Context(), b.Provision(order)) // it never answers
		}()
		await(t, "the order has arrived", 30*time.Second, func() bool { return len(m.accounts(t)) == 1 })
		m.Kill()
		<-hungUp
		m = startMailwind(t, dir, m.api)
		m.front = front
		front.lead(t, m.URL)
		b = m.buyer(t, platform)
		made := b.insist(t, b.Provision(order))
		if got := m.accounts(t); len(got) != 1 || send(t, made.Config) != 202 {
			t.Errorf("after a kill while it is %s there are %q", trouble, got)
		}
		b.insist(t, b.Deprovision(made.ID))
		await(t, "nothing is left", 30*time.Second, func() bool { return len(m.accounts(t)) == 0 })
	}
}

// TestAnOrderThatFailsForGoodLeavesNothing has the API make the account and then
// answer with what cannot be used, until the gateway gives up.
func TestAnOrderThatFailsForGoodLeavesNothing(t *testing.T) {
	front := startFront(t)
	dir := mailwindExample(t, front)
	m := startMailwind(t, dir, startSaaS(t, "-work", "0s"))
	m.front = front
	front.lead(t, m.URL)
	b := m.buyer(t, all.Platforms()[0])
	m.misbehave(t, "redirect", "redirect", "redirect", "redirect", "redirect") // what is so broken is tried five times
	order := conformance.Order{ID: b.NewID(), Plan: "starter"}
	await(t, "the order fails", time.Minute, func() bool {
		call, err := b.sender.Send(t.Context(), b.Provision(order))
		if err != nil {
			t.Fatal(err)
		}
		return call.Answer.Status == 500
	})
	await(t, "the account is cleaned up", time.Minute, func() bool { return len(m.accounts(t)) == 0 && strings.Contains(m.Log(), "deprovision") })
}
