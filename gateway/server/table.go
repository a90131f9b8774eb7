package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// table is one immutable set of mounts.
type table struct {
	mounts map[string]*mount // by canonical prefix
	depth  int               // segments of the longest prefix
}

// mount is one platform mount, or one provider, with its router. The router is only ever asked
// with Lookup: its own redirects, 405 and OPTIONS answers never come up.
type mount struct {
	scope            gateway.Scope
	router           *httprouter.Router
	methods          []string // in alphabetical order
	notFound         http.Handler
	methodNotAllowed http.Handler
}

func newTable(mounts []Mount, o Options) (*table, error) {
	t := &table{mounts: make(map[string]*mount, len(mounts))}
	for _, m := range mounts {
		prefix, err := canonicalPrefix(m.Prefix)
		if err != nil {
			return nil, err
		}
		if _, taken := t.mounts[prefix]; taken {
			return nil, fmt.Errorf("mount %s: another mount has the same path", prefix)
		}
		if t.mounts[prefix], err = newMount(prefix, m, o); err != nil {
			return nil, err
		}
		t.depth = max(t.depth, strings.Count(prefix, "/"))
	}
	return t, nil
}

func canonicalPrefix(prefix string) (string, error) {
	u, err := url.ParseRequestURI(prefix)
	if err != nil || u.Scheme != "" || u.RawQuery != "" {
		return "", fmt.Errorf("mount %q: not a path that begins with \"/\"", prefix)
	}
	path := canonicalPath(u.EscapedPath())
	if path == "" || below(path, "/-") || below(path, "/r") {
		return "", fmt.Errorf("mount %q: \"/\", \"/-/\" and \"/r/\" are the gateway's own", prefix)
	}
	return path, nil
}

// newMount registers a mount's routes. httprouter panics on routes that
// contradict each other; here that is an error like any other.
func newMount(prefix string, m Mount, o Options) (made *mount, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			made, err = nil, fmt.Errorf("mount %s: %v", prefix, cause)
		}
	}()
	of, routes, err := m.bound(o)
	if err != nil {
		return nil, fmt.Errorf("mount %s: %w", prefix, err)
	}
	made = &mount{
		scope:            of.Scope(),
		router:           &httprouter.Router{},
		notFound:         of.NotFound(),
		methodNotAllowed: of.MethodNotAllowed(),
	}
	for _, route := range routes {
		made.router.Handle(route.Method, route.Path, announced(prefix+route.Path, route.Handle))
		if !slices.Contains(made.methods, route.Method) {
			made.methods = append(made.methods, route.Method)
		}
	}
	slices.Sort(made.methods)
	return made, nil
}

// answering is what mounts and providers have in common.
type answering interface {
	Scope() gateway.Scope
	NotFound() http.Handler
	MethodNotAllowed() http.Handler
}

// bound finds what is mounted, and its routes with what they may ask of the
// engine.
func (m Mount) bound(o Options) (answering, []platform.Route, error) {
	switch {
	case (m.Mount == nil) == (m.Provider == nil):
		return nil, nil, errors.New("it has a mount and a provider, or neither")
	case m.Provider == nil:
		return m.Mount, m.Mount.Routes(o.Lifecycle(m.Mount.Scope()), o.Landing), nil
	case o.Servers == nil:
		return nil, nil, errors.New("there is nothing that a provider could ask")
	}
	return m.Provider, m.Provider.Routes(o.Servers(m.Provider.Scope())), nil
}

// announced notes the route's template for the log and decodes the parameters:
// the path was matched in its escaped form, so this is the only decoding.
func announced(template string, handle httprouter.Handle) httprouter.Handle {
	return func(w http.ResponseWriter, r *http.Request, params httprouter.Params) {
		platform.Note(r.Context(), slog.String("route", template))
		for i, p := range params {
			if decoded, err := url.PathUnescape(p.Value); err == nil {
				params[i].Value = decoded
			}
		}
		handle(w, r, params)
	}
}

// find returns the mount with the longest prefix of a canonical path, and what
// follows the prefix.
func (t *table) find(path string) (*mount, string) {
	ends := make([]int, 0, 8)
	for i := 1; i <= len(path) && len(ends) < t.depth; i++ {
		if i == len(path) || path[i] == '/' {
			ends = append(ends, i)
		}
	}
	for _, end := range slices.Backward(ends) {
		if m, ok := t.mounts[path[:end]]; ok {
			return m, path[end:]
		}
	}
	return nil, ""
}

// serve answers a request; rest is the canonical path below the prefix.
func (m *mount) serve(w http.ResponseWriter, r *http.Request, rest string) {
	if rest == "" {
		rest = "/"
	}
	if handle, params, _ := m.router.Lookup(r.Method, rest); handle != nil {
		handle(w, r, params)
		return
	}
	var allowed []string
	for _, method := range m.methods {
		if handle, _, _ := m.router.Lookup(method, rest); handle != nil {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		m.notFound.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	m.methodNotAllowed.ServeHTTP(w, r)
}

// canonicalPath gives an escaped path the one form that mounts are looked up
// by: no empty segments, no slash at the end, every segment escaped alike. A
// client that joins URLs carelessly is served rather than redirected, because
// a redirected POST loses its body with most clients. Dots are ordinary text:
// no path here ever reaches a file system.
func canonicalPath(escaped string) string {
	if isCanonical(escaped) {
		return escaped
	}
	var b strings.Builder
	for segment := range strings.SplitSeq(escaped, "/") {
		if segment == "" {
			continue
		}
		if decoded, err := url.PathUnescape(segment); err == nil {
			segment = url.PathEscape(decoded)
		}
		b.WriteByte('/')
		b.WriteString(segment)
	}
	return b.String()
}

// isCanonical recognises ordinary paths without building anything.
func isCanonical(path string) bool {
	if len(path) < 2 || path[0] != '/' || path[len(path)-1] == '/' || strings.Contains(path, "//") {
		return false
	}
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '/', c == '-', c == '_', c == '.', c == '~':
		default:
			return false
		}
	}
	return true
}
