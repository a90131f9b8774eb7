package main

import (
	"bytes"
	"html/template"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/platform"
)

// devPath is where dev's own page is.
const devPath = "/-/dev/"

// devSignOn is a resource with the form by which a platform's dashboard would
// send its customer; what others do with a link, a form with GET does, too.
type devSignOn struct {
	Resource gateway.Resource
	conformance.SignOn
}

var devPage = template.Must(template.New("dev").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>addongw dev</title>
<h1>Sign on as a customer</h1>
{{range .}}
<form method="{{.Method}}" action="{{.URL}}">
{{range .Fields}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">
{{end}}<p>{{.Resource.Addon}} on {{.Resource.Platform}}, plan {{.Resource.Plan}}, {{.Resource.State}}
<button>Open {{.Resource.ShortID}}</button></p>
</form>
{{else}}
<p>There is no resource. Order one with the first command in the terminal where dev runs, and reload this page.</p>
{{end}}
<p>The commands that order, change and remove are in the terminal where dev runs.</p>
<p>Each button does what the platform's dashboard does. It works once, within some minutes; reload this page for new ones.</p>
</html>
`))

// devPages is the page of development mode; nil anywhere else, because whoever
// reads it can sign on as any customer.
func (g *running) devPages() http.Handler {
	if !g.active.Load().Gateway.Development {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !onLoopback(r.Host) { // a name that leads here, in the page of a stranger
			http.Error(w, "Open this page as http://127.0.0.1.", http.StatusForbidden)
			return
		}
		if name, ok := strings.CutPrefix(r.URL.Path, devManifests); ok {
			g.devManifest(w, r, name)
			return
		}
		if len(g.active.Load().Mounts) == 0 { // nobody signs on to rented servers
			http.NotFound(w, r)
			return
		}
		var page bytes.Buffer
		signOns, err := g.devSignOns(r)
		if err == nil {
			err = devPage.Execute(&page, signOns)
		}
		if err != nil {
			platform.NoteError(r.Context(), err)
			http.Error(w, gateway.Message(err), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src data:; frame-ancestors 'none'")
		_, _ = w.Write(page.Bytes())
	})
}

// devManifests is where dev's manifests are: "clevercloud/acme-db.json". Their
// secrets are made up.
const devManifests = devPath + "manifest/"

func devManifestName(of gateway.Scope) string { return of.Platform + "/" + of.Addon + ".json" }

// devManifest answers with a manifest whose secrets are in effect, so that a
// tester can be pointed at dev.
func (g *running) devManifest(w http.ResponseWriter, r *http.Request, name string) {
	mounts := g.active.Load().Mounts
	i := slices.IndexFunc(mounts, func(m config.Mount) bool { return devManifestName(m.Mount.Scope()) == name })
	if i < 0 {
		http.NotFound(w, r)
		return
	}
	text, err := mounts[i].Mount.Manifest(true)
	if err != nil {
		platform.NoteError(r.Context(), err)
		http.Error(w, gateway.Message(err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(text)
}

func onLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// devSignOns signs everybody on who could be, for the newest resources first.
func (g *running) devSignOns(r *http.Request) ([]devSignOn, error) {
	var signOns []devSignOn
	for _, m := range g.active.Load().Mounts {
		a, ok, err := act(m)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		scope := m.Mount.Scope()
		resources, err := g.store.Resources(r.Context(), gateway.ResourceFilter{Platform: scope.Platform, Addon: scope.Addon, Limit: 1000})
		if err != nil {
			return nil, err
		}
		for _, resource := range resources {
			if resource.State == gateway.Deprovisioned || resource.State == gateway.Failed {
				continue
			}
			signOns = append(signOns, devSignOn{resource, a.client.SignOn(resource.ProviderID, conformance.Person{}, time.Now())})
		}
	}
	slices.SortStableFunc(signOns, func(a, b devSignOn) int { return b.Resource.CreatedAt.Compare(a.Resource.CreatedAt) })
	return signOns, nil
}
