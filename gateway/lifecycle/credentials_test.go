package lifecycle_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

// waits reports whether the newest operation of a server waits for credentials.
func (r *rig) waits(id string) bool {
	ops := r.operations(id)
	return ops[len(ops)-1].WaitingFor == "credentials"
}

// interrupted orders a server and has the gateway die while it is being made.
func (r *rig) interrupted(name string) gateway.Server {
	r.t.Helper()
	g := newGate()
	r.world.holdAction(g, gateway.ActionCreateServer)
	s := r.rent(name)
	<-g.reached
	r.restart()
	r.world.hook(nil, nil)
	eventually(r.t, "it waits for credentials", func() bool { return r.waits(s.ID) })
	return s
}

// TestNobodysCredentialsOutliveTheWork polls while operations end: what a poll
// brings an operation that is over must not stay.
func TestNobodysCredentialsOutliveTheWork(t *testing.T) {
	r := newRig(t)
	for i := range 100 {
		s := r.rent(fmt.Sprint("box-", i))
		stop := make(chan struct{})
		var polls sync.WaitGroup
		for range 8 {
			polls.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						_, _ = r.servers().Server(context.Background(), caller("me"), s.ID)
					}
				}
			})
		}
		r.until(s.ID, gateway.Active)
		close(stop)
		polls.Wait()
	}
	eventually(t, "no credentials are held", func() bool { return lifecycle.HeldCredentials(r.engine) == 0 })
}

func TestWorkThatNeedsNoCredentialsGoesOnAfterARestart(t *testing.T) {
	r := newRig(t)
	g := newGate()
	r.world.holdAction(g, gateway.ActionCreateServer)
	me := caller("me")
	me.Needed = false
	s, err := r.servers().Order(context.Background(), me, serverOrder("box-1"))
	if err != nil {
		t.Fatal(err)
	}
	if call := <-g.reached; call.Op.Credential["access-token"] != token {
		t.Error("credentials that nobody insists on are not told")
	}
	r.restart()
	r.world.hook(nil, nil)
	r.until(s.ID, gateway.Active)
}

func TestAnyCallOfACallerBringsTheCredentials(t *testing.T) {
	for what, call := range map[string]func(s *lifecycle.Servers, other string) error{
		"an order": func(s *lifecycle.Servers, _ string) error {
			_, err := s.Order(context.Background(), caller("me"), serverOrder("box-3"))
			return err
		},
		"a key": func(s *lifecycle.Servers, _ string) error {
			_, err := s.AddKey(context.Background(), caller("me"), ours)
			return err
		},
		"a look at another server": func(s *lifecycle.Servers, other string) error {
			_, err := s.Look(context.Background(), caller("me"), other)
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t)
			ctx := context.Background()
			s, other := r.rent("box-1"), r.rent("box-2")
			r.until(s.ID, gateway.Active)
			r.until(other.ID, gateway.Active)
			g := newGate()
			r.world.holdAction(g, gateway.ActionDeleteServer)
			if err := r.servers().Cancel(ctx, caller("me"), s.ID, nil); err != nil {
				t.Fatal(err)
			}
			<-g.reached
			r.restart()
			r.world.hook(nil, nil)
			eventually(t, "the removal waits for credentials", func() bool { return r.waits(s.ID) })
			if _, err := r.servers().AddKey(ctx, caller("somebody else"), ours); err != nil || !r.waits(s.ID) {
				t.Fatalf("somebody else's credentials were taken: %v", err)
			}
			if err := call(r.servers(), other.ID); err != nil {
				t.Fatal(err)
			}
			r.until(s.ID, gateway.Deprovisioned)
		})
	}
}

func TestACancellationDoesNotResumeWhatItCancels(t *testing.T) {
	r := newRig(t)
	for i := range 20 {
		s := r.interrupted(fmt.Sprint("box-", i))
		if err := r.servers().Cancel(context.Background(), caller("me"), s.ID, map[string]any{}); err != nil {
			t.Fatal(err)
		}
		r.until(s.ID, gateway.Deprovisioned)
	}
	if n := len(r.world.actions(gateway.ActionCreateServer)); n != 20 {
		t.Errorf("create_server was called %d times for 20 orders", n)
	}
}

func TestAnOperatorCanHaveItGoOnWithoutCredentials(t *testing.T) {
	r := newRig(t)
	s := r.interrupted("box-1")
	if err := r.engine.Retry(context.Background(), r.operations(s.ID)[0].ID); err != nil {
		t.Fatal(err)
	}
	r.until(s.ID, gateway.Active)
	calls := r.world.actions(gateway.ActionCreateServer)
	if last := calls[len(calls)-1]; len(last.Op.Credential) > 0 {
		t.Error("credentials came from somewhere")
	}
}

func TestRefusedCredentialsAreNotTriedAgain(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	s := r.rent("box-1")
	r.until(s.ID, gateway.Active)
	r.world.failAction(gateway.ActionDeleteServer, backend.Failf(backend.Unauthorized, "expired"))
	if err := r.servers().Cancel(ctx, caller("me"), s.ID, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits for credentials", func() bool { return r.waits(s.ID) })
	if n := len(r.world.actions(gateway.ActionDeleteServer)); n != 1 {
		t.Errorf("refused credentials were tried %d times", n)
	}
	r.world.hook(nil, nil)
	better := caller("me")
	better.Credential = map[string]gateway.Secret{"access-token": secret.New("better")}
	if _, err := r.servers().Server(ctx, better, s.ID); err != nil {
		t.Fatal(err)
	}
	r.until(s.ID, gateway.Deprovisioned)
	calls := r.world.actions(gateway.ActionDeleteServer)
	if got := calls[len(calls)-1].Op.Credential["access-token"]; got != "better" {
		t.Errorf("the backend was told %q", got)
	}
}

// TestAnAddonsBackendRefusesNobodysCredentials: a platform that hears 401 takes
// its own password for wrong.
func TestAnAddonsBackendRefusesNobodysCredentials(t *testing.T) {
	r := newRig(t)
	r.world.fail(backend.VerbProvision, backend.Failf(backend.Unauthorized, "exit status 77"))
	_, err := r.scoped().Provision(context.Background(), order("x"))
	wantKind(t, err, gateway.Internal)
	if n := len(r.world.callsOf(backend.VerbProvision)); n < 2 {
		t.Errorf("it was tried %d times, as no bug is", n)
	}
}
