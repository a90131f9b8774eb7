package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/addongw/addongw/plugins/backend"
)

// Backend implements [backend.Backend] on one PostgreSQL server. The zero
// value is not configured; use [New].
type Backend struct {
	server atomic.Pointer[server]
	now    func() time.Time
}

var _ backend.Backend = (*Backend)(nil)

// New returns a backend that waits for Configure.
func New() *Backend { return &Backend{now: time.Now} }

// Close ends the connections to the server and waits for running calls. The
// plugin process has no need of it: it ends with them.
func (b *Backend) Close() {
	if s := b.server.Swap(nil); s != nil {
		s.close()
	}
}

// configureTimeout bounds how long Configure waits for a server: the gateway
// is starting meanwhile.
const configureTimeout = 5 * time.Second

// Configure implements [backend.Backend]. A server that does not answer now is
// examined by the first call that reaches it.
func (b *Backend) Configure(ctx context.Context, req backend.ConfigureRequest) (backend.ConfigureResponse, error) {
	settings, found := readSettings(req.Config)
	if found.HasErrors() {
		return backend.ConfigureResponse{Diagnostics: found}, nil
	}
	s, problem := newServer(settings)
	if problem != nil {
		return backend.ConfigureResponse{Diagnostics: append(found, *problem)}, nil
	}
	if !b.server.CompareAndSwap(nil, s) {
		s.close()
		return backend.ConfigureResponse{}, errors.New("configure: this process is configured already")
	}
	within, cancel := context.WithTimeout(ctx, configureTimeout)
	defer cancel()
	examined, err := s.examine(within)
	if ctx.Err() != nil {
		return backend.ConfigureResponse{}, fmt.Errorf("configure: %w", ctx.Err())
	}
	found = append(found, examined...)
	if failure, ok := errors.AsType[*backend.Failure](err); ok && failure.Class != backend.Retryable {
		found = append(found, backend.Diagnostic{
			Severity: backend.SeverityError, Summary: "The server refuses what admin_url says",
			Detail: asSentence(failure.Message), Path: adminURLPath(),
		})
	}
	return backend.ConfigureResponse{Diagnostics: found}, nil
}

// ready returns the server once it is known to be one that we can work with.
func (b *Backend) ready(ctx context.Context) (*server, error) {
	s := b.server.Load()
	if s == nil {
		return nil, backend.Failf(backend.Internal, "the backend is not configured")
	}
	if s.examined.Load() {
		return s, nil
	}
	found, err := s.examine(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range found {
		if d.Severity == backend.SeverityError {
			return nil, backend.Failf(backend.Internal, "%s. %s", d.Summary, d.Detail)
		}
	}
	return s, nil
}

// healthTimeout bounds one health check; a server that needs longer is ill.
const healthTimeout = 3 * time.Second

// Health implements [backend.Backend]. It makes a connection of its own: the
// pool may rightly be busy.
func (b *Backend) Health(ctx context.Context, _ backend.HealthRequest) (backend.HealthResponse, error) {
	s := b.server.Load()
	if s == nil {
		return backend.HealthResponse{Detail: "not configured"}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	conn, err := s.connect(ctx, s.admin.Database)
	if err == nil {
		defer leave(conn)
		_, err = conn.Exec(ctx, "SELECT 1")
	}
	if err != nil {
		return backend.HealthResponse{Detail: s.explain(ctx, "check the server", err).Error()}, nil
	}
	return backend.HealthResponse{OK: true}, nil
}
