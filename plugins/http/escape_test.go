package http

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// hostile are values by which a customer, or whoever else is not the operator,
// could try to have another thing addressed than is theirs.
func hostile() []string {
	return []string{
		"../accounts/acc1", "..", ".", "...", "%2e%2e", "%2E%2e/acc1", ".%2e", "%252e%252e%252facc1", "..;", "..;x=y", "%2e%2e;", "..%3b", " .. ", "..%20",
		"a/b", "/", "//evil.example", "a/../acc1", `..\acc1`, `a\b`, "%2f", "%5c", "%252f", "%25252525252f", "..%2facc1", "..%c0%af",
		"acc1?admin=1", "acc1#x", "acc1;admin=1", "?", "#", "acc1%3fadmin=1", "acc1%00", "acc1\x00", "acc1\r\nX-Admin: 1", "acc1\nHost: evil", "\t", "\x7f",
		"", " ", "acc1 HTTP/1.1\r\n\r\nDELETE /v2/accounts/acc2", "@evil.example", ":80", "*", "acc1,acc2", "acc1&x=y", "ＡＣＣ１", "．．", "／", "\xff\xfe", "%", "%zz", "%u002e%u002e",
		"http://evil.example/", strings.Repeat("a", 4000), "acc1%0d%0aX: y", "acc1+acc2", "acc1|acc2", "~root", "$(id)", "`id`", "${output.api_key}", "%{ if true }x%{ endif }",
	}
}

// TestAValueAddressesNothingButItsOwn lets hostile values into every place of an
// address. Either the request is refused, and none is sent, or the server finds
// exactly the value where the operator put it.
func TestAValueAddressesNothingButItsOwn(t *testing.T) {
	t.Parallel()
	for where, c := range map[string]place{
		"a segment":             {`path = "/accounts/${resource.options.name}"`, "/v2/accounts/", ""},
		"a segment inside":      {`path = "/accounts/${resource.options.name}/keys"`, "/v2/accounts/", "/keys"},
		"a part of a segment":   {`path = "/accounts/by-${resource.options.name}.json"`, "/v2/accounts/by-", ".json"},
		"the first segment":     {`path = "/${resource.options.name}/keys"`, "/v2/", "/keys"},
		"a parameter":           {"path  = \"/accounts\"\n  query = { name = resource.options.name, sure = \"1\" }", "", ""},
		"a parameter by a text": {"path  = \"/accounts\"\n  query = { name = \"${resource.options.name}\", sure = \"1\" }", "", ""},
	} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			s := newSaaS(t)
			h := configured(t, s.mailwind(strings.Replace(verbs, `path = "/accounts/${output.account_id}"
  body = { tier`, c.path+`
  body = { tier`, 1)))
			sent := 0
			for _, name := range hostile() {
				op := someOp(t)
				op.Outputs = value(map[string]cty.Value{"account_id": cty.StringVal("acc9"), "api_key": cty.StringVal("k"), "key_id": cty.StringVal("k"), "sent": cty.Zero})
				op.Options = value(map[string]cty.Value{"name": cty.StringVal(name)})
				before := len(s.requests())
				s.next(says(200, "{}"))
				_, err := h.ChangePlan(t.Context(), backend.ChangePlanRequest{Op: op}, &recorder{})
				if arrived := s.requests()[before:]; len(arrived) != 1 {
					s.mu.Lock()
					s.faults = nil
					s.mu.Unlock()
					if len(arrived) > 0 || err == nil {
						t.Errorf("%q: %d requests arrived, %v", name, len(arrived), err)
					}
					wantFailure(t, err, backend.Invalid, "change_plan: path")
					if strings.TrimSpace(name) != "" && len(name) > 3 && strings.Contains(err.Error(), name) {
						t.Errorf("%q is repeated in the failure", name)
					}
					continue
				}
				sent++
				c.check(t, name, s.last())
			}
			if sent == 0 || c.prefix != "" && sent == len(hostile()) {
				t.Errorf("%d of %d values were sent", sent, len(hostile()))
			}
		})
	}
}

