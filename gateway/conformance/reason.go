package conformance

import (
	"context"
	"errors"
	"net"
	"net/url"
)

// reason takes the address out of an error: it may carry a sign-on's token, and
// whoever reads the error sees the address beside it.
func reason(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var n net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout() {
		return errors.New("no answer in time")
	}
	return err
}
