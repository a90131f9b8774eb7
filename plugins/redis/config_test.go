package redis_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/redis"
	"github.com/addongw/addongw/plugins/redis/redistest"
	"github.com/zclconf/go-cty/cty"
)

func offlineDedicated(extra attributes) backend.Value {
	return config(withAttributes(config(attributes{
		"directory": str("/var/lib/addongw/redis"), "port_range": str("7000-7999"), "host": str("redis.acme.example"), "bind": strs("0.0.0.0"),
	}), extra))
}

func offlineShared(extra attributes) backend.Value {
	return config(withAttributes(config(attributes{
		"mode": str("shared"), "url": str("redis://admin:secret-word@redis.internal:6379"),
	}), extra))
}

func strs(list ...string) cty.Value {
	var values []cty.Value
	for _, s := range list {
		values = append(values, str(s))
	}
	if len(values) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	return cty.ListVal(values)
}

// warnings are what is not refused: it can be right on another machine.
var warnings = []string{"Ports below 1024 are closed to servers", "Clients are given ports of port_range"}

// wantProblem wants one error about the attribute, or one of the warnings, with
// a remedy; or, when says is empty, none at all.
func wantProblem(t *testing.T, got backend.Diagnostics, attribute, says string) {
	t.Helper()
	if says == "" {
		if len(got) > 0 {
			t.Errorf("got %+v, want no problem", got)
		}
		return
	}
	severity := backend.SeverityError
	if slices.Contains(warnings, says) {
		severity = backend.SeverityWarning
	}
	if len(got) != 1 || got[0].Severity != severity || !strings.Contains(got[0].Summary, says) || got[0].Detail == "" {
		t.Fatalf("got %+v, want one %s with %q and a remedy", got, severity, says)
	}
	if len(got[0].Path) == 0 || !got[0].Path[:1].Equals(cty.GetAttrPath(attribute)) {
		t.Errorf("path %#v, want one into %s", got[0].Path, attribute)
	}
}

func TestAConfigBlockIsChecked(t *testing.T) {
	t.Parallel()
	null := cty.NullVal(cty.String)
	unknown := cty.UnknownVal(cty.String)
	cases := map[string]struct {
		block     func(attributes) backend.Value
		attribute string
		value     cty.Value
		want      string
	}{
		"a good one":                   {offlineDedicated, "user", str("redis"), ""},
		"an unknown mode":              {offlineDedicated, "mode", str("cluster"), `mode cannot be "cluster"`},
		"an unknown mode of a shared":  {offlineShared, "mode", str("sharde"), `mode cannot be "sharde"`},
		"a mode to be known":           {offlineShared, "mode", unknown, ""},
		"no directory":                 {offlineDedicated, "directory", null, "directory is missing"},
		"a directory to be known":      {offlineDedicated, "directory", unknown, ""},
		"no ports":                     {offlineDedicated, "port_range", null, "port_range is missing"},
		"one port":                     {offlineDedicated, "port_range", str("7000"), `port_range cannot be "7000"`},
		"ports backwards":              {offlineDedicated, "port_range", str("7999-7000"), "port_range cannot be"},
		"ports that are none":          {offlineDedicated, "port_range", str("7000-70000"), "port_range cannot be"},
		"ports that root alone has":    {offlineDedicated, "port_range", str("80-90"), "Ports below 1024 are closed to servers"},
		"ports that clients get":       {offlineDedicated, "port_range", str("40000-41000"), "Clients are given ports of port_range"},
		"ports up to those of clients": {offlineDedicated, "port_range", str("1024-32767"), ""},
		"ports above those of clients": {offlineDedicated, "port_range", str("61000-65535"), ""},
		"root":                         {offlineDedicated, "user", str("root"), "Servers must not run as root"},
		"no host":                      {offlineDedicated, "host", null, "host is missing"},
		"a host with a port":           {offlineDedicated, "host", str("redis.acme.example:7000"), "host is not a host name"},
		"a public host, no bind":       {offlineDedicated, "bind", cty.NullVal(cty.List(cty.String)), "bind is missing"},
		"an empty bind":                {offlineDedicated, "bind", strs(), "bind is empty"},
		"a name to bind to":            {offlineDedicated, "bind", strs("eth0"), `"eth0" is not an address`},
		"IPv6":                         {offlineDedicated, "bind", strs("::1"), ""},
		"a certificate without a key":  {offlineDedicated, "tls_cert_file", str("/etc/cert.pem"), "tls_cert_file stands alone"},
		"a key without a certificate":  {offlineDedicated, "tls_key_file", str("/etc/key.pem"), "tls_key_file stands alone"},
		"an unknown runner":            {offlineDedicated, "runner", str("systemd"), `runner cannot be "systemd"`},
		"an unknown cgroup":            {offlineDedicated, "cgroup", str("yes"), `cgroup cannot be "yes"`},
		"a url for dedicated servers":  {offlineDedicated, "url", str("redis://a:b@c"), "url has no use in dedicated mode"},
		"a week":                       {offlineDedicated, "drop_policy", str("keep-7d"), ""},
		"no days":                      {offlineDedicated, "drop_policy", str("keep-0d"), `drop_policy cannot be "keep-0d"`},
		"too long":                     {offlineDedicated, "drop_policy", str("keep-91d"), `drop_policy cannot be "keep-91d"`},
		"for ever":                     {offlineDedicated, "drop_policy", str("never"), `drop_policy cannot be "never"`},
		"a good shared one":            {offlineShared, "max_users", cty.NumberIntVal(100), ""},
		"no url":                       {offlineShared, "url", null, "url is missing"},
		"a url to be known":            {offlineShared, "url", unknown, ""},
		"another kind of url":          {offlineShared, "url", str("http://admin:secret-word@redis.internal"), "url is not the URL of a Redis server"},
		"no url at all":                {offlineShared, "url", str("redis.internal:6379"), "url is not the URL of a Redis server"},
		"a url without a password":     {offlineShared, "url", str("redis://redis.internal:6379"), "url has no password"},
		"a url with a database":        {offlineShared, "url", str("redis://admin:secret-word@redis.internal:6379/5"), "url cannot be used"},
		"a url with parameters":        {offlineShared, "url", str("redis://admin:secret-word@redis.internal:6379?db=5"), "url cannot be used"},
		"a directory for a shared one": {offlineShared, "directory", str("/x"), "directory has no use in shared mode"},
		"an archive for a shared one":  {offlineShared, "archive", str("/x"), "archive has no use in shared mode"},
		"a runner for a shared one":    {offlineShared, "runner", str("service"), "runner has no use in shared mode"},
		"a cgroup for a shared one":    {offlineShared, "cgroup", str("required"), "cgroup has no use in shared mode"},
		"half a user":                  {offlineShared, "max_users", cty.NumberFloatVal(0.5), "max_users is not a number of users"},
		"a port that is none":          {offlineShared, "port", cty.NumberIntVal(0), "port is not a port number"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			res, err := redis.New().ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: c.block(attributes{c.attribute: c.value})})
			ok(t, "ValidateConfig", err)
			wantProblem(t, res.Diagnostics, c.attribute, c.want)
			for _, d := range res.Diagnostics {
				if strings.Contains(d.Summary+d.Detail, "secret-word") {
					t.Errorf("the password is in %q", d)
				}
			}
		})
	}
}

