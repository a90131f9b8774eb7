package nanobox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/gateway/secret"
)

// The words of settings that have a few.
const (
	authKey, authPassword         = "key", "password"
	methodReference, methodObject = "reference", "object"
	fromFiles, fromBackend        = "static", "backend"
	keptByGateway, keptByBackend  = "gateway", "backend"

	internalIP, externalIP, passwordField = "internal_ip", "external_ip", "password"
)

// longestText is what the platform's database takes of a name or an address.
const longestText = 255

// settings are a provider block, decoded.
type settings struct {
	name, nickName, instructions, shortName string
	bootstrapTimeout                        time.Duration

	ssh         sshSettings
	credentials []credential
	accepts     []accept
	defaults    choice
	catalog     catalog // from the files; empty where it comes from the backend
	source      source
	server      serverSettings
	queryStatus int

	canReboot, canRename bool
}

type sshSettings struct {
	authMethod, keyMethod, user               string
	internalIface, externalIface, bootstrapAt string
}

// choice is a region, a plan and a spec, by their ids.
type choice struct{ region, plan, size string }

// accept is what one credential may be.
type accept struct {
	key     string
	digests [][32]byte
}

// source is a catalog that comes from the backend.
type source struct {
	backend           bool
	refresh, maxStale time.Duration
	credentials       map[string]secret.Value
}

type serverSettings struct {
	backend    bool // state = "backend": nothing is recorded
	capacity   int
	dedupe     time.Duration
	ready      []string
	statuses   map[string]string // their words in lower case → ours
	vendorName hcl.Expression    // nil: the name itself
	scope      *hcl.EvalContext
}

// reader reads and judges one block. Its problems are collected in diags.
type reader struct {
	common  platform.ProviderCommon
	content *schema.Content
	diags   hcl.Diagnostics
	own     settings
	lacking []string        // actions that the backend needs besides
	reasons []string        // why it needs them
	unsure  map[string]bool // kinds of blocks of which some have no id, which is reported
}

func (r *reader) read() settings {
	c := r.content
	r.own = settings{
		name: c.Text("name"), nickName: c.Text("server_nick_name"), instructions: c.Text("instructions"), shortName: c.Text("short_name"),
	}
	for _, setting := range []string{"name", "server_nick_name", "short_name"} {
		r.short(c, setting, "AG213")
	}
	for _, setting := range []string{"name", "server_nick_name", "instructions"} {
		r.filled(c, setting)
	}
	r.bootstrapTimeout()
	r.ssh()
	r.credentials()
	r.verify()
	r.plans()
	r.source()
	r.server()
	r.compat()
	r.abilities()
	r.encrypted()
	return r.own
}

// problem reports an error of this block.
func (r *reader) problem(code string, at hcl.Range, summary, hint string, notes ...string) {
	r.diags = append(r.diags, r.diagnostic(code, at, summary, hint, notes...))
}

// warn reports what works and is probably not meant.
func (r *reader) warn(code string, at hcl.Range, summary, hint string, notes ...string) {
	d := r.diagnostic(code, at, summary, hint, notes...)
	d.Severity = hcl.DiagWarning
	r.diags = append(r.diags, d)
}

func (r *reader) diagnostic(code string, at hcl.Range, summary, hint string, notes ...string) *hcl.Diagnostic {
	return diagnostic.New(summary, at, diagnostic.Info{
		Code: code, Hint: hint, Notes: notes, In: r.title(),
	})
}

// title is how an operator calls the block.
func (r *reader) title() string { return fmt.Sprintf("provider %q %q", label, r.common.ID) }

// block returns a nested block that may be absent; its defaults hold then.
func (r *reader) block(kind string) *schema.Content {
	if c := r.content.First(kind); c != nil {
		return c
	}
	for _, b := range settingsSchema().Blocks {
		if b.Type == kind {
			return &schema.Content{Block: b, Range: r.common.Block}
		}
	}
	return &schema.Content{Block: &schema.Block{}, Range: r.common.Block}
}

func (r *reader) choose(c *schema.Content, setting string, words ...string) string {
	chosen, d := c.Choice(setting, words...)
	r.diags = append(r.diags, d...)
	return chosen
}