// place is where a value stands in an address.
type place struct {
	path           string // attributes of the block
	prefix, suffix string // of the path that arrives; empty: the value is a parameter
}

// check wants that what arrived has the value exactly there, read as leniently
// as servers do.
func (p place) check(t *testing.T, name string, got seen) {
	t.Helper()
	if len(got.Header["X-Admin"])+len(got.Header["Host"]) > 0 {
		t.Errorf("%q: a header came with it: %v", name, got.Header)
	}
	if p.prefix == "" {
		query, err := url.ParseQuery(got.Query)
		if err != nil || len(query) != 2 || query.Get("name") != strings.ToValidUTF8(name, "\uFFFD") && query.Get("name") != name || query.Get("sure") != "1" || got.Path != "/v2/accounts" {
			t.Errorf("%q: arrived as %s?%s", name, got.Path, got.Query)
		}
		return
	}
	inner, ok := strings.CutPrefix(got.Path, p.prefix)
	inner, ends := strings.CutSuffix(inner, p.suffix)
	plain, err := url.PathUnescape(inner)
	if !ok || !ends || err != nil || plain != name || got.Query != "" {
		t.Errorf("%q: arrived as %s?%s", name, got.Path, got.Query)
	}
	for range 8 {
		if strings.ContainsAny(plain, `/\`) || strings.ContainsFunc(plain, func(c rune) bool { return c < ' ' }) || dots(p, plain) {
			t.Errorf("%q: who decodes %s repeatedly reads %q", name, inner, plain)
		}
		if plain, err = url.PathUnescape(plain); err != nil {
			return
		}
	}
}

// dots reports whether a whole segment is dots.
func dots(p place, segment string) bool {
	name, _, _ := strings.Cut(segment, ";")
	name = strings.TrimSpace(name)
	return strings.HasSuffix(p.prefix, "/") && (p.suffix == "" || p.suffix[0] == '/') && (name == "." || name == ".." || name == "")
}

func FuzzAValueStaysInItsSegment(f *testing.F) {
	for _, text := range hostile() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		literal := func(text string) expr.Part { return expr.Part{Value: cty.StringVal(text), Literal: true} }
		path, err := pathOf([]expr.Part{literal("/accounts/"), {Value: cty.StringVal(text)}, literal("/keys")})
		if err != nil {
			return
		}
		base, err := url.Parse("https://api.example.com/v2")
		if err != nil {
			t.Fatal(err)
		}
		u, err := below(base, path)
		if err != nil {
			t.Fatalf("%q became the path %q: %v", text, path, err)
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Host != base.Host || again.RawQuery != "" || again.Fragment != "" || again.User != nil {
			t.Fatalf("%q became the address %q: %v", text, u, err)
		}
		place{prefix: "/v2/accounts/", suffix: "/keys"}.check(t, cty.StringVal(text).AsString(), seen{Path: again.EscapedPath()})
	})
}

func FuzzWhateverIsAnsweredIsAValue(f *testing.F) {
	for _, text := range []string{"", " ", "{}", `{"a":[1,2.5,null,"ü"]}`, `{"a":`, "[[[[", "1e999", "-0.1e-5", "\xff\xfe", "<html>", `{"a":1,"a":"x"}`, `"\ud800"`} {
		f.Add("application/json", []byte(text))
		f.Add("text/plain", []byte(text))
	}
	all, err := expr.FromValue(expr.Source{Text: "jsonencode(response)"}.Value())
	if err != nil {
		f.Fatal(err)
	}
	at, err := url.Parse("https://api.example.com/v2")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind string, text []byte) {
		a, err := readAnswer(&http.Response{
			StatusCode: 200, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(bytes.NewReader(text)), Request: &http.Request{URL: at},
		}, 1<<16)
		if err != nil && a.isJSON {
			t.Errorf("%q is JSON, and %v", text, err)
		}
		v, err := all.Value(map[string]cty.Value{"response": a.value()})
		if err != nil || !v.IsWhollyKnown() {
			t.Errorf("%q became %#v: %v", text, v, err)
		}
	})
}
