package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

// Backend is one backend block: a plugin with its configuration, and how it is
// called.
type Backend struct {
	Name        string // "postgres.main"
	Plugin      Plugin
	Description backend.Description // with the schemas that the configuration leads to; empty when plugins were not asked

	// Config has the load-phase settings with their secrets, for Configure.
	Config backend.Value

	// Zero values mean the engine's defaults.
	Concurrency int
	Timeouts    map[backend.Verb]time.Duration
	MaxAttempts int
	MinBackoff  time.Duration
	MaxBackoff  time.Duration
}

// loadedBackend is a Backend with what is needed to judge its use.
type loadedBackend struct {
	Backend
	content *schema.Content
	body    *schema.BackendBody // nil when plugins were not asked, or gave no answer
	asked   bool                // the plugin has described itself
	sound   bool                // the config block has no mistake that the schema shows

	actions      []string // that the plugin declares, for this configuration
	actionsKnown bool     // it was asked, and gave an answer
	actionsOnly  bool     // it can do nothing else

	unknown cty.Value // output.* before there are values
	none    cty.Value // output.* at a resource's first provision: all null
}

func backendTable() *schema.Block {
	duration := func(name, doc string) schema.Attribute {
		return schema.Attribute{Name: name, Type: cty.String, Doc: doc}
	}
	return &schema.Block{
		Type: "backend", Labels: []string{"type", "name"},
		Doc:     "A plugin that makes the real thing. Add-ons, regions and plans refer to it as backend.TYPE.NAME, without quotes.",
		Example: backendExample,
		Attributes: []schema.Attribute{
			{Name: "plugin", Type: cty.String, Doc: "The plugin's name, where it is not the type: the program is called addongw-plugin-NAME."},
			{Name: "version", Type: cty.String, Doc: `The versions of the plugin that will do, such as "~> 1.0". Absent: any.`},
			{Name: "checksum", Type: cty.String, Doc: `The checksum of the plugin's file, as "sha256:" and 64 hexadecimal digits; another file is not started. Absent: not checked.`},
			{Name: "tls", Type: cty.Bool, Default: "true", Doc: "Whether gateway and plugin talk over TLS. False is for plugins in languages that can't do it; they are reached by unix sockets only."},
			{Name: "concurrency", Type: cty.Number, Doc: "How many calls the plugin gets at once; others wait. 16 unless told."},
			previouslySetting("backend", `"postgres.old"`),
		},
		Blocks: []*schema.Block{
			{Type: "timeouts", Max: 1, Doc: "How long one call may take. A call that takes longer is repeated: its outcome is unknown, so it has not failed.", Example: timeoutsExample, Attributes: []schema.Attribute{
				duration("provision", "20s unless told."), duration("change_plan", "20s unless told."),
				duration("deprovision", "2m unless told."), duration("suspend", "20s unless told."), duration("resume", "20s unless told."),
				duration("read", "20s unless told."), duration("invoke", "Of an action, such as those of a provider of servers. 10m unless told."),
				duration("rotate", "Of one step of a rotation. 20s unless told."), reservedSetting("meter"),
			}},
			{Type: "retry", Max: 1, Doc: "When a call without success is repeated. The pause doubles each time.", Example: retryExample, Attributes: []schema.Attribute{
				{Name: "attempts", Type: cty.Number, Doc: "How often a call is tried. Then a provision has failed, and all else waits for an operator; 20 unless told. An answer that names a time to come back is no attempt during an operation's first hour."},
				duration("min_backoff", "The first pause; 200ms unless told."), duration("max_backoff", "The longest pause; 1m unless told."),
			}},
			{Type: "config", Max: 1, Body: true, Doc: "The plugin's own settings: its page says which there are. Those it calls live are evaluated for every operation, with the names of the live phase; those it calls expressions, by the plugin itself. A dynamic block makes many of a nested one, as in Terraform.", Example: configExample},
		},
	}
}

