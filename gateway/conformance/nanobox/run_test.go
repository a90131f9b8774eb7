package nanobox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/nanobox"
	"github.com/addongw/addongw/gateway/secret"
)

// Whoever reads a report must not be able to order servers.
func TestAReportHoldsNoCredentials(t *testing.T) {
	p := newProvider(t, "password", "errors repeat the credentials")
	report := check(t, t.Context(), p, conformance.Options{})
	var text, junit bytes.Buffer
	if err := report.WriteText(&text, conformance.TextOptions{Verbose: true, Width: 500}); err != nil {
		t.Fatal(err)
	}
	if err := report.WriteJUnit(&junit, true); err != nil {
		t.Fatal(err)
	}
	record, err := json.Marshal(report.Record(true, true))
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"text": text.String(), "JUnit": junit.String(), "JSON": string(record)} {
		if at := strings.Index(got, "canary-"); at >= 0 {
			t.Errorf("%s holds a secret: …%.120s", name, got[max(0, at-60):])
		}
	}
	for _, want := range []string{
		"Auth-Access-Token: [redacted]", "HTTP_AUTH_ACCESS_TOKEN: [redacted]", "auth-access-token: [redacted]", "Auth_Access_Token: [redacted]",
		`"access_token": "[redacted]"`, `"password": "[redacted]"`, "holds the value of access_token", "(the customer's credentials)",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report lacks %q, so that nothing was proven", want)
		}
	}
}

// A server goes on costing something after Ctrl-C.
func TestAnInterruptedRunCancelsItsServers(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	p := newProvider(t, "reference", "")
	seen := 0
	report := check(t, ctx, p, conformance.Options{Progress: func(h conformance.Head, _, _ int) {
		if h.ID == "NB-Q9" { // a server and a key are there
			seen = p.alive()
			interrupt()
		}
	}})
	if !report.Interrupted || seen < 2 || p.alive() != 0 || len(report.Left) != 0 {
		t.Errorf("interrupted: %t, %d were there and %d are, left behind: %+v", report.Interrupted, seen, p.alive(), report.Left)
	}
}

func TestWhatIsKeptIsListedByItsAddress(t *testing.T) {
	p := newProvider(t, "reference", "")
	report := check(t, t.Context(), p, conformance.Options{Only: []string{"NB-O1", "NB-Q9"}, Keep: true})
	var left []string
	for _, l := range report.Left {
		left = append(left, l.ID+" "+l.Reason)
	}
	if got := strings.Join(left, ", "); p.alive() != 3 || !strings.Contains(got, "servers/srv_2 kept") || !strings.Contains(got, "keys/k1 kept") || len(left) != 3 {
		t.Errorf("%d are there, left behind: %s", p.alive(), got)
	}
}

// Each server costs something, and a small provider has room for few.
func TestServersAreSharedAndCancelledPromptly(t *testing.T) {
	p := newProvider(t, "reference", "")
	check(t, t.Context(), p, conformance.Options{})
	if p.most > 2 || len(p.servers) > 10 {
		t.Errorf("%d servers were ordered, up to %d at once", len(p.servers), p.most)
	}
}

func TestChecksOfTwoCustomersAreSkippedWithoutASecond(t *testing.T) {
	p := newProvider(t, "reference", "")
	found := nanobox.Platform{}.Discover(t.Context(), conformance.Provider{BaseURL: p.url}, time.Second)
	found.Credentials[0].Value = secret.New(token)
	report, err := conformance.Run(t.Context(), nanobox.Platform{}, found, nil, conformance.Options{Only: []string{"NB-A15", "NB-K14", "NB-Q6", "NB-Q7", "NB-E10"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		want := "there is no second customer"
		if r.ID == "NB-E10" {
			want = "no document says which id was registered"
		}
		if r.Outcome != conformance.Skipped || !strings.HasPrefix(r.Why, want) {
			t.Errorf("%s is %s: %s", r.ID, r.Outcome, r.Why)
		}
	}
}

// A value that is too short to be looked for everywhere is hidden where it is
// sent.
func TestAShortCredentialIsNotShown(t *testing.T) {
	p := conformance.Provider{BaseURL: newProvider(t, "reference", "").url, Credentials: []conformance.Credential{
		{Key: "pin", Header: "Auth-Pin", Value: secret.New("7f3")},
	}}
	sender := conformance.NewSender(p, time.Second)
	defer sender.Close()
	r := nanobox.NewClient(p).Cancel("srv_9")
	r.Body = []byte(`{"auth": {"pin": "7f3"}}`)
	for _, name := range []string{"Auth-Pin", "auth_pin", "HTTP_AUTH_PIN"} {
		r.Header[name] = []string{"7f3"}
	}
	call, err := sender.Send(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := call.Dump(&text, ""); err != nil || strings.Contains(text.String(), "7f3") || strings.Count(text.String(), "[redacted]") != 4 {
		t.Errorf("%v:\n%s", err, text.String())
	}
}

// Who has a run in a log hears what it waits for, and who need not wait hears
// nothing.
func TestALongWaitIsSpokenOf(t *testing.T) {
	for defect, waits := range map[string]bool{"servers are never active": true, "": false} {
		var told []string
		check(t, t.Context(), newProvider(t, "reference", defect), conformance.Options{
			Only: []string{"NB-Q9"}, Wait: 500 * time.Millisecond, RemindAfter: 150 * time.Millisecond, RemindEvery: 100 * time.Millisecond,
			Waiting: func(what string) { told = append(told, what) },
		})
		if (len(told) > 1) != waits || len(told) > 4 || waits && !strings.HasSuffix(told[0], " to become active") {
			t.Errorf("%q: told are %q", defect, told)
		}
	}
}
