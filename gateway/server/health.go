package server

import (
	"errors"
	"net/http"

	"github.com/addongw/addongw/gateway/platform"
)

// health answers "/-/live" and "/-/ready" without a body: the public listener
// says whether to send requests here, and nothing about why not.
func (s *Server) health(w http.ResponseWriter, r *http.Request, path string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	if path == "/-/ready" {
		if err := s.readiness(); err != nil {
			platform.NoteError(r.Context(), err)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}

func (s *Server) readiness() error {
	if s.draining.Load() {
		return errors.New("draining")
	}
	return s.options.Ready()
}
