package http

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// polling is the block of an action that polls, with what more says.
func polling(s *saas, block, poll string) string {
	return connection(s.URL) + `
action "build" {
  path    = "/builds"
  headers = { X-Token = try(credential.token, null) }
  outputs = { body = response.body, status = response.status }
` + block + `
  poll {
    interval = "5ms"
` + poll + `
  }
}
`
}

func build(t *testing.T, h *hosted, op backend.Op) (backend.Result, *recorder, error) {
	t.Helper()
	r := &recorder{}
	op.Credential = map[string]string{"token": "users-token"}
	result, err := h.Invoke(t.Context(), backend.InvokeRequest{Op: op, Action: "build", Args: value(map[string]cty.Value{})}, r)
	return result, r, err
}

func TestWorkIsAskedForUntilItIsDone(t *testing.T) {
	t.Parallel()
	json := func(status int, body string, headers ...string) fault {
		return says(status, body, append(headers, "Content-Type", "application/json")...)
	}
	for name, c := range map[string]struct {
		poll  string
		steps []fault
		want  []string // requests
		last  string   // a member "n" of the last body
	}{
		"by Location": {``,
			[]fault{json(202, `{}`, "Location", "/v2/ops/1"), json(202, `{}`), json(202, `{}`), json(200, `{"n":"z"}`)},
			[]string{"POST /v2/builds", "GET /v2/ops/1", "GET /v2/ops/1", "GET /v2/ops/1"}, "z"},
		"by a relative Location": {``,
			[]fault{json(202, `{}`, "Location", "builds/7?x=1"), json(200, `{"n":"z"}`)},
			[]string{"POST /v2/builds", "GET /v2/builds/7"}, "z"},
		"accepted, whatever it says": {"done = response.body.state == \"up\"",
			[]fault{json(202, `{"state":"up"}`, "Location", "/v2/ops/1"), json(200, `{"state":"up","n":"z"}`)},
			[]string{"POST /v2/builds", "GET /v2/ops/1"}, "z"},
		"done at once": {``,
			[]fault{json(201, `{"n":"a"}`)},
			[]string{"POST /v2/builds"}, "a"},
		"by a path": {"path = \"/builds/${response.body.id}\"\ndone = response.body.state == \"up\"",
			[]fault{json(201, `{"id":"b7","state":"new"}`), json(200, `{"state":"new"}`), json(200, `{"state":"up","n":"z"}`)},
			[]string{"POST /v2/builds", "GET /v2/builds/b7", "GET /v2/builds/b7"}, "z"},
		"by a path, done at once": {"path = \"/builds/${response.body.id}\"\ndone = response.body.state == \"up\"",
			[]fault{json(201, `{"id":"b7","state":"up","n":"a"}`)},
			[]string{"POST /v2/builds"}, "a"},
		"by an address": {"url = response.body.links.self\ndone = response.body.progress >= 100",
			[]fault{json(202, `{"links":{"self":"URL/v2/tasks/3"}}`), json(200, `{"progress":50}`), json(200, `{"progress":100,"n":"z"}`)},
			[]string{"POST /v2/builds", "GET /v2/tasks/3", "GET /v2/tasks/3"}, "z"},
		"with a result of ours": {"done = response.body.state == \"up\"\nresult = \"/servers/${response.body.id}?view=${response.body.view}\"",
			[]fault{json(202, `{}`, "Location", "/v2/ops/1"), json(200, `{"state":"up","id":4,"view":"a&b"}`), json(200, `{"n":"z"}`)},
			[]string{"POST /v2/builds", "GET /v2/ops/1", "GET /v2/servers/4"}, "z"},
		"by an address of ours": {"url = \"/ops?id=${response.body.id}\"",
			[]fault{json(202, `{"id":"a b&c"}`), json(200, `{"n":"z"}`)},
			[]string{"POST /v2/builds", "GET /v2/ops"}, "z"},
		"with a result elsewhere": {"done = response.body.state == \"up\"\nresult = response.body.at",
			[]fault{json(202, `{}`, "Location", "/v2/ops/1"), json(200, `{"state":"up","at":"/v2/servers/4"}`), json(200, `{"n":"z"}`)},
			[]string{"POST /v2/builds", "GET /v2/ops/1", "GET /v2/servers/4"}, "z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSaaS(t)
			for _, step := range c.steps {
				s.next(func(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
					step(rewriting{w, s.URL}, r, handle)
				})
			}
			h := configured(t, polling(s, "", c.poll))
			result, r, err := build(t, h, someOp(t))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(s.requests(), ", "); got != strings.Join(c.want, ", ") {
				t.Errorf("requests %s", got)
			}
			body, _ := objectOf(result.Outputs.Cty()).at("body").UnmarkDeep()
			if got := objectOf(body).text("n"); got != c.last {
				t.Errorf("the outputs are of %q", got)
			}
			for _, got := range s.seen {
				if got.Method == "GET" && !slices.Contains([]string{"", "x=1", "view=a%26b", "id=a+b%26c"}, got.Query) {
					t.Errorf("asked for ?%s", got.Query)
				}
				if got.Header.Get("X-Token") != "users-token" || got.Header.Get("Authorization") != "Bearer secret-token" {
					t.Errorf("%s %s came without its headers", got.Method, got.Path)
				}
			}
			if string(result.State) != "{}" || strings.Contains(string(r.lastState()), "token") {
				t.Errorf("state %s, before %s", result.State, r.lastState())
			}
		})
	}
}

