package main

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
)

func TestARequestIsBent(t *testing.T) {
	const body = `{"plan":"small","options":{"size":"3","tags":["a","b"]},"count":9007199254740993}`
	for name, tc := range map[string]struct {
		bends bends
		want  string
	}{
		"a text":           {bends{set: []string{"plan=large"}}, `{"count":9007199254740993,"options":{"size":"3","tags":["a","b"]},"plan":"large"}`},
		"JSON":             {bends{set: []string{`plan={"id":7}`}}, `{"count":9007199254740993,"options":{"size":"3","tags":["a","b"]},"plan":{"id":7}}`},
		"a quoted number":  {bends{set: []string{`plan="7"`}}, `{"count":9007199254740993,"options":{"size":"3","tags":["a","b"]},"plan":"7"}`},
		"nothing":          {bends{set: []string{"plan="}}, `{"count":9007199254740993,"options":{"size":"3","tags":["a","b"]},"plan":""}`},
		"with = in it":     {bends{set: []string{"plan=a=b"}}, `{"count":9007199254740993,"options":{"size":"3","tags":["a","b"]},"plan":"a=b"}`},
		"deeper":           {bends{set: []string{"options.size=4", "options.tags.1=c"}}, `{"count":9007199254740993,"options":{"size":4,"tags":["a","c"]},"plan":"small"}`},
		"new on the way":   {bends{set: []string{"a.b.c=true"}, omit: []string{"options", "count", "plan"}}, `{"a":{"b":{"c":true}}}`},
		"set, then within": {bends{set: []string{"options={}", "options.x=1"}, omit: []string{"count"}}, `{"options":{"x":1},"plan":"small"}`},
		"left out":         {bends{omit: []string{"options.tags.0", "options.size", "count"}}, `{"options":{"tags":["b"]},"plan":"small"}`},
		"as it is":         {bends{}, body},
	} {
		r := conformance.NewRequest(http.MethodPost, "http://a.example", nil)
		r.Body = []byte(body)
		bent, err := tc.bends.request(r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(tc.want, string(bent.Body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestARequestWithoutABodyGetsOne(t *testing.T) {
	r, err := bends{set: []string{"plan=small"}}.request(conformance.NewRequest(http.MethodDelete, "http://a.example", nil))
	if err != nil || string(r.Body) != `{"plan":"small"}` || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s, %v, %v", r.Body, r.Header, err)
	}
}

func TestAListIsBentOnlyWhereItIs(t *testing.T) {
	r := conformance.NewRequest(http.MethodPost, "http://a.example", map[string]any{"tags": []string{"a"}})
	for _, b := range []bends{
		{set: []string{"tags.1=b"}}, {set: []string{"tags.x=b"}}, {omit: []string{"tags.-1"}}, {omit: []string{"tags.0.x"}}, {omit: []string{"plan"}},
	} {
		if bent, err := b.request(r); err == nil {
			t.Errorf("%v makes %s", b, bent.Body)
		}
	}
}

func TestASignOnIsBentByItsFields(t *testing.T) {
	s := conformance.SignOn{Fields: []conformance.Field{{Name: "id", Value: "1"}, {Name: "token", Value: "x"}}}
	bent, err := bends{set: []string{"id=true", "email=a=b"}, omit: []string{"token"}}.signOn(s)
	want := []conformance.Field{{Name: "id", Value: "true"}, {Name: "email", Value: "a=b"}}
	if diff := cmp.Diff(want, bent.Fields); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := (bends{omit: []string{"none"}}).signOn(s); err == nil {
		t.Error("what is not there is left out")
	}
}
