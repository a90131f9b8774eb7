package backend

import (
	"context"
	"fmt"
	"path"
	"runtime"
	"runtime/debug"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// recoverUnary keeps a panic in one call from ending all calls.
func recoverUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
	defer func() { err = recovered(recover(), info.FullMethod, err) }()
	return handler(ctx, req)
}

func recoverStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	defer func() { err = recovered(recover(), info.FullMethod, err) }()
	return handler(srv, stream)
}

// recovered tells the log of a panic, and the caller where it was. Its value may hold
// anything, so it is for the log alone, where the gateway masks the secrets that it
// knows.
func recovered(panicked any, method string, err error) error {
	if panicked == nil {
		return err
	}
	what := "panic in " + path.Base(method)
	if at := placeOfPanic(); at != "" {
		what += " at " + at
	}
	Logger().Error(fmt.Sprintf("%s: %v", what, panicked), "method", method, "stack", string(debug.Stack()))
	return status.Error(codes.Internal, what)
}

// placeOfPanic is the file and line at which the code of the plugin's author was left:
// the innermost in the package of the method that was called. It is empty where that
// is not known.
func placeOfPanic() string {
	pcs := make([]uintptr, 256)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	var inside []runtime.Frame // from the panic outwards
	panicking := false
	for {
		frame, more := frames.Next()
		if frame.Function == "runtime.gopanic" {
			panicking, inside = true, nil
		} else if panicking && strings.HasPrefix(frame.Function, calledBy) {
			break
		} else if panicking && frame.Line > 0 && !strings.HasPrefix(frame.File, "<") {
			inside = append(inside, frame)
		}
		if !more {
			break
		}
	}
	for _, frame := range inside {
		if packageOf(frame.Function) == packageOf(inside[len(inside)-1].Function) {
			return fmt.Sprintf("%s:%d", frame.File, frame.Line)
		}
	}
	return ""
}

// calledBy is how the names of the functions begin that call a Backend.
const calledBy = "github.com/addongw/addongw/plugins/backend.(*server)."

// packageOf is the package in the full name of a function.
func packageOf(function string) string {
	folder, name := path.Split(function)
	name, _, _ = strings.Cut(name, ".")
	return folder + name
}
