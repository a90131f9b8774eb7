package nanobox

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
)

func TestEveryRuleOfTheBlockIsReportedWhereItWasBroken(t *testing.T) {
	long := strings.Repeat("x", 256)
	const object, password = "ssh {\n key_method = \"object\"\n}", "ssh {\n auth_method = \"password\"\n}"
	for name, c := range map[string]struct {
		actions []string
		change  func(*platform.ProviderCommon)
		changes []string
		want    []string
	}{
		"a correct block": {},
		"every setting": {changes: []string{"", `short_name = "A"
bootstrap_timeout = "15m"
currency = "EUR"
usd_rate = 1.1
can_reboot = true
can_rename = false
ssh {
  user = "ubuntu"
  internal_iface = "eth1"
  external_iface = "eth0"
  bootstrap_script = "https://acme.example/x.sh"
}
credential "port" {
  label = "Port"
  default = "22"
  decode = "percent"
}
verify {
  accept "port" {
    value = secret("env:PORT")
  }
}
server {
  state = "gateway"
  capacity = 3
  dedupe = "10m"
  ready = ["internal_ip"]
  status_map = { running = "active" }
  vendor_name = "${resource.name}-${resource.region}-${resource.plan}"
}
catalog {
  source = "static"
}
compat {
  query_status = 200
}`}},
		"seconds without a unit":    {changes: []string{"", "bootstrap_timeout = 300"}},
		"no time for the script":    {changes: []string{"", `bootstrap_timeout = "soon"`}, want: []string{"AG213 error 48"}},
		"a name that is too long":   {changes: []string{`"Acme Cloud"`, `"` + long + `"`}, want: []string{"AG213 error 1"}},
		"no name":                   {changes: []string{`name         = "Acme Cloud"` + "\n", ""}, want: []string{"AG204 error 901"}},
		"no default":                {changes: []string{"default {\n  region = \"fra\"\n  plan   = \"standard\"\n  size   = \"std-1\"\n}\n", ""}, want: []string{"AG204 error 901"}},
		"an unknown default region": {changes: []string{`region = "fra"`, `region = "frx"`}, want: []string{"AG430 error 7"}},
		"a retired default region":  {changes: []string{`region = "fra"`, `region = "old"`}, want: []string{"AG430 error 7"}},
		"a default plan elsewhere":  {changes: []string{`region = "fra"`, `region = "ams"`}, want: []string{"AG430 error 8"}},
		"an unknown default size":   {changes: []string{`size   = "std-1"`, `size   = "big-1"`}, want: []string{"AG430 error 9"}},
		"a retired default size":    {changes: []string{`size   = "std-1"`, `size   = "std-0"`}, want: []string{"AG430 error 9"}},
		"a spec twice in a region":  {changes: []string{`spec "big-1"`, `spec "std-1"`}, want: []string{"AG431 error 40"}},
		"ram with a fraction":       {changes: []string{"= 2048", "= 2048.5"}, want: []string{"AG432 error 23"}},
		"disk below nothing":        {changes: []string{"= 40", "= -40"}, want: []string{"AG432 error 25"}},
		"no processor":              {changes: []string{"= 0.25", "= 0"}, want: []string{"AG213 error 32"}},
		"a list for the traffic":    {changes: []string{`"unlimited"`, "[2]"}, want: []string{"AG213 error 34"}},
		"no price":                  {changes: []string{"    dollars_per_hr = 0.009\n    dollars_per_mo = 6\n", ""}, want: []string{"AG433 error 22"}},
		"a price below nothing":     {changes: []string{"dollars_per_mo = 3", "dollars_per_mo = -3"}, want: []string{"AG213 error 35"}},
		"a price without a rate":    {changes: []string{"dollars_per_mo = 3", "price_per_mo = 3"}, want: []string{"AG433 error 35"}},
		"a price in dollars anyway": {changes: []string{"dollars_per_mo = 3", "price_per_mo = 3", "", `currency = "USD"`}},
		"a price told twice":        {changes: []string{"dollars_per_mo = 3", "price_per_mo = 3\ndollars_per_mo = 3", "", "usd_rate = 1.1"}, want: []string{"AG433 error 35"}},
		"a rate of nothing":         {changes: []string{"dollars_per_mo = 3", "price_per_mo = 3", "", "usd_rate = 0"}, want: []string{"AG213 error 48"}},
		"the same header":           {changes: []string{"", "credential \"Access-Token\" {\nlabel = \"x\"\n}"}, want: []string{"AG434 error 48"}},
		"no header":                 {changes: []string{"", "credential \"a b\" {\nlabel = \"x\"\n}"}, want: []string{"AG213 error 48"}},
		"an empty label":            {changes: []string{`"Access token"`, `" "`}, want: []string{"AG435 error 4"}},
		"a decoding nobody knows":   {changes: []string{`label = "Access token"`, `label = "x"` + "\ndecode = \"rot13\""}, want: []string{"AG213 error 5"}},
		"a script that is no URL":   {changes: []string{"", "ssh {\nbootstrap_script = \"x.sh\"\n}"}, want: []string{"AG436 error 49"}},
		"a script's URL too long":   {changes: []string{"", "ssh {\nbootstrap_script = \"https://x/" + long + "\"\n}"}, want: []string{"AG436 error 49"}},
		"no way to make servers":    {actions: without("create_server"), want: []string{"AG437 error 900"}},
		"no way to remove them":     {actions: without("delete_server"), want: []string{"AG437 error 900"}},
		"nobody checks credentials": {actions: without("verify"), want: []string{"AG437 error 900"}},
		"the files check them":      {actions: without("verify"), changes: []string{"", "verify {\naccept \"access_token\" {\nvalue = \"x\"\n}\n}"}},
		"plugins were not asked":    {change: func(c *platform.ProviderCommon) { c.Actions, c.ActionsKnown = nil, false }, changes: []string{"", "can_reboot = true\nserver {\nstate = \"backend\"\n}"}},
		"reboots are promised":      {actions: without("reboot"), changes: []string{"", "can_reboot = true"}, want: []string{"AG437 error 48"}},
		"renames are promised":      {actions: without("rename"), changes: []string{"", "can_rename = true"}, want: []string{"AG437 error 48"}},
		"keys of no use":            {changes: []string{"", object}, want: []string{"AG437 error 49"}},
		"keys in orders":            {actions: without("create_key", "get_key", "delete_key"), changes: []string{"", object}},
		"keys for good":             {actions: without("delete_key"), want: []string{"AG437 error 900"}},
		"keys of the gateway's":     {actions: without("create_key", "get_key", "delete_key")},
		"keys nobody can look at":   {actions: without("get_key"), changes: []string{"", "server {\nstate = \"backend\"\n}"}, want: []string{"AG437 error 900"}},
		"a password":                {changes: []string{"", password}},
		"no source of a password":   {actions: without("get_server", "install_key"), changes: []string{"", password}, want: []string{"AG437 error 49"}},
		"the order has a password":  {actions: without("get_server", "install_key"), changes: []string{"", password + "\nserver {\nready = [\"internal_ip\", \"password\"]\n}"}, want: []string{"AG437 warning 49"}},
		"passwords only":            {actions: without("install_key"), changes: []string{"", password}, want: []string{"AG437 warning 49"}},
		"nobody knows the servers":  {actions: without("get_server"), changes: []string{"", "server {\nstate = \"backend\"\n}"}, want: []string{"AG437 error 49"}},
		"nobody tells the catalog": {actions: without("catalog"), changes: []string{block[strings.Index(block, "region \"fra\" {"):], "", "", "catalog {\nsource = \"backend\"\n}"},
			want: []string{"AG437 error 12"}},
		"two catalogs":                {changes: []string{"", "catalog {\nsource = \"backend\"\n}"}, want: []string{"AG439 error 11", "AG439 error 20"}},
		"limits that nobody counts":   {changes: []string{"", "server {\nstate = \"backend\"\ncapacity = 1\ndedupe = \"1m\"\n}"}, want: []string{"AG438 error 50", "AG438 error 51"}},
		"no room at all":              {changes: []string{"", "server {\ncapacity = 0\n}"}, want: []string{"AG213 error 49"}},
		"a plan that does not exist":  {changes: []string{`["big"]`, `["bigg"]`}, want: []string{"AG439 error 15"}},
		"a plan that nobody sells":    {changes: []string{"region \"fra\" {\n", "region \"fra\" {\nplans = [\"standard\"]\n", `["big"]`, `["standard"]`, "retired = true", "plans = []"}, want: []string{"AG439 warning 40"}},
		"an unknown credential":       {changes: []string{"", "verify {\naccept \"acces_token\" {\nvalue = \"x\"\n}\n}"}, want: []string{"AG302 error 49"}},
		"an operator's unknown one":   {changes: []string{"", "catalog {\ncredentials = { tok = \"x\" }\n}"}, want: []string{"AG302 error 49"}},
		"a digest that is none":       {changes: []string{"", "verify {\naccept \"access_token\" {\nsha256 = [\"abc\"]\n}\n}"}, want: []string{"AG213 error 50"}},
		"nothing is accepted":         {changes: []string{"", "verify {\naccept \"access_token\" {}\n}"}, want: []string{"AG204 error 49"}},
		"everything is accepted":      {changes: []string{"", "verify {\naccept \"access_token\" {\nvalue = \"\"\n}\n}"}, want: []string{"AG213 error 50"}},
		"a status of nobody's":        {changes: []string{"", "server {\nstatus_map = { x = \"up\" }\n}"}, want: []string{"AG213 error 49"}},
		"ready without an address":    {changes: []string{"", "server {\nready = [\"external_ip\"]\n}"}, want: []string{"AG213 error 49"}},
		"ready for what is not known": {changes: []string{"", "server {\nready = [\"internal_ip\", \"ipv6\"]\n}"}, want: []string{"AG213 error 49"}},
		"a name from elsewhere":       {changes: []string{"", "server {\nvendor_name = request.name\n}"}, want: []string{"AG303 error 49"}},
		"a name that is a list":       {changes: []string{"", "server {\nvendor_name = [resource.name]\n}"}, want: []string{"AG305 error 49"}},
		"a name that is null":         {changes: []string{"", "server {\nvendor_name = null\n}"}, want: []string{"AG209 error 49"}},
		"a name that is secret":       {changes: []string{"", "server {\nvendor_name = secret(\"env:X\")\n}"}, want: []string{"AG309 error 49"}},
		"a status that is neither":    {changes: []string{"", "compat {\nquery_status = 204\n}"}, want: []string{"AG213 error 49"}},
		"http":                        {change: func(c *platform.ProviderCommon) { c.BaseURL = "http://gw.example/x" }, want: []string{"AG412 error 901"}},
		"http in development":         {change: func(c *platform.ProviderCommon) { c.BaseURL, c.Development = "http://gw.example/x", true }},
		"a word nobody knows":         {changes: []string{"", "nickname = \"x\""}, want: []string{"AG202 error 48"}},
		"blocks from a list":          {changes: []string{"region \"ams\" {\n", "region \"ams\" {\nfor_each = [\"a\", \"b\", \"c\"]\nid = each.value\n", "spec \"big-1\" {\n", "spec \"big-1\" {\nfor_each = [1, 2, 3]\nid = \"big-${each.value}\"\n"}},
		"blocks from a list without ids": {changes: []string{"region \"ams\" {\n", "region \"ams\" {\nfor_each = [\"a\", \"b\", \"c\"]\n", "spec \"big-1\" {\n", "spec \"big-1\" {\nfor_each = [1, 2, 3]\n", "plan \"standard\" {\n", "plan \"standard\" {\nfor_each = [1, 2]\n"},
			want: []string{"AG204 error 14", "AG204 error 21", "AG204 error 42"}},
		"an id without a list":            {changes: []string{"region \"ams\" {\n", "region \"ams\" {\nid = \"a\"\n"}, want: []string{"AG202 error 15"}},
		"one region twice":                {changes: []string{"region \"ams\" {\n", "region \"ams\" {\nfor_each = [\"a\", \"fra\", \"b\"]\nid = each.value\n"}, want: []string{"AG207 error 16"}},
		"one region before its label":     {changes: []string{"region \"fra\" {\n", "region \"all\" {\nfor_each = [\"a\", \"fra\", \"ams\"]\nid = each.value\n"}, want: []string{"AG207 error 16"}},
		"one plan twice":                  {changes: []string{"plan \"big\" {\n", "plan \"big\" {\nfor_each = [\"big\", \"huge\", \"huge\"]\nid = each.value\n", "spec \"big-1\" {\n", "spec \"big-1\" {\nid = \"${each.value}-1\"\n"}, want: []string{"AG207 error 41"}},
		"one spec twice in its plan":      {changes: []string{"spec \"big-1\" {\n", "spec \"big-1\" {\nfor_each = [1, 2, 3]\nid = \"big\"\n"}, want: []string{"AG207 error 42", "AG207 error 42"}},
		"one spec in all plans of a list": {changes: []string{"plan \"big\" {\n", "plan \"p\" {\nfor_each = [\"big\", \"huge\", \"vast\"]\nid = each.value\n"}, want: []string{"AG431 error 42"}},
		"an empty id from a list":         {changes: []string{"region \"ams\" {\n", "region \"ams\" {\nfor_each = [\"a\", \"\", \"\"]\nid = each.value\n"}, want: []string{"AG213 error 16"}},
		"no instructions":                 {changes: []string{"instructions = \"Create a token.\"\n", ""}, want: []string{"AG204 error 901"}},
		"names that say nothing":          {changes: []string{`"Acme Cloud"`, `""`, `"Create a token."`, `" "`, `"Frankfurt"`, `""`, `"Standard"`, `" "`, "", `server_nick_name = ""`}, want: []string{"AG213 error 1", "AG213 error 12", "AG213 error 2", "AG213 error 21", "AG213 error 48"}},
		"nobody is told apart":            {changes: []string{`label = "Access token"`, "label = \"x\"\nrequired = false"}, want: []string{"AG442 error 901"}},
		"nobody is asked for anything":    {changes: []string{"credential \"access_token\" {\n  label = \"Access token\"\n}\n", ""}, want: []string{"AG442 error 901"}},
		"who is nobody in particular":     {changes: []string{"", "credential \"a\" {\nlabel = \"x\"\nidentity = true\nrequired = false\n}\ncredential \"b\" {\nlabel = \"x\"\nidentity = true\ndefault = \"y\"\n}"}, want: []string{"AG442 error 50", "AG442 error 55"}},
		"a default although required":     {changes: []string{`label = "Access token"`, "label = \"x\"\nrequired = true\ndefault = \"y\""}, want: []string{"AG442 error 901"}},
		"memory in GB":                    {changes: []string{"= 2048", "= 2"}, want: []string{"AG432 warning 23"}},
		"memory that is enough":           {changes: []string{"= 2048", "= 128"}},
		"actions that nothing calls":      {actions: append(every(), "rebot", "provision"), want: []string{"AG444 warning 900"}},
		"several actions are missing":     {actions: without("create_server", "delete_server", "verify", "delete_key"), want: []string{"AG437 error 900"}},
		"several at once": {actions: without("verify"), changes: []string{`"Access token"`, `""`, "= 2048", "= 1.5", "dollars_per_mo = 3", "price_per_mo = 3", `size   = "std-1"`, `size   = "x"`},
			want: []string{"AG430 error 9", "AG432 error 23", "AG433 error 35", "AG435 error 4", "AG437 error 900"}},
	} {
		t.Run(name, func(t *testing.T) {
			actions := c.actions
			if actions == nil {
				actions = every()
			}
			com := common(actions...)
			if c.change != nil {
				c.change(&com)
			}
			p, diags := decodeBlock(t, com, changed(c.changes...))
			if diff := cmp.Diff(append([]string{}, c.want...), platformtest.Brief(diagnosed(t, diags, changed(c.changes...)))); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s%v", diff, diags)
			}
			if (p == nil) != diags.HasErrors() {
				t.Errorf("a provider is there: %t", p != nil)
			}
			for _, d := range diags {
				info, ok := diagnostic.Of(d)
				if ok && strings.HasPrefix(info.Code, "AG43") && (info.Hint == "" || info.In == "" || strings.HasSuffix(d.Summary, ".")) {
					if !(info.Code == "AG430" && len(info.Notes) > 0) {
						t.Errorf("%s is no good message: %+v", d.Summary, info)
					}
				}
			}
		})
	}
}
