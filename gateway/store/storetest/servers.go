package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
)

// server makes a rented server.
func (f *fixture) server(t *testing.T, name string, change ...func(*lifecycle.ResourceRecord)) lifecycle.ResourceRecord {
	t.Helper()
	return f.resource(t, name, append([]func(*lifecycle.ResourceRecord){func(r *lifecycle.ResourceRecord) {
		r.Kind, r.Addon, r.Plan, r.Region, r.Name, r.State = gateway.KindServer, "boxes", "s1", "fra", "box", gateway.Active
		r.Owner.ID = "me"
	}}, change...)...)
}

func serversAreCounted(t *testing.T, f *fixture) {
	for i, state := range gateway.States() {
		f.server(t, string(rune('a'+i)), func(r *lifecycle.ResourceRecord) { r.State = state })
	}
	f.server(t, "elsewhere", func(r *lifecycle.ResourceRecord) { r.Platform = "mars" })
	f.server(t, "other", func(r *lifecycle.ResourceRecord) { r.Addon = "others" })
	f.server(t, "key", func(r *lifecycle.ResourceRecord) { r.Kind, r.Region = gateway.KindSSHKey, "" })
	want := len(gateway.States()) - 2 // all but those that are gone, or were never there
	f.update(t, func(tx lifecycle.Tx) error {
		n, err := tx.CountLiving(lifecycle.Living{Platform: "moon", Addon: "boxes", Servers: true}, 100)
		if n != want {
			t.Errorf("%d servers, want %d", n, want)
		}
		bounded, boundedErr := tx.CountLiving(lifecycle.Living{Platform: "moon", Addon: "boxes", Servers: true}, 2)
		if bounded != 2 {
			t.Errorf("%d, want no more than 2", bounded)
		}
		return errors.Join(err, boundedErr)
	})
	f.server(t, "ams", func(r *lifecycle.ResourceRecord) { r.Region, r.State = "ams", gateway.Deprovisioning })
	f.server(t, "nyc", func(r *lifecycle.ResourceRecord) { r.Region, r.State = "nyc", gateway.Deprovisioned })
	regions, err := f.ServerRegions(t.Context(), "moon", "boxes")
	if err != nil || !slices.Equal(regions, []string{"ams", "fra"}) {
		t.Errorf("servers are in %q, %v", regions, err)
	}
}

func twinsAreFound(t *testing.T, f *fixture) {
	first := f.server(t, "1", func(r *lifecycle.ResourceRecord) { r.CreatedAt = time.UnixMilli(5000) })
	find := func(since int64, change func(*lifecycle.ResourceRecord)) (id string) {
		t.Helper()
		like := first
		like.ID = "res_new"
		change(&like)
		f.update(t, func(tx lifecycle.Tx) error {
			found, err := tx.Twin(like, time.UnixMilli(since))
			id = found.ID
			if errors.Is(err, lifecycle.ErrNotFound) {
				return nil
			}
			return err
		})
		return id
	}
	same := func(*lifecycle.ResourceRecord) {}
	if id := find(4999, same); id != first.ID {
		t.Errorf("the twin is %q", id)
	}
	if id := find(5000, same); id != "" {
		t.Errorf("one that is too old is found: %q", id)
	}
	for what, change := range map[string]func(*lifecycle.ResourceRecord){
		"another owner":    func(r *lifecycle.ResourceRecord) { r.Owner.ID = "you" },
		"another name":     func(r *lifecycle.ResourceRecord) { r.Name = "box-2" },
		"another region":   func(r *lifecycle.ResourceRecord) { r.Region = "ams" },
		"another size":     func(r *lifecycle.ResourceRecord) { r.Plan = "s2" },
		"another provider": func(r *lifecycle.ResourceRecord) { r.Addon = "others" },
		"another platform": func(r *lifecycle.ResourceRecord) { r.Platform = "mars" },
	} {
		if id := find(0, change); id != "" {
			t.Errorf("%s: %q", what, id)
		}
	}
	second := f.server(t, "2", func(r *lifecycle.ResourceRecord) { r.CreatedAt, r.State = time.UnixMilli(6000), gateway.Provisioning })
	if id := find(0, same); id != second.ID {
		t.Errorf("the youngest twin is %q", id)
	}
	op := f.operation(t, second, "2", func(op *lifecycle.OperationRecord) { op.Verb = "deprovision" })
	if id := find(0, same); id != first.ID {
		t.Errorf("one that is being cleaned up is found: %q", id)
	}
	f.settle(t, f.claim(t, op.ID, "node"), gateway.OperationDone)
	first.State = gateway.Deprovisioning
	f.update(t, func(tx lifecycle.Tx) error { return tx.UpdateResource(first) })
	if id := find(0, same); id != "" {
		t.Errorf("one that is being removed is found: %q", id)
	}
}

