package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

func newConsole(c *command) *cobra.Command {
	var asked place
	var expressions []string
	cmd := &cobra.Command{
		Use:   "console",
		Short: "Evaluate expressions as in config_vars",
		Long: "Evaluates expressions with what config_vars may mention, for one plan in one region on one platform: the first ones\n" +
			"unless told. What a backend returns is not known here, and secrets are never shown. Expressions come from -e, from\n" +
			"the terminal, or from standard input, one a line. Where there are only providers of servers, expressions are evaluated\n" +
			"as their settings are: when the files are read, with variables and locals.\n\n" + consoleHelp,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := c.loadFaultless(cmd.Context(), func(*config.Options) {})
			if err != nil {
				return err
			}
			scope, phase, err := asked.scope(l.Config)
			if err != nil {
				return err
			}
			s := newSession(c, l, scope)
			s.asked, s.phase = asked, phase
			return s.run(cmd.Context(), expressions)
		},
	}
	f := cmd.Flags()
	f.StringVar(&asked.addon, "addon", "", "the add-on")
	f.StringVar(&asked.plan, "plan", "", "the plan")
	f.StringVar(&asked.region, "region", "", "the region")
	f.StringVar(&asked.platform, "platform", "", "the platform")
	f.StringArrayVarP(&expressions, "expression", "e", nil, "evaluate this and end; several are allowed")
	return cmd
}

const consoleHelp = `  EXPRESSION        its value, such as: "https://${output.host}/${plan.id}"
  :type EXPRESSION  its type
  :scope            every name and function
  :help             this
  :quit             end, as Ctrl-D does`

// place is what the flags choose; empty: the first there is.
type place struct{ addon, plan, region, platform string }

// scope is what expressions may mention: as in config_vars, or, where no add-on
// has any, as in the settings of a provider.
func (p place) scope(cfg *config.Config) (configvar.Case, schema.Phase, error) {
	if len(cfg.Addons) == 0 {
		if scope, ok := cfg.LoadScope(); ok {
			if p != (place{}) {
				return scope, "", usage(errors.New("there is no add-on, only providers of servers"), "Leave --addon, --plan, --region and --platform out.")
			}
			return scope, schema.Load, nil
		}
	}
	scope, err := cfg.Scope(p.addon, p.plan, p.region, p.platform)
	return scope, schema.Live, failed(err)
}

// session evaluates in one scope.
type session struct {
	*command
	loaded
	asked  place
	phase  schema.Phase
	scope  configvar.Case
	eval   *hcl.EvalContext
	redact func(string) string
}

// newSession makes the scope of a template, save that nonsensitive() changes
// nothing: what an operator declares public may show a part of a secret all the
// same, and this is a screen.
func newSession(c *command, l loaded, scope configvar.Case) *session {
	eval := scope.Context().NewChild()
	eval.Functions = map[string]function.Function{"nonsensitive": unchanged()}
	scope.Context = func() *hcl.EvalContext { return eval }
	return &session{command: c, loaded: l, scope: scope, eval: eval, redact: l.writing().Redact}
}

func unchanged() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{
			Name: "value", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true,
		}},
		Type: func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0], nil },
	})
}

func (s *session) run(ctx context.Context, expressions []string) error {
	if len(expressions) == 0 && isTerminal(s.in) && isTerminal(s.out) && s.format == "text" {
		return failed(s.talk(ctx))
	}
	if len(expressions) == 0 {
		lines := bufio.NewScanner(s.in)
		for lines.Scan() {
			expressions = append(expressions, lines.Text())
		}
		if err := lines.Err(); err != nil {
			return failed(fmt.Errorf("read standard input: %w", err))
		}
	}
	return s.evaluateAll(expressions)
}

// evaluateAll answers lines for a script. A mistake in one keeps none of the
// others from being evaluated.
func (s *session) evaluateAll(lines []string) error {
	results := []consoleResult{}
	end := error(nil)
	if note := s.chosen(); note != "" && s.format == "text" {
		fmt.Fprintln(s.err, note)
	}
	for _, line := range lines {
		r, quit := s.answer(line)
		if quit {
			break
		}
		if r.Expression == "" {
			continue
		}
		if r.diags.HasErrors() {
			end = &exitError{code: exitFailed}
		}
		if s.format == "text" {
			s.printDiagnostics(r.diags, r.writing)
			if r.Text != "" {
				fmt.Fprintln(s.out, r.Text)
			}
		}
		results = append(results, r)
	}
	if s.format == "json" {
		err := s.printJSON(envelope{"console", map[string]any{"scope": map[string]string{
			"addon": s.scope.Addon, "plan": s.scope.Plan, "region": s.scope.Region, "platform": s.scope.Platform,
		}, "results": results}})
		if err != nil {
			return failed(err)
		}
	}
	return end
}

