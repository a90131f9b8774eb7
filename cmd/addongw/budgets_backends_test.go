package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/platform/all"
	"github.com/addongw/addongw/gateway/pluginhost"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

// sale is an example whose add-on is ordered on Clever Cloud again and again.
type sale struct {
	backend, addon, plan string
	open                 func(t testing.TB) (dir string, env []string) // of the gateway
	orders               int
}

func sales() []sale {
	return []sale{
		{"postgres.main", "acme-db", "hobby", func(t testing.TB) (string, []string) {
			return copyExample(t, "postgres"), []string{"ACME_ADMIN_URL=" + postgresServer(t).ProvisionerURL, "ADDONGW_VAR_db_sslmode=disable"}
		}, 12},
		{"redis.main", "acme-redis", "mini", func(t testing.TB) (string, []string) {
			_, local := localRedis(t, 200)
			return changedExample(t, "redis", local...), everywhereEnv()
		}, 12},
		{"http.mailwind", "mailwind", "starter", func(t testing.TB) (string, []string) {
			// An account is made at once: how often one is asked for is none of our time.
			return copyExample(t, "saas-http"), mailwindEnv(startSaaS(t, "-work", "0s"))
		}, 60},
		{"shell.files", "tinyfiles", "small", func(t testing.TB) (string, []string) { return copyExample(t, "quickstart"), nil }, 60},
	}
}

// backends: what a provision takes beyond the same call of the same plugin, which
// another process of it gets directly.
func (b *budgets) backends() {
	for _, s := range sales() {
		dir, env := s.open(b)
		env = append(env, "CLEVER_PASSWORD="+password, "CLEVER_SSO_SALT="+ssoSalt)
		g := start(b, dir, []string{"serve", dir, "--listen", "127.0.0.1:0"}, append(env, "TMPDIR="+dir)...)
		call := b.plugged(dir, s, env)
		var made atomic.Int64
		through, alone := inTurns(
			func() load {
				return b.drive(1, s.orders, func(int64) *http.Request {
					body := strings.Replace(orderBody(fmt.Sprint("addon_", made.Add(1))), `"free"`, fmt.Sprintf("%q", s.plan), 1)
					req := b.request("POST", g.URL+"/clevercloud/"+s.addon+"/resources", body)
					req.SetBasicAuth(s.addon, password)
					return req
				})
			},
			func() load { return b.share(1, s.orders, call) })
		kind, _, _ := strings.Cut(s.backend, ".")
		b.row(fmt.Sprintf("provision with the %s backend, beyond its plugin's own call, p50", kind),
			fmt.Sprintf("%s (%s, %s)", short(through.p50-alone.p50), short(through.p50), short(alone.p50)), "none is set", true)
	}
}

// plugged is a provision by the plugin of a sale, told what the gateway would tell it.
func (b *budgets) plugged(dir string, s sale, env []string) func(int64) error {
	vars := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		vars[name] = value
	}
	asked := plugins{}
	b.Cleanup(asked.close)
	cfg, _, diags := config.Load(b.Context(), config.Options{
		Dir: dir, Version: version, Dialects: all.Dialects(), Providers: all.Providers(), Secrets: true,
		Environ: func(name string) (string, bool) { value, found := vars[name]; return value, found },
		Plugins: func([]string) (config.Plugins, error) { return asked.open([]string{binaries(b)}) },
	})
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	host, err := pluginhost.New(pluginhost.Options{Dirs: []string{binaries(b)}, SocketDir: tempDir(b), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = host.Close(context.Background()) })
	running, err := launch(b.Context(), host, cfg, nil)
	if err != nil {
		b.Fatal(err)
	}
	offer, err := cfg.Offer("clevercloud", s.addon, s.plan, "eu")
	if err != nil {
		b.Fatal(err)
	}
	return func(int64) error {
		r := gateway.Resource{
			ID: "res_" + strings.ToLower(rand.Text()), ShortID: strings.ToLower(rand.Text()[:12]), Kind: gateway.KindAddon,
			Platform: "clevercloud", Addon: s.addon, Plan: s.plan, Region: "eu", Backend: s.backend, State: gateway.Provisioning,
		}
		op, err := cfg.Op(r, backend.Value{}, backend.Value{})
		if err != nil {
			return err
		}
		op.OperationID, op.ResourceID, op.ShortID, op.Addon, op.Attempt = "op_"+rand.Text(), r.ID, r.ShortID, r.Addon, 1
		op.Deadline, op.Secrets = time.Now().Add(time.Minute), map[string]string{}
		for _, g := range offer.Generated {
			op.Secrets[g.Name] = secret.Password(g.Length)
		}
		_, err = running[s.backend].Run(b.Context(), lifecycle.Call{Verb: backend.VerbProvision, Op: op}, func(string, []byte) {})
		return err
	}
}
