package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/all"
	"github.com/addongw/addongw/plugins/redis/redistest"
)

// redisShop is a gateway that serves examples/redis with real servers.
type redisShop struct {
	*process
	servers string // their directory
}

// openRedisShop serves the example for this machine alone.
func openRedisShop(t *testing.T) redisShop {
	t.Helper()
	servers, local := localRedis(t, 50)
	s := redisShop{&process{dir: changedExample(t, "redis", local...)}, servers}
	return s.open(t)
}

// localRedis is what to replace in the example so that it is for this machine
// alone, with as many ports, and the directory of its servers.
func localRedis(t testing.TB, ports int) (servers string, oldnew []string) {
	t.Helper()
	servers = redistest.Directory(t)
	first, last := redistest.Ports(t, ports)
	return servers, []string{
		"/var/lib/addongw/redis", servers, `"redis.acme.example"`, `"127.0.0.1"`, "0.0.0.0", "127.0.0.1",
		"7000-7999", fmt.Sprintf("%d-%d", first, last),
	}
}

// open serves, again if need be.
func (s redisShop) open(t *testing.T) redisShop {
	t.Helper()
	args := []string{"serve", s.dir, "--listen", "127.0.0.1:0", "--admin", "unix:" + s.dir + "/admin.sock"}
	return redisShop{start(t, s.dir, args, append(everywhereEnv(), "TMPDIR="+s.dir)...), s.servers}
}

// buyer orders as a platform does.
func (s redisShop) buyer(t *testing.T, platform conformance.Platform) buyer {
	t.Helper()
	text, errOut, code := addongw(t, s.dir, everywhereEnv(), "manifest", platform.Name(), "acme-redis", "--with-secrets", "--test-url", s.URL)
	if code != 0 {
		t.Fatalf("manifest: exit %d: %s", code, errOut)
	}
	provider, problems := platform.ReadManifest([]byte(text), conformance.Reading{Environment: conformance.Test})
	for _, p := range problems {
		if p.Fatal {
			t.Fatalf("manifest: %s", p.Text)
		}
	}
	b := buyer{platform.Client(provider), conformance.NewSender(provider, time.Minute), nil}
	t.Cleanup(b.sender.Close)
	return b
}

// redisPlatforms are those that examples/redis sells on.
func redisPlatforms(t *testing.T) []conformance.Platform {
	t.Helper()
	var list []conformance.Platform
	for _, p := range all.Platforms() {
		if p.Name() == "clevercloud" || p.Name() == "scalingo" {
			list = append(list, p)
		}
	}
	if len(list) != 2 {
		t.Fatalf("got %d platforms", len(list))
	}
	return list
}

