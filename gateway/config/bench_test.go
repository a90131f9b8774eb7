package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
)

// BenchmarkValidate is the budget of checking: 1,000 add-ons × 2 plans × 3
// platforms in under a second and 150 MB, plugins not counted.
func BenchmarkValidate(b *testing.B) { validate(b, "") }

// BenchmarkValidateRules is the same with a rule of every kind in each add-on.
func BenchmarkValidateRules(b *testing.B) {
	validate(b, `
  option "version" {
    type    = number
    default = 16
    values  = [15, 16]
  }

  validate "region" {
    condition = contains(addon.regions, request.region)
    message   = "Choose one of ${join(", ", addon.regions)}."
  }

  quota {
    resources           = 5000
    resources_per_owner = 20
  }

  plan_change {
    from   = ["large"]
    to     = ["small"]
    allow  = output.storage_mb < plan.params.connection_limit * 10
    reason = "Your data (${output.storage_mb} MB) does not fit in ${plan.name}."
  }
`)
}

func validate(b *testing.B, rules string) {
	dir := b.TempDir()
	text, err := os.ReadFile("testdata/base.hcl")
	if err != nil {
		b.Fatal(err)
	}
	var all strings.Builder
	all.Write(text)
	for i := range 1000 {
		fmt.Fprintf(&all, `
addon "acme-db-%d" {
  backend = backend.postgres.main

  region "eu" {
    data = { host = "db.eu.acme.example" }
  }

  plan "small" {
    params = { connection_limit = 5 }
  }

  plan "large" {
    params = { connection_limit = 50 }
  }

  config_vars = {
    ACME_DB_URL  = "postgres://${output.username}:${urlencode(output.password)}@${region.data.host}:${output.port}/${output.database}"
    ACME_DB_HOST = region.data.host
    ACME_DB_NAME = output.database
    ACME_DB_MAX  = floor(plan.params.connection_limit * 0.8)
  }

  platform "one" {}
  platform "two" {}
  platform "three" {}
%s}
`, i, rules)
	}
	if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(all.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	options := config.Options{
		Dir: dir, Plugins: answering(&fakePlugins{}), Dialects: []platform.Dialect{lenient{"one"}, lenient{"two"}, lenient{"three"}},
	}
	var memory runtime.MemStats
	for b.Loop() {
		c, _, diags := config.Load(b.Context(), options)
		if diags.HasErrors() {
			b.Fatal(describe(diags))
		}
		runtime.ReadMemStats(&memory)
		b.ReportMetric(float64(c.Summary.Values), "values")
		b.ReportMetric(float64(memory.HeapInuse)/1e6, "MB-in-use")
	}
}

// lenient is a dialect without rules of its own.
type lenient struct{ name string }

func (l lenient) Name() string          { return l.name }
func (l lenient) Schema() *schema.Block { return fakeDialect{}.Schema() }
func (l lenient) Decode(common platform.Common, _ hcl.Body, _ *hcl.EvalContext) (platform.Mount, hcl.Diagnostics) {
	return fakeMount{common: common}, nil
}
