package pluginhost

import (
	"context"
	"fmt"
	"sync"

	"github.com/addongw/addongw/plugins/backend"
)

// openKey tells which unconfigured processes are the same.
type openKey struct {
	path, checksum string
	tls            bool
}

// Open returns the plugin without a configuration: Describe, ValidateConfig
// and ValidatePlan work, everything else is an error. One process per binary
// serves all callers; it is started again when it died, and lives until the
// host is closed. Errors are *NotFoundError, *NotExecutableError, *VersionError,
// *ChecksumError or *StartError.
func (h *Host) Open(ctx context.Context, spec Spec) (backend.Backend, error) {
	path, err := h.Find(spec.Name)
	if err != nil {
		return nil, err
	}
	if err := verify(spec.Name, path, spec.Checksum); err != nil {
		return nil, err
	}
	sum, err := checksum(path)
	if err != nil {
		return nil, err
	}
	u, err := h.shared(openKey{path: path, checksum: sum, tls: spec.TLS}, spec)
	if err != nil {
		return nil, err
	}
	p, err := u.running(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkVersion(spec, path, p.description.Version); err != nil {
		return nil, err
	}
	return u, nil
}

func (h *Host) shared(key openKey, spec Spec) (*unconfigured, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if isClosed(h.closing) {
		return nil, errClosed
	}
	u, ok := h.opened[key]
	if !ok {
		// What one caller asks for is not asked of the others.
		shared := Spec{Name: spec.Name, Checksum: key.checksum, TLS: spec.TLS}
		u = &unconfigured{host: h, spec: shared, log: h.newLog(shared, newMasker(h.options.Redact, nil))}
		h.opened[key] = u
	}
	return u, nil
}

// unconfigured is a plugin that was never configured.
type unconfigured struct {
	host *Host
	spec Spec
	log  *pluginLog

	mu   sync.Mutex
	proc *process
}

var _ backend.Backend = (*unconfigured)(nil)

// running returns the process, started if there is none.
func (u *unconfigured) running(ctx context.Context) (*process, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if isClosed(u.host.closing) {
		return nil, errClosed
	}
	if u.proc != nil && u.proc.alive() {
		return u.proc, nil
	}
	if u.proc != nil {
		u.proc.stop(ctx)
		u.proc = nil
	}
	p, err := u.host.start(ctx, u.spec, u.log)
	if err != nil {
		return nil, err
	}
	u.proc = p
	return p, nil
}

func (u *unconfigured) close(ctx context.Context) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.proc != nil {
		u.proc.stop(ctx)
	}
}

// Describe answers from memory: a plugin always describes itself the same way.
func (u *unconfigured) Describe(ctx context.Context, _ backend.DescribeRequest) (backend.Description, error) {
	p, err := u.running(ctx)
	if err != nil {
		return backend.Description{}, err
	}
	return p.description, nil
}

func (u *unconfigured) ValidateConfig(ctx context.Context, req backend.ValidateConfigRequest) (backend.ValidateConfigResponse, error) {
	p, err := u.running(ctx)
	if err != nil {
		return backend.ValidateConfigResponse{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, u.host.options.timing.check)
	defer cancel()
	resp, err := p.backend.ValidateConfig(ctx, req)
	if err == nil {
		err = resp.Check()
	}
	if err != nil {
		return backend.ValidateConfigResponse{}, u.callError(err)
	}
	resp.Diagnostics = maskDiagnostics(u.log.masker, resp.Diagnostics)
	return resp, nil
}

func (u *unconfigured) ValidatePlan(ctx context.Context, req backend.ValidatePlanRequest) (backend.ValidatePlanResponse, error) {
	p, err := u.running(ctx)
	if err != nil {
		return backend.ValidatePlanResponse{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, u.host.options.timing.check)
	defer cancel()
	resp, err := p.backend.ValidatePlan(ctx, req)
	if err != nil {
		return backend.ValidatePlanResponse{}, u.callError(err)
	}
	resp.Diagnostics = maskDiagnostics(u.log.masker, resp.Diagnostics)
	return resp, nil
}

// callError is why a check gave no answer.
func (u *unconfigured) callError(err error) error {
	text := fmt.Sprintf("plugin %s: %s", u.spec.Name, u.log.whole(oneLine(plain(err))))
	return &maskedError{text: u.log.masker.line(text, 1000), err: timeUp(err)}
}

// maxDiagnostics is how many problems of one answer are shown.
const maxDiagnostics = 100

// maskDiagnostics hides secrets in what a plugin says about configuration. Of
// very many problems it keeps the first, and says so.
func maskDiagnostics(m *masker, list backend.Diagnostics) backend.Diagnostics {
	var masked backend.Diagnostics
	for _, d := range list[:min(len(list), maxDiagnostics)] {
		d.Summary, d.Detail = m.line(d.Summary, 300), m.line(d.Detail, 2000)
		masked = append(masked, d)
	}
	if more := list[len(masked):]; len(more) > 0 {
		last := backend.Diagnostic{Severity: backend.SeverityWarning, Summary: fmt.Sprintf("%d more problems", len(more))}
		if more.HasErrors() {
			last.Severity = backend.SeverityError
		}
		masked = append(masked, last)
	}
	return masked
}

func (u *unconfigured) refuse() error {
	return fmt.Errorf("plugin %s was opened for checks: it has no configuration", u.spec.Name)
}

func (u *unconfigured) Configure(context.Context, backend.ConfigureRequest) (backend.ConfigureResponse, error) {
	return backend.ConfigureResponse{}, u.refuse()
}

func (u *unconfigured) Provision(context.Context, backend.ProvisionRequest, backend.Events) (backend.Result, error) {
	return backend.Result{}, u.refuse()
}

func (u *unconfigured) ChangePlan(context.Context, backend.ChangePlanRequest, backend.Events) (backend.Result, error) {
	return backend.Result{}, u.refuse()
}

func (u *unconfigured) Deprovision(context.Context, backend.DeprovisionRequest, backend.Events) (backend.Result, error) {
	return backend.Result{}, u.refuse()
}

func (u *unconfigured) Read(context.Context, backend.ReadRequest) (backend.ReadResponse, error) {
	return backend.ReadResponse{}, u.refuse()
}

func (u *unconfigured) Health(context.Context, backend.HealthRequest) (backend.HealthResponse, error) {
	return backend.HealthResponse{}, u.refuse()
}