// chosen says what was taken where there is more than one, and nobody said
// which.
func (s *session) chosen() string {
	if s.phase == schema.Load {
		return ""
	}
	i := slices.IndexFunc(s.Addons, func(a config.Addon) bool { return a.ID == s.scope.Addon })
	a := s.Addons[i]
	var parts []string
	for _, part := range []struct {
		what, taken string
		flag        string
		of          int
	}{
		{"add-on", s.scope.Addon, s.asked.addon, len(s.Addons)}, {"plan", s.scope.Plan, s.asked.plan, len(a.Plans)},
		{"region", s.scope.Region, s.asked.region, len(a.Regions)}, {"platform", s.scope.Platform, s.asked.platform, len(a.Platforms)},
	} {
		if part.flag == "" && part.of > 1 {
			parts = append(parts, fmt.Sprintf("%s %s", part.what, part.taken))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Taken: " + strings.Join(parts, ", ") + ". Flags choose others."
}

// consoleResult is what a line comes to.
type consoleResult struct {
	Expression  string              `json:"expression"`
	Type        string              `json:"type,omitempty"`
	Known       bool                `json:"known"`
	Sensitive   bool                `json:"sensitive"`
	Value       json.RawMessage     `json:"value,omitempty"` // where it is known and no secret
	Text        string              `json:"text,omitempty"`  // as a person reads it
	Diagnostics []diagnostic.Record `json:"diagnostics,omitempty"`

	diags   hcl.Diagnostics
	writing diagnostic.Options
}

// answer evaluates a line, or does what it commands.
func (s *session) answer(line string) (r consoleResult, quit bool) {
	line = strings.TrimSpace(line)
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "" || strings.HasPrefix(line, "#"):
		return consoleResult{}, false
	case line == ":quit" || line == ":q" || line == "exit":
		return r, true
	case line == ":help":
		return consoleResult{Expression: line, Text: consoleHelp}, false
	case line == ":scope":
		return consoleResult{Expression: line, Text: s.redact(s.overview())}, false
	case word == ":type":
		r = s.evaluate(strings.TrimSpace(rest))
		r.Value = nil
		if r.Text = r.Type; r.Sensitive {
			r.Text = "sensitive " + r.Type
		}
		return r, false
	case strings.HasPrefix(line, ":"):
		return s.unknownCommand(line, word), false
	}
	return s.evaluate(line), false
}

func consoleCommands() []string { return []string{":type", ":scope", ":help", ":quit"} }

const consoleFile = "expression"

func (s *session) unknownCommand(line, word string) consoleResult {
	known := consoleCommands()
	at := hcl.Range{Filename: consoleFile, Start: hcl.InitialPos, End: hcl.Pos{Line: 1, Column: 1 + len(word), Byte: len(word)}}
	hint := diagnostic.DidYouMean(word, known)
	if hint == "" {
		hint = "write " + diagnostic.List(known)
	}
	return s.result(line, hcl.Diagnostics{diagnostic.New(fmt.Sprintf("There is no command %q", word), at, diagnostic.Info{Code: "AG202", Hint: hint})})
}

// evaluate judges an expression as "validate" judges a config var, save that
// any type will do.
func (s *session) evaluate(text string) consoleResult {
	source := []byte(text)
	expr, diags := hclsyntax.ParseExpression(source, consoleFile, hcl.InitialPos)
	files := map[string]*hcl.File{consoleFile: {Bytes: source}}
	if diags.HasErrors() {
		return s.result(text, diagnostic.FromHCL(diags, files))
	}
	_, diags = configvar.CheckSyntax(expr, s.functions())
	diags = append(diags, configvar.Check(configvar.Expression{
		Name: "expression", What: "expression", Expr: expr, Type: cty.DynamicPseudoType, Phase: s.phase,
	}, []configvar.Case{s.scope}, files)...)
	r := s.result(text, diagnostic.Merge(diags))
	if r.diags.HasErrors() {
		return r
	}
	v, diags := expr.Value(s.eval)
	if diags.HasErrors() {
		return s.result(text, diagnostic.FromHCL(diags, files))
	}
	bare, _ := v.UnmarkDeep()
	r.Type, r.Known, r.Sensitive = s.redact(typeText(v)), bare.IsWhollyKnown(), schema.ContainsSecret(v)
	r.Text = s.redact(display{after: afterWhat(expr)}.text(v, ""))
	if r.Known && !r.Sensitive {
		if value, err := ctyjson.Marshal(v, v.Type()); err == nil {
			r.Value = json.RawMessage(s.redact(string(value)))
		}
	}
	return r
}

func (s *session) result(text string, diags hcl.Diagnostics) consoleResult {
	w := diagnostic.Options{Files: map[string]*hcl.File{consoleFile: {Bytes: []byte(text)}}, Redact: s.redact}
	return consoleResult{
		Expression: s.redact(text), diags: diags, writing: w, Diagnostics: diagnostic.NewReport("console", diags, w).Diagnostics,
	}
}

// functions are the names of all functions.
func (s *session) functions() []string {
	names := map[string]bool{}
	for e := s.eval; e != nil; e = e.Parent() {
		for name := range e.Functions {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
