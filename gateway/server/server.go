package server

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// Mount is what is served below a path: a platform's mount, or a provider of
// servers. Exactly one of them is set.
type Mount struct {
	Prefix   string // as in the public URL: "/clevercloud/acme-db"
	Mount    platform.Mount
	Provider platform.Provider
}

// Options is what a Server is made of. Lifecycle is required where there are
// mounts of platforms, and Servers where there are providers; other zero values
// mean the defaults.
type Options struct {
	Mounts []Mount // may be empty; Swap replaces them

	// Lifecycle binds the engine to one mount's scope. It is called once per
	// mount and set of mounts.
	Lifecycle func(gateway.Scope) platform.Lifecycle

	// Servers is the same for a provider.
	Servers func(gateway.Scope) platform.Servers

	Landing     platform.Landing // receives customers who sign on; nil: no mount has a sign-on
	Pages       http.Handler     // answers below /r/; nil: there is nothing
	Development http.Handler     // answers below /-/dev; nil: there is nothing

	Logger *slog.Logger // default: nothing is logged
	Ready  func() error // default: always ready; the error is logged, not shown

	HeaderTimeout time.Duration // until a request's header has arrived; default 10 s
	BodyTimeout   time.Duration // how much longer its body may take; default 15 s
	WriteTimeout  time.Duration // for an answer, on top of the mount's budget; default 30 s
	IdleTimeout   time.Duration // between two requests of a connection; default 2 min
	HeaderBytes   int           // of a request line and header, roughly; default 32 KiB

	DrainDelay   time.Duration // how long /-/ready says 503 before the listener closes; default 0
	DrainTimeout time.Duration // how long running requests may take then; default 40 s

	Now func() time.Time // default time.Now
}

// Server answers the platforms. It is an http.Handler; Serve adds the
// listener, its limits and the drain.
type Server struct {
	options  Options
	log      *slog.Logger
	table    atomic.Pointer[table]
	draining atomic.Bool
}

var _ http.Handler = (*Server)(nil)

// New makes a Server. It refuses mounts that could not be served side by side.
func New(o Options) (*Server, error) {
	o = o.withDefaults()
	s := &Server{options: o, log: o.Logger}
	if err := s.Swap(o.Mounts); err != nil {
		return nil, err
	}
	return s, nil
}

// Swap replaces all mounts at once: a request sees either the old set or the
// new one, and one that has begun ends as it began. On an error the old set
// stays.
func (s *Server) Swap(mounts []Mount) error {
	t, err := newTable(mounts, s.options)
	if err != nil {
		return err
	}
	s.table.Store(t)
	return nil
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Ready == nil {
		o.Ready = func() error { return nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.HeaderBytes == 0 {
		o.HeaderBytes = 32 << 10
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&o.HeaderTimeout, 10 * time.Second},
		{&o.BodyTimeout, 15 * time.Second},
		{&o.WriteTimeout, 30 * time.Second},
		{&o.IdleTimeout, 2 * time.Minute},
		{&o.DrainTimeout, 40 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	return o
}
