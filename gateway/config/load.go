package config

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
)

// Options says what to load and with what.
type Options struct {
	Dir      string            // the configuration directory
	Vars     map[string]string // values of variables from the command line; they win over all others
	VarFiles []string          // further files of values; later ones win over earlier
	Version  string            // of the gateway, for required_version; empty: not checked

	// Environ looks an environment variable up: for env(), for secrets of the
	// source "env" and for ADDONGW_VAR_name. Nil: nothing is set.
	Environ func(name string) (value string, ok bool)

	Dialects  []platform.Dialect
	Providers []platform.ProviderDialect

	// Plugins opens what answers for backend plugins, once the files have said
	// in which directories they are. Nil: config bodies and params are not
	// checked, and outputs are anything. The caller closes it.
	Plugins func(dirs []string) (Plugins, error)

	// Secrets tells whether to read secrets. Without, as in validate, they are
	// unknown values.
	Secrets bool

	// TestURL is the base URL of another gateway, for the test environment of
	// manifests. It wins over what the files say; empty: they decide.
	TestURL string

	// Development is set by "addongw dev".
	Development *Development

	// Now is the time, for tokens and for what has expired; nil: time.Now.
	Now func() time.Time
}

// Development replaces what a throw-away gateway on a developer's machine
// can't have.
type Development struct {
	Listen  string // instead of the gateway block's
	BaseURL string // instead of the gateway block's, without a trailing slash

	// Credentials makes up what a platform block's password and sso_salt say;
	// the expressions there are not evaluated.
	Credentials func(addon, platform string) (password, salt string)

	// Accepted makes up what a provider compares a caller's credential with, by
	// the credential's key. Nil: the files decide.
	Accepted func(provider, credential string) string
}

// Load reads the directory. With errors among the diagnostics the Config is
// nil. Files is never nil: it has the sources that the diagnostics point into.
func Load(ctx context.Context, options Options) (*Config, *Files, hcl.Diagnostics) {
	l := newLoader(ctx, options)
	l.readFiles()
	root, diags := schema.Outline(rootTable(), l.files.body(), hcl.Range{})
	l.add(diags...)
	l.root = root
	l.checkSyntax()
	l.includes(root.Blocks("include"))
	l.variables(root.Blocks("variable"))
	l.secretSources(root.Blocks("secrets"))
	l.locals(root.Blocks("locals"))
	l.gateway(root.First("gateway"))
	l.store(root.First("store"))
	l.keyring(root.First("keyring"))
	l.backends(root.Blocks("backend"))
	l.addons(root.Blocks("addon"))
	l.providers(root.Blocks("provider"))
	l.checkNames()
	l.validatePlans()
	l.checkMounts()
	l.checkLiveSettings()
	l.missingSecrets()
	return l.result()
}

// loader is one run of Load. Its methods collect diagnostics and go on.
type loader struct {
	ctx     context.Context
	options Options
	files   *Files
	diags   hcl.Diagnostics

	syntax    hcl.Diagnostics             // what keeps files from being read as HCL
	root      *schema.Content             // the top level of all files
	scope     *hcl.EvalContext            // functions, var and local
	plugins   Plugins                     // nil: not to be asked
	scopes    map[string]*hcl.EvalContext // scope, for files of included directories
	baseURL   hcl.Range                   // of the gateway's base_url; empty: nobody wrote it
	unknown   unknowns
	sparse    unknowns // a resource of which as much is null as may be
	secrets   *secretReader
	refs      []secretRef
	anyWillDo []hcl.Range // where platform blocks have their password and sso_salt

	config        *Config
	tables        map[string]platformTables  // by dialect
	claims        []claim                    // what "previously" says
	providerIDs   map[string]*schema.Content // the header of each provider block
	providerOrder []*provider
	toValidate    []planCheck
	live          map[*loadedBackend]*liveCases // where each backend's live settings are evaluated
	budget        int                           // evaluations left
}

// maxEvaluations bounds the work of checking: a slip such as a for_each over a
// range must not keep a machine busy for minutes.
const maxEvaluations = 200_000

