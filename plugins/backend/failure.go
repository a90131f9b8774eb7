package backend

import (
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// Class sorts failures by what the gateway does about them.
type Class string

// The classes of failures.
const (
	Retryable    Class = "RETRYABLE"    // the server is down, a lock is held, time ran out: the same call again, later
	Invalid      Class = "INVALID"      // a bad plan or parameter: refused, never repeated
	NotFound     Class = "NOT_FOUND"    // the target is absent: success for Deprovision, otherwise refused
	Conflict     Class = "CONFLICT"     // the name exists and is not ours: an operator must look; it is never adopted
	Quota        Class = "QUOTA"        // capacity or a limit is reached
	Unsupported  Class = "UNSUPPORTED"  // this plan change is impossible, or there is no such action; the resource is as it was
	Internal     Class = "INTERNAL"     // a bug, or what an operator alone can mend: a few repeats, then an order is over and all else parked
	Unauthorized Class = "UNAUTHORIZED" // the caller's credentials were refused; never repeated
)

// Classes lists every class.
func Classes() []Class {
	return []Class{Retryable, Invalid, NotFound, Conflict, Quota, Unsupported, Internal, Unauthorized}
}

// Failure is an answer, not an accident: the plugin knows what went wrong.
// Everything else that ends a call leaves the outcome unknown.
type Failure struct {
	Class   Class
	Message string // for operators; no secrets

	// Customer is a sentence the customer may read, where there is something
	// useful to say ("Your data is larger than this plan allows."); else empty.
	Customer string

	Path       cty.Path      // INVALID: the attribute at fault, in plan.params or config
	RetryAfter time.Duration // RETRYABLE: not before this time; 0: the gateway's own back-off
}

// Failf makes a Failure.
func Failf(class Class, format string, args ...any) *Failure {
	return &Failure{Class: class, Message: fmt.Sprintf(format, args...)}
}

// Error gives class and message.
func (f *Failure) Error() string { return string(f.Class) + ": " + f.Message }