func TestAWhollyUnknownConfigBlockIsTolerated(t *testing.T) {
	t.Parallel()
	res, err := redis.New().ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: backend.NewValue(cty.DynamicVal)})
	if err != nil || len(res.Diagnostics) > 0 {
		t.Errorf("got %+v, %v", res.Diagnostics, err)
	}
}

func TestOutputsAndParamsDependOnTheMode(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		config  backend.Value
		outputs string
		needs   bool
	}{
		"dedicated": {offlineDedicated(nil), "host port username password prefix used_mb", true},
		"shared":    {offlineShared(nil), "host port username password prefix", false},
		"misspelt":  {offlineShared(attributes{"mode": str("sharde")}), "host port username password prefix used_mb", false},
	}
	for block, c := range cases {
		config, want := c.config, c.outputs
		res, err := redis.New().ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: config})
		ok(t, "ValidateConfig", err)
		var names []string
		for _, a := range res.Outputs.Attributes {
			names = append(names, a.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s has outputs %s, want %s", block, got, want)
		}
		for _, a := range res.Plan.Attributes[:2] {
			if a.Required != c.needs {
				t.Errorf("%s: whether plans need %s is %t", block, a.Name, a.Required)
			}
		}
	}
}

func TestPlanParamsAreChecked(t *testing.T) {
	t.Parallel()
	num := func(n int64) cty.Value { return cty.NumberIntVal(n) }
	cases := map[string]struct {
		block func(attributes) backend.Value
		param string
		value cty.Value
		want  string
	}{
		"a cache":             {offlineDedicated, "maxmemory_policy", str("allkeys-lru"), ""},
		"not known yet":       {offlineDedicated, "memory_mb", cty.UnknownVal(cty.Number), ""},
		"no memory":           {offlineDedicated, "memory_mb", cty.NullVal(cty.Number), "memory_mb is missing"},
		"too little":          {offlineDedicated, "memory_mb", num(7), "memory_mb cannot be used"},
		"too much":            {offlineDedicated, "memory_mb", num(2 << 20), "memory_mb cannot be used"},
		"half a client":       {offlineDedicated, "max_clients", cty.NumberFloatVal(1.5), "max_clients cannot be used"},
		"no client":           {offlineDedicated, "max_clients", num(0), "max_clients cannot be used"},
		"an unknown policy":   {offlineDedicated, "maxmemory_policy", str("lru"), `maxmemory_policy cannot be "lru"`},
		"memory in shared":    {offlineShared, "memory_mb", num(100), "memory_mb has no effect in shared mode"},
		"clients in shared":   {offlineShared, "max_clients", num(100), "max_clients has no effect in shared mode"},
		"nothing in shared":   {offlineShared, "max_clients", cty.NullVal(cty.Number), ""},
		"an unknown for them": {offlineShared, "memory_mb", cty.UnknownVal(cty.Number), "memory_mb has no effect in shared mode"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			params := dedicatedPlan(16, 5).Params.Cty().AsValueMap()
			if strings.HasSuffix(name, "shared") || strings.HasSuffix(name, "them") {
				params = sharedPlan("small").Params.Cty().AsValueMap()
			}
			params[c.param] = c.value
			res, err := redis.New().ValidatePlan(t.Context(), backend.ValidatePlanRequest{
				Config: c.block(nil), Plan: backend.Plan{ID: "small", Params: backend.NewValue(cty.ObjectVal(params))},
			})
			ok(t, "ValidatePlan", err)
			wantProblem(t, res.Diagnostics, c.param, c.want)
		})
	}
}

