package platform

import (
	"context"
	"log/slog"
	"sync"
)

// Notes collects what the one log line of a request should say besides its
// status and duration. The server makes one for each request.
type Notes struct {
	mu    sync.Mutex
	attrs []slog.Attr
	err   error
}

type notesKey struct{}

// WithNotes returns a context whose notes are collected in n.
func WithNotes(ctx context.Context, n *Notes) context.Context {
	return context.WithValue(ctx, notesKey{}, n)
}

// Note adds facts to the request's log line, such as the plan and the resource.
// It never takes values from a body that nobody checked.
func Note(ctx context.Context, attrs ...slog.Attr) {
	if n, ok := ctx.Value(notesKey{}).(*Notes); ok {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.attrs = append(n.attrs, attrs...)
	}
}

// NoteError adds the failure, with its cause, to the request's log line. The
// first one is kept: later ones tend to follow from it.
func NoteError(ctx context.Context, err error) {
	if n, ok := ctx.Value(notesKey{}).(*Notes); ok {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.err == nil {
			n.err = err
		}
	}
}

// Taken returns what was noted.
func (n *Notes) Taken() (attrs []slog.Attr, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.attrs, n.err
}
