package http

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

// reader reads a config block, of which parts may be unknown, and keeps what is
// wrong with it.
type reader struct{ problems backend.Diagnostics }

func (r *reader) add(path cty.Path, summary, detail string) {
	r.problems = append(r.problems, backend.Diagnostic{Severity: backend.SeverityError, Summary: summary, Detail: detail, Path: path})
}

func (r *reader) warn(path cty.Path, summary, detail string) {
	r.problems = append(r.problems, backend.Diagnostic{Severity: backend.SeverityWarning, Summary: summary, Detail: detail, Path: path})
}

// readSettings reads everything but expressions.
func readSettings(config backend.Value) (*settings, backend.Diagnostics) {
	r := &reader{}
	c := objectOf(config.Cty())
	s := &settings{
		headers: c.texts("headers"), redirects: c.flag("redirects"), private: c.flag("private_addresses"), plain: c.flag("plain_http"),
		timeout: r.duration(c, "timeout", nil, defaultTimeout), settle: r.duration(c, "settle", nil, defaultSettle),
		keyName: defaultKeyName, limit: defaultLimit, tls: c.object("tls"), oauth: c.object("oauth2"), blocks: map[string]*block{},
	}
	var found backend.Diagnostics
	s.outputs, found = declared.Read(config)
	r.problems = append(r.problems, found...)
	r.readBase(s, c)
	r.readNumbers(s, c)
	r.checkHeaderNames(cty.GetAttrPath("headers"), c.object("headers").names())
	r.checkHeaderValues(cty.GetAttrPath("headers"), s.headers)
	r.readKeyName(s, c)
	r.readTLS(s.tls)
	r.readHealth(s, c.object(blockHealth))
	r.readOAuth(s, c.object("headers").names())
	r.readBlocks(s, c)
	return s, r.problems
}

func (r *reader) readKeyName(s *settings, c object) {
	if c.known("idempotency_header") {
		s.keyName = c.text("idempotency_header")
	}
	path := cty.GetAttrPath("idempotency_header")
	if s.keyName != "" && headerProblem(s.keyName) != "" {
		r.add(path, fmt.Sprintf("%s %s", strconv.Quote(s.keyName), headerProblem(s.keyName)), `Write the name that the API knows, or "" for none.`)
	}
	if s.oauth.isThere() && http.CanonicalHeaderKey(s.keyName) == "Authorization" {
		r.add(path, "With oauth2 the header Authorization holds the token", `Write the name that the API knows, or "" for none.`)
	}
	for _, name := range c.object("headers").names() {
		r.checkNotKey(s, cty.GetAttrPath("headers").IndexString(name), name)
	}
}

// checkNotKey refuses a header that the operation's id would replace.
func (r *reader) checkNotKey(s *settings, path cty.Path, name string) {
	if s.keyName != "" && http.CanonicalHeaderKey(name) == http.CanonicalHeaderKey(s.keyName) {
		r.add(path, fmt.Sprintf("The header %s holds the operation's id", name), "Remove it here, or name the header of the id in idempotency_header.")
	}
}

func (r *reader) readBase(s *settings, c object) {
	if !c.known("base_url") {
		return
	}
	base, err := parseBase(c.text("base_url"), s.private, s.plain)
	if err != nil {
		r.add(cty.GetAttrPath("base_url"), "base_url can't be used: "+err.Error(), "")
		return
	}
	s.base = base
}

func (r *reader) readNumbers(s *settings, c object) {
	if c.known("max_response") {
		n := c.number("max_response")
		if n < 1 || n > mostLimit || n != math.Trunc(n) {
			r.add(cty.GetAttrPath("max_response"), "This is no size for an answer", fmt.Sprintf("Write a whole number of bytes from 1 to %d.", mostLimit))
		} else {
			s.limit = int64(n)
		}
	}
	if c.known("rate_limit") {
		s.rate = c.number("rate_limit")
		if s.rate <= 0 || s.rate > 1e6 {
			r.add(cty.GetAttrPath("rate_limit"), "This is no number of requests a second", "Write a number above 0, such as 10, or 0.5 for one request in two seconds.")
			s.rate = 0
		}
	}
}

// duration reads a time such as "10s".
func (r *reader) duration(c object, name string, path cty.Path, otherwise time.Duration) time.Duration {
	if !c.known(name) {
		return otherwise
	}
	d, err := time.ParseDuration(c.text(name))
	if err != nil || d < leastTime || d > mostTime {
		r.add(path.GetAttr(name), fmt.Sprintf("%s is no time that can be used here", strconv.Quote(c.text(name))), `Write it as "10s" or "1m30s"; at most "1h".`)
		return otherwise
	}
	return d
}