// redisCustomer connects with a config var.
func redisCustomer(t *testing.T, configVar string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(configVar)
	if err != nil {
		t.Fatal("the config var is no URL")
	}
	options.MaxRetries, options.Protocol, options.ContextTimeoutEnabled = -1, 2, true
	c := redis.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func wantValue(t *testing.T, what, configVar, want string) {
	t.Helper()
	if got, err := redisCustomer(t, configVar).Get(t.Context(), "order").Result(); got != want {
		t.Errorf("%s: the customer reads %q (%v), want %q", what, got, err, want)
	}
}

func maxMemory(t *testing.T, configVar string) string {
	t.Helper()
	for line := range strings.Lines(redisCustomer(t, configVar).Info(t.Context(), "memory").Val()) {
		if value, found := strings.CutPrefix(line, "maxmemory:"); found {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func TestOneFileSellsRedisServersOnTwoPlatforms(t *testing.T) {
	s := openRedisShop(t)
	var vars []string
	for _, platform := range redisPlatforms(t) {
		t.Run(platform.Name(), func(t *testing.T) { vars = append(vars, s.life(t, s.buyer(t, platform))) })
	}
	s.wantNothing(t)
	if code := s.Stop(); code != 0 {
		t.Errorf("SIGTERM: exit code %d", code)
	}
	for _, configVar := range vars {
		u, err := url.Parse(configVar)
		if err != nil {
			t.Fatal("the config var is no URL")
		}
		if secret, _ := u.User.Password(); secret == "" || strings.Contains(s.Log(), secret) {
			t.Error("the log holds a password, or there is none")
		}
	}
}

// life is the full life of a server, with a customer in it. It returns the
// customer's URL.
func (s redisShop) life(t *testing.T, b buyer) string {
	order := conformance.Order{ID: b.NewID(), Plan: "mini"}
	made := b.buy(t, b.Provision(order))
	configVar := made.Config["ACME_REDIS_URL"]
	if err := redisCustomer(t, configVar).Set(t.Context(), "order", "1", 0).Err(); err != nil {
		t.Fatalf("the customer's URL: %v", err)
	}
	if again := b.buy(t, b.Provision(order)); again.ID != made.ID || again.Config["ACME_REDIS_URL"] != configVar {
		t.Errorf("a repeat is answered with %s, not %s, or with other config vars", again.ID, made.ID)
	}
	if got := maxMemory(t, configVar); got != fmt.Sprint(32<<20) {
		t.Errorf("maxmemory is %s", got)
	}
	order.Plan = "standard"
	b.buy(t, b.ChangePlan(made.ID, order))
	if got := maxMemory(t, configVar); got != fmt.Sprint(256<<20) {
		t.Errorf("after the plan change maxmemory is %s", got)
	}
	if suspend, can := b.Suspend(made.ID); can {
		b.buy(t, suspend)
		await(t, "a suspended customer is locked out", 30*time.Second, func() bool { return redisCustomer(t, configVar).Ping(t.Context()).Err() != nil })
		resume, _ := b.Resume(made.ID)
		b.buy(t, resume)
		await(t, "a resumed customer gets in", 30*time.Second, func() bool { return redisCustomer(t, configVar).Ping(t.Context()).Err() == nil })
	}
	wantValue(t, "in the end", configVar, "1")
	b.buy(t, b.Deprovision(made.ID))
	b.buy(t, b.Deprovision(made.ID))
	await(t, "the customer's server is gone", 30*time.Second, func() bool { return redisCustomer(t, configVar).Ping(t.Context()).Err() != nil })
	return configVar
}

// wantNothing waits until no process, no folder and so no port is taken.
func (s redisShop) wantNothing(t *testing.T) {
	t.Helper()
	await(t, "nothing is left of any server", 30*time.Second, func() bool {
		return len(redistest.Servers(t, s.servers)) == 0 && len(s.folders(t)) == 0
	})
}

// folders are those of servers, whole or not.
func (s redisShop) folders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(s.servers)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		if e.Name() != ".locks" && e.Name() != ".runner" {
			list = append(list, e.Name())
		}
	}
	return list
}

// TestKill9OfGatewayRunnerAndServersLosesNoCustomersRedis kills the gateway in
// the middle of orders on both platforms, and now and then the runner and the
// servers with it.
func TestKill9OfGatewayRunnerAndServersLosesNoCustomersRedis(t *testing.T) {
	s := openRedisShop(t)
	bought := map[string]conformance.Platform{} // by the customer's URL
	ids := map[string]string{}
	for round := range 8 {
		platform := redisPlatforms(t)[round%2]
		b := s.buyer(t, platform)
		order := conformance.Order{ID: b.NewID(), Plan: "mini"}
		provision := b.Provision(order)
		ordered := make(chan struct{})
		go func() {
			defer close(ordered)
			_, _ = b.sender.Send(context.Background(), provision) // it may be answered or not
		}()
		<-time.After(time.Duration(round) * 5 * time.Millisecond) // the instant is the experiment
		before := redistest.Servers(t, s.servers)
		s.Kill()
		<-ordered
		await(t, "no plugin outlives the gateway", 10*time.Second, func() bool { return len(pluginsOf(t, s.dir)) == 0 })
		for _, pid := range before {
			if syscall.Kill(pid, 0) != nil {
				t.Errorf("round %d: a server died with the gateway", round)
			}
		}
		if round%3 == 2 { // the whole machine, so to speak
			for _, pid := range append(redistest.Runners(t, s.servers), redistest.Servers(t, s.servers)...) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		s = s.open(t)
		b = s.buyer(t, platform)
		again := b.buy(t, b.Provision(order))
		if repeat := b.buy(t, b.Provision(order)); repeat.ID != again.ID || repeat.Config["ACME_REDIS_URL"] != again.Config["ACME_REDIS_URL"] {
			t.Errorf("round %d: the repeat differs", round)
		}
		configVar := again.Config["ACME_REDIS_URL"]
		if err := redisCustomer(t, configVar).Set(t.Context(), "order", again.ID, 0).Err(); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		bought[configVar], ids[configVar] = platform, again.ID
	}
	await(t, "every customer has one server", 30*time.Second, func() bool { return len(redistest.Servers(t, s.servers)) == len(bought) })
	if folders := s.folders(t); len(folders) != len(bought) {
		t.Errorf("%d customers have the folders %q", len(bought), folders)
	}
	if runners := redistest.Runners(t, s.servers); len(runners) != 1 {
		t.Errorf("runners %v, want one", runners)
	}
	for configVar, platform := range bought {
		await(t, "the customer's server is back", 30*time.Second, func() bool { return redisCustomer(t, configVar).Ping(t.Context()).Err() == nil })
		wantValue(t, platform.Name(), configVar, ids[configVar])
		b := s.buyer(t, platform)
		b.buy(t, b.Deprovision(ids[configVar]))
	}
	s.Kill()
	s = s.open(t) // which ends what it had begun
	s.wantNothing(t)
}
