package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/admin"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/pluginhost"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/gateway/server"
	"github.com/addongw/addongw/gateway/store/sqlite"
	"github.com/addongw/addongw/gateway/web"
)

// running is the whole gateway, put together from a configuration.
type running struct {
	log      *slog.Logger
	store    *sqlite.Store
	engine   *lifecycle.Engine
	server   *server.Server
	admin    *admin.Server
	started  time.Time
	host     *pluginhost.Host
	backends backends
	drain    time.Duration
	listener net.Listener // for platforms
	socket   net.Listener // for operators
	path     string       // of the socket
}

// assemble opens the store, starts the backends, and makes engine and servers.
// What it began it ends when something fails, listener included.
func assemble(ctx context.Context, cfg *config.Config, listener net.Listener, log *slog.Logger, redactor *secret.Redactor) (g *running, err error) {
	g = &running{log: log, listener: listener, drain: cfg.Gateway.Drain, started: time.Now()}
	defer func() {
		if err != nil {
			g.abandon()
		}
	}()
	if g.store, err = sqlite.Open(ctx, cfg.Store.Path); err != nil {
		return g, err
	}
	sealer, err := openSealer(ctx, cfg, g.store)
	if err != nil {
		return g, err
	}
	if g.host, err = newHost(pluginhost.Options{Dirs: cfg.Gateway.PluginDirs, Logger: log, Redact: redactor.Redact}); err != nil {
		return g, err
	}
	if g.backends, err = launch(ctx, g.host, cfg); err != nil {
		return g, err
	}
	g.engine, err = lifecycle.New(lifecycle.Options{
		Store: g.store, Sealer: sealer, Log: log, Redact: redactor.Redact, Version: version, DrainLimit: g.drain,
	})
	if err != nil {
		return g, err
	}
	g.engine.Activate(cfg, g.backends, platforms{cfg})
	return g, g.prepare(cfg)
}

// prepare makes the servers, not yet serving.
func (g *running) prepare(cfg *config.Config) (err error) {
	pages := web.New(web.Options{Engine: g.engine, BaseURL: func() string { return cfg.Gateway.BaseURL }})
	var mounts []server.Mount
	for _, m := range cfg.Mounts {
		mounts = append(mounts, server.Mount{Prefix: m.Prefix, Mount: m.Mount})
	}
	g.server, err = server.New(server.Options{
		Mounts: mounts, Logger: g.log, Ready: g.ready, DrainTimeout: g.drain,
		Lifecycle: func(s gateway.Scope) platform.Lifecycle { return g.engine.For(s) },
		Landing:   pages, Pages: pages, Development: g.devPages(cfg),
	})
	if err != nil {
		return err
	}
	if g.path, err = admin.SocketPath(adminListen(cfg)); err != nil {
		return err
	}
	if g.socket, err = admin.Listen(g.path); err != nil {
		return err
	}
	status := func() admin.Status {
		s := admin.Status{Version: version, StartedAt: g.started, Listen: g.listener.Addr().String(), Ready: true}
		if err := g.ready(); err != nil {
			s.Ready, s.Reason = false, err.Error()
		}
		return s
	}
	g.admin = admin.NewServer(g.store, g.engine, status, g.log)
	return nil
}

