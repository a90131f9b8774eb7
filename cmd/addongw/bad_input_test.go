package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/admin"
)

// startQuickstart serves examples/quickstart.
func startQuickstart(t *testing.T, dir string) *process {
	t.Helper()
	args := []string{"serve", dir, "--listen", "127.0.0.1:0", "--admin", "unix:" + dir + "/admin.sock"}
	return start(t, dir, args, "CLEVER_PASSWORD="+password, "CLEVER_SSO_SALT="+ssoSalt)
}

const order = `{"addon_id":"addon_1","plan":"small","region":"EU","options":{}}`

func TestBadRequestsGetAClear4xxAndMakeNothing(t *testing.T) {
	dir := copyExample(t, "quickstart")
	p := startQuickstart(t, dir)
	resources := p.URL + "/clevercloud/tinyfiles/resources"
	post := func(body string) call { return call{"POST", resources, "tinyfiles", password, body} }
	cases := map[string]struct {
		call   call
		status int
	}{
		"no JSON":                {post(`plan=small`), 400},
		"truncated JSON":         {post(order[:30]), 400},
		"an empty body":          {post(` `), 400},
		"a list":                 {post(`[]`), 400},
		"null":                   {post(`null`), 400},
		"two objects":            {post(order + order), 400},
		"a repeated key":         {post(`{"addon_id":"a","plan":"small","plan":"large","region":"EU"}`), 400},
		"2 MiB":                  {post(`{"addon_id":"` + strings.Repeat("a", 2<<20) + `"}`), 400},
		"a number for the id":    {post(`{"addon_id":1,"plan":"small","region":"EU"}`), 400},
		"a list for the plan":    {post(`{"addon_id":"a","plan":["small"],"region":"EU"}`), 400},
		"options that are text":  {post(`{"addon_id":"a","plan":"small","region":"EU","options":"x"}`), 400},
		"no id":                  {post(`{"plan":"small","region":"EU"}`), 400},
		"no plan":                {post(`{"addon_id":"a","region":"EU"}`), 400},
		"two different ids":      {post(`{"addon_id":"a","heroku_id":"b","plan":"small","region":"EU"}`), 400},
		"an unknown plan":        {post(`{"addon_id":"a","plan":"gold","region":"EU"}`), 422},
		"an unknown region":      {post(`{"addon_id":"a","plan":"small","region":"MARS"}`), 422},
		"a wrong user":           {call{"POST", resources, "someone", password, order}, 401},
		"a wrong password":       {call{"POST", resources, "tinyfiles", password + "x", order}, 401},
		"a password's beginning": {call{"POST", resources, "tinyfiles", password[:8], order}, 401},
		"no credentials":         {call{"POST", resources, "", "", order}, 401},
		"PUT of an unknown id":   {call{"PUT", resources + "/res_unknown", "tinyfiles", password, `{"plan":"small"}`}, 404},
		"DELETE of an unknown":   {call{"DELETE", resources + "/res_unknown", "tinyfiles", password, ""}, 404},
		"another method":         {call{"PATCH", resources, "tinyfiles", password, order}, 405},
		"another path":           {call{"POST", resources + "/a/b/c", "tinyfiles", password, order}, 404},
		"another add-on":         {call{"POST", p.URL + "/clevercloud/other/resources", "tinyfiles", password, order}, 404},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := tc.call.must(t, tc.status)
			var body struct{ Message string }
			if err := json.Unmarshal([]byte(got.Body), &body); err != nil || body.Message == "" {
				t.Errorf("the body is not {\"message\": …}: %s", got.Body)
			}
			if tc.status == 401 && !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Basic realm=") {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
	page, err := admin.NewClient(dir+"/admin.sock").Resources(t.Context(), filterAll)
	if err != nil || len(page.Resources) != 0 {
		t.Errorf("bad requests made %d resources, %v", len(page.Resources), err)
	}
	call{"POST", resources, "tinyfiles", password, order}.must(t, 200) // it still serves
}

// TestACutOffBodyMakesNothing sends fewer bytes than it announces, then hangs up.
func TestACutOffBodyMakesNothing(t *testing.T) {
	dir := copyExample(t, "quickstart")
	p := startQuickstart(t, dir)
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequest("POST", p.URL, nil)
	req.SetBasicAuth("tinyfiles", password)
	_, err = fmt.Fprintf(conn, "POST /clevercloud/tinyfiles/resources HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: 500\r\n\r\n%s", req.Header.Get("Authorization"), order)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	text, _ := io.ReadAll(conn)
	_ = conn.Close()
	if !strings.HasPrefix(string(text), "HTTP/1.1 400") {
		t.Errorf("answer: %.80q, want 400", text)
	}
	page, err := admin.NewClient(dir+"/admin.sock").Resources(t.Context(), filterAll)
	if err != nil || len(page.Resources) != 0 {
		t.Errorf("a cut-off body made %d resources, %v", len(page.Resources), err)
	}
}