func credentialsAreAwaited(t *testing.T, f *fixture) {
	wait := func(name, waitingFor string, change ...func(*lifecycle.ResourceRecord)) {
		t.Helper()
		op := f.operation(t, f.server(t, name, change...), name)
		op.WaitingFor, op.RunAt, op.Credentialed, op.ArgsSealed = waitingFor, time.Time{}, true, []byte(name)
		f.update(t, func(tx lifecycle.Tx) error { return tx.UpdatePending(op) })
	}
	wait("1", "credentials")
	wait("2", "human")
	wait("3", "credentials", func(r *lifecycle.ResourceRecord) { r.Owner.ID = "you" })
	wait("4", "credentials", func(r *lifecycle.ResourceRecord) { r.Addon = "others" })
	wait("5", "credentials", func(r *lifecycle.ResourceRecord) { r.Platform = "mars" })
	wait("6", "credentials", func(r *lifecycle.ResourceRecord) { r.Kind = gateway.KindSSHKey })
	f.operation(t, f.server(t, "7"), "7") // it is due
	found, err := f.AwaitingCredentials(t.Context(), "moon", "boxes", "me")
	if err != nil {
		t.Fatal(err)
	}
	f.update(t, func(tx lifecycle.Tx) error {
		within, err := tx.AwaitingCredentials("moon", "boxes", "me")
		if diff := cmp.Diff(found, within); diff != "" {
			t.Errorf("within a transaction (-outside +within):\n%s", diff)
		}
		return err
	})
	if len(found) != 2 || found[0].ID != "op_1" || found[1].ID != "op_6" || string(found[0].ArgsSealed) != "1" || !found[0].Credentialed {
		t.Errorf("found %+v", found)
	}
}

func documentsAreKept(t *testing.T, f *fixture) {
	if _, err := f.Document(t.Context(), "a"); !errors.Is(err, lifecycle.ErrNotFound) {
		t.Errorf("an unknown document: %v", err)
	}
	put := func(name string, d lifecycle.DocumentRecord) {
		t.Helper()
		f.update(t, func(tx lifecycle.Tx) error { return tx.KeepDocument(name, d) })
	}
	put("a", lifecycle.DocumentRecord{Body: []byte(`{"ü":1}`)})
	if has, err := f.HasSealedRows(t.Context()); err != nil || has {
		t.Errorf("sealed rows: %v, %v", has, err)
	}
	put("b", lifecycle.DocumentRecord{Sealed: []byte{1, 0}})
	put("a", lifecycle.DocumentRecord{Body: []byte(`{"ü":2}`)})
	if has, err := f.HasSealedRows(t.Context()); err != nil || !has {
		t.Errorf("sealed rows: %v, %v", has, err)
	}
	f.update(t, func(tx lifecycle.Tx) error {
		kept, err := tx.FirstDocument("b", lifecycle.DocumentRecord{Sealed: []byte{9}})
		if diff := cmp.Diff([]byte{1, 0}, kept.Sealed); diff != "" {
			t.Errorf("the first document was replaced (-want +got):\n%s", diff)
		}
		return err
	})
	f.reopen(t)
	got, err := f.Document(t.Context(), "a")
	if err != nil || string(got.Body) != `{"ü":2}` || got.Sealed != nil || got.KeptAt.IsZero() {
		t.Errorf("kept %+v, %v", got, err)
	}
}