var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// headerProblem says why a header can't be set; empty: it can.
func headerProblem(name string) string {
	if !headerName.MatchString(name) {
		return "is no name for a header"
	}
	switch http.CanonicalHeaderKey(name) {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Te", "Upgrade", "Keep-Alive", "Proxy-Connection", "Content-Type", "Accept-Encoding", "Expect":
		return "is a header that follows from the request"
	}
	return ""
}

func (r *reader) checkHeaderNames(path cty.Path, names []string) {
	seen := map[string]string{}
	for _, name := range names {
		at := path.IndexString(name)
		if why := headerProblem(name); why != "" {
			r.add(at, fmt.Sprintf("%s %s", strconv.Quote(name), why), "Write for example: Authorization = …")
		}
		canonical := http.CanonicalHeaderKey(name)
		if other, again := seen[canonical]; again {
			r.add(at, fmt.Sprintf("The header %s is there twice, the other one as %s", name, other), "Remove one of them.")
		}
		seen[canonical] = name
	}
}

func (r *reader) checkHeaderValues(path cty.Path, headers map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if !isHeaderValue(headers[name]) {
			r.add(path.GetAttr(name), fmt.Sprintf("The value of the header %s has a line break or another control character in it", name),
				"Is there a line break at the end of a secret? trimspace(…) takes it away.")
		}
	}
}

// isHeaderValue reports whether a text can be sent as the value of a header.
func isHeaderValue(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f })
}

func (r *reader) readTLS(c object) {
	path := cty.GetAttrPath("tls")
	if c.written("key") && c.written("key_file") {
		r.add(path.GetAttr("key"), "key and key_file are both there", "Remove one of them.")
	}
	if own := c.written("key") || c.written("key_file"); own != c.written("cert_file") {
		r.add(path, "A certificate of our own needs cert_file, and key_file or key", "Write both, or neither.")
	}
	if c.known("min_version") && c.text("min_version") != "1.2" && c.text("min_version") != "1.3" {
		r.add(path.GetAttr("min_version"), fmt.Sprintf("%s is no version of TLS that can be used", strconv.Quote(c.text("min_version"))), `Write "1.2" or "1.3".`)
	}
}

func (r *reader) readHealth(s *settings, c object) {
	if !c.known("path") {
		return
	}
	path := cty.GetAttrPath(blockHealth)
	s.health, s.healthy = c.text("path"), block{expect: r.readExpect(path, c)}
	if why := literalProblem(s.health); why != "" || !strings.HasPrefix(s.health, "/") {
		r.add(path.GetAttr("path"), fmt.Sprintf("The path %s can't be used", strconv.Quote(s.health)), "Write it as /health, with nothing after a ? or #.")
		s.health = ""
	}
}

func (r *reader) readOAuth(s *settings, headers []string) {
	c, path := s.oauth, cty.GetAttrPath("oauth2")
	if c.known("token_url") {
		if _, err := parseBase(c.text("token_url"), s.private, s.plain); err != nil {
			r.add(path.GetAttr("token_url"), "token_url can't be used: "+err.Error(), "")
		}
	}
	if in := c.text("credentials_in"); c.known("credentials_in") && in != "header" && in != "body" {
		r.add(path.GetAttr("credentials_in"), fmt.Sprintf("%s is no place for credentials", strconv.Quote(in)), `Write "header" or "body".`)
	}
	for _, name := range c.object("params").names() {
		if slices.Contains([]string{"grant_type", "client_id", "client_secret", "scope"}, name) {
			r.add(path.GetAttr("params").IndexString(name), fmt.Sprintf("The parameter %s follows from the other settings", name), "Remove it.")
		}
	}
	for _, name := range headers {
		if c.isThere() && http.CanonicalHeaderKey(name) == "Authorization" {
			r.add(cty.GetAttrPath("headers").IndexString(name), "With oauth2 the header Authorization holds the token", "Remove this header, or the block oauth2.")
		}
	}
}

func (r *reader) readBlocks(s *settings, c object) {
	for _, k := range kinds() {
		if k.name == blockAction {
			for _, name := range c.object(k.name).names() {
				path := cty.GetAttrPath(k.name).IndexString(name)
				r.checkActionName(path, name)
				s.blocks[blockKey(k.name, name)] = r.readBlock(s, k, name, path, c.object(k.name).object(name))
			}
			continue
		}
		if b := c.object(k.name); b.isThere() {
			s.blocks[k.name] = r.readBlock(s, k, "", cty.GetAttrPath(k.name), b)
		}
	}
}

