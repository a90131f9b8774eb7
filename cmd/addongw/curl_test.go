package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
)

// TestACurlLineSendsTheRequestItself compares what arrives, byte by byte, with
// what the tester itself sends.
func TestACurlLineSendsTheRequestItself(t *testing.T) {
	type arrived struct{ Method, Target, Authorization, ContentType, Body string }
	got := make(chan arrived, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- arrived{r.Method, r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body)}
	}))
	t.Cleanup(server.Close)
	const basic = "Basic YW5uOnAkcydzIg==" // ann:p$s's"
	json := func(body string) conformance.Request {
		r := conformance.NewRequest(http.MethodPost, server.URL+"/a", struct{}{})
		r.Body = []byte(body)
		return r
	}
	without := conformance.NewRequest(http.MethodDelete, server.URL+"/a/"+answeredID+"/[x]{y}", nil)
	null := conformance.NewRequest(http.MethodDelete, server.URL+"/a", nil)
	null.Body = []byte("null")
	link := conformance.SignOn{Method: "GET", URL: server.URL + "/sso", Encoding: conformance.Query, Fields: []conformance.Field{{Name: "id", Value: "a b&c"}}}
	form := conformance.SignOn{Method: "POST", URL: server.URL + "/sso", Encoding: conformance.Form, Fields: link.Fields}
	for name, tc := range map[string]struct {
		request conformance.Request
		want    arrived
	}{
		"an order":         {json(`{"a":"it's $HOME \"\u0026\""}`), arrived{"POST", "/a", basic, "application/json", `{"a":"it's $HOME \"\u0026\""}`}},
		"with the id":      {json(`{"id":"` + answeredID + `"}`), arrived{"POST", "/a", basic, "application/json", `{"id":"res 1"}`}},
		"like a file":      {json(`@/etc/hostname`), arrived{"POST", "/a", basic, "application/json", "@/etc/hostname"}},
		"without a body":   {without, arrived{"DELETE", "/a/res%201/[x]{y}", basic, "", ""}},
		"an untyped body":  {null, arrived{"DELETE", "/a", basic, "", "null"}},
		"a sign-on's link": {link.Request(), arrived{"GET", "/sso?id=a+b%26c", "", "", ""}},
		"a sign-on's form": {form.Request(), arrived{"POST", "/sso", "", "application/x-www-form-urlencoded", "id=a+b%26c"}},
	} {
		id := "res 1"
		if name == "without a body" {
			id = "res%201"
		}
		line := curl(tc.request, shellQuote("ann:"), `"$ADDONGW_PASSWORD"`)
		cmd := exec.Command("sh", "-ec", line)
		cmd.Env = append(bareEnvironment(t.TempDir()), `ADDONGW_PASSWORD=p$s's"`, "ID="+id)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %s: %v: %s", name, line, err, out)
			continue
		}
		if diff := cmp.Diff(tc.want, <-got); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", name, line, diff)
		}
	}
}
