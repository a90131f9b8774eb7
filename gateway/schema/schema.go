package schema

import (
	"github.com/zclconf/go-cty/cty"
)

// Phase tells when an attribute is evaluated, and so which names it may use.
type Phase string

// The phases of evaluation.
const (
	Load    Phase = "load"    // when the files are read
	Request Phase = "request" // when a platform's call is judged
	Live    Phase = "live"    // at every backend call and rendering
)

// Block describes one kind of block: the single description from which
// decoding, documentation and editor support are made.
type Block struct {
	Type       string   // "plan"; empty for the top level of a file
	Labels     []string // what the labels are called: "id"
	Doc        string
	Example    string // the block as an operator could write it, formatted; a test decodes it by this table
	Attributes []Attribute
	Blocks     []*Block
	Max        int  // how many of one parent; 0: any number
	Required   bool // at least one
	Reserved   bool // named by the language, not built yet: AG299
	Body       bool // its body belongs to somebody else (config, platform): handed on undecoded
	Open       bool // settings of any name are welcome; those not listed are kept as expressions
	ForEach    bool // for_each makes many of one block, each with "each" in scope
	Repeats    bool // two may have the same labels
	Ordered    bool // customers see the order, so for_each over a map is warned of: AG217
}

// Attribute describes one setting.
type Attribute struct {
	Name      string
	Type      cty.Type // of the value after conversion; cty.DynamicPseudoType: any
	Doc       string
	Required  bool
	Default   string // as an operator would write it; it is applied where the setting is absent
	Phase     Phase  // zero: Load
	Secret    bool   // may hold a sensitive value; elsewhere one is AG309
	Reference bool   // a reference such as backend.postgres.main, not a value
	Raw       bool   // the expression is kept and evaluated by the caller
	Reserved  bool   // named by the language, not built yet: AG299
}

// attribute finds an attribute by name.
func (b *Block) attribute(name string) (Attribute, bool) {
	for _, a := range b.Attributes {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}

// block finds a nested block by type.
func (b *Block) block(name string) (*Block, bool) {
	for _, n := range b.Blocks {
		if n.Type == name {
			return n, true
		}
	}
	return nil, false
}
