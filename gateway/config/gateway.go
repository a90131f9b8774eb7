package config

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/gateway/semver"
)

// Gateway is the gateway block.
type Gateway struct {
	Listen      string   // host:port
	BaseURL     string   // the public URL, without a trailing slash
	Development bool     // started by "addongw dev"
	NotListened string   // what the files have for Listen, where development has another; else empty
	PluginDirs  []string // absolute
	Drain       time.Duration
	AdminListen string // "unix:/path"; empty: the default of the command line
	LogFormat   string // "text" or "json"; empty: text on a terminal, else JSON
	LogLevel    string // "debug", "info", "warn" or "error"
}

func gatewayTable() *schema.Block {
	return &schema.Block{
		Type: "gateway", Max: 1, Doc: "How the gateway itself runs. Every configuration has one.",
		Example: gatewayExample,
		Attributes: []schema.Attribute{
			{Name: "listen", Type: cty.String, Default: `"127.0.0.1:8080"`, Doc: "Where platforms' calls arrive, as \"host:port\", without TLS: put a reverse proxy in front."},
			{Name: "base_url", Type: cty.String, Required: true, Doc: "The public URL of the gateway, such as \"https://addons.example.com\"; the URLs in manifests begin with it."},
			{Name: "plugin_dirs", Type: cty.List(cty.String), Doc: "Where to look for backend plugins, after the directory of addongw itself. Relative to the configuration directory."},
			{Name: "required_version", Type: cty.String, Doc: `The versions of addongw that can read these files, such as ">= 0.1"; another version refuses them. Absent: any version.`},
			{Name: "drain", Type: cty.String, Default: `"30s"`, Doc: "How long running calls may take when the gateway stops. What is unfinished then goes on at the next start."},
			reservedSetting("tls"), reservedSetting("trusted_proxies"), reservedSetting("limits"),
		},
		Blocks: []*schema.Block{
			{Type: "admin", Max: 1, Doc: "The socket that addongw resources, reload and the other commands about a running gateway talk to.", Example: adminExample, Attributes: []schema.Attribute{
				{Name: "listen", Type: cty.String, Doc: `The socket, as "unix:/path"; only the user of the gateway may connect. Default: admin.sock beside the store.`},
				reservedSetting("token_file"), reservedSetting("tls"),
			}},
			logTable(),
		},
	}
}

func logTable() *schema.Block {
	return &schema.Block{Type: "log", Max: 1, Doc: "The log on standard error.", Example: logExample, Attributes: []schema.Attribute{
		{Name: "format", Type: cty.String, Doc: `"text" or "json". Default: text on a terminal, else JSON.`},
		{Name: "level", Type: cty.String, Default: `"info"`, Doc: `"debug", "info", "warn" or "error": what is less important is left out.`},
	}}
}

func (l *loader) gateway(c *schema.Content) {
	dev := l.options.Development
	switch {
	case c != nil:
		if dev != nil {
			c.Block = withoutBaseURL(c.Block)
		}
		c = l.decode(c)
	default:
		l.noGateway()
		c = &schema.Content{Block: gatewayTable()}
	}
	if s, ok := c.Settings["base_url"]; ok {
		l.baseURL = s.Expr.Range()
	}
	g := &l.config.Gateway
	g.Listen, g.BaseURL = c.Text("listen"), strings.TrimRight(c.Text("base_url"), "/")
	for _, dir := range c.Texts("plugin_dirs") {
		g.PluginDirs = append(g.PluginDirs, absolute(l.files.dirOf(c.Range), dir))
	}
	g.Drain = l.duration(c, "drain")
	if dev != nil {
		if c.Has("listen") && g.Listen != dev.Listen {
			g.NotListened = g.Listen
		}
		g.Listen, g.BaseURL, g.Development = dev.Listen, strings.TrimRight(dev.BaseURL, "/"), true
	} else if c.Has("base_url") && c.Known("base_url") && !isWebURL(c.Text("base_url")) {
		g.BaseURL = ""
		l.add(wrong(`"base_url" is no web address`, c.ValueRange("base_url"), `write it as "https://addons.example.com"`))
	}
	l.checkListen(c)
	l.checkVersion(c)
	l.admin(c.First("admin"))
	l.log(c.First("log"))
}

// noGateway reports that the block is missing. Development needs none.
func (l *loader) noGateway() {
	if l.options.Development == nil && !l.unsure("gateway") && len(l.files.merged) > 0 {
		l.add(diagnostic.New("There is no gateway block", startOf(l.files.merged[0]), diagnostic.Info{
			Code: "AG204", Hint: `add: gateway { base_url = "https://…" }`,
		}))
	}
}

// withoutBaseURL is the table for development, which knows its own URL.
func withoutBaseURL(b *schema.Block) *schema.Block {
	changed := *b
	changed.Attributes = slices.Clone(b.Attributes)
	for i := range changed.Attributes {
		changed.Attributes[i].Required = changed.Attributes[i].Required && changed.Attributes[i].Name != "base_url"
	}
	return &changed
}

func startOf(file string) hcl.Range {
	return hcl.Range{Filename: file, Start: hcl.InitialPos, End: hcl.InitialPos}
}

// isWebURL accepts absolute http(s) URLs without user, query and fragment.
func isWebURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == "" && !strings.ContainsAny(text, "?#")
}

func (l *loader) checkListen(c *schema.Content) {
	if !c.Has("listen") || !c.Known("listen") {
		return
	}
	if _, port, err := net.SplitHostPort(c.Text("listen")); err != nil || port == "" {
		l.add(wrong(`"listen" is no address`, c.ValueRange("listen"), `write host and port, such as "127.0.0.1:8080"`))
	}
}

func (l *loader) checkVersion(c *schema.Content) {
	if !c.Has("required_version") || !c.Known("required_version") {
		return
	}
	at := c.ValueRange("required_version")
	needed := c.Text("required_version")
	constraint, err := semver.Parse(needed)
	if err != nil {
		l.add(wrong(`"required_version" is no version constraint`, at, `write it as ">= 0.1"`))
		return
	}
	if own := l.options.Version; own != "" && !constraint.Admits(own) {
		l.add(diagnostic.New(fmt.Sprintf("These files need addongw %s; this is %s", needed, own), at, diagnostic.Info{Code: "AG216"}))
	}
}

func (l *loader) admin(c *schema.Content) {
	if c == nil || !c.Known("listen") {
		return
	}
	text := c.Text("listen")
	path, ok := strings.CutPrefix(text, "unix:")
	if !ok || path == "" {
		l.add(wrong(`"listen" of admin must be a unix socket`, c.ValueRange("listen"), `write it as "unix:/run/addongw/admin.sock"`))
		return
	}
	if !filepath.IsAbs(path) {
		path = absolute(l.files.dirOf(c.Range), path)
	}
	l.config.Gateway.AdminListen = "unix:" + path
}

func (l *loader) log(c *schema.Content) {
	if c == nil {
		c = &schema.Content{Block: logTable()}
	}
	l.config.Gateway.LogFormat = l.choice(c, "format", "text", "json")
	l.config.Gateway.LogLevel = l.choice(c, "level", "debug", "info", "warn", "error")
}

// choice reads a setting that has a few values only.
func (l *loader) choice(c *schema.Content, name string, words ...string) string {
	text, diags := c.Choice(name, words...)
	l.add(diags...)
	return text
}

// duration reads a length of time such as "20s"; 0 where there is none or it
// is wrong.
func (l *loader) duration(c *schema.Content, name string) time.Duration {
	d, diags := c.Duration(name, time.Millisecond, 0)
	l.add(diags...)
	return d
}