// rewriting replaces URL by the server's address.
type rewriting struct {
	http.ResponseWriter
	url string
}

func (r rewriting) Write(p []byte) (int, error) {
	_, err := r.ResponseWriter.Write([]byte(strings.ReplaceAll(string(p), "URL", r.url)))
	return len(p), err
}

func TestWorkGoesOnInTheNextAttempt(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, polling(s, "", `done = response.body.done`))
	op := someOp(t)
	op.Deadline = time.Now().Add(3 * time.Second)
	s.next(says(202, `{}`, "Location", "/v2/ops/1", "Retry-After", "60"))
	_, r, err := build(t, h, op)
	if f := wantFailure(t, err, backend.Retryable, "the work goes on"); f.RetryAfter != time.Minute {
		t.Errorf("come back after %v", f.RetryAfter)
	}
	s.next(says(200, `{"done": true}`))
	if _, _, err = build(t, h, r.again(op)); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.requests(), ", "); got != "POST /v2/builds, GET /v2/ops/1" {
		t.Errorf("requests %s", got)
	}

	// Another operation orders anew, and so does one whose address is not where
	// base_url is any more.
	for _, state := range []string{string(r.lastState()), `{"pending":{"verb":"invoke","action":"build","operation_id":"op_3","url":"https://evil.example/v2/ops/1"}}`} {
		other := op
		other.OperationID, other.State = "op_3", json.RawMessage(state)
		s.next(says(201, `{"done": true}`))
		if _, _, err = build(t, h, other); err != nil {
			t.Fatal(err)
		}
		if got := s.last(); got.Method != "POST" {
			t.Errorf("%s: %s %s", state, got.Method, got.Path)
		}
	}
}

