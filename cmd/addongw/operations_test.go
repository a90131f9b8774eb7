package main

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/admin"
)

func TestAListingTellsAPurgeFromARemovalAndWhenItIsDue(t *testing.T) {
	past, future := time.Now().Add(-time.Hour), time.Date(2999, 1, 2, 3, 4, 5, 0, time.UTC)
	for want, o := range map[string]admin.Operation{
		"provision":           {Verb: "provision", RunAt: &future},
		"deprovision":         {Verb: "deprovision", Mode: "soft"},
		"deprovision (purge)": {Verb: "deprovision", Mode: "purge", RunAt: &past},
		"deprovision (purge due 2999-01-02T03:04:05Z)": {Verb: "deprovision", Mode: "purge", RunAt: &future},
	} {
		if got := verbText(o); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAnErrorIsShownAsLongAsItExplainsSomething(t *testing.T) {
	for state, shown := range map[string]string{"pending": "boom", "failed": "boom", "running": "", "done": "", "cancelled": ""} {
		o := admin.Operation{State: state, Error: "boom"}
		if got := presentError(o); got != shown {
			t.Errorf("%s shows %q", state, got)
		}
		if got := presentError(o) + earlierError(o); got != "boom" {
			t.Errorf("%s tells %q in all", state, got)
		}
	}
}

func TestAServerIsShownWithItsAddressesAndWhatIsBeingDone(t *testing.T) {
	known := &admin.KnownServer{Ref: "droplet-7", Status: "active", ExternalIP: "192.0.2.7", InternalIP: "10.0.0.7", Doing: "reboot"}
	var out bytes.Buffer
	c := &command{streams: &streams{out: &out, err: io.Discard}}
	if err := c.printResource(admin.ResourceDetail{Resource: admin.Resource{ID: "res_a", Kind: "server"}, Server: known}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"backend's id +droplet-7", "status +active", "external ip +192.0.2.7", "internal ip +10.0.0.7", "being done +reboot, not begun yet"} {
		if !regexp.MustCompile("(?m)^" + line + "$").MatchString(out.String()) {
			t.Errorf("there is no line %q in\n%s", line, out.String())
		}
	}
	known.Begun, known.Ref = true, "res_a"
	out.Reset()
	if err := c.printResource(admin.ResourceDetail{Resource: admin.Resource{ID: "res_a", Kind: "server"}, Server: known}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Contains(got, "backend's id") || strings.Contains(got, "not begun") {
		t.Errorf("it is shown as\n%s", got)
	}
}
