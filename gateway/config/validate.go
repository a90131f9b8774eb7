package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

// validation is a demand on every order and every change of plan.
type validation struct {
	in        string // where it stands
	condition hcl.Expression
	message   hcl.Expression
	kind      gateway.Kind // of the refusal
	uses      outputUse
}

func validateTable() *schema.Block {
	return &schema.Block{
		Type: "validate", Labels: []string{"name"},
		Doc: "What must hold for an order and for a change of plan; otherwise the request is refused before anything is recorded. " +
			"At a provision there is no plan before, and no output: current and every output are null.",
		Example: validateExample,
		Attributes: []schema.Attribute{
			{Name: "condition", Type: cty.Bool, Phase: schema.Request, Required: true, Doc: "True for a request that may go on."},
			{Name: "message", Type: cty.String, Phase: schema.Request, Required: true, Doc: "What the customer reads otherwise: one sentence, without anything sensitive."},
			{Name: "status", Type: cty.Number, Default: "422",
				Doc: "What the platform hears: 422 (not offered so), 400 (not understood) or 409 (in conflict with what there is)."},
		},
	}
}

// refusals are the statuses that a validate block may choose from.
func refusals() map[int]gateway.Kind {
	return map[int]gateway.Kind{400: gateway.Invalid, 409: gateway.Conflict, 422: gateway.Refused}
}

func (l *loader) validations(a *addon) []*validation {
	var list []*validation
	for _, c := range a.content.Blocks("validate") {
		v := &validation{
			in:        fmt.Sprintf("%s, validate %q", a.title(), c.Label(0)),
			condition: c.Expr("condition"), message: c.Expr("message"), kind: gateway.Refused,
			uses: outputsIn(c.Expr("condition"), c.Expr("message")),
		}
		if c.Known("status") {
			v.kind = l.refusal(c)
		}
		list = append(list, v)
	}
	return list
}

func (l *loader) refusal(c *schema.Content) gateway.Kind {
	kind, ok := refusals()[c.Int("status")]
	if !ok || float64(c.Int("status")) != c.Number("status") {
		l.add(diagnostic.New(fmt.Sprintf(`"status" can't be %g`, c.Number("status")), c.ValueRange("status"), diagnostic.Info{
			Code: "AG213", Hint: "write 400, 409 or 422",
			Notes: []string{"platforms take other statuses for something else: 401 and 403 for wrong credentials, 404 and 410 for a resource that is gone, 5xx for a fault that a repeat may mend"},
		}))
		return gateway.Refused
	}
	return kind
}

func (l *loader) checkValidations(a *addon) {
	change := func(from, to *plan) bool { return from != to || len(a.plans) == 1 }
	for _, v := range a.rules.validations {
		check := func(e configvar.Expression) {
			if e.Expr == nil {
				return
			}
			e.In = v.in
			l.checkRule(e, append(l.planChanges(a, e.Expr, change), l.provisions(a, e.Expr, false, anyPlan)...))
		}
		check(configvar.Expression{Name: "condition", What: "condition", Expr: v.condition, Type: cty.Bool, Required: true})
		check(configvar.Expression{Name: "message", What: "message", Expr: v.message, Type: cty.String, Required: true, Public: true, Judge: judgeKnown(nonempty)})
	}
}

func anyPlan(*plan) bool { return true }