func TestTroubleWithWorkThatGoesOn(t *testing.T) {
	t.Parallel()
	begun := says(202, `{}`, "Location", "/v2/ops/1")
	json := func(text string) fault { return says(200, text, "Content-Type", "application/json") }
	for name, c := range map[string]struct {
		block, poll string
		steps       []fault
		want        backend.Class
		words       string
		pending     bool // the next attempt goes on
	}{
		"it failed":                    {"message = response.body.why", "failed = response.body.state == \"error\"\ndone = response.body.state == \"up\"", []fault{begun, json(`{"state":"error","why":"no disk"}`)}, backend.Internal, "the work has failed: no disk", false},
		"it failed, of a class":        {"customer = response.body.why", "failed = response.body.state == \"error\"\nclass = \"quota\"", []fault{begun, json(`{"state":"error","why":"no disk"}`)}, backend.Quota, "the work has failed", false},
		"it failed at once":            {"", `failed = response.body.state == "error"`, []fault{says(201, `{"state":"error"}`)}, backend.Internal, "the work has failed", false},
		"the question fails":           {"", "", []fault{begun, says(500, "")}, backend.Retryable, "poll: GET /v2/ops/1 answers 500", true},
		"the question is not heard":    {"", "", []fault{begun, hangUp, hangUp, hangUp}, unknownOutcome, "EOF", true},
		"the work is forgotten":        {"", "", []fault{begun, says(404, "")}, backend.Retryable, "poll: GET /v2/ops/1 answers 404", false},
		"we are refused":               {"", "", []fault{begun, says(403, "")}, backend.Unauthorized, "answers 403", true},
		"the question is a redirect":   {"", "", []fault{begun, says(302, "", "Location", "https://evil.example/")}, backend.Internal, "answers 302", true},
		"nothing says where":           {"", "", []fault{says(202, `{}`)}, backend.Internal, "no header Location; write path or url", false},
		"Location leads elsewhere":     {"", "", []fault{says(202, `{}`, "Location", "https://evil.example/ops/1")}, backend.Internal, "can't be followed: it does not belong to http://127.0.0.1:", false},
		"Location is far too long":     {"", "", []fault{says(202, `{}`, "Location", "/v2/"+strings.Repeat("&", 50_000))}, backend.Internal, "too long", false},
		"Location has a user":          {"", "", []fault{asSomebody(202)}, backend.Internal, "can't be followed", false},
		"url leads elsewhere":          {"", "url = response.body.at", []fault{says(202, `{"at":"//evil.example/ops"}`)}, backend.Internal, "url can't be followed", false},
		"url is nothing":               {"", "url = response.body.at", []fault{says(202, `{"at":null}`)}, backend.Internal, "url is no text", false},
		"path leads elsewhere":         {"", `path = "/ops/${response.body.id}"`, []fault{says(202, `{"id":"../accounts/acc1"}`)}, backend.Internal, "has a slash in it", false},
		"result leads elsewhere":       {"", `result = response.body.at`, []fault{begun, json(`{"at":"http://localhost/x"}`)}, backend.Internal, "result can't be followed", true},
		"result leads upwards":         {"", `result = "/x/${response.body.id}"`, []fault{begun, json(`{"id":"../y"}`)}, backend.Internal, "result: what stands in the first ${…} has a slash in it", true},
		"result is not there":          {"", `result = response.body.at`, []fault{begun, json(`{"at":"/v2/x"}`), says(404, "")}, backend.Internal, "the result, GET /v2/x, answers 404", true},
		"result is not there yet":      {"", `result = response.body.at`, []fault{begun, json(`{"at":"/v2/x"}`), says(503, "")}, backend.Retryable, "the result, GET /v2/x, answers 503", true},
		"done can't be told":           {"", `done = response.body.state == "up"`, []fault{begun, json(`{}`)}, backend.Internal, "poll: addongw.hcl:", true},
		"done is a page":               {"", `done = response.body.state == "up"`, []fault{begun, says(200, "<html>")}, unknownOutcome, "is no JSON", true},
		"the address holds a secret":   {"", "", []fault{says(202, `{}`, "Location", "/v2/ops/secret-token"), says(500, "")}, backend.Retryable, "an address that holds a secret", false},
		"the address holds a caller's": {"", "", []fault{says(202, `{}`, "Location", "/v2/ops?t=users-token"), says(500, "")}, backend.Retryable, "poll: GET /v2/ops answers 500", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSaaS(t)
			s.next(c.steps...)
			h := configured(t, polling(s, c.block, c.poll))
			op := someOp(t)
			_, r, err := build(t, h, op)
			if c.want == unknownOutcome {
				wantUnknown(t, err, c.words)
			} else {
				wantFailure(t, err, c.want, c.words)
			}
			if strings.Contains(string(r.lastState())+strings.Join(r.lines, "")+err.Error(), "-token") {
				t.Errorf("a secret is recorded: %s", r.lastState())
			}
			s.mu.Lock()
			s.faults = nil
			s.mu.Unlock()
			s.next(says(200, `{"state":"up","at":"/v2/x"}`), says(200, "{}"))
			before := len(s.requests())
			_, _, _ = build(t, h, r.again(op)) // whatever comes of it
			if next := s.requests()[before]; strings.HasPrefix(next, "GET") != c.pending {
				t.Errorf("the next attempt begins with %s", next)
			}
		})
	}
}

func TestARemovalInTheBackgroundIsOverWhenTheWorkIsGone(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(later+find))
	op, _ := mustProvision(t, h, someOp(t))
	s.next(right, says(404, ""))
	if _, err := deprovision(t, h, op); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.requests()[2:], ", "); got != "DELETE /v2/slow/accounts/acc1, GET /v2/operations/w2" {
		t.Errorf("requests %s", got)
	}
}

