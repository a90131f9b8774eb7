package scalingo

import (
	"testing"

	"github.com/addongw/addongw/gateway/platform/platformtest"
)

// orders places the platform's orders.
func orders() platformtest.Orders {
	return platformtest.Orders{
		Mount: newMount(common(), settings{}), Username: "acme-db", Success: 201,
		ConfigVars: []string{"DATABASE_URL", "DATABASE_HOST", "DATABASE_NAME", "POOL_MAX"},
	}
}

func FuzzProvision(f *testing.F) {
	orders().Fuzz(f,
		`{"uuid": "ad-1", "app_id": "app-1", "plan": "free", "options": {}}`,
		`{"app_id": "app-1", "plan": "premium", "options": {"pool": 100, "tier": null, "x": true}}`,
		`{"uuid": 1}`, `{"options": {"a": [null]}}`, `[]`, ``, `{"uuid": "\u0000"}`,
	)
}

func BenchmarkProvision(b *testing.B) {
	orders().Benchmark(b, `{"uuid":"ad-11111111-2222-3333-4444-555555555555","app_id":"54100930736f7563d5030000","plan":"premium","shard_id":"osc-fr1",`+
		`"options":{"pool":"100","tier":"b","version":16}}`)
}
