package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

// logDrain reads where a platform is to send logs. Whether it can is its
// dialect's to say.
func (p *platformReader) logDrain(c *schema.Content, m *mounted) {
	m.drain = c.Expr("log_drain_url")
	p.common.LogDrain = m.drain != nil || c.Bool("log_drain")
	if m.drain != nil && c.Known("log_drain") && !c.Bool("log_drain") {
		p.add(diagnostic.New(`"log_drain" can't be false beside log_drain_url`, c.ValueRange("log_drain"), diagnostic.Info{
			Code: "AG213", Hint: "leave it out, or leave out both",
			Also: []diagnostic.Place{{Range: c.ValueRange("log_drain_url"), Text: "where logs would go"}},
		}))
	}
}

// logDrainWithoutURL reports a promise that no order could keep, unless the
// dialect has refused the promise itself.
func (p *platformReader) logDrainWithoutURL(c *schema.Content, refused hcl.Diagnostics) {
	if !c.Bool("log_drain") || c.Has("log_drain_url") || c.Meant("log_drain_url") {
		return
	}
	missing := diagnostic.New(`This platform needs "log_drain_url"`, c.ValueRange("log_drain"), diagnostic.Info{
		Code: "AG204", Hint: `add: log_drain_url = "https://logs.example.com/${resource.id}"`,
		Notes: []string{"log_drain = true promises one in every answer to an order"},
	})
	if !follows(missing, refused) {
		p.add(missing)
	}
}

// checkLogDrains proves that each platform's URL is one for every plan in
// every region.
func (l *loader) checkLogDrains(a *addon, places []*mounted, cases map[*mounted][]configvar.Case) {
	for _, m := range places {
		if m.drain == nil {
			continue
		}
		l.check(configvar.Expression{
			Name: "log_drain_url", What: "URL of a log drain", Expr: m.drain, Type: cty.String, Required: true,
			In:    fmt.Sprintf("%s, platform %q", a.title(), m.name),
			Judge: judgeLogDrain,
		}, cases[m])
	}
}

func judgeLogDrain(v cty.Value, at hcl.Range) hcl.Diagnostics {
	known, whole := beginning(v)
	if isLogDrain(known, whole) {
		return nil
	}
	return hcl.Diagnostics{diagnostic.New(noLogDrain, at, diagnostic.Info{
		Code: "AG213", Hint: `write it as "https://logs.example.com/${resource.id}"`,
	})}
}

const noLogDrain = `"log_drain_url" is no http or https URL`

// isLogDrain judges a URL of which the beginning, or all, is known. It may hold
// a user and a password.
func isLogDrain(known string, whole bool) bool {
	if !begins(known, "https://", whole) && !begins(known, "http://", whole) {
		return false
	}
	if !whole {
		return true
	}
	u, err := url.Parse(known)
	return err == nil && u.Host != "" && !strings.ContainsAny(known, " \t\r\n\\")
}

// logDrain evaluates the URL for one resource; "" where the platform has none.
// Errors never hold it.
func (u use) logDrain(scope *hcl.EvalContext) (string, error) {
	if u.platform.drain == nil {
		return "", nil
	}
	address, _, ok, err := configvar.Text(u.platform.drain, scope)
	if err == nil && !ok {
		err = errors.New("it is null")
	}
	if err == nil && !isLogDrain(address, true) {
		err = errors.New(noLogDrain)
	}
	if err != nil {
		return "", fmt.Errorf("render log_drain_url of %s on %s: %w", u.addon.ID, u.platform.name, err)
	}
	return address, nil
}
