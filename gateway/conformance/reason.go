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

// reason takes the addresses out of an error, save for whom it could not reach:
// one may carry a sign-on's token.
func reason(err error) error {
	at := ""
	if u, ok := errors.AsType[*url.Error](err); ok {
		at, err = server(u.URL), u.Err
	}
	op, ofNetwork := errors.AsType[*net.OpError](err)
	if ofNetwork && op.Op == "dial" {
		return dialError{op, at}
	}
	if n, ok := errors.AsType[net.Error](err); errors.Is(err, context.DeadlineExceeded) || ok && n.Timeout() {
		return errTooLate
	}
	if ofNetwork || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the connection was closed without an answer")
	}
	return err
}

// server is an address up to its path.
func server(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// dialError says whom nobody could reach.
type dialError struct {
	cause *net.OpError
	at    string // of whom
}

// Error leaves the path out, and what is behind it.
func (e dialError) Error() string { return "nobody answers at " + e.at + ": " + e.why() }

// why says it in a few words.
func (e dialError) why() string {
	if dns, ok := errors.AsType[*net.DNSError](e.cause); ok {
		return "the name " + dns.Name + " is not known"
	}
	if system, ok := errors.AsType[*os.SyscallError](e.cause); ok {
		return system.Err.Error()
	}
	return e.cause.Err.Error()
}

// nameless reports whether nobody could be reached because a name is not known.
func nameless(err error) bool {
	dial, ok := errors.AsType[dialError](err)
	if !ok {
		return false
	}
	_, ok = errors.AsType[*net.DNSError](dial.cause)
	return ok
}

// Is makes it an errNotSent.
func (dialError) Is(target error) bool { return target == errNotSent }

// why is an error without the address, for whoever names it.
func why(err error) string {
	if dial, ok := errors.AsType[dialError](err); ok {
		return dial.why()
	}
	return err.Error()
}