func TestWhatThisMachineLacksIsADiagnostic(t *testing.T) {
	t.Parallel()
	folder := redistest.Directory(t)
	file := filepath.Join(t.TempDir(), "file")
	ok(t, "write", os.WriteFile(file, []byte("#!/bin/sh\necho Redis server v=6.2.1 sha=0\n"), 0o600))
	ok(t, "make it a program", os.Chmod(file, 0o755))
	closed := certificate(t)
	ok(t, "close the key", os.Chmod(closed+"/key.pem", 0o600))
	cases := map[string]struct {
		attribute string
		value     cty.Value
		want      string
	}{
		"no such user":          {"user", str("nobody-by-this-name"), "no user"},
		"root":                  {"user", str("root"), "must not run as root"},
		"no such program":       {"redis_server", str("/nonexistent/redis-server"), "The program can't be run"},
		"another program":       {"redis_server", str("/bin/true"), "This is no redis-server"},
		"an old one":            {"redis_server", str(file), "Redis 6 is too old"},
		"a file as a directory": {"directory", str(file), "The directory can't be used"},
		"a file as an archive":  {"archive", str(file), "The archive can't be used"},
		"no certificate":        {"tls_cert_file", str("/nonexistent/cert.pem"), "The certificate can't be used"},
		"another's key":         {"tls_cert_file", str(certificate(t) + "/cert.pem"), "The certificate can't be used"},
		"a key that is closed":  {"tls_key_file", str(closed + "/key.pem"), "The servers' user can't read the certificate"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if os.Geteuid() != 0 && (c.attribute == "user" || c.attribute == "tls_key_file") {
				t.Skip("only root chooses users")
			}
			b := redis.New()
			t.Cleanup(b.Close)
			block := withAttributes(dedicatedConfig(t, folder, nil), attributes{c.attribute: c.value})
			if strings.HasPrefix(c.attribute, "tls_") {
				block = withAttributes(config(block), attributes{"tls_cert_file": str(closed + "/cert.pem"), "tls_key_file": str(closed + "/key.pem"), c.attribute: c.value})
			}
			if name == "an old one" && os.Geteuid() == 0 { // the user must reach it
				ok(t, "open the folders", os.Chmod(filepath.Dir(file), 0o755))
				ok(t, "open the folders", os.Chmod(filepath.Dir(filepath.Dir(file)), 0o755))
			}
			wantProblem(t, configure(t, b, config(block)), c.attribute, c.want)
			_, err := b.Provision(t.Context(), backend.ProvisionRequest{Op: newOp(dedicatedPlan(8, 5))}, &recorder{})
			wantClass(t, err, backend.Internal) // no customer's doing
		})
	}
}

func TestPortsThatThisMachineKeepsForRootAreRefused(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if err != nil || strings.TrimSpace(string(text)) != "1024" {
		t.Skipf("this machine keeps the ports below %q (%v)", text, err)
	}
	found := configure(t, newBackend(t), dedicatedConfig(t, redistest.Directory(t), portRange(80, 90)))
	if !found.HasErrors() || !strings.Contains(found[len(found)-1].Summary, "Ports below 1024 are for root alone") {
		t.Errorf("got %+v", found)
	}
}
