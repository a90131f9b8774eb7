package nanobox

import (
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/rules"
	"github.com/addongw/addongw/gateway/schema"
)

// vocabulary are our words for a server's status.
func vocabulary() []string {
	return []string{statusOrdering, statusCreating, statusActive, statusRebooting, statusOff, statusDeleting, statusError}
}

// resolve demands that the three defaults lead to something that is for sale.
// What a backend sells is not known yet.
func (r *reader) resolve() {
	c := r.content.First("default")
	if c == nil {
		return
	}
	r.own.defaults = choice{c.Text("region"), c.Text("plan"), c.Text("size")}
	if r.block("catalog").Text("source") == fromBackend || !c.Known("region") || !c.Known("plan") || !c.Known("size") || r.content.Meant("region") || r.content.Meant("plan") || len(r.unsure) > 0 {
		return
	}
	place, ok := r.own.catalog.region(r.own.defaults.region)
	switch {
	case !ok:
		r.unresolved(c, "region", "region", "", ids(r.own.catalog.regions, func(x region) string { return x.id }))
		return
	case place.retired:
		r.problem("AG430", c.ValueRange("region"), fmt.Sprintf("The default region %q is retired", place.id), "choose one where something is sold")
		return
	}
	at := slices.IndexFunc(place.plans, func(p plan) bool { return p.id == r.own.defaults.plan })
	if at < 0 {
		if !r.reported("AG439") {
			r.unresolved(c, "plan", "plan", fmt.Sprintf(" in the region %q", place.id), ids(place.plans, func(x plan) string { return x.id }))
		}
		return
	}
	sold := place.plans[at].listed()
	if !slices.ContainsFunc(sold, func(s spec) bool { return s.ID == r.own.defaults.size }) {
		r.unresolved(c, "size", "spec", fmt.Sprintf(" in the plan %q", place.plans[at].id), ids(sold, func(x spec) string { return x.ID }))
	}
}

func ids[T any](list []T, id func(T) string) []string {
	found := make([]string, 0, len(list))
	for _, x := range list {
		found = append(found, id(x))
	}
	return found
}

func (r *reader) unresolved(c *schema.Content, setting, kind, where string, names []string) {
	id := c.Text(setting)
	var notes []string
	if list := diagnostic.List(names); list != "" {
		notes = append(notes, "there are: "+list)
	}
	r.problem("AG430", c.ValueRange(setting), fmt.Sprintf("There is no %s %q%s", kind, id, where), diagnostic.DidYouMean(id, names), notes...)
}

// reported tells whether this block has a problem of that code already.
func (r *reader) reported(code string) bool {
	for _, d := range r.diags {
		if info, _ := diagnostic.Of(d); info.Code == code {
			return true
		}
	}
	return false
}

// reportedAt is reported for one place.
func (r *reader) reportedAt(code string, at hcl.Range) bool {
	return slices.ContainsFunc(r.diags, func(d *hcl.Diagnostic) bool {
		info, _ := diagnostic.Of(d)
		return info.Code == code && d.Subject != nil && *d.Subject == at
	})
}

func (r *reader) bootstrapScript(c *schema.Content) {
	const setting = "bootstrap_script"
	address := r.own.ssh.bootstrapAt
	u, err := url.Parse(address)
	switch {
	case utf8.RuneCountInString(address) > longestText:
		r.problem("AG436", c.ValueRange(setting), fmt.Sprintf("%q has %d characters", setting, utf8.RuneCountInString(address)), fmt.Sprintf("the platform takes %d", longestText))
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		r.problem("AG436", c.ValueRange(setting), fmt.Sprintf("%q is no URL", setting), "write https://…")
	}
}

