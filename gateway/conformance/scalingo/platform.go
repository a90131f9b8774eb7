package scalingo

import (
	"encoding/json"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/spec"
)

// Platform is Scalingo.
type Platform struct{}

var (
	_ conformance.Platform = Platform{}
	_ conformance.Taker    = Platform{}
)

// Name is that of the folder in spec, too.
func (Platform) Name() string { return "scalingo" }

// Title is the platform's name.
func (Platform) Title() string { return "Scalingo" }

// PlansInManifest is true: Scalingo learns of plans nowhere else.
func (Platform) PlansInManifest() bool { return true }

// Client makes the requests of the documents, with the uuid that the platform
// sends besides.
func (Platform) Client(p conformance.Provider) conformance.Client { return client{p} }

// Vars returns what the exchange files mention. What the manifest lacks is left
// out, so that exchanges about it do not apply.
func (Platform) Vars(p conformance.Provider) spec.Vars {
	vars := conformance.Vars(p)
	for i, name := range []string{"plan_options", "other_plan_options"} {
		if i >= len(p.Plans) || len(p.PlanOptions[p.Plans[i]]) == 0 {
			continue
		}
		options, _ := json.Marshal(p.PlanOptions[p.Plans[i]]) // of texts: it cannot fail
		vars[name] = string(options)
	}
	if p.LogDrain {
		vars["log_drain"] = "true"
	}
	return vars
}

// Takes is what Scalingo's tester takes for success, and of suspensions, which
// it does not know, what the boilerplate and Scalingo's own provider answer.
func (Platform) Takes(g conformance.Group) []string {
	switch g {
	case conformance.Provision:
		return []string{"200", "201", "202"}
	case conformance.PlanChange:
		return []string{"200"}
	case conformance.Suspend:
		return []string{"200", "204"}
	case conformance.Deprovision:
		return []string{"204"}
	case conformance.SSO:
		return []string{"2xx", "3xx"}
	default:
		return nil
	}
}
