package nanobox

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
)

func TestMetaHasEveryFieldWhileTheBackendIsDown(t *testing.T) {
	r := newRig(t, common(without("reboot")...))
	r.servers.FailWith(gateway.Errorf(gateway.Internal, "The engine was asked."))
	const want = `{"id":"acme","name":"Acme Cloud","server_nick_name":"Server","default_region":"fra","default_plan":"standard","default_size":"std-1",` +
		`"can_reboot":false,"can_rename":true,"ssh_auth_method":"key","ssh_key_method":"reference","ssh_user":"root","internal_iface":null,"external_iface":null,` +
		`"bootstrap_script":null,"credential_fields":[{"key":"access_token","label":"Access token"}],"instructions":"Create a token."}`
	for _, path := range []string{"/meta", "//meta", "/meta/"} {
		a := r.want(200, r.send("GET", path, ""))
		if a.body != want || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %s %s", path, a.header, cmp.Diff(want, a.body))
		}
	}
	if a := r.want(200, r.send("GET", "", "")); !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
		t.Errorf("the address itself is %s", a.header.Get("Content-Type"))
	}
}

func TestMetaHasTheOperatorsOtherFields(t *testing.T) {
	p := newTestProvider(t, common(every()...), "", `short_name = "A"
bootstrap_timeout = "5m"
can_rename = false
ssh {
  user             = "ubuntu"
  internal_iface   = "eth1"
  external_iface   = "eth0"
  bootstrap_script = "https://acme.example/x.sh"
}`)
	for _, want := range []string{
		`"can_reboot":true,"can_rename":false`, `"ssh_user":"ubuntu","internal_iface":"eth1","external_iface":"eth0","bootstrap_script":"https://acme.example/x.sh"`,
		`"bootstrap_timeout":300,"short_name":"A"`,
	} {
		if !strings.Contains(string(p.metaBody), want) {
			t.Errorf("%s is missing in %s", want, p.metaBody)
		}
	}
}