// catalogSource refuses blocks that would stand beside what the backend says.
func (r *reader) catalogSource(c *schema.Content) {
	if !r.own.source.backend {
		return
	}
	for _, kind := range []string{"region", "plan"} {
		if b := r.content.First(kind); b != nil {
			r.problem("AG439", b.Range, fmt.Sprintf("Regions and plans come from the backend here, and this %s from the file", kind),
				`leave it out, or write source = "static"`)
		}
	}
	if r.lacks(gateway.ActionCatalog) {
		r.missing(c.ValueRange("source"), []string{gateway.ActionCatalog}, `source = "backend" asks for it`)
	}
}

func (r *reader) server() {
	c := r.block("server")
	own := serverSettings{
		backend: r.choose(c, "state", keptByGateway, keptByBackend) == keptByBackend, capacity: c.Int("capacity"),
		dedupe: r.duration(c, "dedupe", 0, 24*time.Hour), statuses: map[string]string{},
	}
	if c.Known("capacity") && (c.Number("capacity") < 1 || c.Number("capacity") != math.Trunc(c.Number("capacity"))) {
		r.problem("AG213", c.ValueRange("capacity"), `"capacity" must be a whole number above 0`, "leave it out where there is no limit")
	}
	for _, setting := range []string{"capacity", "dedupe"} {
		if own.backend && c.Has(setting) {
			r.problem("AG438", c.ValueRange(setting), fmt.Sprintf("%q needs a gateway that knows the servers", setting), `write state = "gateway", or leave it out`,
				`with state = "backend" nothing is recorded that could be counted or compared`)
		}
	}
	r.statusMap(c, own.statuses)
	own.ready = r.ready(c)
	own.scope = c.Context
	if own.vendorName = c.Expr("vendor_name"); own.vendorName != nil {
		r.vendorName(own)
	}
	r.own.server = own
}

func (r *reader) statusMap(c *schema.Content, into map[string]string) {
	written := c.Map("status_map")
	for _, theirs := range slices.Sorted(maps.Keys(written)) {
		ours := written[theirs]
		if !slices.Contains(vocabulary(), ours) {
			r.problem("AG213", schema.EntryRange(c.Expr("status_map"), theirs), fmt.Sprintf("%q is no status of ours", ours),
				diagnostic.DidYouMean(ours, vocabulary()), "one of: "+strings.Join(vocabulary(), ", "))
		}
		into[strings.ToLower(theirs)] = ours
	}
}

// oneNIC reports whether servers have one interface, whose address is both the
// private and the public one.
func (r *reader) oneNIC() bool {
	return r.own.ssh.internalIface != "" && r.own.ssh.externalIface == ""
}

func (r *reader) ready(c *schema.Content) []string {
	if !c.Known("ready") {
		usual := []string{internalIP, externalIP}
		if r.oneNIC() {
			usual = usual[:1]
		}
		if r.own.ssh.authMethod == authPassword {
			usual = append(usual, passwordField)
		}
		return usual
	}
	written := c.Texts("ready")
	allowed := []string{internalIP, externalIP, passwordField}
	for _, word := range written {
		if !slices.Contains(allowed, word) {
			r.problem("AG213", entry(c.Expr("ready"), word), fmt.Sprintf("%q can't hold %q", "ready", word), diagnostic.DidYouMean(word, allowed), "one of: "+strings.Join(allowed, ", "))
		}
	}
	if !slices.Contains(written, internalIP) {
		r.problem("AG213", c.ValueRange("ready"), `"ready" needs "internal_ip"`, "a server with one address has it as internal_ip")
	}
	return written
}

// lacks reports whether the backend is known not to have an action.
func (r *reader) lacks(action string) bool { return r.common.ActionsKnown && !r.common.Can(action) }

// encrypted demands https: customers' credentials come with every call.
func (r *reader) encrypted() {
	if r.common.Development || rules.Secure(r.common.BaseURL) || r.common.BaseURL == "" || platform.IsLocal(r.common.BaseURL) {
		return
	}
	r.problem("AG412", r.common.Block, "Over plain http everybody on the way reads the customers' credentials", "write base_url = \"https://…\"")
}
