package config

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

// Region is where a resource is made.
type Region struct {
	ID      string
	Title   string
	Default bool
}

// region is a Region with its data.
type region struct {
	Region
	content  *schema.Content
	identity schema.Identity
	data     cty.Value
	backend  *loadedBackend // for plans without one of their own; nil where nobody says, and after an error
	value    cty.Value      // region.* in expressions
}

func regionTable() *schema.Block {
	return &schema.Block{
		Type: "region", Labels: []string{"id"}, Required: true, ForEach: true, Ordered: true,
		Doc:     "Where resources are made. The label is its id; each platform block says which of its names stands for it.",
		Example: regionExample,
		Attributes: []schema.Attribute{
			{Name: "id", Type: cty.String, Doc: "The id beside for_each, such as each.key; without for_each the label is the id."},
			{Name: "title", Type: cty.String, Doc: "What customers read. Default: the id."},
			{Name: "data", Type: cty.DynamicPseudoType, Doc: "Whatever templates and the backend need to know of it, such as a host name: region.data.NAME."},
			{Name: "default", Type: cty.Bool, Default: "false", Doc: "The region of orders that name none, on platforms that allow them, and of sample orders; the first one unless told."},
			{Name: "backend", Reference: true, Doc: "What makes the resources of this region, where the plan does not say: backend.TYPE.NAME. Default: the add-on's."},
		},
	}
}

func (l *loader) regions(a *addon) {
	first := map[string]*region{}
	var chosen *region
	for _, c := range a.content.Blocks("region") {
		id := l.identity(c)
		l.checkPartID("region", id)
		r := &region{content: c, identity: id.schema, data: c.Value("data"), Region: Region{ID: id.text, Title: c.Text("title"), Default: c.Bool("default")}}
		if r.Title == "" {
			r.Title = r.ID
		}
		r.setValue()
		if r.backend = a.backend; c.Has("backend") {
			r.backend = l.maker(c, a.title())
		}
		if earlier, again := first[r.ID]; again {
			l.again("region", r.identity, earlier.identity)
			continue
		}
		if r.Default && chosen != nil {
			l.add(diagnostic.New("Two regions are the default", c.ValueRange("default"), diagnostic.Info{
				Code: "AG207", Hint: "leave it in one of them",
				Also: []diagnostic.Place{{Range: chosen.content.ValueRange("default"), Text: "the first one"}},
			}))
		}
		if r.Default {
			chosen = r
		}
		first[r.ID] = r
		a.regions = append(a.regions, r)
	}
	if chosen == nil && len(a.regions) > 0 {
		a.regions[0].Default = true
	}
}

// setValue makes what region.* offers.
func (r *region) setValue() {
	data := r.data
	if data.IsNull() {
		data = cty.EmptyObjectVal
	}
	r.value = cty.ObjectVal(map[string]cty.Value{"id": text(r.ID), "title": text(r.Title), "data": data})
}

// defaultRegion is the id of the region for orders that name none.
func (a *addon) defaultRegion() string {
	for _, r := range a.regions {
		if r.Default {
			return r.ID
		}
	}
	return ""
}
