package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/addongw/addongw/gateway"
)

// Reader is what the API reads from. Lookups accept an id or any unique prefix
// of one; a resource is also found by the id the platform knows. None or more
// than one match is a *gateway.Error.
type Reader interface {
	Resources(ctx context.Context, f gateway.ResourceFilter) ([]gateway.Resource, error)
	FindResource(ctx context.Context, id string) (gateway.Resource, error)
	Operations(ctx context.Context, f gateway.OperationFilter) ([]gateway.Operation, error)
	FindOperation(ctx context.Context, id string) (gateway.Operation, error)
}

// Engine is what the API may ask of the engine. Errors are *gateway.Error.
type Engine interface {
	// Retry makes a parked operation due again; one that is not parked, or that
	// nobody can make due, is gateway.Conflict.
	Retry(ctx context.Context, operationID string) error
	// SuspendByHand takes a resource out of its customer's hands, and ResumeByHand
	// gives it back; repeats are successes.
	SuspendByHand(ctx context.Context, resourceID, reason string) (gateway.Resource, error)
	ResumeByHand(ctx context.Context, resourceID string) (gateway.Resource, error)
	// Rotate begins to replace a resource's credentials, and UndoRotation turns that
	// round while both work.
	Rotate(ctx context.Context, resourceID string, order gateway.RotateOrder) (gateway.Resource, error)
	UndoRotation(ctx context.Context, resourceID string) (gateway.Resource, error)
	// KnownServer tells what is known of a server.
	KnownServer(ctx context.Context, resourceID string) (gateway.Server, error)
	// Push renders a resource's config vars anew and has them sent to its
	// platform by the operation that it returns.
	Push(ctx context.Context, resourceID string) (operationID string, err error)
	// Reconcile compares the platforms' listings with the resources here.
	Reconcile(ctx context.Context, platform, addon string) (gateway.Reconciliation, error)
}

// Process is the running gateway around the engine.
type Process interface {
	Status() Status
	// Reload reads the configuration again. allowOrphans accepts that living
	// resources lose what they need.
	Reload(ctx context.Context, allowOrphans bool) Reload
	// HidesOption reports whether what customers chose for an option of an
	// add-on may be secret.
	HidesOption(addon, option string) bool
}

// Server answers the admin API.
type Server struct {
	reader  Reader
	engine  Engine
	process Process
	log     *slog.Logger
}

// NewServer makes a Server that reads from reader and acts through engine and
// process.
func NewServer(reader Reader, engine Engine, process Process, log *slog.Logger) *Server {
	return &Server{reader: reader, engine: engine, process: process, log: log}
}

// Handler returns the routes.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", s.answer(func(*http.Request) (any, error) { return s.process.Status(), nil }))
	mux.HandleFunc("POST /v1/reload", s.answer(s.reload))
	mux.HandleFunc("GET /v1/resources", s.answer(s.listResources))
	mux.HandleFunc("GET /v1/resources/{id}", s.answer(s.showResource))
	mux.HandleFunc("POST /v1/resources/{id}/retry", s.answer(s.retryResource))
	mux.HandleFunc("POST /v1/resources/{id}/push", s.answer(s.pushResource))
	mux.HandleFunc("POST /v1/resources/{id}/suspend", s.answer(s.suspendResource))
	mux.HandleFunc("POST /v1/resources/{id}/resume", s.answer(s.resumeResource))
	mux.HandleFunc("POST /v1/resources/{id}/rotate", s.answer(s.rotateResource))
	mux.HandleFunc("GET /v1/reconcile", s.answer(s.reconcile))
	mux.HandleFunc("GET /v1/operations", s.answer(s.listOperations))
	mux.HandleFunc("GET /v1/operations/{id}", s.answer(s.showOperation))
	mux.HandleFunc("/", s.answer(func(*http.Request) (any, error) {
		return nil, gateway.Errorf(gateway.NotFound, "there is no such call in the admin API")
	}))
	return mux
}

// Serve answers on l until ctx ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	stopped := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stopped()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the admin API: %w", err)
	}
	return nil
}

// Listen opens the unix socket at path with permissions for its owner only. A
// socket that a dead gateway left behind is replaced; a live one is an error.
func Listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the admin socket: %w", err)
	}
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("the admin socket %s is in use by another gateway", path)
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	// The umask makes the socket private from its first instant; chmod after
	// Listen would leave a gap.
	old := syscall.Umask(0o177)
	l, err := net.Listen("unix", path)
	syscall.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("listen on the admin socket %s: %w", path, err)
	}
	return l, nil
}

// removeStale removes the socket of a dead gateway, and no other file.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil && info.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("%s exists and is no socket: give the admin socket a path of its own", path)
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("remove the stale admin socket: %w", err)
	}
	return nil
}

// reload goes on when its caller goes away: half a reload is none.
func (s *Server) reload(r *http.Request) (any, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
	defer cancel()
	return s.process.Reload(ctx, r.URL.Query().Get("allow_orphans") == "true"), nil
}

func (s *Server) listResources(r *http.Request) (any, error) {
	q := r.URL.Query()
	limit, err := limitOf(q.Get("limit"))
	if err != nil {
		return nil, err
	}
	f := gateway.ResourceFilter{
		Platform: q.Get("platform"), Addon: q.Get("addon"), Plan: q.Get("plan"), Region: q.Get("region"),
		State: gateway.State(q.Get("state")), Kind: gateway.ResourceKind(q.Get("kind")), After: q.Get("after"), Limit: limit,
	}
	if err := oneOf("state", f.State, gateway.States()); err != nil {
		return nil, err
	}
	if err := oneOf("kind", f.Kind, gateway.ResourceKinds()); err != nil {
		return nil, err
	}
	found, err := s.reader.Resources(r.Context(), f)
	if err != nil {
		return nil, err
	}
	page := Resources{Resources: make([]Resource, 0, len(found))}
	for _, res := range found {
		page.Resources = append(page.Resources, wireResource(res, s.process.HidesOption))
	}
	if len(found) == limit {
		page.Next = found[len(found)-1].ID
	}
	return page, nil
}

