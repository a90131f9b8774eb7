package shell

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

// Version of the plugin.
const version = "0.1.0"

// Backend runs the operator's scripts. Make one with [New].
type Backend struct {
	settings atomic.Pointer[settings] // nil until Configure
	patience patience
	logger   *slog.Logger // for calls without events
}

// patience says how long a script that must end may take to do so, and one that is
// not ready is left alone.
type patience struct {
	grace    time.Duration // between SIGTERM and SIGKILL
	straggle time.Duration // how long children may go on after their script has ended
	look     time.Duration // the least between two looks at work that is pending
}

var (
	_ backend.Backend   = (*Backend)(nil)
	_ backend.Suspender = (*Backend)(nil)
	_ backend.Rotator   = (*Backend)(nil)
	_ backend.Invoker   = (*Backend)(nil)
)

// New makes a Backend that waits to be configured.
func New() *Backend {
	return &Backend{
		patience: patience{grace: 10 * time.Second, straggle: time.Second, look: 100 * time.Millisecond},
		logger:   backend.Logger(),
	}
}

// Describe says what the shell backend is and what its config block takes.
func (b *Backend) Describe(context.Context, backend.DescribeRequest) (backend.Description, error) {
	return backend.Description{
		Name:         "shell",
		Version:      version,
		Doc:          "Runs one script per verb. Whatever a script can make can be sold.",
		Capabilities: []backend.Capability{backend.CanChangePlan, backend.CanSuspend, backend.CanRotate, backend.CanRead},
		Config:       configSchema(),
		Plan:         backend.Schema{Open: true},
		Options:      backend.Schema{Open: true},
		StateVersion: 1,
	}, nil
}

// ValidateConfig checks the config block and the scripts it names, and returns
// the outputs and actions it declares.
func (b *Backend) ValidateConfig(_ context.Context, req backend.ValidateConfigRequest) (backend.ValidateConfigResponse, error) {
	s, problems := readConfig(req.Config)
	outputs := declared.Schema(s.outputs)
	resp := backend.ValidateConfigResponse{Diagnostics: problems, Outputs: &outputs, Actions: s.validActions(), ActionsOnly: s.actionsOnly}
	if !problems.HasErrors() { // what is lacking may be for the same reason
		resp.Lacks = lacks(s.directory)
	}
	return resp, nil
}

// ValidatePlan accepts every plan: its params are for the scripts to read.
func (b *Backend) ValidatePlan(context.Context, backend.ValidatePlanRequest) (backend.ValidatePlanResponse, error) {
	return backend.ValidatePlanResponse{}, nil
}

// Configure checks everything once more, now on the machine that will run the
// scripts, and removes what a killed predecessor left in the temporary folder.
func (b *Backend) Configure(_ context.Context, req backend.ConfigureRequest) (backend.ConfigureResponse, error) {
	s, problems := readConfig(req.Config)
	account, complaint := lookUpAccount(s.user)
	if s.directory == "" {
		problems = append(problems, problem(cty.GetAttrPath("directory"), "The directory of the scripts is not known", ""))
	}
	if complaint != nil {
		problems = append(problems, *complaint)
	}
	if problems.HasErrors() {
		return backend.ConfigureResponse{Diagnostics: problems}, nil
	}
	s.account = account
	removeAbandoned()
	b.settings.Store(&s)
	return backend.ConfigureResponse{Diagnostics: problems}, nil
}

// Health reports whether the scripts are in place.
func (b *Backend) Health(context.Context, backend.HealthRequest) (backend.HealthResponse, error) {
	s := b.settings.Load()
	if s == nil {
		return backend.HealthResponse{Detail: "not configured"}, nil
	}
	for _, d := range checkScripts(s.directory, s.actions) {
		if d.Severity == backend.SeverityError {
			return backend.HealthResponse{Detail: d.Summary}, nil
		}
	}
	return backend.HealthResponse{OK: true}, nil
}
