package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/hcl/v2"

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
	redactor *secret.Redactor
	store    *sqlite.Store
	engine   *lifecycle.Engine
	server   *server.Server
	admin    *admin.Server
	started  time.Time
	host     *pluginhost.Host
	drain    time.Duration
	listener net.Listener // for platforms
	socket   net.Listener // for operators
	path     string       // of the socket

	source    source
	first     *config.Config         // what it was started with
	reloading sync.Mutex             // held by whoever replaces what is active
	active    atomic.Pointer[active] // never nil once assembled
}

// active is the configuration that is in effect.
type active struct {
	loaded
	backends backends
	since    time.Time
}

// assemble opens the store, starts the backends, and makes engine and servers.
// What it began it ends when something fails, listener included.
func assemble(ctx context.Context, from source, l loaded, listener net.Listener, log *slog.Logger, redactor *secret.Redactor) (g *running, err error) {
	cfg := l.Config
	g = &running{log: log, redactor: redactor, source: from, first: cfg, listener: listener, drain: cfg.Gateway.Drain, started: time.Now()}
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
	g.engine, err = lifecycle.New(lifecycle.Options{
		Store: g.store, Sealer: sealer, Log: log, Redact: redactor.Redact, Version: version, DrainLimit: g.drain,
	})
	if err != nil {
		return g, err
	}
	if err := g.protect(ctx, &l, from.allowOrphans); err != nil {
		return g, err
	}
	if _, err := g.engine.Rename(ctx, cfg.Renames()); err != nil {
		return g, err
	}
	if err := g.rememberServed(ctx, &l); err != nil {
		return g, err
	}
	started, err := launch(ctx, g.host, cfg, nil)
	if err != nil {
		return g, err
	}
	g.engine.Activate(cfg, started, platforms{cfg})
	g.active.Store(&active{loaded: l, backends: started, since: time.Now()})
	return g, g.prepare(cfg)
}

// prepare makes the servers, not yet serving.
func (g *running) prepare(cfg *config.Config) (err error) {
	pages := web.New(web.Options{Engine: g.engine, BaseURL: func() string { return g.active.Load().Gateway.BaseURL }})
	g.server, err = server.New(server.Options{
		Mounts: mountsOf(cfg), Logger: g.log, Ready: g.ready, DrainTimeout: g.drain,
		Lifecycle: func(s gateway.Scope) platform.Lifecycle { return g.engine.For(s) },
		Servers:   func(s gateway.Scope) platform.Servers { return g.engine.Servers(s) },
		Landing:   pages, Pages: pages, Development: g.devPages(),
	})
	if err != nil {
		return err
	}
	if g.path, err = admin.SocketPath(adminListen(cfg.Gateway, cfg.Store)); err != nil {
		return err
	}
	if g.socket, err = admin.Listen(g.path); err != nil {
		return err
	}
	g.admin = admin.NewServer(g.store, g.engine, g, g.log)
	return nil
}

func mountsOf(cfg *config.Config) []server.Mount {
	var mounts []server.Mount
	for _, m := range cfg.Mounts {
		mounts = append(mounts, server.Mount{Prefix: m.Prefix, Mount: m.Mount})
	}
	for _, p := range cfg.Providers {
		mounts = append(mounts, server.Mount{Prefix: p.Prefix, Provider: p.Provider})
	}
	return mounts
}

// Status describes the gateway to operators.
func (g *running) Status() admin.Status {
	now := g.active.Load()
	s := admin.Status{
		Version: version, StartedAt: g.started, Listen: g.listener.Addr().String(), Ready: true,
		Directory: g.source.dir, Digest: now.digest(), LoadedAt: now.since,
	}
	for _, a := range now.Addons {
		s.Addons = append(s.Addons, a.ID)
	}
	for _, p := range now.Providers {
		s.Providers = append(s.Providers, p.Scope().Addon)
	}
	for _, b := range now.Backends {
		s.Backends = append(s.Backends, b.Name)
	}
	if err := g.ready(); err != nil {
		s.Ready, s.Reason = false, err.Error()
	}
	return s
}

