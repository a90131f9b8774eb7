package nanobox

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

// hoursPerMonth is how the published adapters make one price of the other.
const hoursPerMonth = 720

// plans reads regions, plans and specs into the catalog.
func (r *reader) plans() {
	plans := map[string]plan{}
	var offered []string
	for _, c := range r.content.Blocks("plan") {
		if c.Label(0) == "" {
			r.nameless(c)
			continue
		}
		plans[c.Label(0)] = r.plan(c)
		offered = append(offered, c.Label(0))
	}
	sold := map[string]bool{}
	for _, c := range r.content.Blocks("region") {
		if c.Label(0) == "" {
			r.nameless(c)
			continue
		}
		r.own.catalog.regions = append(r.own.catalog.regions, r.region(c, plans, offered, sold))
	}
	for _, c := range r.content.Blocks("plan") {
		if id := c.Label(0); id != "" && !sold[id] && len(r.own.catalog.regions) > 0 {
			r.warn("AG439", c.LabelRange(0), fmt.Sprintf("The plan %q is in no region", id), fmt.Sprintf("add it to a region: plans = [%q]", id))
		}
	}
	r.resolve()
}

func (r *reader) nameless(c *schema.Content) {
	r.problem("AG213", c.LabelRange(0), fmt.Sprintf("The id of %s can't be empty", diagnostic.WithArticle(c.Block.Type)), "the platform needs a text")
}

func (r *reader) region(c *schema.Content, plans map[string]plan, offered []string, sold map[string]bool) region {
	own := region{id: c.Label(0), name: c.Text("name"), retired: c.Bool("retired")}
	if own.name == "" {
		own.name = own.id
	}
	named := offered
	if c.Known("plans") {
		named = c.Texts("plans")
	}
	for _, id := range named {
		p, ok := plans[id]
		if !ok {
			r.unknownPlan(c, id, offered)
			continue
		}
		if sold[id] = true; !slices.ContainsFunc(own.plans, func(p plan) bool { return p.id == id }) {
			own.plans = append(own.plans, p)
		}
	}
	r.unique(own)
	return own
}

func (r *reader) unknownPlan(c *schema.Content, id string, offered []string) {
	if r.content.Meant("plan") {
		return
	}
	at := entry(c.Expr("plans"), id)
	var notes []string
	if list := diagnostic.List(offered); list != "" {
		notes = append(notes, "plans: "+list)
	}
	r.problem("AG439", at, fmt.Sprintf("There is no plan %q", id), diagnostic.DidYouMean(id, offered), notes...)
}

// entry is where a list that is written out has a text.
func entry(expr hcl.Expression, item string) hcl.Range {
	items, diags := hcl.ExprList(expr)
	if diags.HasErrors() {
		return expr.Range()
	}
	for _, e := range items {
		if v, d := e.Value(nil); !d.HasErrors() && v.Type() == cty.String && v.IsKnown() && !v.IsNull() && v.AsString() == item {
			return e.Range()
		}
	}
	return expr.Range()
}

// unique demands that a spec's id is found once in a region: orders name no
// plan.
func (r *reader) unique(own region) {
	first := map[string]string{}
	for _, p := range own.plans {
		for _, s := range p.specs {
			if earlier, taken := first[s.ID]; taken {
				if r.reportedAt("AG431", s.at) { // in another region
					continue
				}
				r.problem("AG431", s.at, fmt.Sprintf("The region %q has two specs called %q", own.id, s.ID), "choose another id",
					fmt.Sprintf("the other one is in the plan %q", earlier), "an order names the spec without its plan")
				continue
			}
			first[s.ID] = p.id
		}
	}
}

func (r *reader) plan(c *schema.Content) plan {
	own := plan{id: c.Label(0), name: c.Text("name")}
	if own.name == "" {
		own.name = own.id
	}
	for _, s := range c.Blocks("spec") {
		if s.Label(0) == "" {
			r.nameless(s)
			continue
		}
		own.specs = append(own.specs, r.spec(s))
	}
	return own
}

func (r *reader) spec(c *schema.Content) spec {
	own := spec{ID: c.Label(0), Name: c.Text("name"), CPU: c.Number("cpu"), retired: c.Bool("retired"), at: c.LabelRange(0)}
	own.RAM, own.Disk = r.whole(c, "ram", "MB"), r.whole(c, "disk", "GB")
	if c.Known("cpu") && own.CPU <= 0 {
		r.problem("AG213", c.ValueRange("cpu"), `"cpu" must be more than 0`, "0.25 is fine")
	}
	own.Transfer = r.transfer(c)
	r.price(c, &own)
	return own
}