func (r *reader) duration(c *schema.Content, setting string, shortest, longest time.Duration) time.Duration {
	d, diags := c.Duration(setting, shortest, longest)
	r.diags = append(r.diags, diags...)
	return d
}

// short refuses a text that the platform's database does not take.
func (r *reader) short(c *schema.Content, setting, code string) {
	if n := utf8.RuneCountInString(c.Text(setting)); n > longestText {
		r.problem(code, c.ValueRange(setting), fmt.Sprintf("%q has %d characters", setting, n), fmt.Sprintf("the platform takes %d", longestText))
	}
}

// filled refuses a text that customers read and that says nothing.
func (r *reader) filled(c *schema.Content, setting string) {
	if c.Has(setting) && c.Known(setting) && strings.TrimSpace(c.Text(setting)) == "" && !r.reportedAt("AG213", c.ValueRange(setting)) {
		r.problem("AG213", c.ValueRange(setting), fmt.Sprintf("%q is empty", setting), "write what customers are to read")
	}
}

// bootstrapTimeout takes seconds without a unit too: that is how /meta has it.
func (r *reader) bootstrapTimeout() {
	const setting = "bootstrap_timeout"
	c := r.content
	if n, err := strconv.Atoi(c.Text(setting)); err == nil && n > 0 && n <= 24*60*60 {
		r.own.bootstrapTimeout = time.Duration(n) * time.Second
		return
	}
	r.own.bootstrapTimeout = r.duration(c, setting, time.Second, 24*time.Hour).Truncate(time.Second)
}

func (r *reader) ssh() {
	c := r.block("ssh")
	r.own.ssh = sshSettings{
		authMethod:    r.choose(c, "auth_method", authKey, authPassword),
		keyMethod:     r.choose(c, "key_method", methodReference, methodObject),
		user:          c.Text("user"),
		internalIface: c.Text("internal_iface"), externalIface: c.Text("external_iface"),
		bootstrapAt: c.Text("bootstrap_script"),
	}
	if c.Has("bootstrap_script") && c.Known("bootstrap_script") {
		r.bootstrapScript(c)
	}
}

func (r *reader) compat() {
	c := r.block("compat")
	r.own.queryStatus = c.Int("query_status")
	if c.Known("query_status") && !slices.Contains([]float64{200, 201}, c.Number("query_status")) {
		r.problem("AG213", c.ValueRange("query_status"), fmt.Sprintf(`"query_status" can't be %v`, c.Number("query_status")), "write 201, as in the document, or 200")
	}
}

// source reads where the catalog comes from.
func (r *reader) source() {
	c := r.block("catalog")
	s := source{backend: r.choose(c, "source", fromFiles, fromBackend) == fromBackend}
	s.refresh = r.duration(c, "refresh", time.Minute, 720*time.Hour)
	s.maxStale = r.duration(c, "max_stale", 0, 8760*time.Hour)
	if written := c.Map("credentials"); written != nil {
		s.credentials = map[string]secret.Value{}
		for key, value := range written {
			s.credentials[key] = secret.New(value)
		}
	}
	r.own.source = s
	r.known(c)
	r.catalogSource(c)
}

// known refuses credentials of the catalog that no block declares.
func (r *reader) known(c *schema.Content) {
	v, _ := c.Value("credentials").Unmark()
	if schema.IsNull(v) || !v.IsKnown() {
		return
	}
	for it := v.ElementIterator(); it.Next(); {
		key, _ := it.Element()
		if key, _ = key.Unmark(); key.IsKnown() {
			r.declared(key.AsString(), schema.KeyRange(c.Expr("credentials"), key.AsString()))
		}
	}
}

// declared refuses the key of a credential that there is no block for.
func (r *reader) declared(key string, at hcl.Range) bool {
	var keys []string
	for _, c := range r.own.credentials {
		keys = append(keys, c.key)
	}
	if slices.Contains(keys, key) {
		return true
	}
	if r.content.Meant("credential") {
		return false
	}
	var notes []string
	if list := diagnostic.List(keys); list != "" {
		notes = append(notes, "credentials: "+list)
	}
	r.problem("AG302", at, fmt.Sprintf("There is no credential %q", key), diagnostic.DidYouMean(key, keys), notes...)
	return false
}