// openSealer opens what seals secrets: with the keyring of the configuration,
// else with the key file beside the store.
func openSealer(ctx context.Context, cfg *config.Config, store *sqlite.Store) (*secret.Sealer, error) {
	var keys []secret.Key
	for _, k := range cfg.Keyring {
		keys = append(keys, secret.Key{ID: k.ID, Value: k.Value, Primary: k.Primary})
	}
	if len(keys) == 0 {
		stored, err := store.Keyset(ctx)
		if err != nil {
			return nil, err
		}
		sealed, err := store.HasSealedRows(ctx)
		if err != nil {
			return nil, err
		}
		key, err := secret.LoadOrCreateKeyFile(cfg.Store.Path+".key", stored == nil && !sealed)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return secret.OpenSealer(ctx, keys, store)
}

// backends are the running backends by name.
type backends map[string]runningBackend

type runningBackend struct {
	*pluginhost.Backend
	limits lifecycle.Limits
}

// Backend finds a backend; see lifecycle.Backends.
func (b backends) Backend(name string) (lifecycle.Backend, lifecycle.Limits, bool) {
	found, ok := b[name]
	if !ok {
		return nil, lifecycle.Limits{}, false
	}
	return found.Backend, found.limits, true
}

// platforms are the platforms' own APIs as the configuration has them.
type platforms struct{ *config.Config }

// Platform finds one; see lifecycle.Platforms.
func (p platforms) Platform(name, addon string) (lifecycle.Platform, bool) {
	return p.PlatformAPI(name, addon)
}

// launch starts a configured process for every backend, all at once.
func launch(ctx context.Context, host *pluginhost.Host, cfg *config.Config) (backends, error) {
	var secrets []string
	for _, v := range cfg.Secrets() {
		secrets = append(secrets, v.Reveal())
	}
	started := backends{}
	var mu sync.Mutex
	var group sync.WaitGroup
	var problems []error
	for _, b := range cfg.Backends {
		group.Go(func() {
			outputs := b.Description.Outputs
			process, err := host.Launch(ctx, pluginhost.Spec{
				Name: b.Plugin.Name, Version: b.Plugin.Version, Checksum: b.Plugin.Checksum, TLS: b.Plugin.TLS,
				Backend: b.Name, Outputs: &outputs,
			}, b.Config, secrets)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				problems = append(problems, fmt.Errorf("backend %s: %w", b.Name, err))
				return
			}
			started[b.Name] = runningBackend{Backend: process, limits: lifecycle.Limits{
				Concurrency: b.Concurrency, Timeouts: b.Timeouts, MaxAttempts: b.MaxAttempts,
				MinBackoff: b.MinBackoff, MaxBackoff: b.MaxBackoff,
			}}
		})
	}
	group.Wait()
	return started, errors.Join(problems...)
}

// warnOfSickBackends tells at the start what would else come out with the
// first order. Orders are taken all the same: they wait for the backend.
func (g *running) warnOfSickBackends(ctx context.Context) {
	for name, b := range g.backends {
		if h := b.Health(ctx); !h.OK && ctx.Err() == nil {
			g.log.Warn("backend is not well: orders will wait for it", "event", "backend.sick", "backend", name, "detail", h.Detail)
		}
	}
}

// ready says why the gateway cannot take orders; nil when it can.
func (g *running) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := g.engine.Ready(); err != nil {
		return err
	}
	return g.store.Writable(ctx)
}

// moments lets a command act at turns of the gateway's life; a nil one is
// nothing to do.
type moments struct {
	ready    func()
	farewell func(*admin.Client) // the platforms' listener is closed, operators are still answered
}

// serve takes over what an earlier process left, answers until ctx ends, and
// drains.
func (g *running) serve(ctx context.Context, on moments) error {
	if err := g.engine.Start(ctx); err != nil {
		g.abandon()
		return err
	}
	adminCtx, stopAdmin := context.WithCancel(context.WithoutCancel(ctx))
	adminEnded := make(chan struct{})
	go func() {
		defer close(adminEnded)
		if err := g.admin.Serve(adminCtx, g.socket); err != nil {
			g.log.Error("operators can not be answered any more", "event", "admin.failed", "error", err)
		}
	}()
	if on.ready != nil {
		on.ready()
	}
	go g.warnOfSickBackends(adminCtx)
	g.log.Info("gateway ready", "event", "gateway.ready", "listen", g.listener.Addr().String(), "version", version)

	var told time.Time // when to stop: the drain's time is for all parts together
	watched := make(chan struct{})
	context.AfterFunc(ctx, func() { told = time.Now(); close(watched) })
	err := g.server.Serve(ctx, g.listener)
	left := g.drain
	if ctx.Err() != nil {
		<-watched
		left = max(g.drain-time.Since(told), time.Second)
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), left)
	defer cancel()
	return errors.Join(err, g.stop(draining, on, stopAdmin, adminEnded))
}

// stop ends everything behind the platforms' listener, which is closed.
// Backend calls may run until ctx ends.
func (g *running) stop(ctx context.Context, on moments, stopAdmin func(), adminEnded <-chan struct{}) error {
	g.log.Info("gateway stopping", "event", "gateway.stopping")
	err := g.engine.Stop(ctx)
	if on.farewell != nil {
		on.farewell(admin.NewClient(g.path))
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = errors.Join(err, g.host.Close(closing))
	stopAdmin()
	<-adminEnded
	err = errors.Join(err, g.store.Close())
	g.log.Info("gateway stopped", "event", "gateway.stopped")
	return err
}

// abandon ends what assemble began.
func (g *running) abandon() {
	if g.host != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = g.host.Close(ctx)
	}
	for _, l := range []net.Listener{g.listener, g.socket} {
		if l != nil {
			_ = l.Close()
		}
	}
	if g.store != nil {
		_ = g.store.Close()
	}
}
