package config

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

// defaultStore is where the store is when no block says so.
const defaultStore = "addongw.db"

// Store says where operations and resources are kept.
type Store struct {
	Kind string // "sqlite"
	Path string // absolute
}

func storeTable() *schema.Block {
	return &schema.Block{
		Type: "store", Labels: []string{"kind"}, Max: 1,
		Doc:     `Where resources and operations are kept. The label is its kind: "sqlite". Without the block it is the file ` + defaultStore + ` beside the configuration.`,
		Example: storeExample,
		Attributes: []schema.Attribute{
			{Name: "path", Type: cty.String, Default: `"` + defaultStore + `"`, Doc: "The database file, made at the first start. Relative to the configuration directory."},
		},
	}
}

func (l *loader) store(c *schema.Content) {
	l.config.Store = Store{Kind: "sqlite", Path: absolute(l.options.Dir, defaultStore)}
	if c == nil {
		return
	}
	switch kind := c.Label(0); kind {
	case "sqlite":
		l.config.Store.Path = absolute(l.files.dirOf(c.Range), l.decode(c).Text("path"))
	case "postgres":
		l.add(diagnostic.NotInThisVersion(kind, c.LabelRange(0)))
	default:
		l.add(diagnostic.New(fmt.Sprintf("There is no store called %q", kind), c.LabelRange(0), diagnostic.Info{
			Code: "AG201", Hint: `write store "sqlite" { path = "…" }`,
		}))
	}
}