// backends decodes the backend blocks and asks their plugins, all at once.
func (l *loader) backends(blocks []*schema.Content) {
	var loaded []*loadedBackend
	for _, c := range blocks {
		b := l.backend(c)
		if _, again := l.config.backends[b.Name]; again {
			continue // reported with the block headers
		}
		l.config.backends[b.Name] = b
		l.files.Uses = append(l.files.Uses, Use{Backend: b.Name, Plugin: b.Plugin, In: title(b.content)})
		loaded = append(loaded, b)
	}
	l.openPlugins(len(loaded))
	l.describe(loaded)
	for _, b := range loaded {
		l.decodeConfig(b)
	}
	l.validateConfigs(loaded)
	for _, b := range loaded {
		b.setOutputs()
		l.config.Backends = append(l.config.Backends, b.Backend)
	}
}

func (l *loader) backend(c *schema.Content) *loadedBackend {
	c = l.decode(c)
	b := &loadedBackend{content: c}
	b.Name = c.Label(0) + "." + c.Label(1)
	l.previously(claim{what: gateway.RenamedBackend, now: identity{text: b.Name, at: c.LabelRange(1), known: true}}, c)
	b.Plugin = Plugin{Name: c.Text("plugin"), Version: c.Text("version"), Checksum: c.Text("checksum"), TLS: c.Bool("tls")}
	if b.Plugin.Name == "" {
		b.Plugin.Name = c.Label(0)
	}
	if sum := b.Plugin.Checksum; sum != "" && (!strings.HasPrefix(sum, "sha256:") || len(sum) != len("sha256:")+64) {
		l.add(wrong(`"checksum" is no SHA-256 checksum`, c.ValueRange("checksum"), `write it as "sha256:" and 64 hexadecimal digits`))
		b.Plugin.Checksum = "" // it would keep the plugin from answering
	}
	b.Concurrency = l.positive(c, "concurrency")
	b.Timeouts = map[backend.Verb]time.Duration{}
	if t := c.First("timeouts"); t != nil {
		for _, verb := range append(messageVerbs(), backend.VerbRead, backend.VerbRotate, backend.VerbInvoke) {
			if d := l.duration(t, string(verb)); d > 0 {
				b.Timeouts[verb] = d
			}
		}
	}
	if r := c.First("retry"); r != nil {
		b.MaxAttempts = l.positive(r, "attempts")
		b.MinBackoff, b.MaxBackoff = l.duration(r, "min_backoff"), l.duration(r, "max_backoff")
	}
	return b
}

// positive reads a whole number above zero; 0 where there is none.
func (l *loader) positive(c *schema.Content, name string) int {
	if !c.Known(name) {
		return 0
	}
	n := c.Int(name)
	if n < 1 || float64(n) != c.Number(name) {
		l.add(wrong(`"`+name+`" is no whole number above zero`, c.ValueRange(name), "write 1 or more"))
		return 0
	}
	return n
}

// describe asks every plugin who it is.
func (l *loader) describe(loaded []*loadedBackend) {
	if l.plugins == nil {
		return
	}
	errs := make([]error, len(loaded))
	inParallel(len(loaded), func(i int) {
		loaded[i].Description, errs[i] = l.plugins.Describe(l.ctx, loaded[i].Plugin)
	})
	for i, b := range loaded {
		if errs[i] != nil {
			l.add(pluginProblem(b.Plugin, b.content.LabelRange(0), title(b.content), errs[i]))
			continue
		}
		b.asked = true
		if d := versionProblem(b); d != nil {
			l.add(d)
		}
	}
}