var actionName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// isVerb reports whether a name is that of a verb, of this version or of a later
// one.
func isVerb(name string) bool {
	return slices.Contains([]string{"provision", "change_plan", "deprovision", "suspend", "resume", blockRotate, blockRotateCommit, blockRotateAbort, blockFind, blockHealth, "read", "meter", "invoke", "validate"}, name)
}

func (r *reader) checkActionName(path cty.Path, name string) {
	switch {
	case !actionName.MatchString(name):
		r.add(path, fmt.Sprintf("%s is no name for an action", strconv.Quote(name)), "Use at most 40 lower case letters, digits and _, beginning with a letter.")
	case isVerb(name):
		r.add(path, fmt.Sprintf("An action can't be called %q", name), "Verbs have blocks of their own. Call the action something else.")
	}
}

func (r *reader) readBlock(s *settings, k blockKind, action string, path cty.Path, c object) *block {
	b := &block{kind: k, action: action, path: path, config: c, method: k.method, timeout: r.duration(c, "timeout", path, s.timeout)}
	b.expect = r.readExpect(path, c)
	b.classes = r.readErrors(b, path, c)
	r.readMethod(b)
	if p := c.object("poll"); p.isThere() {
		b.poll = r.readPoll(path.GetAttr("poll"), p)
	}
	if f := c.object(blockFind); f.isThere() {
		b.find = r.readBlock(s, findOf(k), "", path.GetAttr(blockFind), f)
	}
	return b
}

func (r *reader) readMethod(b *block) {
	if !b.config.known("method") {
		return
	}
	b.method = b.config.text("method")
	allowed := []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodGet, http.MethodHead}
	if b.kind.pure {
		allowed = []string{http.MethodGet, http.MethodHead, http.MethodPost}
	}
	if !slices.Contains(allowed, b.method) {
		r.add(b.path.GetAttr("method"), fmt.Sprintf("%s can't be the method of %s", strconv.Quote(b.method), b.name()), "Write one of "+strings.Join(allowed, ", ")+".")
		b.method = b.kind.method
	}
}

func (r *reader) readExpect(path cty.Path, c object) map[int]bool {
	if !c.known("expect") {
		return nil
	}
	list, _ := c.at("expect").UnmarkDeep()
	expect := map[int]bool{}
	at := path.GetAttr("expect")
	for i, v := range list.AsValueSlice() {
		f, _ := v.AsBigFloat().Float64()
		if f < 200 || f > 499 || f != math.Trunc(f) {
			r.add(at.IndexInt(i), "This is no status that can be a success", "Write statuses from 200 to 499.")
			continue
		}
		expect[int(f)] = true
	}
	if len(expect) == 0 {
		r.add(at, "No status is a success here", "Write at least one, or remove expect: then 200 to 299 are.")
	}
	return expect
}

var statusPattern = regexp.MustCompile(`^([3-5][0-9][0-9]|[3-5]xx)$`)

// classNames are the classes of failures as they are written in a file.
func classNames() []string {
	var names []string
	for _, class := range backend.Classes() {
		names = append(names, strings.ToLower(string(class)))
	}
	return names
}

func (r *reader) readErrors(b *block, path cty.Path, c object) map[string]backend.Class {
	classes := map[string]backend.Class{}
	at := path.GetAttr("errors")
	written := c.texts("errors")
	for _, status := range slices.Sorted(maps.Keys(written)) {
		class := written[status]
		if !statusPattern.MatchString(status) {
			r.add(at.IndexString(status), fmt.Sprintf("%s is no status of a failure", strconv.Quote(status)), `Write one such as "409", or "4xx" for all of a kind.`)
		}
		if n, _ := strconv.Atoi(status); b.expect[n] {
			r.add(at.IndexString(status), fmt.Sprintf("%s is both in expect and in errors", status), "Remove one of them.")
		}
		if !slices.Contains(classNames(), class) {
			r.add(at.GetAttr(status), fmt.Sprintf("%s is no class of failures", strconv.Quote(class)), "Write one of "+strings.Join(classNames(), ", ")+".")
		}
		classes[status] = backend.Class(strings.ToUpper(class))
	}
	return classes
}

func (r *reader) readPoll(path cty.Path, c object) *poll {
	p := &poll{interval: r.duration(c, "interval", path, defaultInterval), class: backend.Internal}
	if class := c.text("class"); c.known("class") {
		if !slices.Contains(classNames(), class) {
			r.add(path.GetAttr("class"), fmt.Sprintf("%s is no class of failures", strconv.Quote(class)), "Write one of "+strings.Join(classNames(), ", ")+".")
		}
		p.class = backend.Class(strings.ToUpper(class))
	}
	return p
}

func statusKey(status int) string { return fmt.Sprintf("%03d", status) }

func objectNames(blocks map[string]*block) []string { return slices.Sorted(maps.Keys(blocks)) }
