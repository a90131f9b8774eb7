package platform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
)

// Handler is an endpoint that returns what went wrong instead of writing it.
// After an error it has written nothing.
type Handler func(w http.ResponseWriter, r *http.Request, params httprouter.Params) error

// Failures is how one platform hears of errors.
type Failures struct {
	Status map[gateway.Kind]int // one for every kind
	// Body makes the JSON value for an error. message is a sentence for the
	// customer, never a cause.
	Body  func(kind gateway.Kind, message string) any
	Realm string // of Basic authentication; empty: the platform has another

	// TooLarge is the status for a body over its limit; 0: that of
	// gateway.Invalid, which it is.
	TooLarge int

	// Page, where set, answers a person's browser instead: Body and Realm are
	// not used then.
	Page func(w http.ResponseWriter, r *http.Request, status int, message string)
}

// Handle turns h into an endpoint: an error, or a panic, becomes the
// platform's answer and a note for the request log.
func (f Failures) Handle(h Handler) httprouter.Handle {
	return func(w http.ResponseWriter, r *http.Request, params httprouter.Params) {
		watched := &watchedWriter{ResponseWriter: w}
		err := f.run(h, watched, r, params)
		switch {
		case err == nil:
		case hungUp(r, err):
			Note(r.Context(), slog.String("caller", "hung up"))
			if !watched.started {
				w.WriteHeader(statusHungUp)
			}
		default:
			NoteError(r.Context(), err)
			if !watched.started {
				f.Answer(w, r, err)
			}
		}
	}
}

// statusHungUp is for the log alone, where it is customary for a caller that
// did not wait for its answer.
const statusHungUp = 499

// hungUp reports whether err says nothing but that the caller is gone. That is
// no failure of ours; what was begun goes on without it.
func hungUp(r *http.Request, err error) bool {
	return errors.Is(err, context.Canceled) && r.Context().Err() != nil
}

// Authenticated is Handle for endpoints that only the platform may use: h runs
// once the credentials were found right.
func (f Failures) Authenticated(c Credentials, h Handler) httprouter.Handle {
	return f.Handle(func(w http.ResponseWriter, r *http.Request, params httprouter.Params) error {
		if err := c.Check(r); err != nil {
			return err
		}
		return h(w, r, params)
	})
}

// run calls h. A panic in one request becomes that request's error; the others
// go on.
func (f Failures) run(h Handler, w http.ResponseWriter, r *http.Request, params httprouter.Params) (err error) {
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case http.ErrAbortHandler: // net/http's own way to drop a connection
			panic(cause)
		default:
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return h(w, r, params)
}

// Answer writes err in the platform's form.
func (f Failures) Answer(w http.ResponseWriter, r *http.Request, err error) {
	kind := gateway.KindOf(err)
	if kind == gateway.Unauthorized && f.Page == nil && f.Realm != "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="`+f.Realm+`", charset="UTF-8"`)
	}
	if after := retryAfter(err); after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second)))
	}
	status, ok := f.Status[kind]
	switch {
	case !ok:
		status = http.StatusInternalServerError
	case f.TooLarge != 0 && errors.Is(err, ErrTooLarge):
		status = f.TooLarge
	}
	if f.Page != nil {
		f.Page(w, r, status, gateway.Message(err))
		return
	}
	f.write(w, r, status, f.Body(kind, gateway.Message(err)))
}

// retryAfter is how long err asks the caller to wait; zero when it does not.
func retryAfter(err error) time.Duration {
	var e *gateway.Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// NotFound answers a path that no route of the mount matches.
func (f Failures) NotFound() http.Handler {
	return f.fixed(http.StatusNotFound, gateway.NotFound, "There is nothing at this address.")
}

// MethodNotAllowed answers a method that the path does not take.
func (f Failures) MethodNotAllowed() http.Handler {
	return f.fixed(http.StatusMethodNotAllowed, gateway.Invalid, "This address does not take this method.")
}

func (f Failures) fixed(status int, kind gateway.Kind, message string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.write(w, r, status, f.Body(kind, message))
	})
}

func (f Failures) write(w http.ResponseWriter, r *http.Request, status int, body any) {
	if err := Encode(w, status, body); err != nil {
		NoteError(r.Context(), err)
	}
}

// watchedWriter knows whether the answer has begun.
type watchedWriter struct {
	http.ResponseWriter
	started bool
}

func (w *watchedWriter) WriteHeader(status int) {
	w.started = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	w.started = true
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
