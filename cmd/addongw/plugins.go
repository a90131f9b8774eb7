package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/pluginhost"
	"github.com/addongw/addongw/plugins/backend"
)

// plugins lets the configuration ask plugins about their schemas. It is for
// the time of loading only.
type plugins struct {
	dir    string // of the configuration
	host   *pluginhost.Host
	opened sync.Map // config.Plugin to backend.Backend: opening one reads its whole file
}

// open makes the host once the configuration has said where plugins are.
func (p *plugins) open(dirs []string) (config.Plugins, error) {
	host, err := newHost(pluginhost.Options{Dirs: dirs, Logger: slog.New(slog.DiscardHandler)})
	p.host = host
	return p, err
}

// newHost makes a plugin host. All gateways of a user keep the sockets of their
// plugins in one folder, so that each start removes those that a killed one
// left behind. Somebody else may have taken the folder's name: then the host
// gets a folder of its own, which nobody cleans after a kill -9.
func newHost(o pluginhost.Options) (*pluginhost.Host, error) {
	o.HostVersion = version
	o.SocketDir = filepath.Join(os.TempDir(), fmt.Sprintf("addongw-%d", os.Geteuid()))
	host, err := pluginhost.New(o)
	if err == nil {
		return host, nil
	}
	o.Logger.Warn("plugin sockets are kept elsewhere", "event", "plugin.sockets", "error", err)
	o.SocketDir = ""
	if host, err = pluginhost.New(o); err != nil {
		err = fmt.Errorf("%w; plugins need a folder for their sockets: name one that may be written to, and whose path is short, with TMPDIR", err)
	}
	return host, err
}

// close ends the processes that were asked.
func (p *plugins) close() {
	if p.host == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = p.host.Close(ctx) // only its socket folder could be left, and that is temporary
}

func (p *plugins) Describe(ctx context.Context, plugin config.Plugin) (backend.Description, error) {
	b, err := p.find(ctx, plugin)
	if err != nil {
		return backend.Description{}, err
	}
	d, err := b.Describe(ctx, backend.DescribeRequest{HostVersion: version})
	return d, explained(err, plugin.Name, p.dir)
}

func (p *plugins) ValidateConfig(ctx context.Context, plugin config.Plugin, value backend.Value) (backend.ValidateConfigResponse, error) {
	b, err := p.find(ctx, plugin)
	if err != nil {
		return backend.ValidateConfigResponse{}, err
	}
	response, err := b.ValidateConfig(ctx, backend.ValidateConfigRequest{Config: value})
	return response, explained(err, plugin.Name, p.dir)
}

func (p *plugins) ValidatePlan(ctx context.Context, plugin config.Plugin, value backend.Value, plan backend.Plan) (backend.ValidatePlanResponse, error) {
	b, err := p.find(ctx, plugin)
	if err != nil {
		return backend.ValidatePlanResponse{}, err
	}
	response, err := b.ValidatePlan(ctx, backend.ValidatePlanRequest{Config: value, Plan: plan})
	return response, explained(err, plugin.Name, p.dir)
}

func (p *plugins) find(ctx context.Context, plugin config.Plugin) (backend.Backend, error) {
	if b, ok := p.opened.Load(plugin); ok {
		return b.(backend.Backend), nil
	}
	b, err := p.host.Open(ctx, pluginhost.Spec{Name: plugin.Name, Checksum: plugin.Checksum, TLS: plugin.TLS})
	if err == nil {
		p.opened.Store(plugin, b)
	}
	return b, explained(err, plugin.Name, p.dir)
}

// explained gives the host's errors about a plugin the form that the configuration
// in dir turns into diagnostics.
func explained(err error, plugin, dir string) error {
	if err == nil {
		return nil
	}
	var missing *pluginhost.NotFoundError
	if errors.As(err, &missing) {
		return &config.PluginError{Missing: true, Searched: missing.Searched, Installed: missing.Installed, Err: err}
	}
	var refused *pluginhost.ConfigureError
	if errors.As(err, &refused) {
		return &config.PluginError{Said: refused.Diagnostics, Err: err}
	}
	told := &config.PluginError{Hint: cmp.Or(remedy(err), askTheDoctor(plugin, dir)), Err: err}
	var start *pluginhost.StartError
	if errors.As(err, &start) {
		told.LastWords, told.Err = start.Stderr, start.Cause
	}
	return told
}

// askTheDoctor is what to do about a plugin that can't be used where nothing else is
// known.
func askTheDoctor(plugin, dir string) string {
	command := "addongw plugins doctor " + shellQuote(plugin)
	if dir != "." {
		command += " --dir " + shellQuote(dir)
	}
	return command + " looks into it step by step"
}

// remedy is what to do about a plugin that can't be used; empty where that is not
// known.
func remedy(err error) string {
	var handshake *pluginhost.HandshakeError
	var locked *pluginhost.NotExecutableError
	switch {
	case errors.As(err, &handshake):
		return handshake.Remedy
	case errors.As(err, &locked):
		return "chmod +x " + shellQuote(locked.Path)
	}
	return ""
}
