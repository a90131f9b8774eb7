package http

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// A path is put together from what the operator wrote and from values of
// customers and servers. The latter must not change what is addressed: each
// becomes a piece of one segment, and what would be more than that, or nothing
// at all, to any reader however lenient, is refused.

// pathOf composes an escaped path. Errors hold no values.
func pathOf(parts []expr.Part) (string, error) {
	var path strings.Builder
	for i, p := range parts {
		text, err := pieceOf(p)
		if err != nil {
			if !p.Literal {
				err = fmt.Errorf("what stands in the %s ${…} %w", ordinal(parts, i), err)
			}
			return "", err
		}
		path.WriteString(text)
	}
	last := parts[len(parts)-1].Literal
	return path.String(), checkSegments(path.String(), last)
}

func ordinal(parts []expr.Part, at int) string {
	n := 0
	for _, p := range parts[:at+1] {
		if !p.Literal {
			n++
		}
	}
	return []string{"first", "second", "third"}[min(n, 3)-1]
}

var errNull = errors.New("is null")

// pieceOf is a part of a path as it is sent.
func pieceOf(p expr.Part) (string, error) {
	if isSensitive(p.Value) {
		return "", errors.New("is a secret: addresses end up in the logs of every server on the way")
	}
	v, _ := p.Value.UnmarkDeep()
	switch {
	case v.IsNull():
		return "", errNull
	case !v.IsKnown():
		return "", errors.New("is not known")
	case p.Literal:
		if why := literalProblem(v.AsString()); why != "" {
			return "", errors.New(why)
		}
		return v.AsString(), nil
	}
	text := v.AsString()
	if why := valueProblem(text); why != "" {
		return "", errors.New(why)
	}
	return url.PathEscape(text), nil
}

// pathText is what may stand in an escaped path (RFC 3986, section 3.3).
var pathText = regexp.MustCompile(`^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$`)

// literalProblem says why what an operator wrote can't be a part of a path.
func literalProblem(text string) string {
	switch {
	case strings.Contains(text, "?"):
		return `there is a "?" in it: parameters are written as query = { … }`
	case strings.Contains(text, "#"):
		return `there is a "#" in it: that is for browsers`
	case !pathText.MatchString(text):
		return `there is a character in it that paths must hold as %XX`
	}
	return ""
}

// valueProblem says why a value can't be a piece of a segment.
func valueProblem(text string) string {
	for range 5 { // servers on the way may decode more than once
		if !utf8.ValidString(text) {
			return "is no valid text"
		}
		if strings.ContainsAny(text, `/\`) {
			return "has a slash in it, so it would address something else"
		}
		if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return "has a control character in it"
		}
		plain, err := url.PathUnescape(text)
		if err != nil || plain == text {
			return ""
		}
		text = plain
	}
	return "is escaped many times over"
}

// checkSegments refuses a path whose segments some reader would not take as they
// stand: dots, also those before a parameter, and empty ones. A slash at the end
// is right where the operator wrote it.
func checkSegments(path string, literalEnd bool) error {
	if !strings.HasPrefix(path, "/") {
		return errors.New("it must begin with /")
	}
	segments := strings.Split(path[1:], "/")
	for i, segment := range segments {
		if segment == "" && (i < len(segments)-1 || !literalEnd) {
			return errors.New("a segment of it is empty, so it would address something else")
		}
		if segment != "" && isNowhere(segment) {
			return errors.New("a segment of it is blank, . or .., so it would address something else")
		}
	}
	return nil
}

// isNowhere reports whether a segment is dots, or nothing, however it is decoded.
func isNowhere(segment string) bool {
	for range 6 {
		name, _, _ := strings.Cut(segment, ";")
		if name = strings.TrimSpace(name); name == "" || isDots(name) {
			return true
		}
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == segment {
			return false
		}
		segment = plain
	}
	return false
}

// path is the escaped path of a block, or of its poll.
func (o object) path(own scope) (string, error) {
	parts, err := o.parts("path", own)
	if err != nil {
		return "", backend.Failf(backend.Internal, "path: %v", err)
	}
	if len(parts) == 0 {
		return "", backend.Failf(backend.Internal, "path: it is empty")
	}
	path, err := pathOf(parts)
	if err != nil {
		return "", backend.Failf(backend.Invalid, "path: %v", err)
	}
	return path, nil
}

func (o object) parts(name string, own scope) ([]expr.Part, error) {
	e, err := o.expression(name)
	if err != nil {
		return nil, err
	}
	return e.Parts(own)
}

// isPath reports whether the operator began an address with a slash: it is a path
// then, appended to base_url as every other, and none that a server named.
func isPath(parts []expr.Part) bool {
	return len(parts) > 0 && parts[0].Literal && strings.HasPrefix(textOf(parts[0]), "/")
}

func textOf(p expr.Part) string {
	v, _ := p.Value.Unmark()
	return v.AsString()
}

// withQuery composes an escaped path of parts that may have parameters after a ?.
func withQuery(parts []expr.Part) (path, query string, err error) {
	for i, p := range parts {
		if !p.Literal {
			continue
		}
		before, after, found := strings.Cut(textOf(p), "?")
		if !found {
			continue
		}
		literal := func(text string) expr.Part { return expr.Part{Value: cty.StringVal(text), Literal: true} }
		if query, err = queryOf(append([]expr.Part{literal(after)}, parts[i+1:]...)); err != nil {
			return "", "", err
		}
		parts = append(slices.Clone(parts[:i]), literal(before))
		break
	}
	path, err = pathOf(parts)
	return path, query, err
}

// queryText is what may stand in an escaped query (RFC 3986, section 3.4).
var queryText = regexp.MustCompile(`^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*$`)

func queryOf(parts []expr.Part) (string, error) {
	var query strings.Builder
	for _, p := range parts {
		v, _ := p.Value.UnmarkDeep()
		switch {
		case isSensitive(p.Value):
			return "", errors.New("a parameter is a secret: addresses end up in the logs of every server on the way")
		case v.IsNull() || !v.IsKnown():
			return "", errors.New("a parameter is null or not known")
		case p.Literal && !queryText.MatchString(v.AsString()):
			return "", errors.New("there is a character after the ? that must be written as %XX")
		case p.Literal:
			query.WriteString(v.AsString())
		default:
			query.WriteString(url.QueryEscape(v.AsString()))
		}
	}
	return query.String(), nil
}
