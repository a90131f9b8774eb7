package conformance

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
)

// errNotSent is in the errors of requests that never left.
var errNotSent = errors.New("the request was not sent")

// reason takes the address out of an error: it may carry a sign-on's token, and
// whoever reads the error sees the address beside it.
func reason(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return dialError{op}
	}
	if n, ok := errors.AsType[net.Error](err); errors.Is(err, context.DeadlineExceeded) || ok && n.Timeout() {
		return errors.New("no answer in time")
	}
	return err
}

// dialError says in a few words why nobody was reached.
type dialError struct{ cause *net.OpError }

// Error leaves the address out.
func (e dialError) Error() string {
	if dns, ok := errors.AsType[*net.DNSError](e.cause); ok {
		return "the name " + dns.Name + " is not known"
	}
	if system, ok := errors.AsType[*os.SyscallError](e.cause); ok {
		return system.Err.Error()
	}
	return e.cause.Err.Error()
}

// Is makes it an errNotSent.
func (dialError) Is(target error) bool { return target == errNotSent }
