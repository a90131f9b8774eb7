package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
)

// prepared is a request that is about to be sent.
type prepared struct {
	request conformance.Request
	group   conformance.Group // what it is about
	about   made              // the resource; provision: without the ID, which the answer will have
	signOn  *conformance.SignOn
}

// prepare makes the request of the verb, and bends it.
func (s *simulation) prepare() (p prepared, err error) {
	switch s.verb {
	case doProvision:
		p, err = s.provision()
	case doSignOn:
		return s.prepareSignOn()
	default:
		p, err = s.onResource()
	}
	if err != nil {
		return p, err
	}
	p.request, err = s.bends.request(p.request)
	return p, err
}

func (s *simulation) provision() (p prepared, err error) {
	order, err := s.order(cmp.Or(s.plan, s.provider.FirstPlan()))
	if err != nil {
		return p, err
	}
	order.ID = cmp.Or(s.id, s.client.NewID())
	p = prepared{request: s.client.Provision(order), group: conformance.Provision, about: s.resource("")}
	p.about.PlatformID, p.about.Plan, p.about.App = order.ID, order.Plan, order.App
	return p, nil
}

// order is what the customer asks for.
func (s *simulation) order(plan string) (conformance.Order, error) {
	o := conformance.Order{Plan: plan, App: s.app}
	if plan == "" {
		return o, usage(s.noPlan(), "Name the plan with --plan, as "+s.platform.Title()+" does.")
	}
	for _, text := range s.options {
		name, value, err := assigned("--option", text)
		if err != nil {
			return o, err
		}
		if o.Options == nil {
			o.Options = map[string]string{}
		}
		o.Options[name] = value
	}
	return o, nil
}

func (s *simulation) noPlan() error {
	switch {
	case s.verb == doChangePlan:
		return errors.New("nobody says to which plan to change")
	case s.provider.Manifest == nil:
		return errors.New("nobody says which plan to order")
	case !s.platform.PlansInManifest():
		return fmt.Errorf("manifests for %s name no plans, so there is no first one to order", s.platform.Title())
	}
	return errors.New("the manifest names no plan")
}

// onResource makes the calls for a resource that is there.
func (s *simulation) onResource() (p prepared, err error) {
	if p.about, err = s.which(); err != nil {
		return p, err
	}
	id, has := p.about.ID, true
	switch s.verb {
	case doChangePlan:
		order, err := s.order(s.plan)
		if err != nil {
			return p, err
		}
		order.ID, order.App = p.about.PlatformID, p.about.App
		p.request, p.group = s.client.ChangePlan(id, order), conformance.PlanChange
	case doSuspend:
		p.request, has = s.client.Suspend(id)
		p.group = conformance.Suspend
	case doResume:
		p.request, has = s.client.Resume(id)
		p.group = conformance.Suspend
	case doDeprovision:
		p.request, p.group = s.client.Deprovision(id), conformance.Deprovision
	}
	if !has {
		return p, usage(fmt.Errorf("%s has no call to %s", s.platform.Title(), s.verb), "")
	}
	return p, nil
}

func (s *simulation) prepareSignOn() (p prepared, err error) {
	if p.about, err = s.which(); err != nil {
		return p, err
	}
	signOn, err := s.acting.signOn(p.about.ID, s.email, time.Now().Add(s.future-s.age))
	switch {
	case errors.Is(err, errNoSSOURL):
		return p, usage(err, "Name it with --sso-url.")
	case errors.Is(err, errNoSalt):
		return p, usage(err, "Put the provider's sso_salt into "+conformance.SaltVariable+".")
	}
	if signOn, err = s.bends.signOn(signOn); err != nil {
		return p, err
	}
	p.request, p.group, p.signOn = signOn.Request(), conformance.SSO, &signOn
	return p, nil
}

// which finds the resource that is meant: the one that is named, remembered or
// not, else the only one that is remembered.
func (s *simulation) which() (made, error) {
	known, err := s.memory.of(s.whose.Name(), s.provider.BaseURL)
	if err != nil {
		return made{}, err
	}
	known = slices.DeleteFunc(known, func(r made) bool { return r.Kind != s.kind })
	var ids []string
	for _, r := range known {
		if r.ID == s.id || s.id == "" && len(known) == 1 {
			return r, nil
		}
		ids = append(ids, conformance.Printable(r.ID))
	}
	name := s.commandFor(s.verb + " ID")
	switch {
	case s.id != "":
		return s.resource(s.id), nil
	case len(ids) > 0:
		return made{}, usage(fmt.Errorf("%d %ss are remembered: %s", len(ids), cmp.Or(s.kind, "resource"), strings.Join(ids, ", ")), "Name one: "+name)
	}
	if s.kind != "" {
		return made{}, usage(fmt.Errorf("no %s is remembered of %s", s.kind, s.provider.BaseURL), fmt.Sprintf("Make one with %s, or name it: %s", makerOf[s.kind], name))
	}
	return made{}, usage(fmt.Errorf("nothing is remembered of %s", s.provider.BaseURL), "Order something with provision, or name a resource: "+name)
}

// resource is one of the provider that is called.
func (s *simulation) resource(id string) made {
	return made{Platform: s.whose.Name(), BaseURL: s.provider.BaseURL, ID: id, Kind: s.kind}
}
