package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

// deprecation is what a deprecated block says of its plan.
type deprecation struct {
	content     *schema.Content
	since       time.Time // zero: not told
	until       time.Time // the last day; zero: not told
	replacement string    // the id of a plan, or empty
	message     string    // for customers, or empty
}

func deprecatedTable() *schema.Block {
	s := func(name, doc string) schema.Attribute {
		return schema.Attribute{Name: name, Type: cty.String, Doc: doc}
	}
	return &schema.Block{
		Type: "deprecated", Max: 1,
		Doc:     "The plan is not sold any more: manifests leave it out, new orders and changes to it are refused. Resources that have it stay as they are.",
		Example: deprecatedExample,
		Attributes: []schema.Attribute{
			s("since", `Since when, as "2026-11-30"; for readers.`),
			s("until", `The last day, as "2027-06-30". Nothing is done to resources then: it is a reminder to move those that still have the plan.`),
			s("replacement", "The id of the plan to choose instead."),
			s("message", "What customers read who order it: one sentence. Unless told, that the plan is no longer offered, and the replacement's name."),
		},
	}
}

// dateForm is how days are written.
const dateForm = "2006-01-02"

func (l *loader) deprecated(p *plan) {
	c := p.content.First("deprecated")
	if c == nil {
		return
	}
	d := &deprecation{content: c, replacement: c.Text("replacement"), message: strings.TrimSpace(c.Text("message"))}
	d.since, d.until = l.date(c, "since"), l.date(c, "until")
	if !d.since.IsZero() && !d.until.IsZero() && d.until.Before(d.since) {
		l.add(wrong(`"until" lies before "since"`, c.ValueRange("until"), "exchange the two, or correct one"))
	}
	p.deprecated = d
}

func (l *loader) date(c *schema.Content, name string) time.Time {
	if !c.Known(name) {
		return time.Time{}
	}
	day, err := time.Parse(dateForm, c.Text(name))
	if err != nil {
		l.add(wrong(fmt.Sprintf("%q is no day", name), c.ValueRange(name), `write year, month and day, as "2027-06-30"`))
	}
	return day
}

// checkReplacements looks for the plans that are to be chosen instead.
func (l *loader) checkReplacements(a *addon) {
	for _, p := range a.plans {
		if p.deprecated == nil || !p.deprecated.content.Known("replacement") {
			continue
		}
		id, at := p.deprecated.replacement, p.deprecated.content.ValueRange("replacement")
		switch other := a.plan(id); {
		case other == nil && !a.content.Meant("plan"):
			var known []string
			for _, x := range a.plans {
				if x.deprecated == nil {
					known = append(known, x.ID)
				}
			}
			l.add(unknownPart("plan", id, at, known))
		case other == p:
			l.add(wrong("A plan can't replace itself", at, "name another plan, or leave it out"))
		case other != nil && other.deprecated != nil:
			l.add(diagnostic.New(fmt.Sprintf("The plan %q is deprecated itself", id), at, diagnostic.Info{
				Code: "AG213", Hint: "name a plan that is sold",
				Also: []diagnostic.Place{{Range: other.deprecated.content.Range, Text: "here"}},
			}))
		}
	}
}

// closed refuses new orders of what is no longer sold.
func (c *Config) closed(addonID, planID string) error {
	a, ok := c.addons[c.today(gateway.RenamedAddon, "", addonID)]
	if ok && a.Retired {
		return gateway.Errorf(gateway.Refused, "%s is no longer offered.", a.Name)
	}
	return c.withdrawn(addonID, planID)
}

// withdrawn refuses what leads to a plan that is no longer sold.
func (c *Config) withdrawn(addonID, planID string) error {
	a, ok := c.addons[c.today(gateway.RenamedAddon, "", addonID)]
	if !ok {
		return nil
	}
	p := a.plan(c.today(gateway.RenamedPlan, a.ID, planID))
	if p == nil || p.deprecated == nil {
		return nil
	}
	return gateway.Errorf(gateway.Refused, "%s", a.refusal(p))
}

// refusal is what customers read who ask for a deprecated plan.
func (a *addon) refusal(p *plan) string {
	d := p.deprecated
	if d.message != "" {
		return d.message
	}
	text := fmt.Sprintf("The plan %q is no longer offered.", p.Name)
	if other := a.plan(d.replacement); other != nil {
		text += fmt.Sprintf(" Please choose %q instead.", other.Name)
	}
	return text
}

// expired reports whether the plan's last day has passed.
func (d *deprecation) expired(now time.Time) bool {
	return !d.until.IsZero() && !now.UTC().Before(d.until.AddDate(0, 0, 1))
}
