package nanobox

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
)

func TestAKeyIsRegisteredFoundAndRemoved(t *testing.T) {
	for name, actions := range map[string][]string{"the gateway's": without("create_key", "get_key", "delete_key"), "the backend's too": every()} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, common(actions...))
			first := r.want(201, r.call("POST", "/keys", `{"name":"account-42","key":" `+keyLine+`\n","more":1}`, "Content-Type", "application/octet-stream"))
			again := r.want(201, r.call("POST", "/keys", `{"id":"account-42","key":"`+keyLine+`"}`))
			both := r.want(201, r.call("POST", "/keys", `{"id":"account-42","name":"loses","key":"`+keyLine+`"}`))
			other := r.want(201, r.call("POST", "/keys", `{"name":"account-42","key":"`+otherKey+`"}`))
			if first.body != again.body || first.body != both.body || first.body == other.body || !strings.HasPrefix(first.body, `{"id":"`) {
				t.Errorf("ids: %s %s %s %s", first.body, again.body, both.body, other.body)
			}
			if want := 2 * strings.Count(strings.Join(actions, " "), "create_key"); r.counted("create_key") != want {
				t.Errorf("the backend made %d keys, want %d", r.counted("create_key"), want)
			}
			id, _ := first.member(t, "id").(string)
			got := r.want(201, r.call("GET", "/keys/"+id, ""))
			if want := `{"id":"` + id + `","name":"account-42","public_key":"` + keyLine + `"}`; got.body != want {
				t.Errorf("the key is %s", got.body)
			}
			for _, method := range []string{"GET", "DELETE"} {
				r.want(404, r.send(method, "/keys/"+id, "", "Auth-Access-Token", "somebody else"))
				r.want(404, r.call(method, "/keys/unknown", ""))
			}
			r.empty(r.call("DELETE", "/keys/"+id, ""))
			r.empty(r.call("DELETE", "/keys/"+id, ""))
			r.want(404, r.call("GET", "/keys/"+id, ""))
			acts := r.servers.Acts()
			if len(acts) != 1 || (acts[0].Args != nil) != (name == "the backend's too") || acts[0].Args != nil && acts[0].Args["name"] != "account-42" {
				t.Errorf("removals: %v", acts)
			}
		})
	}
}

func TestWhatIsNoKeyIsRefused(t *testing.T) {
	r := newRig(t, common(every()...))
	for _, body := range []string{
		"", "[]", "{", `{"name":"n"}`, `{"name":"n","key":""}`, `{"name":"n","key":null}`, `{"name":"n","key":7}`, `{"key":"` + keyLine + `"}`, `{"name":"","key":"` + keyLine + `"}`,
		`{"name":"n","key":"hello"}`, `{"name":"n","key":"ssh-ed25519"}`, `{"name":"n","key":"ssh-ed25519 AAAA"}`, `{"name":"n","key":"ssh-rsa ` + strings.Fields(keyLine)[1] + `"}`,
		`{"name":"n","key":"` + keyLine + `\n` + otherKey + `"}`, `{"name":"n","key":"command=\"x\" ` + keyLine + `"}`, `{"name":"n","key":"# x"}`,
		`{"name":"n","key":"` + strings.Fields(keyLine)[1] + `"}`, `{"name":"n","key":"-----BEGIN OPENSSH PRIVATE KEY-----"}`, `{"name":"a\u0001","key":"` + keyLine + `"}`,
		`{"name":"` + strings.Repeat("x", 256) + `","key":"` + keyLine + `"}`,
	} {
		r.want(400, r.call("POST", "/keys", body))
	}
	if r.counted("create_key") != 0 {
		t.Error("the backend made a key")
	}
	for _, good := range []string{keyLine, otherKey} {
		if got, err := publicKey("  " + good + "\n"); err != nil || got != good {
			t.Errorf("%q: %q, %v", good, got, err)
		}
	}
}

func TestKeysThatOnlyTheBackendKnows(t *testing.T) {
	r := newRig(t, common(every()...), "", "server {\nstate = \"backend\"\n}")
	keys := map[string]string{}
	r.servers.AnswerWith(func(_ context.Context, c gateway.ActionCall) (json.RawMessage, error) {
		ref, _ := c.Args["ref"].(string)
		switch c.Action {
		case gateway.ActionCreateKey:
			keys["fp:1"] = c.Args["public_key"].(string)
			return json.RawMessage(`{"ref":"fp:1"}`), nil
		case gateway.ActionGetKey, gateway.ActionDeleteKey:
			if keys[ref] == "" {
				return nil, gateway.Errorf(gateway.NotFound, "No such key.")
			}
			defer func() {
				if c.Action == gateway.ActionDeleteKey {
					delete(keys, ref)
				}
			}()
			return json.RawMessage(`{"name":"n","public_key":"` + keys[ref] + `"}`), nil
		case gateway.ActionCreateServer:
			return json.RawMessage(`{"ref":"m-1"}`), nil
		}
		return json.RawMessage("{}"), nil
	})
	if a := r.want(201, r.call("POST", "/keys", `{"name":"n","key":"`+keyLine+`"}`)); a.body != `{"id":"fp:1"}` {
		t.Errorf("the answer is %s", a.body)
	}
	if a := r.want(201, r.call("GET", "/keys/fp:1", "")); a.member(t, "public_key") != keyLine || a.member(t, "name") != "n" || a.member(t, "id") != "fp:1" {
		t.Errorf("the key is %s", a.body)
	}
	r.want(422, r.call("POST", "/servers", `{"name":"n","ssh_key":"fp:2"}`))
	r.want(422, r.call("POST", "/servers", `{"name":"n","ssh_key":"a b"}`))
	r.want(201, r.call("POST", "/servers", `{"name":"n","ssh_key":"fp:1"}`))
	asked := r.servers.Asked()
	want := map[string]any{"id": "fp:1", "ref": "fp:1", "name": "n", "public_key": keyLine}
	if diff := cmp.Diff(want, asked[len(asked)-1].Args["ssh_key"]); diff != "" {
		t.Errorf("the key of the order (-want +got):\n%s", diff)
	}
	r.want(404, r.call("GET", "/keys/a%20b", ""))
	r.want(404, r.call("DELETE", "/keys/fp:2", ""))
	r.empty(r.call("DELETE", "/keys/fp:1", ""))
	r.want(404, r.call("GET", "/keys/fp:1", ""))
}
