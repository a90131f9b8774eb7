package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

// How often the doctor makes a call whose outcome is unknown or that is to be
// repeated, how long it waits in between, and how long one may take.
const (
	roundAttempts = 3
	roundPause    = time.Second
	roundPatience = 2 * time.Minute
)

// roundTrip is a resource that the doctor makes, uses and removes. No gateway knows
// of it.
type roundTrip struct {
	cfg      *config.Config
	backend  runningBackend
	offer    gateway.Offer
	resource gateway.Resource
	outputs  backend.Value // with the generated ones
	first    backend.Value // the live settings of the provision
	state    []byte
	secrets  map[string]string
	done     []string
}

// newRoundTrip is about the first thing for sale that the backend makes; ok is false
// where there is none.
func newRoundTrip(cfg *config.Config, b runningBackend) (t *roundTrip, ok bool) {
	t = &roundTrip{cfg: cfg, backend: b}
	for _, a := range cfg.Addons {
		for _, platform := range a.Platforms {
			for _, p := range a.Plans {
				for _, r := range a.Regions {
					t.resource = gateway.Resource{Kind: gateway.KindAddon, Platform: platform, Addon: a.ID, Plan: p.ID, Region: r.ID, Backend: b.of.Name, Name: "addongw plugins doctor"}
					if t.offered(p.ID) {
						t.draw()
						return t, true
					}
				}
			}
		}
	}
	return nil, false
}

// offered reports whether the resource can have the plan, and notes what that offers.
func (t *roundTrip) offered(plan string) bool {
	offer, err := t.cfg.Offer(t.resource.Platform, t.resource.Addon, plan, t.resource.Region)
	if err != nil || offer.Backend != t.backend.of.Name {
		return false
	}
	t.offer = offer
	return true
}

func (t *roundTrip) draw() {
	id := strings.ToLower(rand.Text())
	t.resource.ID, t.resource.ShortID, t.resource.CreatedAt = "res_"+id, id[:12], time.Now()
	t.resource.ProviderID, t.resource.ExternalID = t.resource.ID, t.resource.ID
	t.renew()
}

// renew draws the generated outputs.
func (t *roundTrip) renew() {
	t.secrets = map[string]string{}
	for _, g := range t.offer.Generated {
		t.secrets[g.Name] = secret.Password(g.Length)
	}
}

// play makes the resource, does with it what the backend says it can, and removes
// it, whatever happened before and also when ctx ends.
func (t *roundTrip) play(ctx context.Context) error {
	err := t.use(ctx)
	if _, removing := t.do(context.WithoutCancel(ctx), "removed", lifecycle.Call{Verb: backend.VerbDeprovision, Mode: backend.ModePurge}); removing != nil {
		err = errors.Join(err, &leftOver{t.resource, removing})
	}
	return err
}

func (t *roundTrip) use(ctx context.Context) error {
	if _, err := t.do(ctx, "made", lifecycle.Call{Verb: backend.VerbProvision}); err != nil {
		return err
	}
	if _, err := t.do(ctx, "read", lifecycle.Call{Verb: backend.VerbRead}); err != nil {
		return err
	}
	if err := t.change(ctx); err != nil {
		return err
	}
	return t.rotate(ctx)
}

// change gives it the next plan of the same backend, where there is one.
func (t *roundTrip) change(ctx context.Context) error {
	i := slices.IndexFunc(t.cfg.Addons, func(a config.Addon) bool { return a.ID == t.resource.Addon })
	for _, p := range t.cfg.Addons[i].Plans {
		if p.ID == t.resource.Plan || !t.offered(p.ID) {
			continue
		}
		old, err := t.cfg.OldPlan(t.resource, t.resource.Plan)
		if err != nil {
			return err
		}
		was := t.resource.Plan
		t.resource.Plan = p.ID
		changed, err := t.do(ctx, "changed to "+p.ID, lifecycle.Call{Verb: backend.VerbChangePlan, OldPlan: old})
		if !changed {
			t.resource.Plan = was
		}
		return err
	}
	return nil
}

