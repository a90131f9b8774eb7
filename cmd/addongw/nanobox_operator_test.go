package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/admin"
)

// TestOperatorsSeeWhatARentedBoxIs asks as an operator does, while a script works
// and afterwards.
func TestOperatorsSeeWhatARentedBoxIs(t *testing.T) {
	dir := hostExample(t)
	h := startHost(t, dir)
	key := h.key()
	h.takes("60")
	id := h.order("box-1", key)
	h.running("create_server")
	ask := func(args ...string) string {
		t.Helper()
		out, errOut, code := addongw(t, dir, nil, append(args, "--dir", dir)...)
		if code != 0 {
			t.Fatalf("%v: exit %d: %s", args, code, errOut)
		}
		return out
	}
	if out := ask("resources", "show", id); !strings.Contains(out, "being done") || !strings.Contains(out, "create_server") {
		t.Errorf("while it is made it is shown as\n%s", out)
	}
	h.takes("0")
	h.killPlugin(t) // the engine calls again
	h.becomes(id, "active")
	var listed struct{ Resources []admin.Resource }
	if err := json.Unmarshal([]byte(ask("resources", "list", "--kind", "server", "--json")), &listed); err != nil {
		t.Fatal(err)
	}
	if len(listed.Resources) != 1 || listed.Resources[0].ID != id {
		t.Errorf("servers: %+v", listed.Resources)
	}
	var shown admin.ResourceDetail
	if err := json.Unmarshal([]byte(ask("resources", "show", id, "--json")), &shown); err != nil {
		t.Fatal(err)
	}
	want := &admin.KnownServer{Ref: id, Status: "active", ExternalIP: "192.0.2.1", InternalIP: "10.88.0.1"}
	if shown.Server != nil {
		shown.Server.LookedAt = nil
	}
	if diff := cmp.Diff(want, shown.Server); diff != "" {
		t.Errorf("it is known as (-want +got):\n%s", diff)
	}
	if out := ask("operations", "list"); strings.Contains(out, "plugin") {
		t.Errorf("what is done shows an error that is over:\n%s", out)
	}
	for _, args := range [][]string{{"--waiting"}, {"--state", "waiting"}} {
		if out := ask(append([]string{"operations", "list"}, args...)...); out != "" {
			t.Errorf("nothing waits, and %v lists\n%s", args, out)
		}
	}
	_, errOut, code := addongw(t, dir, nil, "operations", "list", "--state", "parked", "--dir", dir)
	if code != exitFailed || !strings.Contains(errOut, "pending, running, done, failed or cancelled") {
		t.Errorf("an unknown state: exit %d: %s", code, errOut)
	}
	_, errOut, code = addongw(t, dir, nil, "resources", "retry", id, "--dir", dir)
	if code != exitFailed || !strings.Contains(errOut, "nothing of "+id+" can be tried again now") {
		t.Errorf("a retry of nothing: exit %d: %s", code, errOut)
	}
}
