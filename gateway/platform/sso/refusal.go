package sso

import (
	"errors"
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway"
)

// Forged is the error for a sign-on that the platform did not make. It tells
// the log what is wrong, and the sender nothing.
func Forged(cause error) error {
	return &gateway.Error{Kind: gateway.Unauthorized, Cause: cause, Message: "This link does not work. Open the add-on from your dashboard."}
}

// Admit returns nil for a timestamp inside the window. It is asked of sign-ons
// that the salt's owner made, so its errors may say what is wrong with them.
func (w Window) Admit(t Timestamp, now time.Time) error {
	err := w.Check(t, now)
	var expired *ExpiredError
	switch {
	case errors.As(err, &expired):
		return &gateway.Error{Kind: gateway.Unauthorized, Cause: err, Message: fmt.Sprintf(
			"This link is %s old; open the add-on again from your dashboard.", expired.Words())}
	case err != nil:
		return Forged(err)
	default:
		return nil
	}
}