func TestTheManifestIsWhatThePlatformReads(t *testing.T) {
	r := newRig(t, common(every()...))
	text, err := r.p.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Endpoint      string
		Meta, Catalog json.RawMessage
	}
	if err := json.Unmarshal(text, &got); err != nil || got.Endpoint != "https://gw.example/nanobox/acme" || !strings.HasSuffix(string(text), "}\n") {
		t.Fatalf("%v: %s", err, text)
	}
	for path, part := range map[string]json.RawMessage{"/meta": got.Meta, "/catalog": got.Catalog} {
		if diff := cmp.Diff(parsed(t, r.send("GET", path, "").body), parsed(t, string(part))); diff != "" {
			t.Errorf("%s (-served +manifest):\n%s", path, diff)
		}
	}
	if regions, sizes := r.p.Summary(); regions != 3 || sizes != 3 {
		t.Errorf("%d regions, %d sizes", regions, sizes)
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

func TestTheCatalogSaysEachRegionInFull(t *testing.T) {
	r := newRig(t, common(every()...))
	const big = `{"id":"big","name":"big","title":"big","specs":[{"id":"big-1","ram":65536,"cpu":16,"disk":900,"transfer":"unlimited","dollars_per_hr":0.1,"dollars_per_mo":72}]}`
	const want = `[{"id":"fra","name":"Frankfurt","plans":[{"id":"standard","name":"Standard","title":"Standard","specs":[` +
		`{"id":"std-1","ram":2048,"cpu":1,"disk":40,"transfer":2,"dollars_per_hr":0.009,"dollars_per_mo":6}]},` + big + `]},` +
		`{"id":"ams","name":"ams","plans":[` + big + `]},{"id":"old","name":"old","plans":[]}`
	if a := r.want(200, r.send("GET", "/catalog", "")); a.body != want+"]" {
		t.Errorf("catalog:\n%s", cmp.Diff(want+"]", a.body))
	}
	for id, known := range map[string]bool{"fra": true, "old": true, "xyz": false} {
		if r.p.Region(id) != known {
			t.Errorf("region %s is known: %t", id, !known)
		}
	}
	for id, known := range map[string]bool{"std-1": true, "std-0": true, "xyz": false} {
		if r.p.Size("fra", id) != known {
			t.Errorf("size %s is known: %t", id, !known)
		}
	}
	if r.p.Size("ams", "std-1") {
		t.Error("a size is known where it is not sold")
	}
}

func TestARegionThatHoldsServersStaysListed(t *testing.T) {
	r := newRig(t, common(every()...))
	r.servers.LiveIn("fra", "zrh", "gva")
	a := r.want(200, r.send("GET", "/catalog", ""))
	if !strings.HasSuffix(a.body, `{"id":"old","name":"old","plans":[]},{"id":"gva","name":"gva","plans":[]},{"id":"zrh","name":"zrh","plans":[]}]`) {
		t.Errorf("the catalog is %s", a.body)
	}
	r.servers.LiveIn("bsl")
	if again := r.want(200, r.send("GET", "/catalog", "")); again.body != a.body {
		t.Errorf("a moment later the store is asked again: %s", again.body)
	}
	r.later(2 * livingLife)
	if a = r.want(200, r.send("GET", "/catalog", "")); !strings.HasSuffix(a.body, `{"id":"old","name":"old","plans":[]},{"id":"bsl","name":"bsl","plans":[]}]`) {
		t.Errorf("later the catalog is %s", a.body)
	}
	r.servers.FailWith(gateway.Errorf(gateway.Unavailable, "The database is away."))
	r.later(2 * livingLife)
	if again := r.want(200, r.send("GET", "/catalog", "")); again.body != a.body {
		t.Errorf("without a database the catalog is %s", again.body)
	}
}

func TestPricesAreToldInDollarsBothWays(t *testing.T) {
	p := newTestProvider(t, common(every()...), "    dollars_per_hr = 0.009\n    dollars_per_mo = 6\n", "    price_per_hr = 0.01\n", "dollars_per_mo = 72", "price_per_mo = 10", "", "currency = \"EUR\"\nusd_rate = 1.0847")
	small, _, _ := p.own.catalog.regions[0].size("std-1")
	big, _, _ := p.own.catalog.regions[0].size("big-1")
	if got := []float64{small.Hour, small.Month, big.Hour, big.Month}; !slices.Equal(got, []float64{0.010847, 7.81, 0.015069, 10.85}) {
		t.Errorf("prices: %v", got)
	}
}

func TestUnknownAddressesAndMethodsHaveTheErrorBody(t *testing.T) {
	r := newRig(t, common(every()...))
	r.want(404, r.call("GET", "/no/such/thing", ""))
	for path, allow := range map[string]string{
		"/verify": "POST", "/servers/x/reboot": "PATCH", "/servers/x/rename": "PATCH", "/servers/x/keys": "PATCH", "/servers": "POST", "/servers/x": "DELETE, GET",
	} {
		method := "POST"
		if strings.Contains(allow, "POST") {
			method = "PATCH"
		}
		if a := r.want(405, r.call(method, path, "{}")); a.header.Get("Allow") != allow {
			t.Errorf("%s: Allow is %q", path, a.header.Get("Allow"))
		}
	}
}

func TestBodiesOverTheLimitAreRefused(t *testing.T) {
	r := newRig(t, common(every()...))
	id := r.ordered()
	big := `{"name":"` + strings.Repeat("x", 1<<20) + `"}`
	for path, method := range map[string]string{
		"/keys": "POST", "/servers": "POST", "/servers/" + id + "/reboot": "PATCH", "/servers/" + id + "/rename": "PATCH",
	} {
		r.want(413, r.call(method, path, big))
	}
	r.want(413, r.call("DELETE", "/servers/"+id, big[:65<<10]))
	if acts := r.servers.Acts(); len(acts) != 0 {
		t.Errorf("something was done: %v", acts)
	}
}

func TestEveryKindOfErrorHasItsStatus(t *testing.T) {
	p := newTestProvider(t, common(every()...))
	for _, kind := range gateway.Kinds() {
		if _, ok := p.failures.Status[kind]; !ok {
			t.Errorf("%s has no status", kind)
		}
	}
	r := serve(t, p)
	id := r.ordered()
	for kind, want := range map[gateway.Kind]int{
		gateway.Invalid: 400, gateway.Unauthorized: 401, gateway.NotFound: 404, gateway.Gone: 404, gateway.Conflict: 409, gateway.Quota: 409,
		gateway.Refused: 422, gateway.Unsupported: 501, gateway.Busy: 503, gateway.Unavailable: 502, gateway.Internal: 500,
	} {
		r.servers.FailWith(gateway.Errorf(kind, "It went wrong."))
		r.want(want, r.call("DELETE", "/servers/"+id, ""))
	}
}

func TestRoutesThatMetaSwitchesOffSaySo(t *testing.T) {
	noKeys := without("create_key", "get_key", "delete_key")
	for name, c := range map[string]struct {
		actions []string
		more    string
		off     []string // "METHOD path", ID for a server's id
	}{
		"object mode":   {noKeys, "ssh {\nkey_method = \"object\"\n}", []string{"POST /keys", "GET /keys/x", "DELETE /keys/x", "PATCH /servers/ID/keys"}},
		"password mode": {every(), "ssh {\nauth_method = \"password\"\n}", []string{"POST /keys", "GET /keys/x", "DELETE /keys/x"}},
		"switched off":  {every(), "can_reboot = false\ncan_rename = false", []string{"PATCH /servers/ID/reboot", "PATCH /servers/ID/rename", "PATCH /servers/ID/keys"}},
		"no actions":    {without("reboot", "rename", "install_key"), "", []string{"PATCH /servers/ID/reboot", "PATCH /servers/ID/rename"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, common(c.actions...), "", c.more)
			id := r.ordered()
			for _, route := range c.off {
				method, path, _ := strings.Cut(route, " ")
				body := `{"name":"n","key":"` + keyLine + `"}`
				if strings.HasSuffix(path, "reboot") {
					body = ""
				}
				r.want(501, r.call(method, strings.Replace(path, "ID", id, 1), body))
			}
			if acts := r.servers.Acts(); len(acts) != 0 {
				t.Errorf("something was done: %v", acts)
			}
		})
	}
}

func TestEveryDialectsRouteIsServedOnce(t *testing.T) {
	p := newTestProvider(t, common(every()...))
	seen := map[string]bool{}
	for _, route := range p.Routes(nil) {
		if seen[route.Method+route.Path] {
			t.Errorf("%s %s twice", route.Method, route.Path)
		}
		seen[route.Method+route.Path] = true
	}
	if len(seen) != 13 {
		t.Errorf("%d routes", len(seen))
	}
}
