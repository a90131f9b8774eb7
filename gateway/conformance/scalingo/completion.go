package scalingo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/scalingo/ownapi"
)

// outcome is what became of an order that was answered 202.
type outcome struct {
	*conformance.Session
	ctx     context.Context
	api     *standIn
	order   conformance.Order
	addon   ownapi.Addon
	settled bool
	there   bool // its answer had config vars already
}

// promised places an order of its own and lets judge look at what becomes of
// it.
func promised(judge func(*outcome) []string) func(context.Context, *conformance.Session) conformance.Finding {
	return func(ctx context.Context, s *conformance.Session) conformance.Finding {
		api, ok := s.StandIn.(*standIn)
		if !ok {
			return conformance.Finding{Skipped: "it takes --listen, and a provider that calls that address in place of Scalingo's API"}
		}
		o := &outcome{Session: s, ctx: ctx, api: api, order: conformance.Order{ID: s.Client.NewID(), App: s.Client.NewID()}}
		call, err := s.Send(ctx, s.Client.Provision(o.order))
		switch status := call.Answer.Status; {
		case err != nil:
			return conformance.Finding{Blocked: "an order: " + err.Error()}
		case status == http.StatusOK || status == http.StatusCreated:
			return conformance.Finding{Skipped: fmt.Sprintf("orders are answered %d, so that nothing is left to complete", status)}
		case status != http.StatusAccepted:
			return conformance.Finding{Blocked: fmt.Sprintf("an order: status is %d", status)}
		}
		o.addon = ownapi.Addon{ID: idOf(call.Answer.Body), UUID: o.order.ID, App: o.order.App}
		o.settled, o.there = !call.Unsettled, hasConfig(call.Answer.Body)
		return conformance.Finding{Problems: judge(o)}
	}
}

// deliveries are the calls for an add-on, in their order.
func (s *standIn) deliveries(a ownapi.Addon) (of []delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.sent {
		if d.isFor(a) {
			of = append(of, d)
		}
	}
	return of
}

// known returns every add-on whose order was answered.
func (s *standIn) known() []ownapi.Addon {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.addons)
}

// notEarly looks at all orders so far: a provider may be too early now and then
// only.
func notEarly(o *outcome) []string {
	for _, a := range o.api.known() {
		for _, d := range o.api.deliveries(a) {
			if d.early {
				return []string{d.what() + " came before the answer to the order"}
			}
		}
	}
	return nil
}

func goodConfig(o *outcome) []string {
	for _, a := range o.api.known() {
		for _, d := range o.api.deliveries(a) {
			if problem := d.problem(o.Provider.ConfigVars, o.Provider.ConfigVarsSet); problem != "" {
				return []string{problem}
			}
		}
	}
	return nil
}

func configFirst(o *outcome) []string {
	told := o.there
	for _, d := range o.api.deliveries(o.addon) {
		switch {
		case !d.accepted():
		case !d.end:
			told = true
		case !told:
			return []string{d.what() + " came, and no config vars before it"}
		}
	}
	return nil
}

// completed also says how far it came, with this order or those before it:
// once one took too long no other is waited for.
func completed(o *outcome) []string {
	if o.settled {
		return nil
	}
	problem := fmt.Sprintf("%s did not come within %s", delivery{end: true}.what(), conformance.Duration(o.Patience))
	calls := o.api.calls()
	switch {
	case len(calls) == 0:
		return []string{problem + ", nor any other call; is the provider set up to call the address of --listen?"}
	case !calls[len(calls)-1].accepted():
		last := calls[len(calls)-1]
		return []string{fmt.Sprintf("%s; the last call was %s, answered %d", problem, last.what(), last.status)}
	default:
		return []string{problem}
	}
}

// calls are those for any order.
func (s *standIn) calls() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// notPromisedAgain asks twice: a provider may need a moment to write down that
// its last call succeeded.
func notPromisedAgain(o *outcome) []string {
	for range 2 {
		call, err := o.Send(o.ctx, o.Client.Provision(o.order))
		if err != nil {
			return []string{"the same order again: " + err.Error()}
		}
		if call.Answer.Status != http.StatusAccepted {
			return nil
		}
		o.api.await(o.ctx, grace, func() bool { return false })
	}
	return []string{"the same order again: status is 202, not 200 or 201"}
}

// hasConfig reports whether the answer to an order has config vars.
func hasConfig(answer []byte) bool {
	var body struct {
		Config map[string]any `json:"config"`
	}
	_ = json.Unmarshal(answer, &body) // another check is about that
	return len(body.Config) > 0
}