func (s *Server) showResource(r *http.Request) (any, error) {
	res, err := s.reader.FindResource(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	ops, err := s.reader.Operations(r.Context(), gateway.OperationFilter{ResourceID: res.ID, Limit: defaultLimit})
	if err != nil {
		return nil, err
	}
	detail := ResourceDetail{Resource: wireResource(res, s.process.HidesOption), Operations: wireOperations(ops)}
	if res.Kind == gateway.KindServer {
		known, err := s.engine.KnownServer(r.Context(), res.ID)
		if err != nil {
			return nil, err
		}
		detail.Server = wireServer(known)
	}
	return detail, nil
}

// retryResource makes all operations of the resource due that wait, for an operator
// or for their next attempt, and answers with the newest: one that is parked again
// at once never hides another.
func (s *Server) retryResource(r *http.Request) (any, error) {
	res, err := s.reader.FindResource(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	ops, err := s.reader.Operations(r.Context(), gateway.OperationFilter{
		ResourceID: res.ID, State: gateway.OperationPending, Limit: defaultLimit,
	})
	if err != nil {
		return nil, err
	}
	retried := ""
	for _, op := range ops {
		err := s.engine.Retry(r.Context(), op.ID)
		if gateway.KindOf(err) == gateway.Conflict {
			continue // it waits for the next configuration, or has moved on
		}
		if err != nil {
			return nil, err
		}
		retried = cmp.Or(retried, op.ID)
	}
	if retried == "" {
		return nil, gateway.Errorf(gateway.Conflict, "nothing of %s can be tried again now%s", res.ID, waits(ops))
	}
	op, err := s.reader.FindOperation(r.Context(), retried)
	return wireOperation(op), err
}

// waits says for whom operations wait; empty: none does.
func waits(ops []gateway.Operation) string {
	whom := map[string]string{
		"credentials": "its caller's credentials", "backend": "its backend, which the configuration lacks", "platform": "its platform",
	}
	var parts []string
	for _, op := range ops {
		if op.WaitingFor != "" {
			parts = append(parts, fmt.Sprintf("%s (%s) waits for %s", cmp.Or(op.Action, op.Verb), op.ID, cmp.Or(whom[op.WaitingFor], op.WaitingFor)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, "; ")
}

func (s *Server) listOperations(r *http.Request) (any, error) {
	q := r.URL.Query()
	limit, err := limitOf(q.Get("limit"))
	if err != nil {
		return nil, err
	}
	f := gateway.OperationFilter{
		ResourceID: q.Get("resource"), State: gateway.OperationState(q.Get("state")), Waiting: q.Get("waiting") == "true",
		After: q.Get("after"), Limit: limit,
	}
	if err := oneOf("state", f.State, gateway.OperationStates()); err != nil {
		return nil, err
	}
	if f.ResourceID != "" {
		res, err := s.reader.FindResource(r.Context(), f.ResourceID)
		if err != nil {
			return nil, err
		}
		f.ResourceID = res.ID
	}
	ops, err := s.reader.Operations(r.Context(), f)
	if err != nil {
		return nil, err
	}
	page := Operations{Operations: wireOperations(ops)}
	if len(ops) == limit {
		page.Next = ops[len(ops)-1].ID
	}
	return page, nil
}

func (s *Server) showOperation(r *http.Request) (any, error) {
	op, err := s.reader.FindOperation(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return wireOperation(op), nil
}

// oneOf refuses a filter that nothing could ever match.
func oneOf[T ~string](what string, value T, known []T) error {
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	var names []string
	for _, name := range known {
		names = append(names, string(name))
	}
	return gateway.Errorf(gateway.Invalid, "there is no %s %q: write %s", what, string(value), alternatives(names))
}

// alternatives writes "a, b or c".
func alternatives(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

func limitOf(text string) (int, error) {
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, gateway.Errorf(gateway.Invalid, "limit must be a whole number from 1 to %d", maxLimit)
	}
	return n, nil
}

// statuses maps kinds to the API's own statuses; the rest is 500.
var statuses = map[gateway.Kind]int{
	gateway.Invalid:     http.StatusBadRequest,
	gateway.NotFound:    http.StatusNotFound,
	gateway.Conflict:    http.StatusConflict,
	gateway.Unavailable: http.StatusServiceUnavailable,
}

// answer writes what f returns as JSON.
func (s *Server) answer(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		body, err := f(r)
		if err != nil {
			kind := gateway.KindOf(err)
			status = statuses[kind]
			if status == 0 {
				status = http.StatusInternalServerError
				s.log.Error("admin call failed", "event", "admin.failed", "path", r.URL.Path, "error", err)
			}
			body = problem{Kind: kind, Message: gateway.Message(err)}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		_ = enc.Encode(body) // the caller has gone away: nobody is left to tell
	}
}

// SocketPath takes the path out of an admin address, "unix:/run/x.sock".
func SocketPath(address string) (string, error) {
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok || path == "" {
		return "", fmt.Errorf("the admin address %q is no unix socket: write unix:/path/to/admin.sock", address)
	}
	return path, nil
}
