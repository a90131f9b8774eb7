package nanobox

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
)

// routes are all that need credentials, with a body that each would take.
func routes() map[string]string {
	key := `{"name":"n","key":"` + keyLine + `"}`
	return map[string]string{
		"POST /verify": "", "POST /keys": key, "GET /keys/x": "", "DELETE /keys/x": "", "POST /servers": `{"name":"n","ssh_key":"x"}`,
		"GET /servers/x": "", "DELETE /servers/x": "", "PATCH /servers/x/reboot": "", "PATCH /servers/x/rename": `{"name":"n"}`, "PATCH /servers/x/keys": key,
	}
}

func TestEverySpellingOfAHeaderIsRead(t *testing.T) {
	for _, key := range []string{"access_token", "access-token", "Access_Token"} {
		r := newRig(t, common(every()...), `"access_token"`, `"`+key+`"`)
		for _, name := range []string{"Auth-Access-Token", "auth-access-token", "Auth_Access_Token", "AUTH_ACCESS-TOKEN", "HTTP_AUTH_ACCESS_TOKEN", "Http-Auth-Access-Token"} {
			before := r.counted("verify")
			r.empty(r.send("POST", "/verify", "", name, token))
			asked := r.servers.Asked()
			if r.counted("verify") != before+1 || asked[len(asked)-1].Credential[key].Reveal() != token {
				t.Errorf("%s for %s: the backend was told %v", name, key, asked)
			}
		}
		r.want(401, r.send("POST", "/verify", "", "Access-Token", token))
		r.want(401, r.send("POST", "/verify", "", "HTTP_HTTP_AUTH_ACCESS_TOKEN", token))
	}
}

func TestSpellingsThatDifferAreRefused(t *testing.T) {
	r := newRig(t, common(every()...))
	r.want(400, r.send("POST", "/verify", "", "Auth-Access-Token", token, "HTTP_AUTH_ACCESS_TOKEN", "other"))
	r.want(400, r.send("POST", "/verify", "", "Auth-Access-Token", token, "Auth-Access-Token", "other"))
	r.empty(r.send("POST", "/verify", "", "Auth-Access-Token", token, "Auth_Access_Token", token))
	r.empty(r.send("POST", "/verify", "", "Auth-Access-Token", "", "Auth_Access_Token", token)) // an input left blank
}

func TestAMissingCredentialIsRefusedBeforeAnythingElse(t *testing.T) {
	r := newRig(t, common(every()...), "", "ssh {\nauth_method = \"password\"\n}")
	for route := range routes() {
		method, path, _ := strings.Cut(route, " ")
		for _, body := range []string{"", "{", `{"auth":{}}`, `{"auth":{"access_token":""}}`, `{"auth":[]}`, `{"auth":{"access_token":1}}`} {
			r.want(401, r.send(method, path, body))
			r.want(401, r.send(method, path, body, "Auth-Access-Token", " "))
		}
	}
	if asked := r.servers.Asked(); len(asked) != 0 {
		t.Errorf("the backend was asked: %v", asked)
	}
	if a := r.send("POST", "/verify", ""); !strings.Contains(a.body, "access_token") || a.header.Get("WWW-Authenticate") != "" {
		t.Errorf("the refusal is %s, %s", a.body, a.header)
	}
}

func TestAFallbackStandsForWhatIsLeftBlank(t *testing.T) {
	r := newRig(t, common(every()...), "", "credential \"port\" {\nlabel = \"Port\"\ndefault = \"8006\"\n}\ncredential \"node\" {\nlabel = \"Node\"\nrequired = false\n}")
	r.empty(r.call("POST", "/verify", "", "Auth-Port", ""))
	r.empty(r.call("POST", "/verify", "", "Auth-Port", "22", "Auth-Node", "n1"))
	asked := r.servers.Asked()
	if len(asked) != 2 || asked[0].Credential["port"].Reveal() != "8006" || asked[0].Credential["node"].Reveal() != "" || asked[1].Credential["port"].Reveal() != "22" || asked[1].Credential["node"].Reveal() != "n1" {
		t.Errorf("the backend was told %v", asked)
	}
}

