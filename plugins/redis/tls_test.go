package redis_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/redis/redistest"
	"github.com/zclconf/go-cty/cty"
)

func TestAServerWithoutTLSIsToldFromOneThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, "listen", err)
	t.Cleanup(func() { _ = silent.Close() })
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, "listen", err)
	ok(t, "close", gone.Close())
	secret := "rediss://admin:" + "canary-password@"
	cases := map[string]struct {
		url, says string
		refused   bool
	}{
		"one without TLS":     {strings.Replace(server.URL(), "redis://", "rediss://", 1), "the server speaks no TLS there: write redis://", true},
		"one that is silent":  {secret + silent.Addr().String(), "the server does not answer in TLS", false},
		"one that is not":     {secret + gone.Addr().String(), "connection refused", false},
		"one that is not, by": {"redis://admin:canary-password@" + gone.Addr().String(), "connection refused", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBackend(t)
			begun := time.Now()
			found := configure(t, b, sharedConfig(server, attributes{"url": str(c.url)}))
			if found.HasErrors() != c.refused || c.refused && !strings.HasPrefix(found[0].Detail, "The"+strings.TrimPrefix(c.says, "the")) {
				t.Errorf("Configure says %+v", found)
			}
			for _, d := range found {
				if !d.Path.Equals(cty.GetAttrPath("url")) {
					t.Errorf("path %v", d.Path)
				}
			}
			health, err := b.Health(t.Context(), backend.HealthRequest{})
			ok(t, "ask for its health", err)
			if health.OK || !strings.Contains(health.Detail, c.says) || strings.Contains(health.Detail, "canary") {
				t.Errorf("its health is %+v, want %q", health, c.says)
			}
			if took := time.Since(begun); took > 7*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}
