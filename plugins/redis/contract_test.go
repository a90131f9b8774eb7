package redis_test

import (
	"os"
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
	"github.com/addongw/addongw/plugins/redis"
	"github.com/addongw/addongw/plugins/redis/redistest"
)

func TestContractOfDedicatedServers(t *testing.T) {
	t.Parallel()
	folder := redistest.Directory(t)
	b := redis.New()
	t.Cleanup(b.Close)
	bigger := dedicatedPlan(32, 20)
	backendtest.Run(t, backendtest.Subject{
		Backend:  b,
		Config:   dedicatedConfig(t, folder, attributes{"drop_policy": str("keep-7d")}),
		Op:       func(*testing.T) backend.Op { return backend.Op{Plan: dedicatedPlan(16, 10)} },
		ChangeTo: &bigger,
		Works:    works,
	})
	wantEmpty(t, folder)
}

// wantEmpty fails unless a directory has no server, no folder of one, and no
// lock of one.
func wantEmpty(t *testing.T, folder string) {
	t.Helper()
	if servers := redistest.Servers(t, folder); len(servers) > 0 {
		t.Errorf("servers still run: %v", servers)
	}
	for path, want := range map[string]string{folder: ".locks .runner", folder + "/.locks": "ports"} {
		entries, err := os.ReadDir(path)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s has %q, want %q", path, got, want)
		}
	}
}

func TestContractOfASharedServer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	b := redis.New()
	t.Cleanup(b.Close)
	other := sharedPlan("other")
	backendtest.Run(t, backendtest.Subject{
		Backend:  b,
		Config:   sharedConfig(server, attributes{"drop_policy": str("keep-7d")}),
		Op:       func(*testing.T) backend.Op { return backend.Op{Plan: sharedPlan("small")} },
		ChangeTo: &other,
		Works:    works,
		Secrets:  []string{server.Password()},
	})
	if users := users(t, server); len(users) > 0 {
		t.Errorf("users are left: %q", users)
	}
}

// users are those of customers.
func users(t *testing.T, server *redistest.Server) []string {
	t.Helper()
	admin := server.Admin()
	defer func() { _ = admin.Close() }()
	names, err := admin.Do(t.Context(), "ACL", "USERS").StringSlice()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, name := range names {
		if name != "admin" && name != "default" {
			list = append(list, name)
		}
	}
	return list
}
