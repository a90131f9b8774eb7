package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance/clevercloud/vendorapi"
	"github.com/addongw/addongw/gateway/conformance/standin"
)

// seller is a gateway that serves the quickstart example and calls a stand-in
// of Clever Cloud's own API.
type seller struct {
	*process
	api *vendorapi.Server
	dir string
	url string // of the API
}

func newSeller(t *testing.T, settings string) *seller {
	t.Helper()
	s := &seller{api: vendorapi.New("tinyfiles", password, 3), dir: copyExample(t, "quickstart")}
	server := httptest.NewServer(s.api)
	t.Cleanup(server.Close)
	s.url = server.URL
	file := filepath.Join(s.dir, "addongw.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	own := fmt.Sprintf("platform \"clevercloud\" {\n    api_url = %q\n    %s\n", server.URL+"/v2", settings)
	changed := strings.Replace(string(text), "platform \"clevercloud\" {\n", own, 1)
	if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	s.process = startQuickstart(t, s.dir)
	return s
}

// restart kills the gateway the hard way and starts it again.
func (s *seller) restart(t *testing.T) {
	t.Helper()
	s.Kill()
	s.process = startQuickstart(t, s.dir)
}

// order orders an add-on as the platform does, which knows it before, and can
// be asked about it after, the provider's reply.
func (s *seller) order(id string) (answer, error) {
	s.api.Order(vendorapi.App{
		ID: id, Name: "files of " + id, Plan: "small", Region: "eu", OwnerID: "orga_1", OwnerName: "Zoë",
		OwnerEmail: id + "@acme.example", OwnerEmails: []string{"boss@acme.example", id + "@acme.example"},
	})
	defer s.api.Replied(id)
	return s.post(id).do()
}

func (s *seller) post(id string) call {
	body := fmt.Sprintf(`{"addon_id":%q,"owner_id":"orga_1","owner_name":"Ann","plan":"small","region":"EU","callback_url":"http://attacker.example/v2/vendor/apps/%s"}`, id, id)
	return call{"POST", s.URL + "/clevercloud/tinyfiles/resources", "tinyfiles", password, body}
}

// shown is a resource as "resources show --json" tells.
type shown struct {
	Resource struct {
		ID, Name  string
		State     string
		Delivered bool
		Owner     struct {
			ID, Name, Email string
			Emails          []string
		}
	}
	Operations []struct{ Verb, State, Error string }
}

func (s *seller) show(t *testing.T, id string) (d shown) {
	t.Helper()
	out, errOut, code := addongw(t, s.dir, nil, "resources", "show", id, "--json", "--dir", s.dir)
	if code != 0 {
		return d // not recorded yet
	}
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("%v: %s%s", err, out, errOut)
	}
	return d
}

// told reports whether the owner of an order is known.
func (s *seller) told(t *testing.T, id string) bool {
	got := s.show(t, id).Resource
	return got.Name == "files of "+id && got.Owner.Email == id+"@acme.example" && len(got.Owner.Emails) == 2 && got.Owner.Name == "Zoë"
}

// story writes the operations of a resource, oldest first.
func (s *seller) story(t *testing.T, id string) (text string) {
	ops := s.show(t, id).Operations
	for i := len(ops) - 1; i >= 0; i-- {
		text += ops[i].Verb + ":" + ops[i].State + " "
	}
	return text
}

// checkQuiet looks for calls that came too early, and for secrets in the log.
func (s *seller) checkQuiet(t *testing.T, secrets ...string) {
	t.Helper()
	if n := s.api.Early(); n > 0 {
		t.Errorf("%d calls came while their order was handled: %v", n, s.api.Calls())
	}
	for _, secret := range append(secrets, password, ssoSalt) {
		for _, form := range forms(secret) {
			if strings.Contains(s.Log(), form) {
				t.Errorf("the log holds a secret:\n%s", s.Log())
			}
		}
	}
}