func TestValuesOfSeveralLinesAreDecoded(t *testing.T) {
	const pem = "-----BEGIN KEY-----\nabc+/=\n-----END KEY-----\n"
	for decode, written := range map[string]string{
		"percent": url.PathEscape(pem), "base64": base64.StdEncoding.EncodeToString([]byte(pem)), "escaped-newlines": strings.ReplaceAll(pem, "\n", `\n`),
	} {
		p := newTestProvider(t, common(every()...), `label = "Access token"`, "label = \"x\"\ndecode = \""+decode+`"`)
		found, err := p.readCredentials(http.Header{"Auth-Access-Token": {written}}, nil)
		if err != nil || found["access_token"].Reveal() != pem {
			t.Errorf("%s: %v, %q", decode, err, found["access_token"].Reveal())
		}
		for name, bad := range map[string]string{"a return": "a%0db a\rb " + base64.StdEncoding.EncodeToString([]byte("a\rb")), "what is no text": "%ff\xff", "too much": strings.Repeat("x", 8<<10+1)} {
			_, err := p.readCredentials(http.Header{"Auth-Access-Token": {bad}}, nil)
			if gateway.KindOf(err) != gateway.Invalid || strings.Contains(err.Error(), bad) {
				t.Errorf("%s with %s: %v", name, decode, err)
			}
		}
	}
}

func TestTheFirstDocumentsAuthObjectIsReadOnDelete(t *testing.T) {
	r := newRig(t, common(every()...))
	id := r.ordered()
	r.want(404, r.send("DELETE", "/servers/"+id, `{"auth":{"Access-Token":"another"}}`))
	r.want(400, r.send("DELETE", "/servers/"+id, `{"auth":{"Access-Token":"a","access_token":"b"}}`))
	r.want(401, r.send("GET", "/servers/"+id, `{"auth":{"access_token":"`+token+`"}}`))
	r.want(404, r.send("DELETE", "/servers/"+id, `{"auth":{"access_token":"`+token+`"}}`, "Auth-Access-Token", "wins"))
	r.empty(r.send("DELETE", "/servers/"+id, `{"auth":{"access_token":"`+token+`","more":null}}`))
	other := r.ordered()
	for _, ignored := range []string{`{"auth":{"access_token":"loses"}}`, "no JSON", `[1]`, ""} {
		r.empty(r.call("DELETE", "/servers/"+other, ignored))
	}
}

// TestTheAuthObjectIsNoPlaceForMoreWhereTheHeadersAreEnough: headers win, also
// where one that may be left out is left out.
func TestTheAuthObjectIsNoPlaceForMoreWhereTheHeadersAreEnough(t *testing.T) {
	r := newRig(t, common(every()...), "", "credential \"zone\" {\nlabel = \"Zone\"\ndefault = \"main\"\n}")
	zone := func() string {
		asked := r.servers.Asked()
		return asked[len(asked)-1].Credential["zone"].Reveal()
	}
	p := r.p
	both, err := p.readCredentials(http.Header{"Auth-Access-Token": {token}}, map[string]string{"AUTH-ZONE": "other"})
	if err != nil || both["zone"].Reveal() != "main" {
		t.Errorf("beside headers: %v, %q", err, both["zone"].Reveal())
	}
	alone, err := p.readCredentials(http.Header{}, map[string]string{"AUTH-ACCESS-TOKEN": token, "AUTH-ZONE": "other"})
	if err != nil || alone["zone"].Reveal() != "other" {
		t.Errorf("alone: %v, %q", err, alone["zone"].Reveal())
	}
	r.empty(r.send("POST", "/verify", "", "Auth-Access-Token", token))
	if zone() != "main" {
		t.Errorf("the backend was told %q", zone())
	}
}

