package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

// The verbs of operations on a platform's own API. Each has a lane of its own,
// so that a slow platform never keeps a resource from being changed or removed,
// nor a call that is put aside the other one, and they change nothing of a
// resource but what its platform knows of it and we know of its owner.
const (
	verbFetchOwner backend.Verb = "fetch_owner" // ask who it belongs to; once it is delivered
	verbPush       backend.Verb = "push"        // send all config vars
	verbComplete   backend.Verb = "complete"    // send them and tell that it is there; see accepted.go
)

func callsPlatform(verb backend.Verb) bool {
	return verb == verbFetchOwner || verb == verbPush || verb == verbComplete
}

// callLane names the lane of a resource's calls of verb to its platform.
func callLane(resourceID string, verb backend.Verb) string { return string(verb) + ":" + resourceID }

// withPlatformDefaults fills what is zero. A platform may be down for a night:
// the attempts last for about a day.
func withPlatformDefaults(l Limits) Limits {
	if l.Concurrency <= 0 {
		l.Concurrency = 4
	}
	if l.MaxAttempts <= 0 {
		l.MaxAttempts = 100
	}
	if l.MinBackoff <= 0 {
		l.MinBackoff = time.Second
	}
	if l.MaxBackoff <= 0 {
		l.MaxBackoff = 15 * time.Minute
	}
	return l
}

// platform finds the API for r.
func (a *active) platform(r gateway.Resource) (Platform, bool) {
	if a == nil || a.platforms == nil {
		return nil, false
	}
	return a.platforms.Platform(r.Platform, r.Addon)
}

// inUse reports whether a resource's customer may use it, so that its platform
// should have its config vars.
func inUse(s gateway.State) bool { return s == gateway.Active || s == gateway.Updating }

// reply is what one attempt on a platform's own API came to.
type reply struct {
	err       error   // nil: it is done
	reason    string  // err without secrets, for operators
	needless  bool    // there was nothing to do
	postponed bool    // nothing was called: what an earlier attempt sent may arrive yet, so that another push must follow
	absent    bool    // the configuration has no such API: nothing was called
	by        *active // the configuration that the call was made with

	rev         int64 // the revision that was sent
	taken       bool  // the platform has it, whatever err says
	particulars gateway.Particulars
}

// callPlatform makes the call that an operation is about.
func (e *Engine) callPlatform(a *active, current work) *reply {
	op, said := current.op, &reply{by: a}
	switch {
	case !exists(current.res.State):
		said.needless = true
		return said
	case op.Verb == string(verbPush) && !inUse(current.res.State):
		said.needless, said.postponed = op.Attempt == 1, op.Attempt > 1
		return said
	case op.Attempt > op.MaxAttempts:
		said.err = gateway.Fault(fmt.Errorf("the gateway ended during each of %d attempts", op.MaxAttempts))
		said.reason = said.err.Error()
		return said
	}
	api, ok := a.platform(current.res.Resource)
	if !ok {
		said.absent = true
		said.reason = fmt.Sprintf("the configuration has no API of %s for the add-on %s", current.res.Platform, current.res.Addon)
		said.err = errors.New(said.reason)
		return said
	}
	ctx, stop := context.WithTimeout(e.runCtx, e.platformLimits.timeout(backend.Verb(op.Verb)))
	defer stop()
	var secrets []string
	if op.Verb == string(verbFetchOwner) {
		e.callFetchOwner(ctx, api, current, said)
	} else {
		secrets = e.callSend(ctx, api, current, said)
	}
	if said.err != nil {
		said.reason = clip(e.redact(secret.NewRedactor(secrets...).Redact(said.err.Error())))
	}
	return said
}

func (e *Engine) callFetchOwner(ctx context.Context, api Platform, current work, said *reply) {
	facts, err := e.facts(current.res)
	if err != nil {
		said.err = unreadable(err)
		return
	}
	said.particulars, said.err = api.Particulars(ctx, facts)
}

// callSend pushes or completes with the config vars recorded last, which are
// those that a repeat of the order would be answered with. What the platform has
// received already is not pushed again, save where an earlier attempt of this
// operation, made before that, may arrive after it. It returns the texts that
// are secret.
func (e *Engine) callSend(ctx context.Context, api Platform, current work, said *reply) (secrets []string) {
	said.rev = current.res.ConfigRev
	facts, err := e.facts(current.res)
	if err != nil {
		said.err = unreadable(err)
		return nil
	}
	send := api.Push
	if current.op.Verb == string(verbComplete) {
		send = api.Complete
	} else if facts.DeliveredRev >= said.rev && current.op.Attempt == 1 {
		said.needless = true
		return nil
	}
	d, err := e.deliver(current.res, backend.VerbProvision)
	if err != nil {
		said.err = err
		return nil
	}
	for _, cv := range d.ConfigVars {
		secrets = append(secrets, cv.Value.Reveal())
	}
	said.sent(current.op, send(ctx, facts, d.ConfigVars))
	return secrets
}

// sent takes in what a push or a completion came to. A completion may have been
// refused because an attempt before has told the platform already, and only the
// answer to that was lost.
func (r *reply) sent(op OperationRecord, err error) {
	refused := op.Verb == string(verbComplete) && gateway.KindOf(err) == gateway.Conflict
	r.err, r.taken = err, err == nil || refused
	if refused && op.Attempt > 1 {
		r.err = nil
	}
}