func TestTheOwnersEMailAppearsAfterTheOrder(t *testing.T) {
	t.Parallel() // it mostly waits
	s := newSeller(t, "")
	slowScript(t, s.dir, "3") // longer than a call and a reply may cross
	made, err := s.order("addon_1")
	if err != nil || made.Status != 200 {
		t.Fatalf("%v: %d %s", err, made.Status, made.Body)
	}
	await(t, "the owner is known", 10*time.Second, func() bool { return s.told(t, "addon_1") })
	out, _, _ := addongw(t, s.dir, nil, "resources", "show", "addon_1", "--dir", s.dir)
	for _, part := range []string{"orga_1, Zoë, addon_1@acme.example", "boss@acme.example", "fetch_owner"} {
		if !strings.Contains(out, part) {
			t.Errorf("resources show lacks %q:\n%s", part, out)
		}
	}
	if n := len(s.api.Pushes("addon_1")); n != 0 {
		t.Errorf("%d pushes of what an answer delivered", n)
	}
	s.checkQuiet(t, made.Config["TINYFILES_URL"])
}

func TestAPlatformThatIsDownAtFirstIsAskedAgain(t *testing.T) {
	t.Parallel() // it mostly waits
	s := newSeller(t, "")
	const canary = "answer-of-the-platform-canary"
	for _, f := range []standin.Fault{
		{Times: 1, Status: 500, Body: `{"message":"` + canary + `"}`},
		{Times: 1, Header: map[string]string{"Content-Type": "text/html"}, Body: "<p>" + canary},
		{Times: 1, Body: `{"name": ["` + canary},
		{Times: 1, Status: 429, Header: map[string]string{"Retry-After": "1"}},
		{Times: 1, Status: 302, Header: map[string]string{"Location": "http://127.0.0.1:1/" + canary}},
	} {
		s.api.Fail(f)
	}
	if made, err := s.order("addon_1"); err != nil || made.Status != 200 {
		t.Fatalf("%v: %d", err, made.Status)
	}
	await(t, "the owner is known in the end", 60*time.Second, func() bool { return s.told(t, "addon_1") })
	s.checkQuiet(t, canary)
}

func TestKill9BetweenOrderAndOwnerLosesNeither(t *testing.T) {
	t.Parallel() // it mostly waits
	s := newSeller(t, "")
	const rounds = 6
	for round := range rounds {
		id := fmt.Sprint("addon_", round)
		hit := make(chan struct{})
		var once sync.Once
		s.api.Fail(standin.Fault{Times: 1, Path: id, Status: 500, Act: func() { once.Do(func() { close(hit) }) }, After: 200 * time.Millisecond})
		if made, err := s.order(id); err != nil || made.Status != 200 {
			t.Fatalf("%v: %d", err, made.Status)
		}
		if round%2 == 0 {
			<-hit // in the middle of the call
		} // else as soon as the answer is there
		s.restart(t)
	}
	for round := range rounds {
		id := fmt.Sprint("addon_", round)
		await(t, id+"'s owner is known", 60*time.Second, func() bool { return s.told(t, id) })
		await(t, id+" is at rest", 30*time.Second, func() bool { return !strings.Contains(s.story(t, id), "pending") && s.show(t, id).Resource.Delivered })
	}
	s.checkQuiet(t)
}

// slowScript makes provisioning slower than the platform's patience.
func slowScript(t *testing.T, dir, wait string) {
	t.Helper()
	file := filepath.Join(dir, "scripts", "provision")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "document=$(cat)\n", "document=$(cat)\nsleep "+wait+"\n", 1)
	if err := os.WriteFile(file, []byte(changed), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestConfigVarsThatMissedTheDeadlineArePushedOnce(t *testing.T) {
	t.Parallel() // it mostly waits
	s := newSeller(t, `deadline = "1s"`)
	slowScript(t, s.dir, "2")
	first, err := s.order("addon_1")
	if err != nil || first.Status != 503 {
		t.Fatalf("%v: %d %s", err, first.Status, first.Body)
	}
	if n := len(s.api.Calls()); n != 0 {
		t.Errorf("%d calls before the result", n)
	}
	await(t, "the config vars arrive", 60*time.Second, func() bool { return len(s.api.Pushes("addon_1")) == 1 })
	await(t, "it is at rest", 30*time.Second, func() bool {
		return s.story(t, "addon_1") == "provision:done push:done fetch_owner:done "
	})
	repeat := s.post("addon_1").must(t, 200)
	if diff := cmp.Diff([]map[string]string{repeat.Config}, s.api.Pushes("addon_1")); diff != "" {
		t.Errorf("pushed (-what a repeat is answered, +pushed):\n%s", diff)
	}
	s.checkQuiet(t, repeat.Config["TINYFILES_URL"])
}

func TestFiftyOrdersAtOnceAreAllAskedForAfterTheirAnswers(t *testing.T) {
	s := newSeller(t, "")
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			if made, err := s.order(fmt.Sprint("addon_", i)); err != nil || made.Status != 200 {
				t.Errorf("order %d: %v %d", i, err, made.Status)
			}
		})
	}
	group.Wait()
	for i := range 50 {
		id := fmt.Sprint("addon_", i)
		await(t, id+"'s owner is known", 60*time.Second, func() bool { return s.told(t, id) })
	}
	s.checkQuiet(t)
}

