package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// resourceView is what templates/resource.html shows.
type resourceView struct {
	Root   string // the way from the page's folder to the gateway's top
	Action string // where forms go
	Token  string

	Page    gateway.Page
	Logo    string
	Support link
	State   stateView
	Reason  string // why it is suspended, in the platform's words; else empty
	Refresh string // where the page reloads itself from; empty: it does not
	Code    string // what to tell the support; empty: nothing went wrong
	Vars    []varView
	Renewed string // about credentials that were replaced a moment ago; else empty
}

// varView is one config var.
type varView struct {
	Name      string
	Value     string // empty unless Shown
	Shown     bool
	Sensitive bool
}

// stateView is a state in a customer's words.
type stateView struct {
	Name     gateway.State
	Word     string
	Text     string
	Changing bool // it will be another one soon
}

var states = map[gateway.State]stateView{
	gateway.Provisioning:   {Word: "Being created", Text: "It will be ready in a moment. This page follows by itself.", Changing: true},
	gateway.Active:         {Word: "Ready"},
	gateway.Updating:       {Word: "Being changed", Text: "The plan is being changed. This page follows by itself.", Changing: true},
	gateway.Suspended:      {Word: "Suspended", Text: "It cannot be used at the moment. Nothing of it is lost: once it is resumed, it works as before."},
	gateway.Deprovisioning: {Word: "Being removed", Text: "It is being removed. This page follows by itself.", Changing: true},
	gateway.Failed:         {Word: "Failed", Text: "It could not be created, and nothing of it is left. Remove it from your dashboard and order it again, or ask for help and tell the support code."},
}

// stateOf falls back to the engine's own word.
func stateOf(s gateway.State) stateView {
	v, ok := states[s]
	if !ok {
		v.Word = strings.ToUpper(string(s[:1])) + string(s[1:])
	}
	v.Name = s
	return v
}

// link is a label with or without an address.
type link struct {
	Address, Label string
	NewTab         bool // it would replace the page, perhaps in a platform's frame
}

// newView shows sensitive values only where the customer asked for one by name.
// A suspended resource shows its config vars too: the application has them
// anyway, and they hold again once it is resumed.
func newView(r *http.Request, k known, token, revealed, baseURL string) resourceView {
	v := resourceView{
		Root: root(r), Action: root(r) + "r/" + k.delivery.Resource.ID, Token: token,
		Page: k.page, Logo: usableLogo(k.page.Logo, baseURL), Support: supportLink(k.page.Support),
		State: stateOf(k.delivery.Resource.State), Reason: k.delivery.Resource.Reason,
	}
	if r := k.delivery.Resource; r.State == gateway.Suspended && !r.LockedOut {
		v.State.Text = "Nothing of it is lost." // whether it can be used, the backend does not say
	}
	if k.delivery.Resource.State == gateway.Failed {
		v.Code = k.delivery.Resource.ShortID
	}
	if k.delivery.Resource.State != gateway.Suspended { // then none work
		v.Renewed = renewed(k.delivery.Resource.Rotation)
	}
	for _, c := range k.delivery.ConfigVars {
		shown := varView{Name: c.Name, Sensitive: c.Sensitive, Shown: !c.Sensitive || c.Name == revealed}
		if shown.Shown {
			shown.Value = c.Value.Reveal()
		}
		v.Vars = append(v.Vars, shown)
	}
	return v
}

// renewed tells whoever has copied credentials that others have come, while both
// work.
func renewed(r gateway.Rotation) string {
	switch {
	case r.Phase != gateway.Staged && r.Phase != gateway.Reverting:
		return ""
	case r.Sure:
		return "The credentials were replaced. Those from before end now."
	case r.Due.IsZero():
		return "The credentials were replaced. Those from before work for a while yet."
	}
	return "The credentials were replaced. Those from before work until " + r.Due.UTC().Format("2 January 2006, 15:04 UTC") + "."
}

// messageView is what templates/message.html shows.
type messageView struct {
	Root, Title, Text   string
	Platform, Dashboard string
}

// root leads from a request's path to the gateway's top. Relative addresses
// hold behind a proxy that serves the gateway below a path of its own, and on
// whatever name the browser knows it by.
func root(r *http.Request) string {
	if up := strings.Count(r.URL.EscapedPath(), "/") - 1; up > 0 {
		return strings.Repeat("../", up)
	}
	return "./"
}

// supportLink makes a link of what an operator wrote: a web or a mail address,
// or a text.
func supportLink(text string) link {
	switch {
	case text == "":
		return link{}
	case isWeb(text):
		return link{Address: text, Label: "Support", NewTab: true}
	case strings.Contains(text, "@") && !strings.ContainsAny(text, " :/?"):
		return link{Address: "mailto:" + text, Label: text}
	default:
		return link{Label: text}
	}
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// usableLogo drops a picture that a browser would not load into a page at
// baseURL.
func usableLogo(address, baseURL string) string {
	if !isWeb(address) || originOf(address) == "" || strings.HasPrefix(baseURL, "https:") && !strings.HasPrefix(address, "https:") {
		return ""
	}
	return address
}

// logoOrigin is the one foreign origin that the page may load a picture from.
func (v resourceView) logoOrigin() string { return originOf(v.Logo) }

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.Join(sources([]string{u.Scheme + "://" + u.Host}), "")
}

// sourcePattern keeps whoever configures an origin from writing another
// directive of the policy.
var sourcePattern = regexp.MustCompile(`^('self'|https?://[A-Za-z0-9.*-]+(:([0-9]+|\*))?)$`)

// sources drops what is no origin.
func sources(origins []string) []string {
	var usable []string
	for _, o := range origins {
		if sourcePattern.MatchString(o) {
			usable = append(usable, o)
		}
	}
	return usable
}

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"asset": func(root, name string) string { return root + "r/-/" + assetsHash + "/" + name },
}).ParseFS(templateFiles, "templates/*.html"))

// render writes a page whole or not at all.
func render(w http.ResponseWriter, r *http.Request, status int, name string, view any) {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, view); err != nil {
		platform.NoteError(r.Context(), fmt.Errorf("render %s: %w", name, err))
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // a lost connection is the browser's to tell
}
