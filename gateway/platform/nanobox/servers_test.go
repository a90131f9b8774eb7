package nanobox

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/gateway/secret"
)

const nameSetting = "server {\nvendor_name = replace(\"${resource.name}-${resource.region}-${resource.plan}\", \".\", \"-\")\n}"

func TestAnOrderTellsTheBackendEverything(t *testing.T) {
	r := newRig(t, common(every()...), "", nameSetting)
	key := r.registered()
	a := r.want(201, r.call("POST", "/servers", `{"name":"shop.1.1","region":"ams","size":"big-1","ssh_key":"`+key+`","more":[]}`, "Region-Id", "ams-1"))
	orders := r.servers.Orders()
	if len(orders) != 1 || a.body != `{"id":"`+a.member(t, "id").(string)+`"}` {
		t.Fatalf("%s made %v", a.body, orders)
	}
	want := gateway.ServerOrder{Name: "shop.1.1", Region: "ams", Size: "big-1", Plan: "big", Args: map[string]any{
		"name": "shop.1.1", "vendor_name": "shop-1-1-ams-big-1", "region": "ams", "size": "big-1", "plan": "big", "region_id": "ams-1",
		"spec":    map[string]any{"ram": 65536.0, "cpu": 16.0, "disk": 900.0, "transfer": "unlimited", "dollars_per_hr": 0.1, "dollars_per_mo": 72.0},
		"ssh_key": map[string]any{"id": key, "ref": key, "name": "account-42", "public_key": keyLine},
	}}
	if diff := cmp.Diff(want, orders[0]); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestAnOrderCarriesTheKeyThatTheModeSays(t *testing.T) {
	object := newRig(t, common(without("create_key", "get_key", "delete_key")...), "", "ssh {\nkey_method = \"object\"\n}")
	object.want(201, object.call("POST", "/servers", `{"name":"n","ssh_key":"`+keyLine+`\n"}`))
	object.want(400, object.call("POST", "/servers", `{"name":"n","ssh_key":"k1"}`))
	object.want(400, object.call("POST", "/servers", `{"name":"n"}`))
	want := map[string]any{"id": nil, "ref": nil, "name": nil, "public_key": keyLine}
	if diff := cmp.Diff(want, object.servers.Orders()[0].Args["ssh_key"]); diff != "" {
		t.Errorf("object mode (-want +got):\n%s", diff)
	}
	password := newRig(t, common(every()...), "", "ssh {\nauth_method = \"password\"\n}")
	for _, body := range []string{`{"name":"n"}`, `{"name":"n","ssh_key":null}`, `{"name":"n","ssh_key":"x"}`} {
		password.want(201, password.call("POST", "/servers", body))
	}
	for _, o := range password.servers.Orders() {
		if o.Args["ssh_key"] != nil {
			t.Errorf("password mode: %v", o.Args)
		}
	}
}

func TestWhatCannotBeOrderedIsRefusedAndMakesNothing(t *testing.T) {
	r := newRig(t, common(every()...), "", "server {\nvendor_name = resource.name == \"bad\" ? \"\" : resource.name\n}")
	key := r.registered()
	for body, want := range map[string]int{
		``: 400, `{`: 400, `[]`: 400, `null`: 400, `{"ssh_key":"KEY"}`: 400, `{"name":"","ssh_key":"KEY"}`: 400, `{"name":7,"ssh_key":"KEY"}`: 400,
		`{"name":"n","region":7,"ssh_key":"KEY"}`: 400, `{"name":"n","size":{},"ssh_key":"KEY"}`: 400, `{"name":"n"}`: 400, `{"name":"n","ssh_key":7}`: 400,
		`{"name":"n","ssh_key":""}`: 400, `{"name":"a\u0007b","ssh_key":"KEY"}`: 400, `{"name":"n","name":"m","ssh_key":"KEY"}`: 400,
		`{"name":"n","region":"xyz","ssh_key":"KEY"}`: 422, `{"name":"n","region":"old","ssh_key":"KEY"}`: 422, `{"name":"n","size":"xyz","ssh_key":"KEY"}`: 422,
		`{"name":"n","size":"std-0","ssh_key":"KEY"}`: 422, `{"name":"n","region":"ams","size":"std-1","ssh_key":"KEY"}`: 422, `{"name":"n","region":"ams","ssh_key":"KEY"}`: 422,
		`{"name":"n","ssh_key":"unknown"}`: 422, `{"name":"bad","ssh_key":"KEY"}`: 422,
	} {
		r.want(want, r.call("POST", "/servers", strings.ReplaceAll(body, "KEY", key)))
	}
	r.want(422, r.send("POST", "/servers", `{"name":"n","ssh_key":"`+key+`"}`, "Auth-Access-Token", "somebody else"))
	r.empty(r.call("DELETE", "/keys/"+key, ""))
	r.want(422, r.call("POST", "/servers", `{"name":"n","ssh_key":"`+key+`"}`))
	if orders := r.servers.Orders(); len(orders) != 0 {
		t.Errorf("ordered: %v", orders)
	}
}

func TestDedupeAndCapacityAreTheEngines(t *testing.T) {
	r := newRig(t, common(every()...), "", "server {\ndedupe = \"10m\"\ncapacity = 2\n}")
	body := `{"name":"a","ssh_key":"` + r.registered() + `"}`
	if a, b := r.call("POST", "/servers", body), r.call("POST", "/servers", body); a.body != b.body || a.status != 201 {
		t.Errorf("%s and %s", a.body, b.body)
	}
	r.want(201, r.call("POST", "/servers", strings.Replace(body, `"a"`, `"b"`, 1)))
	r.want(409, r.call("POST", "/servers", strings.Replace(body, `"a"`, `"c"`, 1)))
	if o := r.servers.Orders()[0]; o.Dedupe != 10*time.Minute || o.Capacity != 2 {
		t.Errorf("%+v", o)
	}
}

// shown is a server as GET answers it, without its id.
func shown(t *testing.T, r *rig, id string) string {
	t.Helper()
	a := r.want(201, r.call("GET", "/servers/"+id, ""))
	if !strings.HasPrefix(a.body, `{"id":"`+id+`",`) {
		t.Errorf("the id is another: %s", a.body)
	}
	return strings.TrimPrefix(a.body, `{"id":"`+id+`",`)
}

func TestAServerIsShownAsItComesAndGoes(t *testing.T) {
	r := newRig(t, common(without("get_server")...), "", "server {\nstatus_map = { RUNNING = \"active\", halted = \"off\" }\n}")
	id := r.ordered()
	const name, null = `"name":"nanobox.io-shop.1.1",`, `"external_ip":null,"internal_ip":null`
	const both = `"external_ip":"192.0.2.15","internal_ip":"10.0.0.15"}`
	set := func(change func(*gateway.Server)) { r.servers.Set(id, change) }
	for _, step := range []struct {
		what   string
		change func(*gateway.Server)
		want   string
	}{
		{"ordered", func(*gateway.Server) {}, `"status":"ordering",` + name + null + `}`},
		{"begun", func(s *gateway.Server) { s.Begun = true }, `"status":"creating",` + name + null + `}`},
		{"an address early", func(s *gateway.Server) { s.InternalIP = "10.0.0.15" }, `"status":"creating",` + name + `"external_ip":null,"internal_ip":"10.0.0.15"}`},
		{"made, not reachable", func(s *gateway.Server) { s.State, s.Doing, s.Begun = gateway.Active, "", false }, `"status":"creating",` + name + `"external_ip":null,"internal_ip":"10.0.0.15"}`},
		{"reachable", func(s *gateway.Server) { s.ExternalIP = "192.0.2.15" }, `"status":"active",` + name + both},
		{"a mapped word", func(s *gateway.Server) { s.Status = "Running" }, `"status":"active",` + name + both},
		{"another", func(s *gateway.Server) { s.Status = "HALTED" }, `"status":"off",` + name + both},
		{"ours", func(s *gateway.Server) { s.Status = "off" }, `"status":"off",` + name + both},
		{"an unmapped one", func(s *gateway.Server) { s.Status = "Migrating" }, `"status":"migrating",` + name + both},
		{"no word", func(s *gateway.Server) { s.Status = "a\u0007b" }, `"status":"active",` + name + both},
		{"broken", func(s *gateway.Server) { s.Status = "error" }, `"status":"error",` + name + strings.TrimSuffix(both, "}") + `,"message":"The provider could not make this server, or it is broken."}`},
		{"rebooting", func(s *gateway.Server) { s.Status, s.Doing = "active", "reboot" }, `"status":"rebooting",` + name + both},
		{"renaming", func(s *gateway.Server) { s.Doing = "rename" }, `"status":"active",` + name + both},
		{"not listed yet", func(s *gateway.Server) { s.Doing, s.Missing = "", true }, `"status":"ordering",` + name + both},
		{"lost", func(s *gateway.Server) { s.CreatedAt = time.Now().Add(-settling) }, `"status":"error",` + name + strings.TrimSuffix(both, "}") + `,"message":"The provider does not know this server any more."}`},
		{"removal", func(s *gateway.Server) { s.State = gateway.Deprovisioning }, `"status":"deleting",` + name + both},
		{"a failed order", func(s *gateway.Server) { s.State, s.Reason = gateway.Failed, "There is no room." }, `"status":"error",` + name + strings.TrimSuffix(both, "}") + `,"message":"There is no room."}`},
	} {
		set(step.change)
		if got := shown(t, r, id); got != step.want {
			t.Errorf("%s:\n%s", step.what, cmp.Diff(step.want, got))
		}
	}
	r.logged(`"unmapped_status":"migrating"`) // the word that is not mapped
	set(func(s *gateway.Server) { s.State = gateway.Deprovisioned })
	r.want(404, r.call("GET", "/servers/"+id, ""))
	r.want(404, r.call("PATCH", "/servers/"+id+"/reboot", ""))
	r.empty(r.call("DELETE", "/servers/"+id, ""))
}

func TestTheBackendIsLookedAtWhereItCanBe(t *testing.T) {
	r := newRig(t, common(every()...), "", "compat {\nquery_status = 200\n}")
	id := r.ordered()
	r.servers.AnswerWith(func(context.Context, gateway.ActionCall) (json.RawMessage, error) {
		return json.RawMessage(`{"status":"active","external_ip":"192.0.2.1","internal_ip":"10.0.0.1"}`), nil
	})
	if a := r.want(200, r.call("GET", "/servers/"+id, "")); a.member(t, "status") != "ordering" || r.counted("get_server") != 0 {
		t.Errorf("what is not made yet: %s", a.body)
	}
	r.servers.Set(id, func(s *gateway.Server) { s.State, s.Doing = gateway.Active, "" })
	if a := r.want(200, r.call("GET", "/servers/"+id, "")); a.member(t, "status") != "active" || r.counted("get_server") != 1 {
		t.Errorf("what is made: %s", a.body)
	}
	r.servers.AnswerWith(func(context.Context, gateway.ActionCall) (json.RawMessage, error) {
		return nil, gateway.Errorf(gateway.NotFound, "No such machine.")
	})
	if a := r.want(200, r.call("GET", "/servers/"+id, "")); a.member(t, "status") != "ordering" {
		t.Errorf("what the vendor does not list yet: %s", a.body)
	}
	r.later(settling)
	if a := r.want(200, r.call("GET", "/servers/"+id, "")); a.member(t, "status") != "error" || a.member(t, "message") == nil {
		t.Errorf("what the vendor has lost: %s", a.body)
	}
}

func TestAPasswordIsShownOnceAServerIsActiveAndOnlyThen(t *testing.T) {
	r := newRig(t, common(without("get_server")...), "", "ssh {\nauth_method = \"password\"\ninternal_iface = \"eth0\"\n}")
	id := r.ordered()
	r.servers.Set(id, func(s *gateway.Server) { s.State, s.InternalIP = gateway.Active, "10.0.0.1" })
	const name = `"name":"nanobox.io-shop.1.1","external_ip":"10.0.0.1","internal_ip":"10.0.0.1",` // one interface: one address for both
	if got := shown(t, r, id); got != `"status":"creating",`+name+`"password":null}` {
		t.Errorf("before: %s", got)
	}
	r.servers.Set(id, func(s *gateway.Server) { s.Password, s.Status = secret.New("pw"), "off" })
	if got := shown(t, r, id); got != `"status":"off",`+name+`"password":null}` {
		t.Errorf("off: %s", got)
	}
	r.servers.Set(id, func(s *gateway.Server) { s.Status = "active" })
	if got := shown(t, r, id); got != `"status":"active",`+name+`"password":"pw"}` {
		t.Errorf("active: %s", got)
	}
	keys := newRig(t, common(every()...))
	other := keys.ordered()
	keys.servers.Set(other, func(s *gateway.Server) { s.State, s.Password = gateway.Active, secret.New("pw") })
	if got := shown(t, keys, other); strings.Contains(got, "pw") || strings.Contains(got, "password") {
		t.Errorf("key mode: %s", got)
	}
}

// active orders a server and has it be there.
func (r *rig) active() string {
	id := r.ordered()
	r.servers.Set(id, func(s *gateway.Server) {
		s.State, s.Doing, s.InternalIP, s.ExternalIP = gateway.Active, "", "10.0.0.1", "192.0.2.1"
	})
	return id
}

func TestARebootIsNeverARename(t *testing.T) {
	for _, able := range []bool{true, false} {
		r := newRig(t, common(every()...), "", fmt.Sprintf("can_rename = %t", able), "", nameSetting)
		id := r.active()
		path := "/servers/" + id + "/reboot"
		for _, body := range []string{"", "{}", " {} ", `{"more":1}`, `{"name":null}`} {
			r.empty(r.call("PATCH", path, body, "Content-Type", "application/octet-stream"))
		}
		for _, body := range []string{"[]", "{", `"x"`, `{"name":""}`, `{"name":" "}`, `{"name":7}`} {
			r.want(400, r.call("PATCH", path, body))
		}
		reboot := platformtest.Act{ID: id, ServerAct: gateway.ServerAct{Action: "reboot", Args: map[string]any{}}}
		want := []platformtest.Act{reboot, reboot, reboot, reboot, reboot}
		if able {
			r.empty(r.call("PATCH", path, `{"name":"b.2"}`))
			want = append(want, platformtest.Act{ID: id, ServerAct: gateway.ServerAct{
				Action: "rename", Name: "b.2", Args: map[string]any{"name": "b.2", "vendor_name": "b-2-fra-std-1", "old_name": "nanobox.io-shop.1.1"},
			}})
		} else {
			r.want(400, r.call("PATCH", path, `{"name":"b.2"}`))
		}
		if diff := cmp.Diff(want, r.servers.Acts()); diff != "" {
			t.Errorf("can_rename = %t (-want +got):\n%s", able, diff)
		}
	}
}

func TestOnlyAnActiveServerIsRebooted(t *testing.T) {
	r := newRig(t, common(without("get_server")...))
	id := r.active()
	for what, c := range map[string]struct {
		change func(*gateway.Server)
		want   int
	}{
		"off":          {func(s *gateway.Server) { s.Status, s.Doing = "off", "" }, 409},
		"creating":     {func(s *gateway.Server) { s.State = gateway.Provisioning }, 409},
		"failed":       {func(s *gateway.Server) { s.State = gateway.Failed }, 409},
		"rebooting":    {func(s *gateway.Server) { s.State, s.Status, s.Doing, s.Begun = gateway.Active, "", "reboot", true }, 200},
		"told already": {func(s *gateway.Server) { s.State, s.Status, s.Doing, s.Begun = gateway.Active, "", "reboot", false }, 200},
	} {
		r.servers.Set(id, c.change)
		if a := r.call("PATCH", "/servers/"+id+"/reboot", ""); a.status != c.want {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
		r.servers.Set(id, func(s *gateway.Server) { s.State, s.Status, s.Doing, s.Begun = gateway.Active, "", "", false })
	}
	if acts := r.servers.Acts(); len(acts) != 2 { // the engine tells repeats
		t.Errorf("acts: %v", acts)
	}
}

func TestARenameNeedsAName(t *testing.T) {
	r := newRig(t, common(every()...))
	id := r.active()
	path := "/servers/" + id + "/rename"
	for _, body := range []string{"", "{}", `{"name":""}`, `{"name":null}`, `{"name":1}`, "[]"} {
		r.want(400, r.call("PATCH", path, body))
	}
	r.empty(r.call("PATCH", path, `{"name":"b"}`))
	if a := r.want(201, r.call("GET", "/servers/"+id, "")); a.member(t, "name") != "b" {
		t.Errorf("after it: %s", a.body)
	}
	r.servers.Set(id, func(s *gateway.Server) { s.State = gateway.Deprovisioning })
	r.want(409, r.call("PATCH", path, `{"name":"c"}`))
}

func TestAKeyIsInstalledOnServersWithAPassword(t *testing.T) {
	r := newRig(t, common(every()...), "", "ssh {\nauth_method = \"password\"\n}")
	id := r.active()
	r.empty(r.call("PATCH", "/servers/"+id+"/keys", `{"id":"account-42","key":"`+keyLine+`"}`))
	r.want(400, r.call("PATCH", "/servers/"+id+"/keys", `{"id":"account-42","key":"x"}`))
	want := []platformtest.Act{{ID: id, ServerAct: gateway.ServerAct{Action: "install_key", Args: map[string]any{"name": "account-42", "public_key": keyLine}}}}
	if diff := cmp.Diff(want, r.servers.Acts()); diff != "" {
		t.Errorf("acts (-want +got):\n%s", diff)
	}
}

func TestACancelledServerGoesOnce(t *testing.T) {
	r := newRig(t, common(every()...), "", nameSetting)
	id := r.active()
	for range 2 {
		r.empty(r.call("DELETE", "/servers/"+id, ""))
	}
	want := []platformtest.Act{{ID: id, ServerAct: gateway.ServerAct{
		Action: "delete_server", Args: map[string]any{"name": "nanobox.io-shop.1.1", "vendor_name": "nanobox-io-shop-1-1-fra-std-1"},
	}}}
	if diff := cmp.Diff(want, r.servers.Acts()); diff != "" {
		t.Errorf("acts (-want +got):\n%s", diff)
	}
	if got := shown(t, r, id); !strings.HasPrefix(got, `"status":"deleting"`) {
		t.Errorf("while it goes: %s", got)
	}
}

func TestWhatIsAnothersDoesNotExist(t *testing.T) {
	r := newRig(t, common(every()...), "", "ssh {\nauth_method = \"password\"\n}")
	id := r.active()
	for route, body := range routes() {
		method, path, _ := strings.Cut(strings.Replace(route, "servers/x", "servers/"+id, 1), " ")
		if !strings.Contains(path, id) {
			continue
		}
		r.want(404, r.send(method, path, body, "Auth-Access-Token", "somebody else"))
		r.want(404, r.call(method, strings.Replace(path, id, "unknown", 1), body))
	}
	if acts := r.servers.Acts(); len(acts) != 0 {
		t.Errorf("acts: %v", acts)
	}
}
