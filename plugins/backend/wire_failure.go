package backend

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

// classCodes pairs our classes with those of the wire.
func classCodes() map[Class]backendpb.Failure_Class {
	return map[Class]backendpb.Failure_Class{
		Retryable:    backendpb.Failure_CLASS_RETRYABLE,
		Invalid:      backendpb.Failure_CLASS_INVALID,
		NotFound:     backendpb.Failure_CLASS_NOT_FOUND,
		Conflict:     backendpb.Failure_CLASS_CONFLICT,
		Quota:        backendpb.Failure_CLASS_QUOTA,
		Unsupported:  backendpb.Failure_CLASS_UNSUPPORTED,
		Internal:     backendpb.Failure_CLASS_INTERNAL,
		Unauthorized: backendpb.Failure_CLASS_UNAUTHORIZED,
	}
}

// failure encodes f. A class that is not listed is sent as Internal.
func (e *encoder) failure(f *Failure) *backendpb.Failure {
	class, ok := classCodes()[f.Class]
	if !ok {
		class = backendpb.Failure_CLASS_INTERNAL
	}
	m := &backendpb.Failure{
		Class:    class,
		Message:  text(f.Message),
		Customer: text(f.Customer),
		Path:     e.path("failure path", f.Path),
	}
	if f.RetryAfter > 0 {
		m.RetryAfter = durationpb.New(f.RetryAfter)
	}
	return m
}

// failure decodes m. It takes anything: a failure that cannot be read well is a
// failure all the same, and losing it would hide the answer.
func (d *decoder) failure(m *backendpb.Failure) *Failure {
	f := &Failure{Class: Internal, Message: m.GetMessage(), Customer: m.GetCustomer()}
	for class, code := range classCodes() {
		if code == m.GetClass() {
			f.Class = class
		}
	}
	if path, err := decodePath(m.GetPath()); err == nil {
		f.Path = path
	}
	if m.GetRetryAfter().IsValid() {
		f.RetryAfter = max(0, m.GetRetryAfter().AsDuration())
	}
	return f
}

// statusError is what the server ends a call with whose outcome is unknown.
func statusError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, text(err.Error()))
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, text(err.Error()))
	}
	// A status that the plugin got from somewhere else is not its own answer.
	return status.Error(codes.Unknown, text(err.Error()))
}

// callError reads what a call ended with on the client's side. Unimplemented
// is an answer, made before anything was done; everything else leaves the
// outcome unknown. The gRPC status stays in the chain, and so does the
// context's own error.
func callError(ctx context.Context, method string, err error) error {
	if status.Code(err) == codes.Unimplemented {
		return Failf(Unsupported, "the plugin does not implement %s", method)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
	return fmt.Errorf("%s: %w", method, err)
}