func TestWhatTheFilesAcceptIsCompared(t *testing.T) {
	sum := sha256.Sum256([]byte(token))
	const more = "credential \"port\" {\nlabel = \"Port\"\nrequired = false\n}\nverify {\naccept \"access_token\" {\nsha256 = [\"%s\", \"%s\"]\n}\n%s}"
	r := newRig(t, common(without("verify")...), "", fmt.Sprintf(more, strings.Repeat("0", 64), hex.EncodeToString(sum[:]), ""))
	r.empty(r.call("POST", "/verify", ""))
	for route, body := range routes() {
		method, path, _ := strings.Cut(route, " ")
		r.want(401, r.send(method, path, body, "Auth-Access-Token", token+"x"))
	}
	if asked := r.servers.Asked(); len(asked) != 0 {
		t.Errorf("the backend was asked: %v", asked)
	}
	both := newRig(t, common(without("verify")...), "", fmt.Sprintf(more, hex.EncodeToString(sum[:]), strings.Repeat("0", 64), "accept \"port\" {\nvalue = \"22\"\n}\n"))
	both.empty(both.call("POST", "/verify", "", "Auth-Port", "22"))
	both.want(401, both.call("POST", "/verify", ""))
	both.want(401, both.call("POST", "/verify", "", "Auth-Port", "23"))

	c := common(without("verify")...)
	c.Accepted = func(key string) string { return "made-up-for-" + key }
	developing := newRig(t, c, "", "verify {\naccept \"access_token\" {\nvalue = secret(\"env:X\")\n}\n}")
	developing.empty(developing.send("POST", "/verify", "", "Auth-Access-Token", "made-up-for-access_token"))
	developing.want(401, developing.call("POST", "/verify", ""))

	const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // the digest of it
	optional := newRig(t, common(without("verify")...), `label = "Access token"`, "label = \"x\"\nrequired = false", "", "credential \"user\" {\nlabel = \"User\"\n}\nverify {\naccept \"access_token\" {\nsha256 = [\""+nothing+"\"]\n}\n}")
	optional.want(401, optional.send("POST", "/verify", "", "Auth-User", "zoe"))

	unread := newRig(t, common(without("verify")...), "", "verify {\naccept \"access_token\" {\nvalue = secret(\"env:X\")\n}\n}")
	unread.want(401, unread.call("POST", "/verify", ""))
}

func TestABackendsVerdictHasAStatus(t *testing.T) {
	r := newRig(t, common(every()...))
	for kind, want := range map[gateway.Kind]int{
		gateway.Unauthorized: 401, gateway.Refused: 401, gateway.NotFound: 401, gateway.Unavailable: 502, gateway.Internal: 500, gateway.Busy: 503,
	} {
		r.servers.AnswerWith(func(context.Context, gateway.ActionCall) (json.RawMessage, error) {
			return nil, gateway.Errorf(kind, "The API token was not accepted by Acme.")
		})
		r.want(want, r.call("POST", "/verify", "", "Content-Type", "application/octet-stream"))
		if kind == gateway.Unauthorized {
			r.want(401, r.call("POST", "/servers", `{"name":"n","ssh_key":"x"}`))
			r.want(401, r.call("POST", "/keys", `{"name":"n","key":"`+keyLine+`"}`))
		}
	}
	r.servers.AnswerWith(func(context.Context, gateway.ActionCall) (json.RawMessage, error) {
		return json.RawMessage(`{"account":1}`), nil
	})
	r.want(502, r.call("POST", "/verify", ""))
	if orders := r.servers.Orders(); len(orders) != 0 {
		t.Errorf("a stranger ordered: %v", orders)
	}
}

