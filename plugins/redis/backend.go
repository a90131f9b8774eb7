package redis

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/redis/go-redis/v9/logging"
)

// Backend implements [backend.Backend]. The zero value is not configured; use
// [New].
type Backend struct {
	site  atomic.Pointer[site]
	now   func() time.Time
	grace time.Duration // for servers to end
}

var (
	_ backend.Backend   = (*Backend)(nil)
	_ backend.Suspender = (*Backend)(nil)
	_ backend.Rotator   = (*Backend)(nil)
)

// New returns a backend that waits for Configure.
func New() *Backend {
	logging.Disable() // of the client: what goes wrong is returned to us as well
	return &Backend{now: time.Now, grace: stopGrace}
}

// site is where resources are made: one of the two modes.
type site interface {
	// examine looks at what there is. It is called by Configure and, as long as
	// it returns an error, by every call. Problems are diagnostics; the error is
	// a server that cannot be reached.
	examine(ctx context.Context) (backend.Diagnostics, error)

	provision(ctx context.Context, w work) (backend.Result, error)
	changePlan(ctx context.Context, w work) (backend.Result, error)
	suspend(ctx context.Context, w work) error
	resume(ctx context.Context, w work) error
	stage(ctx context.Context, w work) (backend.Result, error)
	keepLogin(ctx context.Context, w work) error // and no other
	retire(ctx context.Context, w work) (purgeAfter time.Time, err error)
	purge(ctx context.Context, w work) error
	read(ctx context.Context, t target, op backend.Op) (backend.ReadResponse, error)
	health(ctx context.Context) (detail string, err error)
	close()
}

// work is one call for one resource.
type work struct {
	target target
	op     backend.Op
	events backend.Events
	now    time.Time
}

// Close ends what the backend does in the background. The plugin process has no
// need of it. Servers go on.
func (b *Backend) Close() {
	if s := b.site.Swap(nil); s != nil {
		(*s).close()
	}
}

// configureTimeout bounds how long Configure waits: the gateway is starting
// meanwhile.
const configureTimeout = 5 * time.Second

// Configure implements [backend.Backend].
func (b *Backend) Configure(ctx context.Context, req backend.ConfigureRequest) (backend.ConfigureResponse, error) {
	settings, found := readSettings(req.Config)
	if found.HasErrors() {
		return backend.ConfigureResponse{Diagnostics: found}, nil
	}
	var s site = newDedicated(settings, b.grace)
	if settings.mode == modeShared {
		s = newShared(settings)
	}
	if !b.site.CompareAndSwap(nil, &s) {
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
		found = append(found, backend.Diagnostic{Severity: backend.SeverityError, Summary: "The server can't be used", Detail: asSentence(failure.Message), Path: failure.Path})
	}
	return backend.ConfigureResponse{Diagnostics: found}, nil
}

// ready returns the site once it is known to be one that we can work at.
func (b *Backend) ready(ctx context.Context) (site, error) {
	s := b.site.Load()
	if s == nil {
		return nil, backend.Failf(backend.Internal, "the backend is not configured")
	}
	found, err := (*s).examine(ctx)
	if err != nil {
		return nil, explain(ctx, looking, err)
	}
	for _, d := range found {
		if d.Severity == backend.SeverityError {
			return nil, backend.Failf(backend.Internal, "%s. %s", d.Summary, d.Detail)
		}
	}
	return *s, nil
}

// begin finds the site and the resource of a call.
func (b *Backend) begin(ctx context.Context, op backend.Op, events backend.Events) (site, work, error) {
	t, err := targetOf(op)
	if err != nil {
		return nil, work{}, err
	}
	s, err := b.ready(ctx)
	return s, work{target: t, op: op, events: events, now: b.now()}, err
}

// Provision implements [backend.Backend].
func (b *Backend) Provision(ctx context.Context, req backend.ProvisionRequest, events backend.Events) (backend.Result, error) {
	s, w, err := b.begin(ctx, req.Op, events)
	if err != nil {
		return backend.Result{}, err
	}
	return s.provision(ctx, w)
}

