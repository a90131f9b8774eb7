package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/addongw/addongw/gateway/lifecycle"
)

// errorsAreIsolated makes many transactions arrive at once, so that a store
// with group commit puts failing ones between good ones.
func errorsAreIsolated(t *testing.T, f *fixture) {
	isolated(t, f, func() error { return errors.New("changed my mind") })
}

func panicsAreIsolated(t *testing.T, f *fixture) {
	isolated(t, f, func() error { panic("oops") })
}

func isolated(t *testing.T, f *fixture, fail func() error) {
	const n = 60
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			r := newResource(fmt.Sprintf("%02d", i))
			err := f.Update(t.Context(), func(tx lifecycle.Tx) error {
				if err := tx.InsertResource(r); err != nil {
					return err
				}
				if i%3 == 0 {
					return fail()
				}
				return nil
			})
			if (err != nil) != (i%3 == 0) {
				t.Errorf("transaction %d: %v", i, err)
			}
		})
	}
	group.Wait()
	for i := range n {
		_, err := f.ResourceRecord(t.Context(), fmt.Sprintf("res_%02d", i))
		if (err != nil) != (i%3 == 0) {
			t.Errorf("after all, resource %d: %v", i, err)
		}
	}
}

func goneCallerWritesNothing(t *testing.T, f *fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := f.Update(ctx, func(tx lifecycle.Tx) error { return tx.InsertResource(newResource("1")) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("update: %v, want context.Canceled", err)
	}
	if _, err := f.ResourceRecord(t.Context(), "res_1"); !errors.Is(err, lifecycle.ErrNotFound) {
		t.Errorf("read: %v, want ErrNotFound", err)
	}
}

// concurrentWriters raises one counter from many goroutines, the way the
// engine changes rows: read, decide, write if nothing has changed.
func concurrentWriters(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	const writers, rounds = 8, 25
	raise := func() error {
		for {
			read, err := f.ResourceRecord(t.Context(), r.ID)
			if err != nil {
				return err
			}
			read.ConfigRev++
			err = f.Update(t.Context(), func(tx lifecycle.Tx) error { return tx.UpdateResource(read) })
			if !errors.Is(err, lifecycle.ErrStale) {
				return err
			}
		}
	}
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range rounds {
				if err := raise(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	got, err := f.ResourceRecord(t.Context(), r.ID)
	if err != nil || got.ConfigRev != writers*rounds {
		t.Errorf("counted to %d, want %d (%v)", got.ConfigRev, writers*rounds, err)
	}
}

func keysetIsKept(t *testing.T, f *fixture) {
	if got, err := f.Keyset(t.Context()); got != nil || err != nil {
		t.Fatalf("a new store has the keyset %v, %v", got, err)
	}
	for _, want := range []string{"first", "second"} {
		if err := f.PutKeyset(t.Context(), []byte(want)); err != nil {
			t.Fatal(err)
		}
		f.reopen(t)
		if got, err := f.Keyset(t.Context()); string(got) != want || err != nil {
			t.Fatalf("keyset %q, %v; want %q", got, err, want)
		}
	}
	sealed := func() bool {
		t.Helper()
		found, err := f.HasSealedRows(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	r := f.resource(t, "1")
	f.operation(t, r, "1")
	if sealed() {
		t.Error("rows without sealed columns count as sealed")
	}
	f.operation(t, r, "2", func(op *lifecycle.OperationRecord) { op.InputSealed = []byte{1} })
	if !sealed() {
		t.Error("a sealed input is not seen")
	}
	f.update(t, func(tx lifecycle.Tx) error { return tx.ForgetInputs(r.ID) })
	if sealed() {
		t.Error("a forgotten input is still seen")
	}
	f.resource(t, "2", func(r *lifecycle.ResourceRecord) { r.LogTokenSealed = []byte{1} })
	if !sealed() {
		t.Error("a sealed log token is not seen")
	}
}

func writable(t *testing.T, f *fixture) {
	if _, err := f.Join(t.Context(), lifecycle.Node{ID: "node_a"}); err != nil {
		t.Fatal(err)
	}
	if err := f.Writable(t.Context()); err != nil {
		t.Errorf("a working store: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Writable(t.Context()); !errors.Is(err, lifecycle.ErrClosed) {
		t.Errorf("a closed store: %v, want ErrClosed", err)
	}
}
