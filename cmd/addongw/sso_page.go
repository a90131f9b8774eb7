package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"html/template"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
)

var errNobodyCame = errors.New("nobody came")

// signOnPage is a page that sends a browser to sign on, as a platform's
// dashboard does. It works once, under an address that nobody can guess.
type signOnPage struct {
	link bool // the dashboard has a link, not a form
	sign func() (conformance.SignOn, error)

	host, path string
	taken      atomic.Bool
	fetched    chan error // what came of the one who fetched it
}

// prepare chooses the page's address.
func (p *signOnPage) prepare(host string) (address string) {
	p.host, p.path, p.fetched = host, "/"+rand.Text(), make(chan error, 1)
	return "http://" + host + p.path
}

// serve waits until the page was fetched, or ctx ends.
func (p *signOnPage) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 64 << 10}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	var err error
	select {
	case err = <-p.fetched:
	case err = <-served:
		return err
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = server.Shutdown(ending) // whoever has the page still gets all of it
	_ = server.Close()          // browsers open connections that they never use
	<-served
	return err
}

// signOnHTML posts the form by itself; where scripts are off there is a button. The
// policy names no form-action: browsers hold it against where the form's
// answer leads to, which only the vendor knows.
var signOnHTML = template.Must(template.New("sso").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Signing on</title>
<form method="post" action="{{.URL}}">
{{range .Fields}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">
{{end}}<p><button>Sign on</button></p>
</form>
<script nonce="{{.Nonce}}">document.forms[0].submit()</script>
</html>
`))

// ServeHTTP gives the page to the first who asks for it by its name.
func (p *signOnPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	switch {
	case r.Host != p.host: // a name that leads here, in the page of a stranger
		http.Error(w, "This page is for this machine.", http.StatusForbidden)
	case r.URL.Path != p.path:
		http.NotFound(w, r)
	case r.Method != http.MethodGet || r.Header.Get("Sec-Purpose") != "": // a browser that looks ahead is no customer
		header.Set("Allow", http.MethodGet)
		http.Error(w, "Open this page in a browser.", http.StatusMethodNotAllowed)
	case !p.taken.CompareAndSwap(false, true):
		http.Error(w, "This page has been used. Run addongw sso again.", http.StatusGone)
	default:
		p.fetched <- p.write(w)
	}
}

// write signs now: the proof is as old as was asked for.
func (p *signOnPage) write(w http.ResponseWriter) error {
	signOn, err := p.sign()
	if err != nil {
		http.Error(w, "The sign-on could not be signed.", http.StatusInternalServerError)
		return err
	}
	if p.link {
		w.Header().Set("Location", signOn.Link())
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	nonce := rand.Text()
	var text bytes.Buffer
	err = signOnHTML.Execute(&text, struct {
		conformance.SignOn
		Nonce string
	}{signOn, nonce})
	if err != nil {
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src data:; script-src 'nonce-"+nonce+"'; base-uri 'none'; frame-ancestors 'none'")
	_, err = w.Write(text.Bytes())
	return err
}
