package nanobox

import (
	"slices"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// TestForEachMakesRegionsPlansAndSpecs has three of each from one block.
func TestForEachMakesRegionsPlansAndSpecs(t *testing.T) {
	p := newTestProvider(t, common(every()...),
		"region \"ams\" {\n", "region \"more\" {\nfor_each = [\"ams\", \"zrh\", \"gva\"]\nid = each.value\nname = upper(each.value)\n", `["big"]`, `["big", "vast"]`,
		"plan \"big\" {\n", "plan \"more\" {\nfor_each = [\"big\", \"huge\", \"vast\"]\nid = each.value\n",
		"spec \"big-1\" {\n    ram            = 65536\n", "spec \"one\" {\n    id = \"${each.value}-0\"\n    ram = 512\n    cpu = 1\n    disk = 1\n    transfer = 1\n    dollars_per_mo = 1\n  }\n  spec \"more\" {\n    for_each = [for n in [1, 2, 3] : { id = \"${each.value}-${n}\", gb = n }]\n    id = each.value.id\n    ram = 1024 * each.value.gb\n")
	regions := ids(p.own.catalog.regions, func(r region) string { return r.id + " " + r.name })
	if want := []string{"fra Frankfurt", "ams AMS", "zrh ZRH", "gva GVA", "old old"}; !slices.Equal(regions, want) {
		t.Errorf("regions %q, want %q", regions, want)
	}
	at, _ := p.own.catalog.region("zrh")
	if plans := ids(at.plans, func(p plan) string { return p.id }); !slices.Equal(plans, []string{"big", "vast"}) {
		t.Errorf("plans of zrh: %q", plans)
	}
	for _, own := range at.plans {
		want := []string{own.id + "-0", own.id + "-1", own.id + "-2", own.id + "-3"}
		if specs := ids(own.specs, func(s spec) string { return s.ID }); !slices.Equal(specs, want) {
			t.Errorf("specs of %s: %q", own.id, specs)
		}
	}
	if s, own, err := p.own.catalog.ordered("gva", "vast-3"); err != nil || s.RAM != 3072 || own.id != "vast" {
		t.Errorf("an order of the last: %+v of %s, %v", s, own.id, err)
	}
	for size, known := range map[string]bool{"big-2": true, "huge-2": false, "more": false} {
		if p.Size("ams", size) != known {
			t.Errorf("%s is known in ams: %t", size, !known)
		}
	}
}

// TestWhatTheBackendLacksIsOneMessage: others of one code and place are dropped.
func TestWhatTheBackendLacksIsOneMessage(t *testing.T) {
	_, diags := decodeBlock(t, common("rebot", "get_sever", "create_key"), block)
	diags = diagnostic.Merge(diags)
	if len(diags) != 2 {
		t.Fatal(diags)
	}
	warned, _ := diagnostic.Of(diags[0])
	if diags[0].Summary != `backend.shell.servers has actions that nothing calls: "rebot" and "get_sever"` || warned.Hint != `did you mean "reboot" and "get_server"?` {
		t.Errorf("%s; %s", diags[0].Summary, warned.Hint)
	}
	lacks, _ := diagnostic.Of(diags[1])
	if diags[1].Summary != `backend.shell.servers has no actions "create_server", "delete_server", "verify" and "delete_key"` ||
		lacks.Hint != `declare them in the backend, where its plugin takes a list: actions = ["create_server", "delete_server", "verify", "delete_key", …]` {
		t.Errorf("%s; %s", diags[1].Summary, lacks.Hint)
	}
	_, diags = decodeBlock(t, common(without("verify")...), block)
	if info, _ := diagnostic.Of(diags[0]); len(diags) != 1 || diags[0].Summary != `backend.shell.servers has no action "verify"` || !strings.HasPrefix(info.Hint, "declare it in") {
		t.Errorf("%v", diags)
	}
}
