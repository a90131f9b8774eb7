package lifecycle_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/store/sqlite"
	"github.com/addongw/addongw/plugins/backend"
)

// What a platform does with a server. After a kill nobody has the caller's
// credentials any more: the platform's next poll brings them.
const (
	renting    story = "order a server"
	givingBack story = "order a server, remove it"
	rebooting  story = "order a server, reboot it"
	spoiling   story = "order a server that the backend makes and then refuses"
)

func (s story) ofServers() bool {
	return slices.Contains([]story{renting, givingBack, rebooting, spoiling}, s)
}

// asVerb makes the call of an action look like that of the verb that it carries
// out.
func asVerb(call lifecycle.Call) lifecycle.Call {
	switch call.Action {
	case gateway.ActionCreateServer:
		call.Verb = backend.VerbProvision
	case gateway.ActionDeleteServer:
		call.Verb, call.Mode = backend.VerbDeprovision, backend.ModePurge
	}
	return call
}

// reboot carries out an operation once, whatever repeats there are.
func (w fileWorld) reboot(call lifecycle.Call) error {
	done := filepath.Join(w.plan.Dir, "world", call.Op.ResourceID, "reboot-"+call.Op.OperationID)
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	w.note("rebooted")
	return replace(done, "")
}

// rent plays a story of servers, or goes on where the last process died.
func (p childPlan) rent(s *lifecycle.Servers, store *sqlite.Store) (answer, error) {
	ctx := context.Background()
	order := serverOrder("box")
	order.Dedupe = time.Hour
	id := ""
	known, err := store.Resources(ctx, gateway.ResourceFilter{Addon: providerName})
	if err != nil {
		return answer{}, err
	}
	if len(known) > 0 {
		id = known[0].ID
	} else {
		server, err := s.Order(ctx, caller("me"), order)
		if err != nil {
			return answer{}, err
		}
		id = server.ID
	}
	told := answer{ExternalID: id, ResourceID: id}
	if p.Story == spoiling {
		return told, p.rested(ctx, s, store, id, gateway.Failed)
	}
	if len(known) == 0 || known[0].State == gateway.Provisioning {
		if err := p.rested(ctx, s, store, id, gateway.Active); err != nil {
			return told, err
		}
	}
	switch p.Story {
	case givingBack:
		if err := s.Cancel(ctx, caller("me"), id, map[string]any{}); err != nil {
			return told, err
		}
		return told, p.rested(ctx, s, store, id, gateway.Deprovisioned)
	case rebooting:
		if ops, err := store.Operations(ctx, gateway.OperationFilter{ResourceID: id}); err != nil || ops[0].Verb == string(backend.VerbInvoke) {
			return told, p.rested(ctx, s, store, id, gateway.Active) // it was recorded before the kill
		}
		if err := s.Act(ctx, caller("me"), id, gateway.ServerAct{Action: gateway.ActionReboot}); err != nil {
			return told, err
		}
	}
	return told, p.rested(ctx, s, store, id, gateway.Active)
}

// rested polls as a dashboard does until the server is in a state and at rest.
func (p childPlan) rested(ctx context.Context, s *lifecycle.Servers, store *sqlite.Store, id string, state gateway.State) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		server, err := s.Server(ctx, caller("me"), id)
		if err != nil {
			return err
		}
		live, err := store.LiveOperations(ctx, id)
		if err != nil {
			return err
		}
		if server.State == state && len(live) == 0 {
			return nil
		}
	}
	return fmt.Errorf("it never became %s", state)
}
