package reference

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic/explain"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// Document is the whole language. Its JSON form is stable: within one major
// format_version members are added, never changed or removed.
type Document struct {
	Phases    []Phase    `json:"phases"`
	Blocks    []Block    `json:"blocks"` // at the top level of a file
	Platforms []Platform `json:"platforms"`
	Providers []Platform `json:"providers"` // platforms that servers are rented to
	Names     []Name     `json:"names"`
	Functions []Function `json:"functions"`
	Codes     []Code     `json:"codes"`
	Reserved  []string   `json:"reserved"` // blocks at the top level that are kept for a later version
}

// Phase is a time at which settings are evaluated.
type Phase struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

// Block is one kind of block.
type Block struct {
	Type       string      `json:"type"`
	Labels     []string    `json:"labels"` // what the names in the header are
	Doc        string      `json:"doc"`
	Example    string      `json:"example"`
	Required   bool        `json:"required"`    // at least one
	Max        int         `json:"max"`         // how many of one parent; 0: any number
	ForEach    bool        `json:"for_each"`    // for_each makes many of one
	AnySetting bool        `json:"any_setting"` // settings of any name
	SettingsBy string      `json:"settings_by"` // "language", "plugin" or "platform": whose settings stand in it
	Attributes []Attribute `json:"attributes"`
	Blocks     []Block     `json:"blocks"`
	Reserved   []string    `json:"reserved"` // settings and blocks that are kept for a later version
}

// Attribute is one setting.
type Attribute struct {
	Name     string  `json:"name"`
	Type     string  `json:"type"` // as a variable's type is written; or "reference", "expression"
	Doc      string  `json:"doc"`
	Required bool    `json:"required"`
	Default  *string `json:"default"` // as it would be written; null: none
	Phase    string  `json:"phase"`
	Secret   bool    `json:"secret"` // whether it may hold a secret
}

// Platform is a marketplace with the settings that only it has; all others are
// in the block "platform" of an add-on, or, of one that servers are rented to,
// in the block "provider".
type Platform struct {
	Name string `json:"name"`
	Block
}

// Name is a name that expressions may begin with.
type Name struct {
	Name   string   `json:"name"`
	Doc    string   `json:"doc"`
	Phases []string `json:"phases"`
	Only   string   `json:"only"`  // the one setting that has it, "sso.redirect"; empty: all of those phases
	Any    bool     `json:"any"`   // its parts are not the language's own
	Parts  []Part   `json:"parts"` // what lies below it
}

// Part is a value below a name.
type Part struct {
	Path string `json:"path"`
	Type string `json:"type"`
	Doc  string `json:"doc"`
}

// Function is a function that expressions may call.
type Function struct {
	Name      string `json:"name"`
	Group     string `json:"group"`
	Signature string `json:"signature"`
	Doc       string `json:"doc"`
	Example   string `json:"example,omitempty"`
	Result    string `json:"result,omitempty"` // of the example, as HCL
}

// Code is a diagnostic code.
type Code struct {
	Code  string `json:"code"`
	Title string `json:"title"`
}

// New describes the language with the platforms of some dialects: those that
// add-ons are sold on, and those that servers are rented to.
func New(dialects []platform.Dialect, providers []platform.ProviderDialect) Document {
	root := newBlock(config.RootTable())
	d := Document{Phases: phases(root), Blocks: root.Blocks, Providers: []Platform{}, Reserved: root.Reserved, Functions: functions()}
	for _, dialect := range dialects {
		d.Platforms = append(d.Platforms, Platform{Name: dialect.Name(), Block: newBlock(dialect.Schema())})
	}
	for _, dialect := range providers {
		d.Providers = append(d.Providers, Platform{Name: dialect.Name(), Block: newBlock(dialect.Schema())})
	}
	for _, n := range config.Names() {
		d.Names = append(d.Names, newName(n))
	}
	for _, p := range explain.Pages() {
		d.Codes = append(d.Codes, Code{p.Code, p.Title})
	}
	return d
}

func newBlock(b *schema.Block) Block {
	own := Block{
		Type: b.Type, Labels: append([]string{}, b.Labels...), Doc: b.Doc, Example: b.Example, Required: b.Required, Max: b.Max,
		ForEach: b.ForEach, AnySetting: b.Open, SettingsBy: "language", Attributes: []Attribute{}, Blocks: []Block{}, Reserved: []string{},
	}
	if b.Body {
		own.SettingsBy = "plugin"
	}
	if common := common(b); common != nil {
		own.SettingsBy = "platform"
		b = common
	}
	for _, a := range b.Attributes {
		if a.Reserved {
			own.Reserved = append(own.Reserved, a.Name)
			continue
		}
		own.Attributes = append(own.Attributes, newAttribute(a))
	}
	for _, n := range b.Blocks {
		if n.Reserved {
			own.Reserved = append(own.Reserved, n.Type)
			continue
		}
		own.Blocks = append(own.Blocks, newBlock(n))
	}
	return own
}

// common has the settings of a block that dialects read on; nil for others.
func common(b *schema.Block) *schema.Block {
	switch {
	case b.Body && b.Type == "platform":
		return config.PlatformTable()
	case b.Body && b.Type == "provider":
		return config.ProviderTable()
	}
	return nil
}

func newAttribute(a schema.Attribute) Attribute {
	own := Attribute{Name: a.Name, Type: typeText(a.Type), Doc: a.Doc, Required: a.Required, Phase: string(a.Phase), Secret: a.Secret}
	if own.Phase == "" {
		own.Phase = string(schema.Load)
	}
	if a.Reference {
		own.Type = "reference"
	}
	if a.Default != "" {
		own.Default = &a.Default
	}
	return own
}

// typeText writes a type as a variable's is written.
func typeText(t cty.Type) string {
	if t == cty.NilType {
		return "expression"
	}
	return typeexpr.TypeString(t.WithoutOptionalAttributesDeep())
}

func newName(n config.Name) Name {
	own := Name{Name: n.Name, Doc: n.Doc, Only: n.Only, Any: n.Any, Parts: []Part{}}
	for _, p := range n.Phases {
		own.Phases = append(own.Phases, string(p))
	}
	for _, p := range n.Parts {
		own.Parts = append(own.Parts, Part{Path: p.Path, Type: typeText(p.Type), Doc: p.Doc})
	}
	return own
}

// phases are those that settings of this version are evaluated in.
func phases(root Block) []Phase {
	docs := []Phase{
		{string(schema.Load), "when the files are read: by `addongw validate`, at every start and at every reload"},
		{string(schema.Request), "when a platform asks for a resource or for another plan, before anything is recorded: in the blocks `validate`, `quota` and `plan_change`"},
		{string(schema.Live), "when a backend is called, when config vars and messages are rendered, and when a customer signs on"},
	}
	used := map[string]bool{}
	root.phases(used)
	return slices.DeleteFunc(docs, func(p Phase) bool { return !used[p.Name] })
}

func (b Block) phases(used map[string]bool) {
	for _, a := range b.Attributes {
		used[a.Phase] = true
	}
	for _, n := range b.Blocks {
		n.phases(used)
	}
}

func functions() []Function {
	table := expr.Functions(everything())
	documents := expr.Documents()
	var list []Function
	for _, name := range slices.Sorted(maps.Keys(table)) {
		doc := documents[name]
		list = append(list, Function{
			Name: name, Group: doc.Group, Signature: expr.Signature(name, table[name]),
			Doc: doc.Text, Example: doc.Example, Result: result(doc.Example),
		})
	}
	return list
}