// An order that the API has accepted is carried out whenever the API likes: a
// removal that finds nothing waits for its end.
func TestARemovalWaitsForAnAcceptedOrder(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	s.patience = 30
	h := configured(t, s.mailwind(later+find))
	op := someOp(t)
	s.next(right, says(500, ""))
	_, r, err := provision(t, h, op)
	wantFailure(t, err, backend.Retryable, "poll")
	clean := following(op, backend.Result{State: r.lastState()})
	if _, err := deprovision(t, h, clean); err != nil || s.makes() != 1 || s.count() != 0 {
		t.Errorf("%v; %d made, %d left", err, s.makes(), s.count())
	}
}

func TestHowLongToWaitIsKeptWithinBounds(t *testing.T) {
	t.Parallel()
	c := &call{block: &block{poll: &poll{interval: 2 * time.Second}}}
	for header, want := range map[string]time.Duration{"": 2 * time.Second, "0": leastPoll, "3": 3 * time.Second, "86400": mostPoll, "x": 2 * time.Second, "Mon, 01 Jan 2001 00:00:00 GMT": leastPoll} {
		a := answer{header: http.Header{}}
		if header != "" {
			a.header.Set("Retry-After", header)
		}
		if got := c.interval(a); got != want {
			t.Errorf("Retry-After %q: %v, want %v", header, got, want)
		}
	}
}

// worked does what was asked for without being asked again.
func (s *saas) worked(handle http.HandlerFunc, r *http.Request) {
	handle(httptest.NewRecorder(), r)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, do := range s.work {
		do()
	}
}

// Without keys a second order would be a second one, so what the first one has
// made is looked for, although it may still be worked on.
func TestAnOrderInTheBackgroundIsNotRepeatedWithoutKeys(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	s.keyless = true
	h := configured(t, s.mailwind(later+find+"idempotency_header = \"\"\n"))
	op := someOp(t)
	s.next(func(_ http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
		s.worked(handle, r)
		panic(http.ErrAbortHandler)
	}, says(200, `[{"id":null,"key":null,"key_id":null,"sent":null}]`, "Content-Type", "application/json"))
	_, r, err := provision(t, h, op)
	wantUnknown(t, err)
	op = r.again(op)
	_, _, err = provision(t, h, op)
	if f := wantFailure(t, err, backend.Retryable, "not find every output yet"); f.RetryAfter == 0 {
		t.Error("no time to come back")
	}
	result, _, err := provision(t, h, r.again(op))
	if err != nil || output(t, result.Outputs, "account_id") != "acc1" {
		t.Errorf("got %v, %v", result, err)
	}
	if orders := strings.Count(strings.Join(s.requests(), "\n"), "POST "); orders != 1 {
		t.Errorf("%d orders: %q", orders, s.requests())
	}
}

// Who was away for long asks for work that is over and forgotten, and must not
// throw away what it has made.
func TestWorkThatIsForgottenIsLookedFor(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(later+find))
	op := someOp(t)
	s.next(func(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
		s.worked(handle, r)
		says(202, "", "Location", "/v2/operations/gone")(w, r, handle)
	})
	_, r, err := provision(t, h, op)
	wantFailure(t, err, backend.Retryable, "poll: GET /v2/operations/gone answers 404")
	result, _, err := provision(t, h, r.again(op))
	if err != nil || output(t, result.Outputs, "account_id") != "acc1" {
		t.Errorf("got %v, %v", result, err)
	}
	if orders := strings.Count(strings.Join(s.requests(), "\n"), "POST "); orders != 1 {
		t.Errorf("%d orders: %q", orders, s.requests())
	}
}

// What has failed is ordered anew, not found.
func TestWorkThatHasFailedIsNotFound(t *testing.T) {
	t.Parallel()
	for _, more := range []string{"", "idempotency_header = \"\"\n"} {
		s := newSaaS(t)
		h := configured(t, s.mailwind(strings.Replace(later, "provision {\n  poll {", "provision {\n  poll {\n    failed = try(response.body.state == \"failed\", false)", 1)+find+more))
		op := someOp(t)
		s.next(says(202, `{"state":"failed"}`, "Content-Type", "application/json"))
		_, r, err := provision(t, h, op)
		wantFailure(t, err, backend.Internal, "the work has failed")
		before := len(s.requests())
		if _, _, err = provision(t, h, r.again(op)); err != nil {
			t.Fatal(err)
		}
		if more != "" { // another order would make another account: it is looked for first what this one has left
			before++
		}
		if got := s.requests()[before]; got != "POST /v2/slow/accounts" {
			t.Errorf("the repeat begins with %s", got)
		}
	}
}
