package backend

import (
	"context"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"google.golang.org/grpc"
)

// contradictions lists descriptions, each with one thing wrong, by what is said
// about it.
func contradictions() map[string]Description {
	attributes := func(list ...Attribute) Schema { return Schema{Attributes: list} }
	text := Attribute{Name: "a", Type: cty.String}
	with := func(change func(*Attribute)) Schema {
		a := text
		change(&a)
		return attributes(a)
	}
	blocks := func(b Block) Schema { b.Name = "b"; return Schema{Blocks: []Block{b}} }
	return map[string]Description{
		`name "X"`:        {Name: "X"},
		`version "v1"`:    {Version: "v1"},
		"listed twice":    {Capabilities: []Capability{CanRead, CanRead}},
		`action "Reboot"`: {Actions: []string{"Reboot"}},
		`action "a123456789b123456789c123456789d123456789x"`: {Actions: []string{"a123456789b123456789c123456789d123456789x"}},
		`action "reboot" is listed twice`:                    {Actions: []string{"reboot", "rename", "reboot"}},
		"101 actions":                                        {Actions: make([]string, maxActions+1)},
		`attribute "A"`:                                      {Config: attributes(Attribute{Name: "A", Type: cty.String})},
		"a is there twice":                                   {Plan: attributes(text, text)},
		"has no type":                                        {Options: attributes(Attribute{Name: "a"})},
		"for config only":                                    {Plan: with(func(a *Attribute) { a.Live = true })},
		"for outputs only":                                   {Config: with(func(a *Attribute) { a.Measured = true })},
		"not live":                                           {Config: with(func(a *Attribute) { a.ForceNew = true })},
		"has a default":                                      {Config: with(func(a *Attribute) { a.Required, a.Default = true, cty.StringVal("x") })},
		"the default is not":                                 {Config: with(func(a *Attribute) { a.Default = cty.EmptyObjectVal })},
		"a is an expression":                                 {Config: with(func(a *Attribute) { a.Expression, a.Live = true, true })},
		"and has no default":                                 {Config: with(func(a *Attribute) { a.Expression, a.Default = true, cty.StringVal("x") })},
		"own names but is no":                                {Config: with(func(a *Attribute) { a.Live, a.Own = true, []string{"response"} })},
		"own name \"plan\"":                                  {Config: with(func(a *Attribute) { a.Expression, a.Own = true, []string{"plan"} })},
		"own name \"sso\"":                                   {Config: with(func(a *Attribute) { a.Expression, a.Own = true, []string{"sso"} })},
		"own name \"request\"":                               {Config: with(func(a *Attribute) { a.Expression, a.Own = true, []string{"request"} })},
		"own name \"x\"":                                     {Config: with(func(a *Attribute) { a.Expression, a.Own = true, []string{"x", "x"} })},
		"own name \"X.y\"":                                   {Config: with(func(a *Attribute) { a.Expression, a.Own = true, []string{"X.y"} })},
		"21 own names":                                       {Config: with(func(a *Attribute) { a.Expression, a.Own = true, make([]string, maxOwn+1) })},
		"type_name and expression are for config":            {Outputs: with(func(a *Attribute) { a.Expression = true })},
		"sensitive string":                                   {Outputs: with(func(a *Attribute) { a.Generated = 8 })},
		"number of characters":                               {Outputs: with(func(a *Attribute) { a.Generated = -1 })},
		"must be string":                                     {Config: with(func(a *Attribute) { a.FilePath, a.Type = true, cty.Bool })},
		"outputs have no":                                    {Outputs: blocks(Block{})},
		"at most one label":                                  {Config: blocks(Block{Labels: []string{"x", "y"}})},
		"contradict":                                         {Config: blocks(Block{Min: 2, Max: 1})},
		"config.b.a":                                         {Config: blocks(Block{Body: attributes(text, text)})},
	}
}

func TestADescriptionThatContradictsItselfIsRefused(t *testing.T) {
	good := Description{Name: "my-plugin", Version: "1.0.0-rc.1", Actions: []string{"reboot", "a123456789b123456789c123456789d123456789"}, Outputs: Schema{Attributes: []Attribute{
		{Name: "password", Type: cty.String, Sensitive: true, Generated: 32},
	}}}
	if err := good.Check(); err != nil {
		t.Errorf("a sound description: %v", err)
	}
	for want, d := range contradictions() {
		if err := d.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	bad := contradictions()["sensitive string"].Outputs
	if err := (ValidateConfigResponse{Outputs: &bad}).Check(); err == nil {
		t.Error("a contradiction in effective outputs was accepted")
	}
	if err := (ValidateConfigResponse{Actions: []string{"reboot", "-x"}}).Check(); err == nil || !strings.Contains(err.Error(), `action "-x"`) {
		t.Errorf("effective actions: %v", err)
	}
}

// declares only declares.
type declares struct {
	Backend
	description Description
}

func (d declares) Describe(context.Context, DescribeRequest) (Description, error) {
	return d.description, nil
}

func TestABackendThatDeclaresWhatItHasNoMethodsForIsRefused(t *testing.T) {
	for want, d := range map[string]Description{
		"backend.declares declares the capability suspend, and is no backend.Suspender: give it the methods Suspend and Resume": {Capabilities: []Capability{CanSuspend}},
		"the capability rotate, and is no backend.Rotator":                                                                      {Capabilities: []Capability{CanRotate}},
		"the capability upgrade_state, and is no backend.StateUpgrader":                                                         {Capabilities: []Capability{CanUpgradeState}},
		"declares actions, and is no backend.Invoker":                                                                           {Actions: []string{"reboot"}},
		"": {Capabilities: []Capability{CanRead, CanChangePlan, "levitate"}},
	} {
		b := dial(t, func(s *grpc.Server) { Register(s, declares{description: d}) })
		_, err := b.Describe(t.Context(), DescribeRequest{})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
