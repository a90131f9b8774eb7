package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind sorts errors by what the caller can do about them. Every dialect maps
// every kind to a status of its own; no other package knows HTTP statuses.
type Kind string

// The kinds of errors.
const (
	Invalid      Kind = "invalid"      // the request cannot be read: a bad body, a wrong type, a missing field
	Refused      Kind = "refused"      // well-formed, but not offered: an unknown plan, region or option
	Unauthorized Kind = "unauthorized" // wrong or missing credentials
	NotFound     Kind = "not_found"    // no such resource, ever
	Gone         Kind = "gone"         // there was one; it is deprovisioned
	Conflict     Kind = "conflict"     // the id is taken by something different
	Busy         Kind = "busy"         // another operation on the resource is running; repeat later
	Quota        Kind = "quota"        // a capacity or limit is reached
	Unsupported  Kind = "unsupported"  // this plan change cannot be made
	Unavailable  Kind = "unavailable"  // unfinished or a dependency is down; repeating the request is right
	Internal     Kind = "internal"     // our fault
)

// Kinds lists every kind, so that a test can prove that a table has no hole.
func Kinds() []Kind {
	return slices.Clone([]Kind{Invalid, Refused, Unauthorized, NotFound, Gone, Conflict, Busy, Quota, Unsupported, Unavailable, Internal})
}

// Error is a failure with a kind, one sentence that a customer may read, and
// the cause, which only our own log sees.
type Error struct {
	Kind    Kind
	Message string // one safe sentence; never holds a value from a backend or a secret
	Cause   error  // may be nil

	// RetryAfter, when positive, tells how long a repeat should wait.
	RetryAfter time.Duration
}

// Errorf makes an Error without a cause. The message goes to customers.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// faultMessage is all that a customer reads of what is our own fault.
const faultMessage = "Something went wrong on our side. Please try again later."

// Fault makes the Error of what is our own fault: the cause is for our log.
func Fault(cause error) *Error {
	return &Error{Kind: Internal, Message: faultMessage, Cause: cause}
}

// Error describes the failure for our own log.
func (e *Error) Error() string {
	if e.Cause == nil {
		return fmt.Sprintf("%s: %s", e.Kind, e.Message)
	}
	return fmt.Sprintf("%s: %s: %v", e.Kind, strings.TrimSuffix(e.Message, "."), e.Cause)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf returns the kind of the first Error in err's chain, and Internal for
// an error that nobody classified.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Message returns the sentence a customer may read.
func Message(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Message != "" {
		return e.Message
	}
	return faultMessage
}
