package clevercloud

import (
	"context"
	"encoding/json"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/clevercloud/vendorapi"
	"github.com/addongw/addongw/spec"
)

// patience is our own limit: the documents name none, and somebody waits in
// front of the console.
const patience = 25 * time.Second

// Checks are those that no exchange file can state.
func (Platform) Checks() []conformance.Check {
	return []conformance.Check{
		{
			Head: conformance.Head{
				ID: "CC-C1", Group: conformance.Completion, Title: "The infos API is not called while an order is handled", Level: spec.Must,
				Source:   "Clever Cloud documentation, Marketplace APIs & Tools, Provisioning",
				Says:     "This URL is available as soon as the provisioning is done. You can't use this URL during the POST call.",
				Platform: "The call cannot succeed before the answer; when the answer waits for it, the order hangs until it fails.",
			},
			Needs: []string{"provision-current"},
			Last:  true,
			Run:   calledEarly,
		},
		conformance.Leaks("CC-X1"),
		conformance.Patience("CC-X2", patience, "The customer waits in front of the console; at some time it gives up and shows a failure."),
	}
}

// calledEarly places an order of its own, in case that nothing else did, and
// looks back at all.
func calledEarly(ctx context.Context, s *conformance.Session) conformance.Finding {
	api, ok := s.StandIn.(*standIn)
	if !ok {
		return conformance.Finding{Skipped: "it takes --listen, and a provider that calls that address in place of api.clever-cloud.com"}
	}
	if _, err := s.Send(ctx, s.Client.Provision(conformance.Order{})); err != nil {
		return conformance.Finding{Blocked: "an order: " + err.Error()}
	}
	if api.Early() > 0 {
		return conformance.Finding{Problems: []string{"the infos API was called before the order was answered"}}
	}
	return conformance.Finding{}
}

// StandIn is the infos API.
func (Platform) StandIn(p conformance.Provider) conformance.StandIn {
	return &standIn{provider: p, Server: vendorapi.New(p.Username, p.Password.Reveal(), 0)}
}

// standIn tells the infos API of the orders that the tester places.
type standIn struct {
	*vendorapi.Server
	provider conformance.Provider
}

// Sent notes an order before it is sent.
func (s *standIn) Sent(r conformance.Request) {
	if o, ok := s.order(r); ok {
		s.Order(vendorapi.App{
			ID: o.AddonID, Name: "conformance", Plan: o.Plan, Region: "eu", OwnerID: o.OwnerID, OwnerName: o.OwnerName,
			OwnerEmail: "ann@example.com", OwnerEmails: []string{"ann@example.com"},
		})
	}
}

// Answered notes that an order was answered; one that was refused is
// forgotten, save when it repeats one that was not.
func (s *standIn) Answered(r conformance.Request, a spec.Answer) {
	o, ok := s.order(r)
	switch {
	case !ok:
	case a.Succeeded():
		s.Replied(o.AddonID)
	case s.Unanswered(o.AddonID):
		s.Remove(o.AddonID)
	}
}

// order reads the order in a request of either generation.
func (s *standIn) order(r conformance.Request) (order, bool) {
	var body struct {
		order
		HerokuID string `json:"heroku_id"`
	}
	if !s.provider.Ordered(r) || json.Unmarshal(r.Body, &body) != nil {
		return order{}, false
	}
	if body.AddonID == "" {
		body.AddonID = body.HerokuID
	}
	return body.order, body.AddonID != ""
}
