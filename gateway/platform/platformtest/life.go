package platformtest

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
)

// deliveries waits, because a delivery is recorded after the answer was sent.
func (s Subject) deliveries(t *testing.T) {
	memory := NewMemory(s.Mount.Scope(), s.ConfigVars...)
	url := s.serve(t, memory)
	if a := s.send(t, url, s.Provision, s.basic()); a.status > 299 {
		t.Fatalf("the order gives status %d: %s", a.status, a.body)
	}
	eventually(t, "the order's delivery", func() bool { return len(memory.Deliveries()) == 1 })
	id := memory.Deliveries()[0].Resource.ProviderID
	if a := s.sendTo(t, url, id, s.ChangePlan, s.basic()); a.status > 299 {
		t.Fatalf("the plan change gives status %d: %s", a.status, a.body)
	}
	eventually(t, "the plan change's delivery", func() bool { return len(memory.Deliveries()) == 2 })
	if a := s.sendTo(t, url, id, s.Deprovision, s.basic()); a.status > 299 {
		t.Fatalf("the deprovision gives status %d: %s", a.status, a.body)
	}
	if a := s.send(t, url, s.ChangePlan, s.basic()); a.status != s.Statuses[gateway.NotFound] {
		t.Errorf("a plan change of what never was gives status %d", a.status)
	}
	if got := len(memory.Deliveries()); got != 2 {
		t.Errorf("%d deliveries, want 2: neither a deprovision nor an error delivers config", got)
	}
}

// eventually polls until ok, for at most ten seconds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
	}
}

func (s Subject) manifest(t *testing.T) {
	for _, withSecrets := range []bool{false, true} {
		document, err := s.Mount.Manifest(withSecrets)
		if err != nil {
			t.Fatalf("manifest: %v", err)
		}
		if !json.Valid(document) || !bytes.HasSuffix(document, []byte("}\n")) || !bytes.Contains(document, []byte("\n  ")) {
			t.Errorf("the manifest is not indented JSON with a final newline:\n%s", document)
		}
		for _, text := range []string{s.Password, s.Salt} {
			if bytes.Contains(document, []byte(text)) != withSecrets {
				t.Errorf("with secrets %t, but a secret's presence is %t", withSecrets, !withSecrets)
			}
		}
	}
}

func (s Subject) scope(t *testing.T) {
	scope := s.Mount.Scope()
	if scope.Platform == "" || scope.Addon == "" || scope.Budget <= 0 {
		t.Errorf("the scope lacks something: %+v", scope)
	}
	if scope.DeadID != gateway.DeadIDGone && scope.DeadID != gateway.DeadIDReuse {
		t.Errorf("the scope says %q of dead ids", scope.DeadID)
	}
}
