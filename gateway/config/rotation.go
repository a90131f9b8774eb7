package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

// How often credentials may be replaced, and how long old ones work beside new ones.
// Applications read their environment when they start, and not all start at once.
const (
	oftenestRotation = 24 * time.Hour
	defaultGrace     = 15 * time.Minute
	shortestGrace    = time.Minute
	longestGrace     = 30 * 24 * time.Hour
)

func rotationAttributes() []schema.Attribute {
	return []schema.Attribute{
		{Name: "rotate_every", Type: cty.String, Doc: `How old credentials become before they are replaced, as "90d". Absent: an operator replaces them (addongw resources rotate).`},
		{Name: "rotate_grace", Type: cty.String, Doc: `How long the old credentials go on working once the platform has the new ones: 1m to 30d, 15m unless told. A rotation is not over before.`},
	}
}

// rotation reads when the credentials of a plan are replaced.
func (l *loader) rotation(p *plan) {
	every, diags := p.content.Duration("rotate_every", oftenestRotation, 0)
	l.add(diags...)
	grace, diags := p.content.Duration("rotate_grace", shortestGrace, longestGrace)
	l.add(diags...)
	p.rotateEvery, p.grace = every, defaultGrace
	if grace > 0 {
		p.grace = grace
	}
	if every > 0 && p.grace*2 > every {
		l.add(wrong(`"rotate_grace" is too long for "rotate_every"`, p.content.ValueRange("rotate_every"), "one rotation must be over before the next: make it twice the grace, or more"))
	}
}

// checkRotation finds plans whose credentials can't be replaced without locking
// customers out.
func (l *loader) checkRotation(a *addon) {
	for _, p := range a.plans {
		if p.rotateEvery == 0 {
			continue
		}
		at := p.content.ValueRange("rotate_every")
		for _, b := range a.makersOf(p) {
			if !b.rotates() {
				l.add(diagnostic.New(fmt.Sprintf("backend.%s can't replace credentials", b.Name), at, diagnostic.Info{
					Code: "AG406", Hint: `remove "rotate_every"`, Notes: []string{"the plugin, as it is configured, has no rotate: addongw plugins schema " + b.Plugin.Name},
				}))
			}
		}
		var deaf []string
		for _, m := range a.order {
			if m.mount != nil && m.sells(p) && !m.mount.Profile().Pushes {
				deaf = append(deaf, m.name)
			}
		}
		if len(deaf) > 0 {
			l.add(diagnostic.New(fmt.Sprintf("%s can't be told new credentials", strings.Join(deaf, ", ")), at, diagnostic.Info{
				Code: "AG406", Hint: fmt.Sprintf(`remove "rotate_every", or sell the plan elsewhere only: platforms = [%s]`, quotedOthers(a, deaf)),
				Notes: []string{"when the old ones end, its customers would be locked out"},
			}))
		}
	}
}

// quotedOthers lists the add-on's platforms that are not among some.
func quotedOthers(a *addon, some []string) string {
	var others []string
	for _, m := range a.order {
		if !slices.Contains(some, m.name) {
			others = append(others, fmt.Sprintf("%q", m.name))
		}
	}
	return strings.Join(others, ", ")
}

// rotates reports whether the backend can replace credentials, as far as is known.
func (b *loadedBackend) rotates() bool {
	return !b.asked || slices.Contains(b.Description.Capabilities, backend.CanRotate)
}

// RotationRules lists how often credentials of which plans are replaced.
func (c *Config) RotationRules() (rules []gateway.RotationRule) {
	for _, a := range c.addons {
		for _, p := range a.plans {
			if p.rotateEvery > 0 {
				rules = append(rules, gateway.RotationRule{Addon: a.ID, Plan: p.ID, Every: p.rotateEvery})
			}
		}
	}
	return rules
}
