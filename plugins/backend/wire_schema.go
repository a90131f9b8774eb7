package backend

import (
	"errors"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

func (e *encoder) schema(what string, s Schema) *backendpb.Schema {
	m := &backendpb.Schema{Open: s.Open}
	for _, a := range s.Attributes {
		m.Attributes = append(m.Attributes, e.attribute(what+"."+a.Name, a))
	}
	for _, b := range s.Blocks {
		m.Blocks = append(m.Blocks, &backendpb.Block{
			Name:   b.Name,
			Doc:    text(b.Doc),
			Labels: b.Labels,
			Min:    int32(b.Min),
			Max:    int32(b.Max),
			Body:   e.schema(what+"."+b.Name, b.Body),
		})
	}
	return m
}

func (d *decoder) schema(what string, m *backendpb.Schema) Schema {
	if width(m, maxAttributes, 0) > maxAttributes {
		d.fail(what, errWide)
		return Schema{}
	}
	return d.schemaAt(what, m, 0)
}

// width counts attributes and blocks, nested ones included, until there are
// more than most.
func width(m *backendpb.Schema, most, depth int) int {
	n := len(m.GetAttributes()) + len(m.GetBlocks())
	for _, b := range m.GetBlocks() {
		if n > most || depth > maxDepth {
			break
		}
		n += width(b.GetBody(), most-n, depth+1)
	}
	return n
}

func (d *decoder) schemaAt(what string, m *backendpb.Schema, depth int) Schema {
	if depth > maxDepth {
		d.fail(what, errDeep)
		return Schema{}
	}
	s := Schema{Open: m.GetOpen()}
	for _, a := range m.GetAttributes() {
		s.Attributes = append(s.Attributes, d.attribute(what+"."+a.GetName(), a))
	}
	for _, b := range m.GetBlocks() {
		s.Blocks = append(s.Blocks, Block{
			Name:   b.GetName(),
			Doc:    b.GetDoc(),
			Labels: b.GetLabels(),
			Min:    int(b.GetMin()),
			Max:    int(b.GetMax()),
			Body:   d.schemaAt(what+"."+b.GetName(), b.GetBody(), depth+1),
		})
	}
	return s
}

// optional encodes a schema that may be absent.
func (e *encoder) optional(what string, s *Schema) *backendpb.Schema {
	if s == nil {
		return nil
	}
	return e.schema(what, *s)
}

func (d *decoder) optional(what string, m *backendpb.Schema) *Schema {
	if m == nil {
		return nil
	}
	s := d.schema(what, m)
	return &s
}

func (e *encoder) attribute(what string, a Attribute) *backendpb.Attribute {
	return &backendpb.Attribute{
		Name:      a.Name,
		Type:      e.ctyType(what, a.Type),
		Doc:       text(a.Doc),
		Required:  a.Required,
		Default:   e.value(what+" (default)", Value{v: a.Default}),
		Sensitive: a.Sensitive,
		Live:      a.Live,
		ForceNew:  a.ForceNew,
		FilePath:  a.FilePath,
		TypeName:  a.TypeName,
		Generated: int32(a.Generated),
		Measured:  a.Measured,

		Expression: a.Expression,
		Own:        a.Own,
	}
}

func (d *decoder) attribute(what string, m *backendpb.Attribute) Attribute {
	fallback := d.value(what+" (default)", m.GetDefault())
	d.fail(what+" (default)", checkSize(fallback, maxDefault))
	return Attribute{
		Name:      m.GetName(),
		Type:      d.ctyType(what, m.GetType()),
		Doc:       m.GetDoc(),
		Required:  m.GetRequired(),
		Default:   fallback.v,
		Sensitive: m.GetSensitive(),
		Live:      m.GetLive(),
		ForceNew:  m.GetForceNew(),
		FilePath:  m.GetFilePath(),
		TypeName:  m.GetTypeName(),
		Generated: int(m.GetGenerated()),
		Measured:  m.GetMeasured(),

		Expression: m.GetExpression(),
		Own:        m.GetOwn(),
	}
}

func (e *encoder) ctyType(what string, t cty.Type) []byte {
	if t == cty.NilType {
		e.fail(what, errors.New("the attribute has no type"))
		return nil
	}
	var b []byte
	err := guard(func() (err error) {
		b, err = t.MarshalJSON()
		return err
	})
	e.fail(what, err)
	return b
}

func (d *decoder) ctyType(what string, b []byte) cty.Type {
	if len(b) == 0 {
		d.fail(what, errors.New("the attribute has no type"))
		return cty.DynamicPseudoType
	}
	var t cty.Type
	err := guard(func() error {
		if err := checkJSON(b); err != nil {
			return err
		}
		return t.UnmarshalJSON(b)
	})
	d.fail(what, err)
	if err != nil {
		return cty.DynamicPseudoType
	}
	return t
}

func (e *encoder) description(x Description) *backendpb.DescribeResponse {
	m := &backendpb.DescribeResponse{
		Name:         x.Name,
		Version:      x.Version,
		Doc:          text(x.Doc),
		Actions:      x.Actions,
		Config:       e.schema("config", x.Config),
		Plan:         e.schema("plan", x.Plan),
		Options:      e.schema("options", x.Options),
		Outputs:      e.schema("outputs", x.Outputs),
		StateVersion: int32(x.StateVersion),
	}
	m.Capabilities = encodeCapabilities(x.Capabilities)
	return m
}

func encodeCapabilities(list []Capability) (names []string) {
	for _, c := range list {
		names = append(names, string(c))
	}
	return names
}

func decodeCapabilities(names []string) (list []Capability) {
	for _, name := range names {
		list = append(list, Capability(name))
	}
	return list
}

func (d *decoder) description(m *backendpb.DescribeResponse) Description {
	x := Description{
		Name:         m.GetName(),
		Version:      m.GetVersion(),
		Doc:          m.GetDoc(),
		Actions:      m.GetActions(),
		Config:       d.schema("config", m.GetConfig()),
		Plan:         d.schema("plan", m.GetPlan()),
		Options:      d.schema("options", m.GetOptions()),
		Outputs:      d.schema("outputs", m.GetOutputs()),
		StateVersion: int(m.GetStateVersion()),
	}
	x.Capabilities = decodeCapabilities(m.GetCapabilities())
	return x
}

func (e *encoder) diagnostics(list Diagnostics) []*backendpb.Diagnostic {
	var out []*backendpb.Diagnostic
	for _, x := range list {
		severity := backendpb.Diagnostic_SEVERITY_ERROR
		if x.Severity == SeverityWarning {
			severity = backendpb.Diagnostic_SEVERITY_WARNING
		}
		out = append(out, &backendpb.Diagnostic{
			Severity: severity,
			Summary:  text(x.Summary),
			Detail:   text(x.Detail),
			Path:     e.path("diagnostic path", x.Path),
		})
	}
	return out
}

func (d *decoder) diagnostics(list []*backendpb.Diagnostic) Diagnostics {
	var out Diagnostics
	for _, m := range list {
		severity := SeverityError
		if m.GetSeverity() == backendpb.Diagnostic_SEVERITY_WARNING {
			severity = SeverityWarning
		}
		out = append(out, Diagnostic{
			Severity: severity,
			Summary:  m.GetSummary(),
			Detail:   m.GetDetail(),
			Path:     d.path("diagnostic path", m.GetPath()),
		})
	}
	return out
}

func (e *encoder) path(what string, p cty.Path) *backendpb.AttributePath {
	if len(p) == 0 {
		return nil
	}
	m, err := encodePath(p)
	e.fail(what, err)
	return m
}

func (d *decoder) path(what string, m *backendpb.AttributePath) cty.Path {
	p, err := decodePath(m)
	d.fail(what, err)
	return p
}

// text makes s valid UTF-8: protobuf refuses to send anything else, and an
// answer must not be lost for a bad byte in its wording.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func (e *encoder) validateConfigResponse(r ValidateConfigResponse) *backendpb.ValidateConfigResponse {
	return &backendpb.ValidateConfigResponse{
		Diagnostics: e.diagnostics(r.Diagnostics),
		Outputs:     e.optional("outputs", r.Outputs),
		Plan:        e.optional("plan", r.Plan),
		Actions:     r.Actions,
		ActionsOnly: r.ActionsOnly,
		Lacks:       encodeCapabilities(r.Lacks),
	}
}

func (d *decoder) validateConfigResponse(m *backendpb.ValidateConfigResponse) ValidateConfigResponse {
	return ValidateConfigResponse{
		Diagnostics: d.diagnostics(m.GetDiagnostics()),
		Outputs:     d.optional("outputs", m.GetOutputs()),
		Plan:        d.optional("plan", m.GetPlan()),
		Actions:     m.GetActions(),
		ActionsOnly: m.GetActionsOnly(),
		Lacks:       decodeCapabilities(m.GetLacks()),
	}
}
