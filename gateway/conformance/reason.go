package conformance

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
)

var (
	// errNotSent is in the errors of requests that never left.
	errNotSent = errors.New("the request was not sent")

	errTooLate = errors.New("no answer in time")
)

// reason takes the addresses out of an error: one may carry a sign-on's token,
// and whoever reads the error sees the address beside it.
func reason(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	op, ofNetwork := errors.AsType[*net.OpError](err)
	if ofNetwork && op.Op == "dial" {
		return dialError{op}
	}
	if n, ok := errors.AsType[net.Error](err); errors.Is(err, context.DeadlineExceeded) || ok && n.Timeout() {
		return errTooLate
	}
	if ofNetwork || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the connection was closed without an answer")
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
