package backend

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Check reports everything in a description that contradicts the contract, as
// one error. The gateway refuses a plugin whose description fails it.
func (d Description) Check() error {
	c := &checker{}
	c.match("name", d.Name, `^[a-z][a-z0-9-]*$`, "lower-case letters, digits and dashes")
	c.match("version", d.Version, `^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$`, `a semantic version, such as "1.4.0"`)
	seen := map[Capability]bool{}
	for _, capability := range d.Capabilities {
		if seen[capability] {
			c.add("capability %q is listed twice", capability)
		}
		seen[capability] = true
	}
	if d.StateVersion < 0 || seen[CanUpgradeState] && d.StateVersion == 0 {
		c.add("state version %d: versions count from 1, and without one no state can be upgraded", d.StateVersion)
	}
	c.actions(d.Actions)
	c.schema(roleConfig, "config", d.Config)
	c.schema(rolePlan, "plan", d.Plan)
	c.schema(roleOptions, "options", d.Options)
	c.schema(roleOutputs, "outputs", d.Outputs)
	return errors.Join(c.problems...)
}

// keepsItsWord tells the author of a backend that declares what it has no methods
// for. A method with another receiver or other parameters is none.
func keepsItsWord(b Backend, capabilities []Capability, actions []string) error {
	c := &checker{}
	need := func(declared, able bool, what, methods string) {
		if declared && !able {
			c.add("%T declares %s, and is no backend.%s", b, what, methods)
		}
	}
	_, suspends := b.(Suspender)
	_, rotates := b.(Rotator)
	_, upgrades := b.(StateUpgrader)
	_, acts := b.(Invoker)
	need(slices.Contains(capabilities, CanSuspend), suspends, "the capability suspend", "Suspender: give it the methods Suspend and Resume")
	need(slices.Contains(capabilities, CanRotate), rotates, "the capability rotate", "Rotator: give it the method Rotate")
	need(slices.Contains(capabilities, CanUpgradeState), upgrades, "the capability upgrade_state", "StateUpgrader: give it the method UpgradeState")
	need(len(actions) > 0, acts, "actions", "Invoker: give it the method Invoke")
	return errors.Join(c.problems...)
}

// Check does the same for the schemas and actions that depend on the configuration.
func (r ValidateConfigResponse) Check() error {
	c := &checker{}
	if r.Plan != nil {
		c.schema(rolePlan, "plan", *r.Plan)
	}
	if r.Outputs != nil {
		c.schema(roleOutputs, "outputs", *r.Outputs)
	}
	c.actions(r.Actions)
	return errors.Join(c.problems...)
}

// role is what a schema describes; it decides which flags make sense.
type role int

const (
	roleConfig role = iota
	rolePlan
	roleOptions
	roleOutputs
)

type checker struct{ problems []error }

func (c *checker) add(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

func (c *checker) match(what, value, pattern, want string) {
	if !regexp.MustCompile(pattern).MatchString(value) {
		c.add("%s %q: want %s", what, value, want)
	}
}

// maxActions is how many actions a plugin may declare.
const maxActions = 100

func (c *checker) actions(names []string) {
	if len(names) > maxActions {
		c.add("%d actions: there may be %d", len(names), maxActions)
		return
	}
	seen := map[string]bool{}
	for _, name := range names {
		c.match("action", name, `^[a-z][a-z0-9_]{0,39}$`, "a letter, then letters, digits and underscores, in lower case, 40 at most")
		if seen[name] {
			c.add("action %q is listed twice", name)
		}
		seen[name] = true
	}
}

func (c *checker) schema(r role, where string, s Schema) {
	seen := map[string]bool{}
	name := func(kind, name string) string {
		at := where + "." + name
		c.match(kind, name, `^[a-z][a-z0-9_]*$`, "a letter, then letters, digits and underscores, in lower case")
		if seen[name] {
			c.add("%s is there twice", at)
		}
		seen[name] = true
		return at
	}
	for _, a := range s.Attributes {
		c.attribute(r, name("attribute", a.Name), a)
	}
	if r == roleOutputs && len(s.Blocks) > 0 {
		c.add("%s: outputs have no blocks", where)
	}
	for _, b := range s.Blocks {
		at := name("block", b.Name)
		if len(b.Labels) > 1 {
			c.add("%s: a block has at most one label", at)
		}
		if b.Min < 0 || b.Max < 0 || (b.Max > 0 && b.Min > b.Max) {
			c.add("%s: min %d and max %d contradict each other", at, b.Min, b.Max)
		}
		c.schema(r, at, b.Body)
	}
}

func (c *checker) attribute(r role, at string, a Attribute) {
	if a.Type == cty.NilType {
		c.add("%s has no type", at)
		return
	}
	if a.Type.IsCapsuleType() {
		c.add("%s: capsule types do not exist outside a program", at)
	}
	c.flags(r, at, a)
	if a.Default == cty.NilVal {
		return
	}
	if a.Required {
		c.add("%s is required and has a default", at)
	}
	if _, err := convert.Convert(a.Default, a.Type); err != nil {
		c.add("%s: the default is not %s", at, a.Type.FriendlyName())
	}
}

func (c *checker) flags(r role, at string, a Attribute) {
	if r != roleConfig && (a.Live || a.ForceNew || a.FilePath || a.TypeName || a.Expression) {
		c.add("%s: live, force_new, file_path, type_name and expression are for config only", at)
	}
	c.expression(at, a)
	if r != roleOutputs && (a.Generated != 0 || a.Measured) {
		c.add("%s: generated and measured are for outputs only", at)
	}
	if a.ForceNew && !a.Live {
		c.add("%s is force_new but not live", at)
	}
	if a.Generated < 0 {
		c.add("%s: generated is a number of characters", at)
	}
	if a.Generated > 0 && (a.Type != cty.String || !a.Sensitive || a.Measured) {
		c.add("%s is generated: it must be a sensitive string, and not measured", at)
	}
	if (a.FilePath || a.TypeName) && a.Type != cty.String {
		c.add("%s is a file path or the name of a type: its type must be string", at)
	}
}

// maxOwn is how many names of its own a plugin may add to an expression.
const maxOwn = 20

func (c *checker) expression(at string, a Attribute) {
	if a.Expression && (a.Live || a.ForceNew || a.FilePath || a.TypeName || a.Default != cty.NilVal) {
		c.add("%s is an expression: it is not live, force_new, a file path or the name of a type, and has no default", at)
	}
	if !a.Expression && len(a.Own) > 0 {
		c.add("%s has own names but is no expression", at)
	}
	if len(a.Own) > maxOwn {
		c.add("%s: %d own names; there may be %d", at, len(a.Own), maxOwn)
		return
	}
	taken := map[string]bool{}
	for _, name := range hostNames() {
		taken[name] = true
	}
	for _, name := range a.Own {
		c.match(at+": own name", name, `^[a-z][a-z0-9_]*$`, "a letter, then letters, digits and underscores, in lower case")
		if taken[name] {
			c.add("%s: own name %q is there twice, or the gateway's", at, name)
		}
		taken[name] = true
	}
}

// hostNames are the names with which a reference of the language begins, in whatever
// setting: none may mean something else in a plugin's. A caller's credential is
// known to plugins alone, which may offer it.
func hostNames() []string {
	return []string{
		"addon", "backend", "binding", "current", "each", "local", "output", "plan",
		"platform", "region", "request", "resource", "sso", "var",
	}
}
