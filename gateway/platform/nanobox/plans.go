package nanobox

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

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
	written := firsts{}
	for _, c := range r.content.Blocks("plan") {
		id, first := r.identity(c, written, false)
		if own := r.plan(c, id); first {
			plans[id.Text] = own
			offered = append(offered, id.Text)
		}
	}
	sold, known := map[string]bool{}, firsts{}
	for _, c := range r.content.Blocks("region") {
		id, first := r.identity(c, known, false)
		if own := r.region(c, id, plans, offered, sold); first {
			r.own.catalog.regions = append(r.own.catalog.regions, own)
			r.unique(own)
		}
	}
	for _, id := range offered {
		if !sold[id] && len(r.own.catalog.regions) > 0 {
			r.warn("AG439", written[id].At, fmt.Sprintf("The plan %q is in no region", id), fmt.Sprintf("add it to a region: plans = [%q]", id))
		}
	}
	r.resolve()
}

// firsts are the first blocks of every id.
type firsts map[string]schema.Identity

// identity reads and judges a block's id. first tells that it has one, and that
// no block before it has the same.
func (r *reader) identity(c *schema.Content, before firsts, made bool) (id schema.Identity, first bool) {
	kind := c.Block.Type
	id, diags := c.Identity(made)
	for _, d := range diags { // for_each repeats its mistake
		if info, _ := diagnostic.Of(d); !r.reportedAt(info.Code, *d.Subject) {
			r.problem(info.Code, *d.Subject, d.Summary, info.Hint)
		}
	}
	if id.Known && strings.TrimSpace(id.Text) == "" {
		if !r.reportedAt("AG213", id.At) {
			r.problem("AG213", id.At, fmt.Sprintf("The id of %s can't be empty", diagnostic.WithArticle(kind)), "the platform needs a text")
		}
		return id, false
	}
	if !id.Known {
		r.unsure[kind] = true
		return id, false
	}
	earlier, again := before[id.Text]
	if !again {
		before[id.Text] = id
		return id, true
	}
	if d := id.Again(kind, earlier); d != nil {
		info, _ := diagnostic.Of(d)
		info.In = r.title()
		d.Extra = info
		r.diags = append(r.diags, d)
	}
	return id, false
}

// named is a setting that customers read: it has a default, and can't be empty.
func (r *reader) named(c *schema.Content, setting, usual string) string {
	if !c.Has(setting) || !c.Known(setting) {
		return usual
	}
	r.filled(c, setting)
	return c.Text(setting)
}

func (r *reader) region(c *schema.Content, id schema.Identity, plans map[string]plan, offered []string, sold map[string]bool) region {
	own := region{id: id.Text, name: r.named(c, "name", id.Text), retired: c.Bool("retired")}
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
	return own
}

func (r *reader) unknownPlan(c *schema.Content, id string, offered []string) {
	if r.content.Meant("plan") || r.unsure["plan"] {
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

func (r *reader) plan(c *schema.Content, id schema.Identity) plan {
	own := plan{id: id.Text, name: r.named(c, "name", id.Text)}
	known := firsts{}
	for _, s := range c.Blocks("spec") {
		id, first := r.identity(s, known, c.Repeated())
		if spec := r.spec(s, id); first {
			own.specs = append(own.specs, spec)
		}
	}
	return own
}

func (r *reader) spec(c *schema.Content, id schema.Identity) spec {
	own := spec{ID: id.Text, Name: c.Text("name"), CPU: c.Number("cpu"), retired: c.Bool("retired"), at: id.At}
	own.RAM, own.Disk = r.whole(c, "ram", "MB"), r.whole(c, "disk", "GB")
	r.little(c, own.RAM)
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

// little warns of memory that was counted in GB, it seems.
func (r *reader) little(c *schema.Content, ram int64) {
	const setting, least = "ram", 128
	if !c.Known(setting) || ram >= least || r.reportedAt("AG432", c.ValueRange(setting)) {
		return
	}
	r.warn("AG432", c.ValueRange(setting), fmt.Sprintf("A size with %d MB of memory", ram), fmt.Sprintf("%q is in MB: did you mean %d?", setting, max(ram, 1)*1024),
		fmt.Sprintf("hardly anything runs in less than %d", least))
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
