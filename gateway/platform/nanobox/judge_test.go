package nanobox

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAnswersOfActionsAreJudged(t *testing.T) {
	full := newTestProvider(t, common(every()...))
	blind := newTestProvider(t, common(without("get_server")...))
	oneNIC := newTestProvider(t, common(without("get_server")...), "", "ssh {\ninternal_iface = \"eth0\"\n}")
	password := newTestProvider(t, common(without("get_server")...), "", "ssh {\nauth_method = \"password\"\n}")
	mapped := newTestProvider(t, common(without("get_server")...), "", "server {\nstatus_map = { running = \"active\" }\n}")
	direct := newTestProvider(t, common(every()...), "", "server {\nstate = \"backend\"\n}")
	for name, c := range map[string]struct {
		p              *provider
		action, answer string
		want           string // part of the error; empty: none
	}{
		"nothing":                    {full, "create_server", `{}`, ""},
		"null":                       {full, "create_server", `{"ref":null,"status":null,"external_ip":null}`, ""},
		"more":                       {full, "create_server", `{"more":[1]}`, ""},
		"no object":                  {full, "create_server", `[]`, "no object"},
		"null as a whole":            {full, "create_server", `null`, ""},
		"nothing at all":             {full, "delete_server", ``, ""},
		"a number":                   {full, "create_server", `{"ref":17}`, `"ref" must be text`},
		"a path":                     {full, "create_server", `{"ref":"a/SECRET"}`, `"ref" must be`},
		"dots":                       {full, "create_server", `{"ref":".."}`, `"ref" must be`},
		"no address":                 {full, "get_server", `{"external_ip":"SECRET"}`, `"external_ip" must be an IP address`},
		"an address of version 6":    {full, "get_server", `{"external_ip":"2001:db8::1"}`, ""},
		"a bell":                     {full, "get_server", `{"name":"a\u0007"}`, `"name" holds`},
		"both addresses":             {blind, "create_server", `{"external_ip":"192.0.2.1","internal_ip":"10.0.0.1"}`, ""},
		"one address of two":         {blind, "create_server", `{"internal_ip":"10.0.0.1"}`, `"external_ip" is missing`},
		"no address ever":            {blind, "create_server", `{}`, `"internal_ip" is missing`},
		"one address of one":         {oneNIC, "create_server", `{"internal_ip":"10.0.0.1"}`, ""},
		"no password":                {password, "create_server", `{"external_ip":"192.0.2.1","internal_ip":"10.0.0.1"}`, `"password" is missing`},
		"a password":                 {password, "create_server", `{"external_ip":"192.0.2.1","internal_ip":"10.0.0.1","password":"x"}`, ""},
		"an id that nobody recorded": {direct, "create_server", `{}`, `"ref" is missing`},
		"a key that nobody recorded": {direct, "create_key", `{}`, `"ref" is missing`},
		"a key":                      {full, "create_key", `{}`, ""},
		"a key that is found":        {full, "get_key", `{"name":"n","public_key":"` + keyLine + `"}`, ""},
		"what is no key":             {full, "get_key", `{"name":"n","public_key":"SECRET"}`, `"public_key" must be`},
		"an account that is none":    {full, "verify", `{"account":[]}`, `"account" must be text`},
		"other actions":              {full, "reboot", `{}`, ""},
		"no catalog":                 {full, "catalog", `{"regions":[]}`, "no region"},
		"a catalog":                  {full, "catalog", toldSpecs, ""},
		"a catalog of nothing":       {full, "catalog", `{"regions":[{"id":"fra","plans":[{"id":"p","specs":[]}]}]}`, "no size"},
		"a word for good":            {blind, "create_server", `{"status":"Booting","external_ip":"192.0.2.1","internal_ip":"10.0.0.1"}`, `"status" is booting, which is not active`},
		"one that is still coming":   {blind, "create_server", `{"status":"creating","external_ip":"192.0.2.1","internal_ip":"10.0.0.1"}`, "status_map"},
		"a word that can't be shown": {blind, "create_server", `{"status":"<SECRET>","external_ip":"192.0.2.1","internal_ip":"10.0.0.1"}`, `"status" is (no word)`},
		"the word":                   {blind, "create_server", `{"status":"ACTIVE","external_ip":"192.0.2.1","internal_ip":"10.0.0.1"}`, ""},
		"a mapped one":               {mapped, "create_server", `{"status":"Running","external_ip":"192.0.2.1","internal_ip":"10.0.0.1"}`, ""},
		"one that can be looked at":  {full, "create_server", `{"status":"booting"}`, ""},
	} {
		err := c.p.Judge(c.action, json.RawMessage(c.answer))
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "SECRET")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
