package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

// previouslySetting takes over the resources that are stored under other
// names.
func previouslySetting(what, example string) schema.Attribute {
	return schema.Attribute{
		Name: "previously", Type: cty.List(cty.String),
		Doc: fmt.Sprintf("Names that the %s had before, the latest first, as [%s]: resources stored under them belong to this one.", what, example),
	}
}

// formerName is a name that something had before.
type formerName struct {
	what  gateway.Renamed
	addon string // of a plan: the add-on's name now
	name  string
}

// claim is a former name that some block says it had.
type claim struct {
	what  gateway.Renamed
	addon string // of a plan: the add-on
	from  string
	at    hcl.Range // of from
	now   identity
}

// backendName is the whole name of a backend.
var backendName = regexp.MustCompile(`^[^.\s]+\.[^.\s]+$`)

// previously collects the former names of a block. They are compared with all
// the others when every name is known.
func (l *loader) previously(of claim, c *schema.Content) []string {
	var names []string
	for i, name := range c.Texts("previously") {
		of.from, of.at = name, elementRange(c, "previously", i)
		if hint := of.misformed(); hint != "" {
			l.add(wrong(fmt.Sprintf("%q can't have been the name of %s", name, withArticle(of.what)), of.at, hint))
			continue
		}
		names = append(names, name)
		l.claims = append(l.claims, of)
	}
	return names
}

func withArticle(what gateway.Renamed) string {
	if what == gateway.RenamedAddon {
		return "an add-on"
	}
	return "a " + string(what)
}

// misformed says how a former name must look; "" if it does.
func (c claim) misformed() string {
	switch {
	case c.what == gateway.RenamedAddon && !addonID.MatchString(c.from):
		return "3 to 40 of a-z, 0-9, - and _, beginning with a letter"
	case c.what == gateway.RenamedPlan && !partID.MatchString(c.from):
		return "use letters, digits, - _ and . only"
	case c.what == gateway.RenamedBackend && !backendName.MatchString(c.from):
		kind, _, _ := strings.Cut(c.now.text, ".")
		return fmt.Sprintf("write type and name: %q", kind+"."+cmp.Or(strings.Trim(c.from, ". "), "old"))
	}
	return ""
}

// checkNames judges the former names: each must be free, and be claimed once.
func (l *loader) checkNames() {
	first := map[formerName]claim{}
	for _, c := range l.claims {
		key := formerName{c.what, c.addon, c.from}
		earlier, again := first[key]
		present, taken := l.present(c)
		switch {
		case c.now.known && c.from == c.now.text:
			l.add(diagnostic.New(fmt.Sprintf("%q is the present name", c.from), c.at, diagnostic.Info{
				Code: "AG207", Hint: "previously lists other names; remove it",
			}))
		case taken:
			l.add(diagnostic.New(fmt.Sprintf("There is %s %q still", l.owner(c), c.from), c.at, diagnostic.Info{
				Code: "AG207", Hint: "its resources are its own; remove the name here, or that block",
				Also: []diagnostic.Place{{Range: present, Text: "the present one"}},
			}))
		case again:
			l.add(diagnostic.New(fmt.Sprintf("%q is claimed twice", c.from), c.at, diagnostic.Info{
				Code: "AG207", Hint: "its resources can go to one place only",
				Also: []diagnostic.Place{{Range: earlier.at, Text: "the first claim"}},
			}))
		default:
			first[key] = c
			l.config.former[key] = c.now.text
			l.config.renames = append(l.config.renames, gateway.Rename{What: c.what, Addon: c.addon, From: c.from, To: c.now.text})
		}
	}
}

// owner is what has a claimed name now: add-ons and providers share their ids.
func (l *loader) owner(c claim) string {
	if _, is := l.config.providers[c.from]; is && c.what == gateway.RenamedAddon {
		return "a provider"
	}
	return withArticle(c.what)
}

// present finds the block that has a claimed name now.
func (l *loader) present(c claim) (at hcl.Range, ok bool) {
	switch c.what {
	case gateway.RenamedAddon:
		if a, ok := l.config.addons[c.from]; ok {
			return a.content.Range, true
		}
		if p, ok := l.config.providers[c.from]; ok {
			return p.content.Range, true
		}
	case gateway.RenamedPlan:
		if a, ok := l.config.addons[c.addon]; ok && a.plan(c.from) != nil {
			return a.plan(c.from).content.Range, true
		}
	case gateway.RenamedBackend:
		if b, ok := l.config.backends[c.from]; ok {
			return b.content.Range, true
		}
	}
	return hcl.Range{}, false
}

// Renames lists what has another name now than resources may be stored under:
// add-ons first, because a plan's names are those of its add-on's name now.
func (c *Config) Renames() []gateway.Rename {
	order := []gateway.Renamed{gateway.RenamedAddon, gateway.RenamedPlan, gateway.RenamedBackend}
	list := slices.Clone(c.renames)
	slices.SortStableFunc(list, func(x, y gateway.Rename) int {
		return cmp.Compare(slices.Index(order, x.What), slices.Index(order, y.What))
	})
	return list
}

// today is the present name of what a resource is stored under. Resources are
// renamed when the configuration becomes active; until then both names lead to
// the same block.
func (c *Config) today(what gateway.Renamed, addon, name string) string {
	if to, renamed := c.former[formerName{what, addon, name}]; renamed {
		return to
	}
	return name
}

// formerAddon warns where a platform goes on using an add-on's former name,
// because the id and the path there follow the label.
func (p *platformReader) formerAddon(c *schema.Content) {
	if len(p.of.formerly) == 0 {
		return
	}
	old := p.of.formerly[0]
	var missing []string
	if !c.Has("id") && !p.names.Meant("id") {
		missing = append(missing, fmt.Sprintf("id = %q", old))
	}
	if !c.Has("path") && !p.names.Meant("path") {
		missing = append(missing, fmt.Sprintf("path = %q", "/"+p.name+"/"+old))
	}
	if len(missing) == 0 {
		return
	}
	p.add(diagnostic.Warn(fmt.Sprintf("The platform may still know this add-on as %q", old), c.LabelRange(0), diagnostic.Info{
		Code: "AG231", Hint: "add: " + strings.Join(missing, " and "),
		Notes: []string{"or set them to the new ones, and register the new manifest with the platform at the same time"},
	}))
}

// formerSlug is formerAddon for a plan.
func (p *platformReader) formerSlug(renamed *plan) {
	names := renamed.content.Texts("previously")
	if len(names) == 0 || !partID.MatchString(names[0]) {
		return
	}
	p.add(diagnostic.Warn(fmt.Sprintf("Platforms may still know this plan as %q", names[0]), elementRange(renamed.content, "previously", 0), diagnostic.Info{
		Code: "AG231", Hint: fmt.Sprintf("add to the platform block: plan_names = { %s = %q }", quotedKey(renamed.ID), names[0]),
		Notes: []string{fmt.Sprintf("platform %q has none; write the new name there once the platform knows it", p.name)},
	}))
}

// quotedKey writes a key of a map as a file must have it.
func quotedKey(name string) string {
	if configVarName.MatchString(name) {
		return name
	}
	return fmt.Sprintf("%q", name)
}