func (t *roundTrip) rotate(ctx context.Context) error {
	if !t.offer.Rotates {
		return nil
	}
	old := t.secrets
	t.renew()
	staged, err := t.do(ctx, "rotated", lifecycle.Call{Verb: backend.VerbRotate, Phase: backend.RotateStage})
	if !staged {
		t.secrets = old
		return err
	}
	_, err = t.do(ctx, "", lifecycle.Call{Verb: backend.VerbRotate, Phase: backend.RotateCommit})
	return err
}

// do makes a call, repeating it as the gateway does, and notes what it is called in
// the end. done is false also where the backend cannot do it, which is no error but
// for the first and the last.
func (t *roundTrip) do(ctx context.Context, what string, call lifecycle.Call) (done bool, err error) {
	op, err := t.cfg.Op(t.resource, t.outputs, t.first)
	if err != nil {
		return false, err
	}
	if call.Verb == backend.VerbProvision {
		t.first = op.Config
	}
	op.Secrets, op.State = t.secrets, t.state
	if call.Verb != backend.VerbRead {
		op.OperationID = "op_" + strings.ToLower(rand.Text())
	}
	call.Op = op
	result, err := t.repeat(ctx, call)
	var failure *backend.Failure
	if errors.As(err, &failure) && failure.Class == backend.Unsupported && call.Verb != backend.VerbProvision && call.Verb != backend.VerbDeprovision {
		return false, nil
	}
	if call.Verb == backend.VerbDeprovision && errors.As(err, &failure) && failure.Class == backend.NotFound {
		err = nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", call.Verb, err)
	}
	t.keep(result)
	if what != "" {
		t.done = append(t.done, what)
	}
	return true, nil
}

func (t *roundTrip) repeat(ctx context.Context, call lifecycle.Call) (result backend.Result, err error) {
	for call.Op.Attempt = 1; ; call.Op.Attempt++ {
		result, err = t.attempt(ctx, call)
		var failure *backend.Failure
		final := errors.As(err, &failure) && failure.Class != backend.Retryable && failure.Class != backend.Internal
		if err == nil || final || call.Op.Attempt == roundAttempts {
			return result, err
		}
		call.Op.State = t.state
		select {
		case <-ctx.Done():
			return result, err
		case <-time.After(roundPause):
		}
	}
}

func (t *roundTrip) attempt(ctx context.Context, call lifecycle.Call) (backend.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, roundPatience)
	defer cancel()
	call.Op.Deadline, _ = ctx.Deadline()
	return t.backend.Run(ctx, call, func(_ string, state []byte) {
		if state != nil {
			t.state = state
		}
	})
}

// keep is what the gateway records of an answer.
func (t *roundTrip) keep(result backend.Result) {
	if result.State != nil {
		t.state = result.State
	}
	if result.Outputs.IsNull() {
		return
	}
	bare, marks := result.Outputs.Cty().Unmark()
	outputs := map[string]cty.Value{}
	maps.Copy(outputs, bare.AsValueMap())
	for name, text := range t.secrets {
		outputs[name] = cty.StringVal(text).Mark(backend.Sensitive)
	}
	t.outputs = backend.NewValue(cty.ObjectVal(outputs).WithMarks(marks))
}

// leftOver is a resource that could not be removed.
type leftOver struct {
	of  gateway.Resource
	err error
}

func (e *leftOver) Error() string {
	return fmt.Sprintf("%s (short id %s) may be left: %v", e.of.ID, e.of.ShortID, e.err)
}

// roundStep plays a round trip with a running backend.
func (c *command) roundStep(ctx context.Context, l loaded, b runningBackend) doctorStep {
	step := doctorStep{Step: "round trip", Backend: b.of.Name, Status: stepSkipped, Detail: "no plan for sale is made by it"}
	t, ok := newRoundTrip(l.Config, b)
	if !ok {
		return step
	}
	err := t.play(ctx)
	step.Status, step.Detail = stepOK, strings.Join(t.done, ", ")
	if err == nil {
		return step
	}
	step.Status, step.Detail = stepFailed, strings.TrimPrefix(step.Detail+"; "+l.writing().Redact(err.Error()), "; ")
	step.Next = "Orders would fare alike."
	var left *leftOver
	if errors.As(err, &left) {
		step.Next = "Remove it where the backend makes its things: no gateway knows of it."
	}
	return step
}