func TestAnOperatorPushesAndReconciles(t *testing.T) {
	s := newSeller(t, "")
	reconcile := func(args ...string) (out, errOut string, code int) {
		return addongw(t, s.dir, nil, append([]string{"resources", "reconcile", "--dir", s.dir}, args...)...)
	}
	var made []answer
	for i := range 5 {
		a, err := s.order(fmt.Sprint("addon_", i))
		if err != nil || a.Status != 200 {
			t.Fatalf("%v: %d", err, a.Status)
		}
		made = append(made, a)
	}
	out, errOut, code := reconcile()
	if code != 0 || out != "" || !strings.Contains(errOut, "clevercloud, tinyfiles: 5 listed there, 5 living here") {
		t.Errorf("equal: exit %d: %s%s", code, out, errOut)
	}

	if _, errOut, code := addongw(t, s.dir, nil, "resources", "push", "addon_1", "--dir", s.dir); code != 0 {
		t.Fatalf("push: exit %d: %s", code, errOut)
	}
	await(t, "the push arrives", 10*time.Second, func() bool { return len(s.api.Pushes("addon_1")) == 1 })
	if diff := cmp.Diff(made[1].Config, s.api.Pushes("addon_1")[0]); diff != "" {
		t.Errorf("pushed (-answered +pushed):\n%s", diff)
	}

	s.api.Remove("addon_0")
	s.api.ChangePlan("addon_2", "large")
	s.api.Order(vendorapi.App{ID: "addon_orphan", Plan: "gold"})
	s.api.Replied("addon_orphan")
	out, _, code = reconcile("--addon", "tinyfiles")
	for _, part := range []string{"not listed there", made[0].ID, "another plan there", "large", "never ordered here", "addon_orphan", "gold"} {
		if !strings.Contains(out, part) {
			t.Errorf("the table lacks %q:\n%s", part, out)
		}
	}
	if code != 2 || strings.Count(out, "\n") != 4 {
		t.Errorf("exit %d, want 2:\n%s", code, out)
	}
	out, _, code = reconcile("--json")
	var document struct {
		Type        string
		Differences []struct{ Difference string }
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil || code != 2 || len(document.Differences) != 3 || document.Type != "resources_reconcile" {
		t.Errorf("as JSON: exit %d, %v: %s", code, err, out)
	}
	if _, errOut, code := reconcile("--platform", "moon"); code != 1 || !strings.Contains(errOut, "lists its add-ons") {
		t.Errorf("an unknown platform: exit %d: %s", code, errOut)
	}
	s.api.Fail(standin.Fault{Status: 401})
	if _, errOut, code := reconcile(); code != 1 || !strings.Contains(errOut, "manifest that was uploaded") {
		t.Errorf("without a listing: exit %d: %s", code, errOut)
	}
	s.checkQuiet(t, made[1].Config["TINYFILES_URL"])
}

// A gateway that is stopped in the middle of a call ends in time and repeats
// the call.
func TestStoppingDoesNotWaitForAPlatformForLong(t *testing.T) {
	t.Parallel() // it mostly waits
	s := newSeller(t, "")
	reached := make(chan struct{}, 9)
	s.api.Fail(standin.Fault{Times: 1, After: 5 * time.Second, Status: 500, Act: func() { reached <- struct{}{} }})
	if made, err := s.order("addon_1"); err != nil || made.Status != 200 {
		t.Fatalf("%v: %d", err, made.Status)
	}
	<-reached
	if code := s.Stop(); code != 0 {
		t.Errorf("exit %d:\n%s", code, s.Log())
	}
	s.process = startQuickstart(t, s.dir)
	await(t, "the owner is known", 30*time.Second, func() bool { return s.told(t, "addon_1") })
}
