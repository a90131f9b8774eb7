package reference

import (
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// Plugin is a plugin as it describes itself. Its JSON form is as stable as that
// of Document.
type Plugin struct {
	Name         string       `json:"name"`
	Version      string       `json:"version"`
	Doc          string       `json:"doc"`
	Capabilities []string     `json:"capabilities"`
	Actions      []string     `json:"actions"` // empty also where they depend on the configuration
	Config       PluginSchema `json:"config"`
	Plan         PluginSchema `json:"plan"`
	Options      PluginSchema `json:"options"`
	Outputs      PluginSchema `json:"outputs"` // empty also where they depend on the configuration
}

// PluginSchema is what may stand in a block that belongs to a plugin.
type PluginSchema struct {
	AnySetting bool              `json:"any_setting"` // settings of any name, beside those listed
	Attributes []PluginAttribute `json:"attributes"`
	Blocks     []PluginBlock     `json:"blocks"`
}

// PluginAttribute is one setting, param, option or output.
type PluginAttribute struct {
	Name      string  `json:"name"`
	Type      string  `json:"type"` // as a variable's type is written; or "type": a type is written there
	Doc       string  `json:"doc"`
	Required  bool    `json:"required"`
	Default   *string `json:"default"` // as it would be written; null: none
	Live      bool    `json:"live"`
	ForceNew  bool    `json:"force_new"` // kept from the first provision
	FilePath  bool    `json:"file_path"`
	Secret    bool    `json:"secret"`
	Generated int     `json:"generated"` // made by the gateway, so many characters; 0: it is not
	Measured  bool    `json:"measured"`

	Expression bool     `json:"expression"` // evaluated by the plugin itself
	Own        []string `json:"own"`        // the names that the plugin adds to those of the live phase
}

// PluginBlock is a block in a plugin's block.
type PluginBlock struct {
	Type   string       `json:"type"`
	Labels []string     `json:"labels"`
	Doc    string       `json:"doc"`
	Min    int          `json:"min"`
	Max    int          `json:"max"` // 0: any number
	Body   PluginSchema `json:"body"`
}

// NewPlugin makes it of a description.
func NewPlugin(d backend.Description) Plugin {
	p := Plugin{
		Name: d.Name, Version: d.Version, Doc: d.Doc, Capabilities: []string{}, Actions: append([]string{}, d.Actions...),
		Config: newPluginSchema(d.Config), Plan: newPluginSchema(d.Plan), Options: newPluginSchema(d.Options), Outputs: newPluginSchema(d.Outputs),
	}
	for _, c := range d.Capabilities {
		p.Capabilities = append(p.Capabilities, string(c))
	}
	return p
}

func newPluginSchema(s backend.Schema) PluginSchema {
	own := PluginSchema{AnySetting: s.Open, Attributes: []PluginAttribute{}, Blocks: []PluginBlock{}}
	for _, a := range s.Attributes {
		attribute := PluginAttribute{
			Name: a.Name, Type: typeText(a.Type), Doc: a.Doc, Required: a.Required, Live: a.Live, ForceNew: a.ForceNew,
			FilePath: a.FilePath, Secret: a.Sensitive, Generated: a.Generated, Measured: a.Measured,
			Expression: a.Expression, Own: append([]string{}, a.Own...),
		}
		if a.TypeName {
			attribute.Type = "type"
		}
		if a.Default != cty.NilVal {
			text := string(hclwrite.TokensForValue(a.Default).Bytes())
			attribute.Default = &text
		}
		own.Attributes = append(own.Attributes, attribute)
	}
	for _, b := range s.Blocks {
		own.Blocks = append(own.Blocks, PluginBlock{
			Type: b.Name, Labels: append([]string{}, b.Labels...), Doc: b.Doc, Min: b.Min, Max: b.Max, Body: newPluginSchema(b.Body),
		})
	}
	return own
}

// link is a link in a page of the reference.
var link = regexp.MustCompile(`\[([^\]]+)\]\([^)]+\)`)

// PluginText is a plugin's page for a reader who is not in this repository:
// without its links.
func PluginText(d backend.Description) string {
	var m markdown
	m.heading(1, "`backend \""+d.Name+"\" \"NAME\"`")
	m.paragraph(strings.TrimSpace(d.Doc + " Version " + d.Version + ". " + abilities(d.Capabilities)))
	m.described(d)
	return strings.ReplaceAll(link.ReplaceAllString(m.String(), "$1"), `\<`, "<")
}