func newLoader(ctx context.Context, options Options) *loader {
	if options.Environ == nil {
		options.Environ = func(string) (string, bool) { return "", false }
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	l := &loader{
		ctx:     ctx,
		options: options,
		files:   newFiles(),
		unknown: newUnknowns(),
		sparse:  newSparse(),
		secrets: newSecretReader(options.Secrets, options.Environ),
		config: &Config{
			addons: map[string]*addon{}, providers: map[string]*provider{}, rents: map[string]bool{}, backends: map[string]*loadedBackend{},
			former: map[formerName]string{}, now: options.Now, development: options.Development != nil,
		},
		providerIDs: map[string]*schema.Content{},
		scopes:      map[string]*hcl.EvalContext{},
		tables:      map[string]platformTables{},
		live:        map[*loadedBackend]*liveCases{},
		budget:      maxEvaluations,
	}
	l.scope = &hcl.EvalContext{
		Functions: functions(options, options.Dir, l.secrets),
		Variables: map[string]cty.Value{},
	}
	return l
}

func (l *loader) add(diags ...*hcl.Diagnostic) { l.diags = append(l.diags, diags...) }

// decode reads one outlined block, which is not repeated by for_each.
func (l *loader) decode(c *schema.Content) *schema.Content {
	decoded, diags := schema.DecodeNested(c, l.scopeAt(c.Range))
	l.add(inside(diags, title(c))...)
	return decoded[0]
}

// result sorts, merges and translates what was found.
func (l *loader) result() (*Config, *Files, hcl.Diagnostics) {
	if l.diags.HasErrors() || l.syntax.HasErrors() {
		l.rememberLiterals()
	}
	l.files.secrets = l.secrets.values()
	l.files.Gateway, l.files.Store = l.config.Gateway, l.config.Store
	found := slices.DeleteFunc(l.diags, l.files.onBrokenLine)
	diags := diagnostic.FromHCL(append(l.syntax, found...), l.files.parsed)
	diags = slices.DeleteFunc(diags, l.consequence)
	for i, d := range diags {
		if d.Subject != nil {
			inside(diags[i:i+1], l.files.enclosing(*d.Subject))
		}
	}
	diags = diagnostic.Merge(diags)
	diagnostic.Sort(diags)
	if diags.HasErrors() {
		return nil, l.files, diags
	}
	l.config.Summary, l.config.secrets = l.files.Summary, l.files.secrets
	return l.config, l.files, diags
}

// unsure reports whether blocks of a kind may be missing only because they
// could not be read: what seems not to be there is then not reported.
func (l *loader) unsure(kind string) bool { return l.files.anyBroken() || l.root.Meant(kind) }

// consequence reports whether d most likely follows from a syntax error in its
// file: what could not be read looks as if it were missing or misplaced.
func (l *loader) consequence(d *hcl.Diagnostic) bool {
	info, ok := diagnostic.Of(d)
	if ok && info.Code == "AG219" {
		return l.files.anyBroken() // its value may stand in any file
	}
	if !ok || d.Subject == nil || !l.files.isBroken(d.Subject.Filename) {
		return false
	}
	return slices.Contains([]string{"AG201", "AG202", "AG204", "AG206"}, info.Code)
}

// rootTable describes the top level of a file.
func rootTable() *schema.Block {
	return &schema.Block{
		Doc: "The top level of a configuration file.",
		Blocks: []*schema.Block{
			gatewayTable(), storeTable(), keyringTable(), secretsTable(), variableTable(), localsTable(), backendTable(), addonTable(), providerBlock(),
			includeTable(), reserved("module"), reserved("metrics"), reserved("notify"), reserved("test"),
		},
	}
}

func reserved(kind string) *schema.Block { return &schema.Block{Type: kind, Reserved: true} }

func reservedSetting(name string) schema.Attribute {
	return schema.Attribute{Name: name, Type: cty.DynamicPseudoType, Reserved: true}
}

// title is how an operator calls a block: addon "acme-db".
func title(c *schema.Content) string {
	text := c.Block.Type
	for _, label := range c.Labels {
		text += fmt.Sprintf(" %q", label.Text)
	}
	return text
}

// inside says of our own diagnostics in which block they were found.
func inside(diags hcl.Diagnostics, in string) hcl.Diagnostics {
	for i, d := range diags {
		info, ours := diagnostic.Of(d)
		if !ours || info.In != "" {
			continue
		}
		copied := *d
		info.In = in
		copied.Extra = info
		diags[i] = &copied
	}
	return diags
}

// wrong makes the error of a value that has the right type but not the form
// that it must have.
func wrong(summary string, at hcl.Range, hint string) *hcl.Diagnostic {
	return diagnostic.New(summary, at, diagnostic.Info{Code: "AG213", Hint: hint})
}