// whole reads an amount that the platform's import breaks on unless it is a
// whole number.
func (r *reader) whole(c *schema.Content, setting, unit string) int64 {
	n := c.Number(setting)
	if !c.Known(setting) {
		return 0
	}
	if n != math.Trunc(n) || n < 0 || n > math.MaxInt32 {
		r.problem("AG432", c.ValueRange(setting), fmt.Sprintf("%q must be a whole number of %s", setting, unit), fmt.Sprintf("write %s = %d", setting, int64(math.Max(1, math.Round(math.Min(n, math.MaxInt32))))))
		return 0
	}
	return int64(n)
}

func (r *reader) transfer(c *schema.Content) json.RawMessage {
	const setting = "transfer"
	if !c.Known(setting) {
		return json.RawMessage(`""`)
	}
	v, _ := c.Value(setting).Unmark()
	if n := c.Number(setting); v.Type() == cty.Number && n >= 0 {
		return encoded(n)
	}
	if v.Type() == cty.String && v.AsString() != "" {
		return encoded(v.AsString())
	}
	r.problem("AG213", c.ValueRange(setting), `"transfer" must be a number or a text`, `write 2, for 2 TB, or "unlimited"`)
	return json.RawMessage(`""`)
}

func encoded(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil { // an infinite number
		return json.RawMessage(`""`)
	}
	return text
}

// price finds both prices of a spec in dollars.
func (r *reader) price(c *schema.Content, own *spec) {
	hour, perHour := r.dollars(c, "hr")
	month, perMonth := r.dollars(c, "mo")
	written := c.Has("dollars_per_hr") || c.Has("dollars_per_mo") || c.Has("price_per_hr") || c.Has("price_per_mo")
	meant := c.Meant("dollars_per_hr") || c.Meant("dollars_per_mo") || c.Meant("price_per_hr") || c.Meant("price_per_mo")
	if !written && !meant {
		r.problem("AG433", c.LabelRange(0), fmt.Sprintf("The spec %q has no price", own.ID), "add: dollars_per_mo = …", "a spec that costs nothing says 0")
	}
	own.Hour, own.Month = bothPrices(hour, perHour, month, perMonth)
}

// bothPrices makes the price that is not told of the other.
func bothPrices(hour float64, perHour bool, month float64, perMonth bool) (float64, float64) {
	switch {
	case perHour && !perMonth:
		return hour, rounded(hour*hoursPerMonth, 2)
	case perMonth && !perHour:
		return rounded(month/hoursPerMonth, 6), month
	}
	return hour, month
}

// rounded keeps a computed price from looking like a measured one.
func rounded(n float64, digits int) float64 {
	shift := math.Pow10(digits)
	return math.Round(n*shift) / shift
}

// dollars reads the price of an hour ("hr") or a month ("mo").
func (r *reader) dollars(c *schema.Content, per string) (price float64, told bool) {
	own, foreign := "dollars_per_"+per, "price_per_"+per
	setting := own
	if c.Known(foreign) {
		if setting = foreign; c.Known(own) {
			r.problem("AG433", c.ValueRange(foreign), fmt.Sprintf("%q and %q are both written", own, foreign), "leave one out")
			return 0, false
		}
	}
	if !c.Known(setting) {
		return 0, false
	}
	price = c.Number(setting)
	if price < 0 {
		r.problem("AG213", c.ValueRange(setting), fmt.Sprintf("%q can't be below 0", setting), "")
		return 0, false
	}
	if setting == own {
		return price, true
	}
	rate, ok := r.rate(c.ValueRange(foreign))
	digits := 6
	if per == "mo" {
		digits = 2
	}
	return rounded(price*rate, digits), ok
}

// rate is how many dollars one unit of the provider's currency is.
func (r *reader) rate(at hcl.Range) (float64, bool) {
	c := r.content
	rate := c.Number("usd_rate")
	switch {
	case c.Known("usd_rate") && rate > 0:
		return rate, true
	case c.Has("usd_rate") && !c.Known("usd_rate"):
		return 1, true // it is not known before secrets are read, or was reported
	case c.Known("usd_rate"):
		if at := c.ValueRange("usd_rate"); !r.reportedAt("AG213", at) {
			r.problem("AG213", at, `"usd_rate" must be more than 0`, "how many dollars one unit of the currency is")
		}
		return 1, true
	case c.Text("currency") == "USD":
		return 1, true
	}
	r.problem("AG433", at, "This price can't be told in dollars", "add to the provider: usd_rate = …, or write dollars_per_mo", "the platform knows prices in dollars only")
	return 1, false
}
