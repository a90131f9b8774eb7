package http

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"

	"golang.org/x/time/rate"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

// Version of the plugin.
const version = "0.1.0"

// Backend sends the requests that the config block describes. Make one with [New].
type Backend struct {
	api atomic.Pointer[api] // nil until Configure
}

// api is a configured API.
type api struct {
	settings *settings
	client   *client
}

var (
	_ backend.Backend   = (*Backend)(nil)
	_ backend.Suspender = (*Backend)(nil)
	_ backend.Rotator   = (*Backend)(nil)
	_ backend.Invoker   = (*Backend)(nil)
)

// New makes a Backend that waits to be configured.
func New() *Backend { return &Backend{} }

// Describe says what the http backend is and what its config block takes.
func (b *Backend) Describe(context.Context, backend.DescribeRequest) (backend.Description, error) {
	return backend.Description{
		Name:         "http",
		Version:      version,
		Doc:          "Calls an HTTP API that is there already. What it has to be told is written in blocks, one for each verb.",
		Capabilities: []backend.Capability{backend.CanChangePlan, backend.CanSuspend, backend.CanRotate, backend.CanRead},
		Config:       configSchema(),
		Plan:         backend.Schema{Open: true},
		Options:      backend.Schema{Open: true},
		StateVersion: 1,
	}, nil
}

// ValidateConfig checks the config block with all its expressions, and returns
// the outputs and actions it declares.
func (b *Backend) ValidateConfig(_ context.Context, req backend.ValidateConfigRequest) (backend.ValidateConfigResponse, error) {
	s, problems := readSettings(req.Config)
	problems = append(problems, s.check()...)
	outputs := declared.Schema(s.outputs)
	return backend.ValidateConfigResponse{Diagnostics: problems, Outputs: &outputs, Actions: s.actions(), ActionsOnly: s.actionsOnly(), Lacks: s.lacks()}, nil
}

// ValidatePlan accepts every plan: its params are for the expressions.
func (b *Backend) ValidatePlan(context.Context, backend.ValidatePlanRequest) (backend.ValidatePlanResponse, error) {
	return backend.ValidatePlanResponse{}, nil
}

// Configure reads certificates and makes the client. The API is not asked: it
// may be away for a moment.
func (b *Backend) Configure(_ context.Context, req backend.ConfigureRequest) (backend.ConfigureResponse, error) {
	s, problems := readSettings(req.Config)
	r := &reader{problems: problems}
	config := r.tlsConfig(s.tls)
	if s.base == nil && !r.problems.HasErrors() {
		r.add(nil, "base_url is not known", "")
	}
	if r.problems.HasErrors() {
		return backend.ConfigureResponse{Diagnostics: r.problems}, nil
	}
	b.api.Store(&api{settings: s, client: &client{
		http: newHTTPClient(s, config), base: s.base, headers: s.headers, limit: s.limit,
		secrets: ownSecrets(req.Config), tokens: s.newTokens(config), limiter: s.newLimiter(),
	}})
	return backend.ConfigureResponse{Diagnostics: r.problems}, nil
}

func (s *settings) newLimiter() *rate.Limiter {
	if s.rate == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(s.rate), max(1, int(s.rate)))
}

// Health reports whether the API works, where there is a way to ask.
func (b *Backend) Health(ctx context.Context, _ backend.HealthRequest) (backend.HealthResponse, error) {
	api := b.api.Load()
	switch {
	case api == nil:
		return backend.HealthResponse{Detail: "not configured"}, nil
	case api.settings.health == "":
		return backend.HealthResponse{OK: true, Detail: "the plugin runs; without a block health it does not ask the API"}, nil
	}
	at, err := below(api.client.base, api.settings.health)
	if err != nil {
		return backend.HealthResponse{Detail: err.Error()}, nil
	}
	o := outgoing{method: http.MethodGet, url: at, timeout: api.settings.timeout}
	a, err := api.client.send(ctx, o)
	switch {
	case err != nil:
		return backend.HealthResponse{Detail: clean(messageOf(err).Error(), api.client.hidden())}, nil
	case !api.settings.healthy.expects(a.status):
		return backend.HealthResponse{Detail: fmt.Sprintf("%s answers %s", o.where(), strconv.Itoa(a.status))}, nil
	}
	return backend.HealthResponse{OK: true}, nil
}

// silent are the events of a call that only looks.
type silent struct{}

func (silent) Checkpoint(string, json.RawMessage) {}
func (silent) Progress(string, int)               {}
func (silent) Log(slog.Level, string)             {}
