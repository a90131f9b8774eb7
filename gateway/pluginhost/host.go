package pluginhost

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/addongw/addongw/plugins/backend"
)

// Options are a host's settings.
type Options struct {
	Dirs        []string            // where plugins are looked for after the folder of the gateway's binary, in order
	SocketDir   string              // where sockets are made, at most 50 bytes long; default: a new folder for temporary files
	HostVersion string              // the gateway's version, told to plugins
	Logger      *slog.Logger        // default: slog.Default()
	Redact      func(string) string // hides the gateway's secrets in texts of plugins; default: only each backend's own are hidden

	timing timing
}

// Spec says which plugin to run, and how.
type Spec struct {
	Name     string // the plugin: "postgres"
	Version  string // version constraint as in go-version ("~> 1.2"); empty: any
	Checksum string // "sha256:…" of the binary; empty: any
	TLS      bool   // mutual TLS. Only tls = false in a backend block, for plugins that cannot, makes it false
	Backend  string // "postgres.main": named in logs and errors; empty for Open

	// Outputs is the effective outputs schema, where ValidateConfig returned
	// one. Default: as described.
	Outputs *backend.Schema

	// Actions are the effective actions, where ValidateConfig returned some.
	// Default: as described.
	Actions []string
}

// Host starts plugins and stops what it started.
type Host struct {
	options Options
	logger  *slog.Logger
	sockets *socketDir

	closing   chan struct{}  // closed by Close
	launching sync.WaitGroup // backends on their way

	mu     sync.Mutex
	opened map[openKey]*unconfigured
	all    map[*Backend]struct{}
}

// New makes a host. It starts nothing yet.
func New(options Options) (*Host, error) {
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	options.timing = options.timing.withDefaults()
	sockets, err := openSocketDir(options.SocketDir)
	if err != nil {
		return nil, err
	}
	return &Host{
		options: options,
		logger:  options.Logger,
		sockets: sockets,
		closing: make(chan struct{}),
		opened:  map[openKey]*unconfigured{},
		all:     map[*Backend]struct{}{},
	}, nil
}

// errClosed is what a closed host answers.
var errClosed = errors.New("the plugin host is closed")

// Close drains and stops every process: running calls may end until ctx does,
// then they are cut off with an unknown outcome. No process is left when it
// returns. Repeats do nothing.
func (h *Host) Close(ctx context.Context) error {
	h.mu.Lock()
	if isClosed(h.closing) {
		h.mu.Unlock()
		return nil
	}
	close(h.closing)
	var stops []func(context.Context)
	for b := range h.all {
		stops = append(stops, b.Close)
	}
	for _, u := range h.opened {
		stops = append(stops, u.close)
	}
	h.mu.Unlock()

	var group sync.WaitGroup
	for _, stop := range stops {
		group.Go(func() { stop(ctx) })
	}
	group.Wait()
	h.launching.Wait()
	return h.sockets.remove()
}

// newLog makes the log of one backend's processes.
func (h *Host) newLog(spec Spec, masker *masker) *pluginLog {
	logger := h.logger.With("plugin", spec.Name)
	if spec.Backend != "" {
		logger = logger.With("backend", spec.Backend)
	}
	return &pluginLog{logger: logger, masker: masker}
}