func TestASlowVerdictIsNotWaitedForLongerThanAClientDoes(t *testing.T) {
	t.Parallel()
	r := newRig(t, common(every()...))
	r.servers.AnswerWith(func(ctx context.Context, _ gateway.ActionCall) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	began := time.Now()
	r.want(502, r.call("POST", "/verify", ""))
	if took := time.Since(began); took > 4800*time.Millisecond || took < 3*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestTheBackendIsAskedOnlyWhereItMustBe(t *testing.T) {
	r := newRig(t, common(every()...))
	id := r.ordered() // POST /keys and POST /servers
	for range 2 {
		r.want(201, r.call("GET", "/servers/"+id, ""))
	}
	if n := r.counted("verify"); n != 1 {
		t.Errorf("two orders and two questions asked %d times", n)
	}
	r.empty(r.call("POST", "/verify", ""))
	r.later(verdictLife)
	r.ordered()
	if n := r.counted("verify"); n != 3 {
		t.Errorf("a verdict that is old, and one that is wanted, make %d", n)
	}
}

func TestASecretThatIsNoIdentityIsCheckedEveryTime(t *testing.T) {
	r := newRig(t, common(every()...), `label = "Access token"`, "label = \"x\"\nidentity = false", "", "credential \"user\" {\nlabel = \"User\"\nidentity = true\n}")
	r.servers.AnswerWith(func(_ context.Context, c gateway.ActionCall) (json.RawMessage, error) {
		if c.Credential["access_token"].Reveal() == "wrong" {
			return nil, gateway.Errorf(gateway.Unauthorized, "No.")
		}
		return json.RawMessage("{}"), nil
	})
	key := r.want(201, r.call("POST", "/keys", `{"name":"n","key":"`+keyLine+`"}`, "Auth-User", "zoe")).member(t, "id").(string)
	r.want(401, r.send("GET", "/keys/"+key, "", "Auth-User", "zoe", "Auth-Access-Token", "wrong"))
	r.want(201, r.send("GET", "/keys/"+key, "", "Auth-User", "zoe", "Auth-Access-Token", "rotated"))
	r.want(404, r.call("GET", "/keys/"+key, "", "Auth-User", "max"))
}

func TestAnAccountIsTheIdentityWhereTheBackendTellsIt(t *testing.T) {
	p := newTestProvider(t, common(every()...))
	r := serve(t, p)
	r.servers.AnswerWith(func(_ context.Context, c gateway.ActionCall) (json.RawMessage, error) {
		account, _, _ := strings.Cut(c.Credential["access_token"].Reveal(), ":")
		return json.RawMessage(`{"account":"` + account + `"}`), nil
	})
	key := r.want(201, r.send("POST", "/keys", `{"name":"n","key":"`+keyLine+`"}`, "Auth-Access-Token", "a7:old")).member(t, "id").(string)
	r.want(201, r.send("GET", "/keys/"+key, "", "Auth-Access-Token", "a7:new"))
	r.want(404, r.send("GET", "/keys/"+key, "", "Auth-Access-Token", "a8:old"))
	again := &rig{t: t, p: newTestProvider(t, common(every()...)), servers: r.servers} // a start
	a := api{provider: again.p, servers: again.servers}
	tells, err := a.tellsAccounts(t.Context())
	if err != nil || !tells {
		t.Errorf("after a start it is not known that identities are accounts: %t, %v", tells, err)
	}
}

func TestTheRegionHeaderReachesActions(t *testing.T) {
	r := newRig(t, common(every()...))
	r.empty(r.call("POST", "/verify", "", "Region-Id", "eu-3"))
	r.want(400, r.call("POST", "/verify", "", "Region-Id", strings.Repeat("x", 256)))
	if got := r.servers.Asked()[0].Args["region_id"]; got != "eu-3" {
		t.Errorf("the backend was told %v", got)
	}
}

// The engine and the backend are ours and the vendor's; a message with a
// credential in it is a mistake that must not reach anybody.
func TestNoCredentialIsEverSeenAgain(t *testing.T) {
	for _, more := range []string{"", "server {\nstate = \"backend\"\n}"} {
		r := newRig(t, common(every()...), "", more)
		id := "x"
		if more == "" {
			id = r.ordered()
		}
		for _, kind := range gateway.Kinds() {
			leaky := &gateway.Error{Kind: kind, Message: "No: " + token, Cause: fmt.Errorf("called with %s", base64.StdEncoding.EncodeToString([]byte(token)))}
			for route, body := range routes() {
				method, path, _ := strings.Cut(strings.Replace(route, "servers/x", "servers/"+id, 1), " ")
				r.servers.FailWith(leaky)
				failed := r.call(method, path, body)
				r.servers.FailWith(nil)
				r.servers.AnswerWith(func(context.Context, gateway.ActionCall) (json.RawMessage, error) { return nil, leaky })
				later := r.call(method, path, body)
				for _, text := range []string{failed.body, later.body, fmt.Sprint(failed.header, later.header)} {
					if strings.Contains(text, token) {
						t.Fatalf("%s answers %s", route, text)
					}
				}
			}
			r.call("POST", "/servers", `{"name":"`+token)
			r.call("POST", "/keys", `{"key":["`+token+`"]}`)
			r.send("POST", "/verify", "", "Auth-Access-Token", token, "Auth_Access_Token", token+"2")
		}
		if log := r.logged("request done"); strings.Contains(log, token) || strings.Contains(log, base64.StdEncoding.EncodeToString([]byte(token))) {
			t.Errorf("the log is %s", log)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", credentials{"a": secret.New(token)}, credentials{"a": secret.New(token)}, credentials{"a": secret.New(token)}); strings.Contains(text, token) {
		t.Error(text)
	}
}
