package server

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Serve answers requests from l until ctx ends, then drains: "/-/ready" says
// 503 for DrainDelay, the listener closes, and running requests get
// DrainTimeout to end. It returns nil after a complete drain and closes l in
// any case. Requests do not inherit ctx: its end must not abandon them.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: s.options.HeaderTimeout,
		// It ends with the body: net/http lifts it while a handler waits for
		// the engine, so a slow backend does not look like a lost caller.
		ReadTimeout:    s.options.HeaderTimeout + s.options.BodyTimeout,
		WriteTimeout:   s.options.WriteTimeout,
		IdleTimeout:    s.options.IdleTimeout,
		MaxHeaderBytes: s.options.HeaderBytes,
		ErrorLog:       slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	return s.drain(ctx, h, ended)
}

func (s *Server) drain(ctx context.Context, h *http.Server, ended <-chan error) error {
	s.draining.Store(true)
	delay := time.NewTimer(s.options.DrainDelay)
	defer delay.Stop()
	select {
	case <-delay.C:
	case err := <-ended:
		return fmt.Errorf("serve while draining: %w", err)
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.DrainTimeout)
	defer cancel()
	err := h.Shutdown(patience)
	if err != nil {
		_ = h.Close() // what is still running has had its time
		err = fmt.Errorf("drain: %w", err)
	}
	<-ended
	return err
}
