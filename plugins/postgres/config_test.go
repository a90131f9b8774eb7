package postgres_test

import (
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/postgres"
	"github.com/zclconf/go-cty/cty"
)

// offline is a config block as the gateway sends it for checking: secrets and
// templates are unknown.
func offline(extra map[string]cty.Value) backend.Value {
	attributes := map[string]cty.Value{
		"admin_url": cty.UnknownVal(cty.String).Mark(backend.Sensitive),
		"database":  cty.UnknownVal(cty.String).Refine().NotNull().StringPrefix("acme_").NewValue(),
		"role":      cty.UnknownVal(cty.String),
	}
	for name, v := range extra {
		attributes[name] = v
	}
	return config("", attributes)
}

func strs(values ...string) cty.Value {
	list := make([]cty.Value, len(values))
	for i, v := range values {
		list[i] = cty.StringVal(v)
	}
	return cty.ListVal(list)
}

func TestAConfigBlockIsChecked(t *testing.T) {
	str := cty.StringVal
	begins := func(prefix string) cty.Value {
		return cty.UnknownVal(cty.String).Refine().StringPrefixFull(prefix).NewValue()
	}
	cases := map[string]struct {
		attribute string
		value     cty.Value
		want      string // in the summary; "" means no problem
	}{
		"nothing wrong":                {"host", cty.NullVal(cty.String), ""},
		"a URL":                        {"admin_url", str("postgres://u:p@h:5432/db"), ""},
		"the other scheme":             {"admin_url", str("postgresql://u@h/db"), ""},
		"no URL":                       {"admin_url", cty.NullVal(cty.String), "admin_url is missing"},
		"an empty URL":                 {"admin_url", str(""), "admin_url is missing"},
		"another scheme":               {"admin_url", str("mysql://u@h/db"), "not a PostgreSQL URL"},
		"no user":                      {"admin_url", str("postgres://h/db"), "names no user"},
		"no host":                      {"admin_url", str("postgres://u@/db"), "names no host"},
		"no database":                  {"admin_url", str("postgres://u@h"), "names no database"},
		"a wrong parameter":            {"admin_url", str("postgres://u@h/db?sslmode=x"), "cannot be used"},
		"a constant database":          {"database", str("acme"), `Every resource would get the database "acme"`},
		"a constant role":              {"role", str("acme"), `Every resource would get the role "acme"`},
		"a template":                   {"database", begins("acme_"), ""},
		"a template with upper case":   {"database", begins("Acme_"), `begins with "Acme_"`},
		"a template with a reserved":   {"role", begins("pg_"), `begins with "pg_"`},
		"a template with nothing":      {"role", cty.UnknownVal(cty.String), ""},
		"an unknown value of any type": {"database", cty.DynamicVal, ""},
		"a host":                       {"host", str("db.example.com"), ""},
		"an IPv6 address":              {"host", str("2001:db8::1"), ""},
		"a host with a port":           {"host", str("db.example.com:5432"), "host is not a host name"},
		"a host that is a URL":         {"host", str("https://db.example.com"), "host is not a host name"},
		"an empty host":                {"host", str(""), "host is not a host name"},
		"a port":                       {"port", cty.NumberIntVal(6432), ""},
		"port 0":                       {"port", cty.NumberIntVal(0), "port is not a port"},
		"a large port":                 {"port", cty.NumberIntVal(65536), "port is not a port"},
		"half a port":                  {"port", cty.NumberFloatVal(5432.5), "port is not a port"},
		"an enormous port":             {"port", cty.MustParseNumberVal("1e40"), "port is not a port"},
		"extensions":                   {"extensions", strs(postgres.TrustedExtensions()...), ""},
		"no extensions":                {"extensions", cty.ListValEmpty(cty.String), ""},
		"unknown extensions":           {"extensions", cty.ListVal([]cty.Value{cty.UnknownVal(cty.String)}), ""},
		"a dangerous extension":        {"extensions", strs("citext", "file_fdw"), `Extension "file_fdw" is not allowed`},
		"SQL for an extension":         {"extensions", strs(`x"; DROP DATABASE y`), "is not allowed"},
		"an extension twice":           {"extensions", strs("citext", "citext"), `Extension "citext" is listed twice`},
		"the drop policy":              {"drop_policy", str("now"), ""},
		"a policy that keeps":          {"drop_policy", str("keep-7d"), ""},
		"one that keeps for one day":   {"drop_policy", str("keep-1d"), ""},
		"one that keeps longest":       {"drop_policy", str("keep-90d"), ""},
		"a policy that is not known":   {"drop_policy", cty.UnknownVal(cty.String), ""},
		"one that keeps for no day":    {"drop_policy", str("keep-0d"), `drop_policy cannot be "keep-0d"`},
		"one that keeps too long":      {"drop_policy", str("keep-91d"), `drop_policy cannot be "keep-91d"`},
		"one that keeps for weeks":     {"drop_policy", str("keep-2w"), `drop_policy cannot be "keep-2w"`},
		"one with a leading zero":      {"drop_policy", str("keep-07d"), `drop_policy cannot be "keep-07d"`},
		"one with something behind":    {"drop_policy", str("keep-7d\n"), "drop_policy cannot be"},
		"a wrong drop policy":          {"drop_policy", str("never"), `drop_policy cannot be "never"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			res, err := postgres.New().ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: offline(map[string]cty.Value{c.attribute: c.value})})
			if err != nil {
				t.Fatal(err)
			}
			wantProblem(t, res.Diagnostics, c.attribute, c.want)
		})
	}
}

// wantProblem wants one error about the attribute, with a remedy; or, when
// says is empty, none at all.
func wantProblem(t *testing.T, got backend.Diagnostics, attribute, says string) {
	t.Helper()
	if says == "" {
		if len(got) > 0 {
			t.Errorf("got %+v, want no problem", got)
		}
		return
	}
	if len(got) != 1 || got[0].Severity != backend.SeverityError || !strings.Contains(got[0].Summary, says) || got[0].Detail == "" {
		t.Fatalf("got %+v, want one error with %q and a remedy", got, says)
	}
	if len(got[0].Path) == 0 || !got[0].Path[:1].Equals(cty.GetAttrPath(attribute)) {
		t.Errorf("path %#v, want one into %s", got[0].Path, attribute)
	}
}

func TestEveryProblemOfAConfigBlockIsReported(t *testing.T) {
	res, err := postgres.New().ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: config("mysql://", map[string]cty.Value{
		"database": cty.StringVal("x"), "role": cty.StringVal("x"), "host": cty.StringVal("a b"), "port": cty.NumberIntVal(-1),
		"extensions": strs("dblink", "plperlu"), "drop_policy": cty.StringVal("keep-7"),
	})})
	if err != nil || len(res.Diagnostics) != 8 {
		t.Errorf("got %d problems (%v), want 8: %+v", len(res.Diagnostics), err, res.Diagnostics)
	}
}

func TestAWhollyUnknownConfigBlockIsTolerated(t *testing.T) {
	res, err := postgres.New().ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: backend.NewValue(cty.DynamicVal)})
	if err != nil || len(res.Diagnostics) > 0 {
		t.Errorf("got %+v, %v", res.Diagnostics, err)
	}
}

func TestPlanParamsAreChecked(t *testing.T) {
	num := func(n int64) cty.Value { return cty.NumberIntVal(n) }
	cases := map[string]struct {
		param string
		value cty.Value
		want  string
	}{
		"one connection":         {"connection_limit", num(1), ""},
		"the most connections":   {"connection_limit", num(262143), ""},
		"not known yet":          {"connection_limit", cty.UnknownVal(cty.Number), ""},
		"missing":                {"connection_limit", cty.NullVal(cty.Number), "connection_limit is missing"},
		"no connection":          {"connection_limit", num(0), "not a number of connections"},
		"unlimited":              {"connection_limit", num(-1), "not a number of connections"},
		"too many":               {"connection_limit", num(262144), "not a number of connections"},
		"half a connection":      {"connection_limit", cty.NumberFloatVal(1.5), "not a number of connections"},
		"a timeout":              {"statement_timeout", cty.StringVal("1m30s"), ""},
		"no timeout":             {"statement_timeout", cty.NullVal(cty.String), ""},
		"a timeout without unit": {"statement_timeout", cty.StringVal("30"), "statement_timeout is not a duration"},
		"timeout zero":           {"statement_timeout", cty.StringVal("0s"), "statement_timeout is not a duration"},
		"a timeout too long":     {"statement_timeout", cty.StringVal("600h"), "statement_timeout is not a duration"},
		"temporary files":        {"temp_file_limit_mb", num(512), ""},
		"too large files":        {"temp_file_limit_mb", num(1 << 21), "temp_file_limit_mb is not a size"},
		"no temporary files":     {"temp_file_limit_mb", num(0), "temp_file_limit_mb is not a size"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			params := map[string]cty.Value{"connection_limit": num(5), c.param: c.value}
			res, err := postgres.New().ValidatePlan(t.Context(), backend.ValidatePlanRequest{
				Config: offline(nil), Plan: backend.Plan{ID: "small", Params: backend.NewValue(cty.ObjectVal(params))},
			})
			if err != nil {
				t.Fatal(err)
			}
			wantProblem(t, res.Diagnostics, c.param, c.want)
		})
	}
}

func TestAPlanWithBadParamsIsNotProvisioned(t *testing.T) {
	w := newWorld(t, "badplan", nil)
	op := newOp(0)
	_, err := provision(t.Context(), w.b, op, &recorder{})
	if f := wantClass(t, err, backend.Invalid); !f.Path.Equals(cty.GetAttrPath("connection_limit")) {
		t.Errorf("path %#v", f.Path)
	}
	w.wantNothing(op)
}
