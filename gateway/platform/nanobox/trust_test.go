package nanobox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/secret"
)

// TestARefusalIsTrustedMoreThanAnEarlierVerdict takes an order, then has the
// backend refuse the credentials.
func TestARefusalIsTrustedMoreThanAnEarlierVerdict(t *testing.T) {
	refuse := map[string]bool{}
	for what, c := range map[string]struct{ action, method, path, body string }{
		"verify":     {"verify", "POST", "/verify", ""},
		"an order":   {"create_server", "POST", "/servers", vendorOrder},
		"a question": {"get_server", "GET", "/servers/m-1", ""},
	} {
		clear(refuse)
		r, v := vendorRig(t, "m-1", "m-2", "m-3")
		r.servers.AnswerWith(func(ctx context.Context, q gateway.ActionCall) (json.RawMessage, error) {
			if refuse[q.Action] {
				return nil, gateway.Errorf(gateway.Unauthorized, "The token was withdrawn.")
			}
			return v.answer(ctx, q)
		})
		r.want(201, r.call("POST", "/servers", vendorOrder))
		refuse[c.action] = true
		r.want(401, r.call(c.method, c.path, c.body))
		clear(refuse)
		before := r.counted("verify")
		r.want(201, r.call("POST", "/servers", vendorOrder))
		if n := r.counted("verify"); n != before+1 {
			t.Errorf("%s: after a refusal verify was asked %d times", what, n-before)
		}
		r.want(201, r.call("POST", "/servers", vendorOrder))
		if n := r.counted("verify"); n != before+1 {
			t.Errorf("%s: a new verdict is not remembered", what)
		}
	}
}

// callers notes whom the engine is told of.
type callers struct {
	platform.Servers
	needed *[]bool
	reads  *int
}

func (c callers) Order(ctx context.Context, caller gateway.Caller, o gateway.ServerOrder) (gateway.Server, error) {
	*c.needed = append(*c.needed, caller.Needed)
	return c.Servers.Order(ctx, caller, o)
}

func (c callers) Server(ctx context.Context, caller gateway.Caller, id string) (gateway.Server, error) {
	*c.reads++
	return c.Servers.Server(ctx, caller, id)
}

func (c callers) Look(ctx context.Context, caller gateway.Caller, id string) (gateway.Server, error) {
	*c.reads++
	return c.Servers.Look(ctx, caller, id)
}

// watched is a rig whose calls of the engine are noted.
func watched(t *testing.T, p *provider) (*rig, callers) {
	t.Helper()
	r := serve(t, p)
	c := callers{Servers: r.servers, needed: new([]bool), reads: new(int)}
	r.url = serveBeside(t, p, c)
	return r, c
}

func TestWorkNeedsTheCredentialsThatOnlyTheBackendChecks(t *testing.T) {
	keys := []string{"create_key", "get_key", "delete_key"}
	const object = "ssh {\nkey_method = \"object\"\n}\n"
	here := fmt.Sprintf("verify {\naccept \"access_token\" {\nvalue = %q\n}\n}", token)
	for _, c := range []struct {
		without []string
		more    string
		want    bool
	}{
		{keys, object, true}, {append(keys, "verify"), object + here, false}, {keys, object + here, true},
	} {
		r, seen := watched(t, newTestProvider(t, common(without(c.without...)...), "", c.more))
		r.want(201, r.call("POST", "/servers", vendorOrder))
		if len(*seen.needed) != 1 || (*seen.needed)[0] != c.want {
			t.Errorf("without %v: needed %v", c.without, *seen.needed)
		}
	}
}

func TestAQuestionReadsAServerOnce(t *testing.T) {
	for _, actions := range [][]string{every(), without("get_server")} {
		r, seen := watched(t, newTestProvider(t, common(actions...)))
		id := r.active()
		*seen.reads = 0
		r.want(201, r.call("GET", "/servers/"+id, ""))
		if *seen.reads != 1 {
			t.Errorf("%d reads with %d actions", *seen.reads, len(actions))
		}
		r.servers.Set(id, func(s *gateway.Server) { s.State = gateway.Deprovisioned })
		r.want(404, r.call("GET", "/servers/"+id, ""))
	}
}

func TestWhatAFailedOrderLeavesIsNotChanged(t *testing.T) {
	for what, change := range map[string]func(*gateway.Server){
		"while it is cleaned up": func(s *gateway.Server) { s.State, s.Doing = gateway.Provisioning, gateway.ActionDeleteServer },
		"afterwards":             func(s *gateway.Server) { s.State, s.Doing = gateway.Failed, "" },
	} {
		r := newRig(t, common(every()...), "", "ssh {\nauth_method = \"password\"\n}")
		id := r.active()
		r.servers.Set(id, change)
		r.want(409, r.call("PATCH", "/servers/"+id+"/rename", `{"name":"b"}`))
		r.want(409, r.call("PATCH", "/servers/"+id+"/reboot", `{"name":"b"}`))
		r.want(409, r.call("PATCH", "/servers/"+id+"/reboot", ""))
		r.want(409, r.call("PATCH", "/servers/"+id+"/keys", `{"id":"k","key":"`+keyLine+`"}`))
		if acts := r.servers.Acts(); len(acts) != 0 {
			t.Errorf("%s: %v", what, acts)
		}
	}
}

func TestAHiddenErrorIsStillWhatItWas(t *testing.T) {
	c := credentials{"a": secret.New(token)}
	cause := &gateway.Error{Kind: gateway.Invalid, Message: "Too large: " + token, Cause: fmt.Errorf("%s: %w", token, platform.ErrTooLarge), RetryAfter: time.Minute}
	err := c.hidden(fmt.Errorf("about %s: %w", token, cause))
	var shown *gateway.Error
	if !errors.As(err, &shown) || shown.Kind != gateway.Invalid || shown.RetryAfter != time.Minute || !errors.Is(err, platform.ErrTooLarge) {
		t.Errorf("%+v", shown)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, token) {
			t.Error(text)
		}
	}
}

func TestTheIdentitySaysWhatItIsMadeOf(t *testing.T) {
	const second = "credential \"user\" {\nlabel = \"x\"\nidentity = true\n}"
	for name, c := range map[string]struct {
		changes []string
		want    string
	}{
		"the only one":         {nil, "access-token"},
		"another spelling":     {[]string{`"access_token"`, `"Access-Token"`}, "access-token"},
		"all of them":          {[]string{"", "credential \"port\" {\nlabel = \"x\"\ndefault = \"22\"\n}"}, `access-token, port or "22"`},
		"the one that says so": {[]string{"", second}, "user"},
		"what a value becomes": {[]string{`label = "Access token"`, "label = \"x\"\nidentity = true\ndecode = \"percent\"", "", second}, "access-token as percent, user"},
	} {
		if got := newTestProvider(t, common(every()...), c.changes...).Identity(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