// ChangePlan implements [backend.Backend]. Nothing restarts, and no session
// ends.
func (b *Backend) ChangePlan(ctx context.Context, req backend.ChangePlanRequest, events backend.Events) (backend.Result, error) {
	s, w, err := b.begin(ctx, req.Op, events)
	if err != nil {
		return backend.Result{}, err
	}
	return s.changePlan(ctx, w)
}

// Suspend implements [backend.Suspender].
func (b *Backend) Suspend(ctx context.Context, req backend.SuspendRequest, events backend.Events) (backend.Result, error) {
	s, w, err := b.begin(ctx, req.Op, events)
	if err != nil {
		return backend.Result{}, err
	}
	return backend.Result{}, s.suspend(ctx, w)
}

// Resume implements [backend.Suspender].
func (b *Backend) Resume(ctx context.Context, req backend.ResumeRequest, events backend.Events) (backend.Result, error) {
	s, w, err := b.begin(ctx, req.Op, events)
	if err != nil {
		return backend.Result{}, err
	}
	return backend.Result{}, s.resume(ctx, w)
}

// Rotate implements [backend.Rotator]. The staged login is a user of its own, so
// a commit ends the sessions of the old one alone. Commit and abort are the same
// work: the login that Op tells of stays, the other goes.
func (b *Backend) Rotate(ctx context.Context, req backend.RotateRequest, events backend.Events) (backend.Result, error) {
	s, w, err := b.begin(ctx, req.Op, events)
	if err != nil {
		return backend.Result{}, err
	}
	if req.Phase == backend.RotateStage {
		return s.stage(ctx, w)
	}
	return backend.Result{}, s.keepLogin(ctx, w)
}

// Deprovision implements [backend.Backend]. Mode soft keeps the data where
// drop_policy says so and there is any; otherwise everything is removed.
func (b *Backend) Deprovision(ctx context.Context, req backend.DeprovisionRequest, events backend.Events) (backend.Result, error) {
	s, w, err := b.begin(ctx, req.Op, events)
	if err != nil {
		return backend.Result{}, stubborn(err)
	}
	if req.Mode == backend.ModeSoft {
		purgeAfter, err := s.retire(ctx, w)
		if err != nil {
			return backend.Result{}, stubborn(err)
		}
		if !purgeAfter.IsZero() {
			return backend.Result{PurgeAfter: purgeAfter}, nil
		}
	}
	return backend.Result{}, stubborn(s.purge(ctx, w))
}

// Read implements [backend.Backend].
func (b *Backend) Read(ctx context.Context, req backend.ReadRequest) (backend.ReadResponse, error) {
	s, w, err := b.begin(ctx, req.Op, nil)
	if err != nil {
		return backend.ReadResponse{}, err
	}
	response, err := s.read(ctx, w.target, req.Op)
	return response, explain(ctx, "look at the resource", err)
}

// healthTimeout bounds one health check; a server that needs longer is ill.
const healthTimeout = 3 * time.Second

// Health implements [backend.Backend].
func (b *Backend) Health(ctx context.Context, _ backend.HealthRequest) (backend.HealthResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	s, err := b.ready(ctx)
	if err != nil {
		return backend.HealthResponse{Detail: err.Error()}, nil
	}
	detail, err := s.health(ctx)
	if err != nil {
		return backend.HealthResponse{Detail: explain(ctx, "check the server", err).Error()}, nil
	}
	return backend.HealthResponse{OK: true, Detail: detail}, nil
}

// Messages of resources that are not there for their customer.
func absent(t target) error {
	return backend.Failf(backend.NotFound, "there is no Redis for the resource %s", t.resource)
}

func onlyKept(t target, until time.Time) error {
	return backend.Failf(backend.NotFound, "the Redis of the resource %s is only kept until it is purged, after %s", t.resource, until.UTC().Format(time.RFC3339))
}

// revival is the answer to a provision of what was deprovisioned: a customer
// who left must not find the way back in because a call came late.
func revival(t target, until time.Time) error {
	return backend.Failf(backend.Conflict, "the Redis of the resource %s was deprovisioned and is kept until %s: it is not given to anybody again. "+
		"Deprovision the resource with mode purge first, which drops the data", t.resource, until.UTC().Format(time.RFC3339))
}