// decodeConfig reads the config block by the schema of its plugin.
func (l *loader) decodeConfig(b *loadedBackend) {
	if !b.asked {
		return
	}
	body, header := hcl.EmptyBody(), b.content.Range
	if c := b.content.First("config"); c != nil {
		body, header = c.Body, c.Range
	}
	decoded, diags := schema.DecodeBackend(b.content.Label(0)+" config", b.Description.Config, body, header, schema.BackendScope{
		Load: b.content.Context, Live: l.unknown.scope(b.content.Context), Dir: absolute(l.files.dirOf(header), "."), Files: l.files.parsed,
	})
	l.add(inside(diags, title(b.content))...)
	b.body, b.sound = decoded, !diags.HasErrors()
	b.Config = backend.NewValue(decoded.Load())
	l.secrets.remember(decoded.Load())
}

// validateConfigs asks every plugin what it thinks of its config block. What
// the schema shows to be wrong no plugin has to understand.
func (l *loader) validateConfigs(loaded []*loadedBackend) {
	ready := slices.DeleteFunc(slices.Clone(loaded), func(b *loadedBackend) bool { return !b.sound })
	answers := make([]backend.ValidateConfigResponse, len(ready))
	errs := make([]error, len(ready))
	inParallel(len(ready), func(i int) {
		answers[i], errs[i] = l.plugins.ValidateConfig(l.ctx, ready[i].Plugin, backend.NewValue(ready[i].body.Whole()))
	})
	for i, b := range ready {
		if errs[i] != nil {
			l.add(pluginProblem(b.Plugin, b.content.LabelRange(0), title(b.content), errs[i]))
			b.sound = false
			continue
		}
		l.add(b.says(answers[i].Diagnostics)...)
		if answers[i].Outputs != nil {
			b.Description.Outputs = *answers[i].Outputs
		}
		if answers[i].Plan != nil {
			b.Description.Plan = *answers[i].Plan
		}
		b.setActions(answers[i])
		b.Description.Capabilities = without(b.Description.Capabilities, answers[i].Lacks)
	}
}

func without(all, lacks []backend.Capability) (rest []backend.Capability) {
	for _, can := range all {
		if !slices.Contains(lacks, can) {
			rest = append(rest, can)
		}
	}
	return rest
}

// setActions notes what the plugin can do beside the life cycle of add-ons. One
// whose actions depend on its config need not list them beside a mistake there.
func (b *loadedBackend) setActions(answer backend.ValidateConfigResponse) {
	if len(answer.Actions) > 0 {
		b.Description.Actions = answer.Actions
	}
	b.actions, b.actionsOnly = b.Description.Actions, answer.ActionsOnly
	b.actionsKnown = len(answer.Actions) > 0 || !answer.Diagnostics.HasErrors()
}

// maker is reference for what sells add-ons: a backend that has actions only
// makes none.
func (l *loader) maker(c *schema.Content, in string) *loadedBackend {
	b := l.reference(c, in)
	if b != nil && b.actionsOnly {
		l.add(diagnostic.New(fmt.Sprintf("backend.%s only has actions", b.Name), c.ValueRange("backend"), diagnostic.Info{
			Code: "AG441", In: in, Hint: "an add-on needs a backend that makes resources; let a provider use this one",
			Also: []diagnostic.Place{{Range: b.content.Range, Text: "the backend"}},
		}))
	}
	return b
}

// reference finds the backend that a setting refers to; nil after an error.
func (l *loader) reference(c *schema.Content, in string) *loadedBackend {
	names := c.Reference("backend")
	if names == nil {
		return nil
	}
	at := c.ValueRange("backend")
	if len(names) == 3 && names[0] == "backend" {
		if b, ok := l.config.backends[names[1]+"."+names[2]]; ok {
			return b
		}
	}
	if l.unsure("backend") {
		return nil
	}
	var known []string
	for name := range l.config.backends {
		known = append(known, "backend."+name)
	}
	written := strings.Join(names, ".")
	info := diagnostic.Info{Code: "AG302", In: in, Hint: diagnostic.DidYouMean(written, known)}
	if list := diagnostic.List(known); list != "" {
		info.Notes = []string{"backends: " + list}
	}
	l.add(diagnostic.New("There is no "+written, at, info))
	return nil
}
