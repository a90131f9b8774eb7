package server

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// exchange is one request on its way through the server.
type exchange struct {
	http.ResponseWriter
	notes   platform.Notes
	id      string
	started time.Time
	mount   *mount
	probe   bool // of the server's health: logged at a lower level
	status  int  // 0 until the answer begins
}

// ServeHTTP answers one request and logs it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, id: requestID(r.Header), started: s.options.Now()}
	w.Header().Set("X-Request-Id", x.id)
	r = r.WithContext(platform.WithNotes(r.Context(), &x.notes))
	defer s.finish(x, r)
	s.route(x, r)
}

func (s *Server) route(x *exchange, r *http.Request) {
	path := canonicalPath(r.URL.EscapedPath())
	if path == "/-/live" || path == "/-/ready" {
		x.probe = true
		s.health(x, r, path)
		return
	}
	if own := s.own(path); own != nil {
		s.limit(x, 0)
		own.ServeHTTP(x, r)
		return
	}
	m, rest := s.table.Load().find(path)
	if m == nil {
		nothingHere(x, r)
		return
	}
	x.mount = m
	s.limit(x, m.scope.Budget)
	m.serve(x, r, rest)
}

// own finds the gateway's own pages, which belong to no mount; nil for all
// other paths.
func (s *Server) own(path string) http.Handler {
	switch {
	case below(path, "/r"):
		return s.options.Pages
	case below(path, "/-/dev"):
		return s.options.Development
	default:
		return nil
	}
}

func below(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func nothingHere(w http.ResponseWriter, r *http.Request) {
	body := map[string]string{"message": "There is nothing at this address."}
	if err := platform.Encode(w, http.StatusNotFound, body); err != nil {
		platform.NoteError(r.Context(), err)
	}
}

// limit gives the answer as much time as the mount may take, and some more to
// travel. It is per request, because budgets differ and mounts are swapped.
func (s *Server) limit(x *exchange, budget time.Duration) {
	// Sockets know no clock but the machine's. Only connections have deadlines;
	// what a test records in memory has none, and needs none.
	deadline := time.Now().Add(budget + s.options.WriteTimeout)
	_ = http.NewResponseController(x.ResponseWriter).SetWriteDeadline(deadline)
}

// finish turns a panic that no mount caught into a 500, and writes the log
// line.
func (s *Server) finish(x *exchange, r *http.Request) {
	cause := recover()
	if cause != nil && cause != http.ErrAbortHandler {
		platform.NoteError(r.Context(), fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
		if x.status == 0 {
			body := map[string]string{"message": gateway.Fault(nil).Message}
			_ = platform.Encode(x, http.StatusInternalServerError, body) // the panic is what matters
		}
	}
	s.logRequest(x, r)
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
}

// logRequest writes the one line. The path is not in it, nor the query: both
// may carry what a customer typed or a token; the route's template is enough.
func (s *Server) logRequest(x *exchange, r *http.Request) {
	noted, err := x.notes.Taken()
	attrs := make([]slog.Attr, 0, 9+len(noted))
	attrs = append(attrs,
		slog.String("event", "request.done"),
		slog.String("request_id", x.id),
		slog.String("method", method(r)))
	if x.mount != nil {
		attrs = append(attrs,
			slog.String("platform", x.mount.scope.Platform),
			slog.String("addon", x.mount.scope.Addon))
	}
	attrs = append(attrs, noted...)
	attrs = append(attrs,
		slog.Int("status", x.status),
		slog.Float64("duration_ms", float64(s.options.Now().Sub(x.started).Microseconds())/1000))
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	s.log.LogAttrs(r.Context(), x.level(), "request done", attrs...)
}

func (x *exchange) level() slog.Level {
	switch {
	case x.probe:
		return slog.LevelDebug
	case x.status >= http.StatusInternalServerError:
		return slog.LevelError
	default:
		return slog.LevelInfo
	}
}

// method returns the request's method, or "other": clients may invent any.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	default:
		return "other"
	}
}

// WriteHeader remembers the status.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= http.StatusOK {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write remembers that the answer has begun.
func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	return x.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// requestID keeps the caller's id when it is harmless in a log and a header,
// and makes one otherwise.
func requestID(h http.Header) string {
	id := h.Get("X-Request-Id")
	if id != "" && len(id) <= 128 && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == "" {
		return id
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(random[:])
}