// HidesOption tells what operators must not see; see admin.Process.
func (g *running) HidesOption(addon, option string) bool {
	return g.active.Load().HidesOption(addon, option)
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
	of     config.Backend // what it was started with
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

// Scopes lists what is sold on platforms that have one.
func (p platforms) Scopes() []gateway.Scope {
	var scopes []gateway.Scope
	for _, m := range p.Mounts {
		if m.API() != nil {
			scopes = append(scopes, m.Scope())
		}
	}
	return scopes
}

// launch starts a configured process for every backend, all at once; those of
// before that have not changed stay as they are. On an error what it started is
// stopped.
func launch(ctx context.Context, host *pluginhost.Host, cfg *config.Config, before backends) (backends, error) {
	var secrets []string
	for _, v := range cfg.Secrets() {
		secrets = append(secrets, v.Reveal())
	}
	now := backends{}
	var mu sync.Mutex
	var group sync.WaitGroup
	errs := make([]error, len(cfg.Backends))
	for i, b := range cfg.Backends {
		if running, ok := before[b.Name]; ok && sameProcess(running.of, b) {
			now[b.Name] = runningBackend{Backend: running.Backend, of: b, limits: limitsOf(b)}
			continue
		}
		group.Go(func() {
			outputs := b.Description.Outputs
			process, err := host.Launch(ctx, pluginhost.Spec{
				Name: b.Plugin.Name, Version: b.Plugin.Version, Checksum: b.Plugin.Checksum, TLS: b.Plugin.TLS,
				Backend: b.Name, Outputs: &outputs, Actions: b.Description.Actions,
			}, b.Config, secrets)
			if err != nil {
				errs[i] = err
				return
			}
			mu.Lock()
			defer mu.Unlock()
			now[b.Name] = runningBackend{Backend: process, of: b, limits: limitsOf(b)}
		})
	}
	group.Wait()
	var failed unlaunched
	for i, err := range errs {
		if err != nil {
			failed = append(failed, unlaunchedBackend{cfg.Backends[i], err})
		}
	}
	if failed != nil {
		now.retire(ctx, before)
		return nil, failed
	}
	return now, nil
}

// unlaunched are backends that could not be started, and why.
type unlaunched []unlaunchedBackend

type unlaunchedBackend struct {
	config.Backend
	err error
}

func (u unlaunched) Error() string {
	var texts []string
	for _, b := range u {
		texts = append(texts, fmt.Sprintf("backend %s: %v", b.Name, b.err))
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the causes.
func (u unlaunched) Unwrap() (errs []error) {
	for _, b := range u {
		errs = append(errs, b.err)
	}
	return errs
}

// problems shows the same at its places in the files of cfg, which lie in dir.
func (u unlaunched) problems(cfg *config.Config, dir string) (diags hcl.Diagnostics) {
	for _, b := range u {
		diags = append(diags, cfg.BackendProblem(b.Name, explained(b.err, b.Plugin.Name, dir))...)
	}
	return diags
}

func limitsOf(b config.Backend) lifecycle.Limits {
	return lifecycle.Limits{
		Concurrency: b.Concurrency, Timeouts: b.Timeouts, MaxAttempts: b.MaxAttempts,
		MinBackoff: b.MinBackoff, MaxBackoff: b.MaxBackoff,
	}
}

// sameProcess reports whether a process that was started for a does for b: the
// same plugin in the same version, told the same.
func sameProcess(a, b config.Backend) bool {
	return a.Plugin == b.Plugin && reflect.DeepEqual(a.Description, b.Description) && a.Config.Cty().RawEquals(b.Config.Cty())
}

// retire stops the processes that kept does not have. Their running calls may
// end until ctx does.
func (b backends) retire(ctx context.Context, kept backends) {
	var group sync.WaitGroup
	for name, old := range b {
		if kept[name].Backend != old.Backend {
			group.Go(func() { old.Close(ctx) })
		}
	}
	group.Wait()
}

// warnOfSickBackends tells at the start what would else come out with the
// first order. Orders are taken all the same: they wait for the backend.
func (g *running) warnOfSickBackends(ctx context.Context) {
	var group sync.WaitGroup
	for name := range g.active.Load().backends {
		group.Go(func() { g.untilWell(ctx, name) })
	}
	group.Wait()
}

// untilWell warns of a backend that is not well, and tells when it is.
func (g *running) untilWell(ctx context.Context, name string) {
	warned := false
	for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
		b, there := g.active.Load().backends[name]
		if !there {
			return // a reload has taken it away
		}
		switch h := b.Health(ctx); {
		case ctx.Err() != nil || h.OK && !warned:
			return
		case h.OK:
			g.log.Info("backend is well: orders no longer wait for it", "event", "backend.well", "backend", name)
			return
		case !warned:
			g.log.Warn("backend is not well: orders will wait for it", "event", "backend.sick", "backend", name, "detail", h.Detail)
			warned = true
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// beginProviders lets providers of servers fetch what they want to have at hand,
// a catalog that their backend has. It returns when that is done or ctx ends.
func (g *running) beginProviders(ctx context.Context, cfg *config.Config) {
	var group sync.WaitGroup
	for _, p := range cfg.Providers {
		group.Go(func() { p.Begin(ctx, g.engine.Servers(p.Scope())) })
	}
	group.Wait()
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
	reloaded func(admin.Reload)
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
	go g.beginProviders(adminCtx, g.active.Load().Config)
	g.workers(ctx, on)
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
