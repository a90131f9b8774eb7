package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance/clevercloud/vendorapi"
	"github.com/addongw/addongw/gateway/conformance/standin"
)

const nextPassword = "e2e-next-password-of-35-characters-or-more"

// moving is a seller whose password is in a file, so that both it and the
// address of the platform's API can change while the gateway runs.
type moving struct {
	*seller
	next *vendorapi.Server // knows nextPassword
	to   string            // its URL
}

func newMoving(t *testing.T) *moving {
	t.Helper()
	m := &moving{seller: &seller{api: vendorapi.New("tinyfiles", password, 3)}, next: vendorapi.New("tinyfiles", nextPassword, 3)}
	for api, at := range map[*vendorapi.Server]*string{m.api: &m.url, m.next: &m.to} {
		server := httptest.NewServer(api)
		t.Cleanup(server.Close)
		*at = server.URL
	}
	m.dir = changedExample(t, "quickstart",
		"addon \"tinyfiles\" {\n", "secrets \"file\" \"kept\" {\n  directory = \"secrets\"\n}\n\naddon \"tinyfiles\" {\n",
		`secret("env:CLEVER_PASSWORD")`, "secret(\"kept:password\")\n    api_url = \""+m.url+"/v2\"")
	if err := os.Mkdir(filepath.Join(m.dir, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	m.write(t, "secrets/password", password+"\n")
	m.process = startQuickstart(t, m.dir)
	return m
}

func (m *moving) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// move makes the next API the one that is called.
func (m *moving) move(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, "addongw.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	m.write(t, "addongw.hcl", strings.Replace(string(text), m.url, m.to, 1))
}

func (m *moving) reload(t *testing.T) string {
	t.Helper()
	out, errOut, code := addongw(t, m.dir, nil, "reload", m.dir)
	if code != 0 || errOut != "" {
		t.Fatalf("exit %d: %s%s", code, out, errOut)
	}
	return out
}

// known makes an API know the seller's order.
func known(api *vendorapi.Server, id string) {
	api.Order(vendorapi.App{
		ID: id, Name: "files of " + id, OwnerID: "orga_1", OwnerName: "Zoë",
		OwnerEmail: id + "@acme.example", OwnerEmails: []string{"boss@acme.example", id + "@acme.example"},
	})
	api.Replied(id)
}

// again is a repeated order under a password.
func (m *moving) again(id, password string) call {
	c := m.post(id)
	c.password = password
	return c
}

func TestCallsThatWaitGoToTheAPIOfTheNewConfiguration(t *testing.T) {
	t.Parallel() // it mostly waits
	m := newMoving(t)
	reached := make(chan struct{}, 99)
	m.api.Fail(standin.Fault{Status: 503, After: time.Second, Act: func() { reached <- struct{}{} }})
	made, err := m.order("addon_1")
	if err != nil || made.Status != 200 {
		t.Fatalf("%v: %d", err, made.Status)
	}
	<-reached // the owner is being asked for
	if _, errOut, code := addongw(t, m.dir, nil, "resources", "push", "addon_1", "--dir", m.dir); code != 0 {
		t.Fatalf("push: exit %d: %s", code, errOut)
	}
	known(m.next, "addon_1")
	m.write(t, "secrets/password", nextPassword+"\n")
	m.move(t)
	m.reload(t)
	before := len(reached) // calls that have begun
	m.again("addon_1", password).must(t, 401)
	// A repeat with the new one would be answered with what is to be pushed.
	await(t, "the owner is known", 60*time.Second, func() bool { return m.told(t, "addon_1") })
	await(t, "the push arrives", 60*time.Second, func() bool { return len(m.next.Pushes("addon_1")) > 0 })
	await(t, "it is at rest", 30*time.Second, func() bool { return !strings.Contains(m.story(t, "addon_1"), "pending") })
	m.again("addon_1", nextPassword).must(t, 200)
	if diff := cmp.Diff([]map[string]string{made.Config}, m.next.Pushes("addon_1")); diff != "" {
		t.Errorf("pushed (-answered +pushed):\n%s", diff)
	}
	if len(reached) != before {
		t.Error("the API of the old configuration was called after the reload")
	}
	for _, c := range m.next.Calls() {
		if c.Status != 200 {
			t.Errorf("a call to the new API: %+v", c)
		}
	}
	m.checkQuiet(t, nextPassword, made.Config["TINYFILES_URL"])
}

// TestAPasswordIsChangedWithoutAGap is the order of things when an operator
// uploads a manifest with another password: the platform has it first.
func TestAPasswordIsChangedWithoutAGap(t *testing.T) {
	t.Parallel() // it mostly waits
	m := newMoving(t)
	if made, err := m.order("addon_1"); err != nil || made.Status != 200 {
		t.Fatalf("%v: %d", err, made.Status)
	}
	await(t, "the owner is known", 20*time.Second, func() bool { return m.told(t, "addon_1") })
	known(m.next, "addon_1")
	m.move(t)
	m.reload(t)

	push := func() {
		if _, errOut, code := addongw(t, m.dir, nil, "resources", "push", "addon_1", "--dir", m.dir); code != 0 {
			t.Fatalf("push: exit %d: %s", code, errOut)
		}
	}
	push() // with the old password, which this API does not know
	await(t, "the push waits for its platform", 20*time.Second, func() bool {
		out, _, _ := addongw(t, m.dir, nil, "operations", "list", "--dir", m.dir)
		return strings.Contains(out, "waiting for its platform")
	})
	m.again("addon_1", nextPassword).must(t, 401)
	m.write(t, "secrets/password", nextPassword+"\n")
	m.reload(t) // no other file has changed
	m.again("addon_1", password).must(t, 401)
	m.again("addon_1", nextPassword).must(t, 200)
	await(t, "the push arrives", 20*time.Second, func() bool { return len(m.next.Pushes("addon_1")) == 1 })
	await(t, "it is at rest", 20*time.Second, func() bool { return !strings.Contains(m.story(t, "addon_1"), "pending") })
	push()
	await(t, "another push", 20*time.Second, func() bool { return len(m.next.Pushes("addon_1")) == 2 })
	m.checkQuiet(t, nextPassword)
}
