package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// unknownOptions are the options before there is an order, and those of an
// order that names none that it may leave out.
func (a *addon) unknownOptions() (usual, sparse cty.Value) {
	unknown, least := map[string]cty.Value{}, map[string]cty.Value{}
	for _, o := range a.options {
		v := cty.UnknownVal(o.kind)
		if o.required || !o.fallback.IsNull() {
			v = v.RefineNotNull()
		}
		unknown[o.name], least[o.name] = o.hide(v), o.hide(o.fallback)
		if o.required {
			least[o.name] = unknown[o.name]
		}
	}
	return cty.ObjectVal(unknown), cty.ObjectVal(least)
}

func (o *option) hide(v cty.Value) cty.Value {
	if o.sensitive {
		return v.Mark(backend.Sensitive)
	}
	return v
}

// HidesOption reports whether what customers chose for an option may be secret:
// a plugin says so, or nobody declares it any more.
func (c *Config) HidesOption(addonID, name string) bool {
	if _, rents := c.providers[addonID]; rents {
		return false // what a server or a key has there no customer chose freely
	}
	a, ok := c.addons[c.today(gateway.RenamedAddon, "", addonID)]
	if !ok {
		return true
	}
	o := a.option(name)
	return o == nil || o.sensitive
}

// ordered types the options that a customer passed, or refuses them in a sentence
// that never repeats a value.
func (a *addon) ordered(given map[string]string) (cty.Value, error) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if a.option(name) == nil {
			return cty.NilVal, gateway.Errorf(gateway.Refused, "There is no option %q; %s.", brief(name), a.offered())
		}
	}
	values := map[string]cty.Value{}
	for _, o := range a.options {
		text, ok := given[o.name]
		if !ok && o.required {
			return cty.NilVal, gateway.Errorf(gateway.Refused, "The option %q is missing; it must be %s.", o.name, o.expected())
		}
		v := o.fallback
		if ok {
			if v, ok = o.read(text); !ok {
				return cty.NilVal, gateway.Errorf(gateway.Refused, "The option %q must be %s.", o.name, o.expected())
			}
		}
		values[o.name] = o.hide(v)
	}
	return cty.ObjectVal(values), nil
}

// recorded types the options of a resource. Files may have changed since its
// order: what fits no more has the default, because the resource must still be
// rendered, changed and removed.
func (a *addon) recorded(given map[string]string) cty.Value {
	values := map[string]cty.Value{}
	for _, o := range a.options {
		v := o.fallback
		if text, ok := given[o.name]; ok {
			if typed, ok := o.convert(text); ok {
				v = typed
			}
		}
		values[o.name] = o.hide(v)
	}
	return cty.ObjectVal(values)
}

// read types a text that a customer passed, if it is allowed.
func (o *option) read(text string) (cty.Value, bool) {
	v, ok := o.convert(text)
	return v, ok && o.allows(v)
}

// decimal is a number as customers write it. An exponent would make a number
// that takes minutes to write out.
var decimal = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,18})?$`)

func (o *option) convert(text string) (cty.Value, bool) {
	switch o.kind {
	case cty.Number:
		if !decimal.MatchString(text) {
			return cty.NilVal, false
		}
		v, err := cty.ParseNumberVal(text)
		return v, err == nil
	case cty.Bool:
		return cty.BoolVal(text == "true"), text == "true" || text == "false"
	}
	return cty.StringVal(text), true
}

// listed is up to how many characters of names or values a refusal lists.
const listed = 200

// expected says what an option takes, for customers.
func (o *option) expected() string {
	if texts := o.texts(); len(texts) > 0 {
		if list := strings.Join(texts, ", "); len(list) <= listed {
			if len(texts) == 1 {
				return list
			}
			return "one of " + list
		}
		return "one of the values that are offered"
	}
	switch o.kind {
	case cty.Number:
		return "a number"
	case cty.Bool:
		return "true or false"
	}
	return "text"
}

// offered lists the options, for customers.
func (a *addon) offered() string {
	var names []string
	for _, o := range a.options {
		names = append(names, o.name)
	}
	list := strings.Join(names, ", ")
	switch {
	case len(names) == 0:
		return "this add-on has none"
	case len(list) > listed:
		return "this add-on has others"
	}
	return "possible: " + list
}

// brief cuts a customer's own word to a length that fits into a sentence.
func brief(word string) string {
	const longest = 40
	if runes := []rune(word); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return word
}

// told is what a backend hears of the options: those that its plugin lists,
// with the plugin's default where there is no value; all of them where its
// schema is open.
func (b *loadedBackend) told(options cty.Value) cty.Value {
	values := map[string]cty.Value{}
	chosen := options.AsValueMap()
	if b.Description.Options.Open {
		values = maps.Clone(chosen)
		if values == nil {
			values = map[string]cty.Value{}
		}
	}
	for _, a := range b.Description.Options.Attributes {
		values[a.Name] = toldOption(a, chosen[a.Name])
	}
	return cty.ObjectVal(values)
}

// toldOption gives a value the plugin's type. What an order of long ago said may
// not have it; then it counts as not said.
func toldOption(a backend.Attribute, chosen cty.Value) cty.Value {
	v := cty.NullVal(a.Type.WithoutOptionalAttributesDeep())
	if a.Default != cty.NilVal {
		v = a.Default
	}
	if chosen != cty.NilVal {
		bare, _ := chosen.Unmark()
		if converted, err := convert.Convert(bare, a.Type); err == nil && !converted.IsNull() {
			v = converted
		}
	}
	if a.Sensitive {
		v = v.Mark(backend.Sensitive)
	}
	return v
}
