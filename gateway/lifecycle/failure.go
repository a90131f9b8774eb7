package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// answerTo is what platforms and customers are told when an operation has
// failed for good.
type answerTo struct {
	kind    gateway.Kind
	message string
}

// answersTo maps classes of failures. CONFLICT is ours to sort out, not the
// customer's: the name that is taken was derived by us.
var answersTo = map[backend.Class]answerTo{
	backend.Retryable:   {gateway.Unavailable, "The service could not be reached. Please try again later."},
	backend.Invalid:     {gateway.Refused, "The service cannot be set up with these settings."},
	backend.NotFound:    {gateway.Refused, "The service no longer exists."},
	backend.Conflict:    {gateway.Internal, "Something went wrong on our side. Our team has to look at it."},
	backend.Quota:       {gateway.Quota, "There is no capacity left at the moment. Please try again later or choose another plan."},
	backend.Unsupported: {gateway.Unsupported, "This change of plan is not possible."},
	backend.Internal:    {gateway.Internal, gateway.Fault(nil).Message},

	backend.Unauthorized: {gateway.Unauthorized, "The credentials were refused."},
}

// answersAbout are the answers that differ where a server or a key is meant. What
// is in conflict there is what the caller named, at a provider of the caller's own.
var answersAbout = map[backend.Class]answerTo{
	backend.Invalid:     {gateway.Refused, "This cannot be done with these settings."},
	backend.NotFound:    {gateway.NotFound, "There is no such thing at the provider."},
	backend.Conflict:    {gateway.Conflict, "There is something of this name at the provider already."},
	backend.Quota:       {gateway.Quota, "The provider has no capacity left at the moment. Please try again later or choose another size."},
	backend.Unsupported: {gateway.Unsupported, "The provider cannot do this."},
}

// permanent reports whether repeating the call of verb can never help.
func permanent(class backend.Class, verb backend.Verb) bool {
	switch class {
	case backend.Invalid, backend.Conflict, backend.Unsupported, backend.NotFound:
		return true
	case backend.Unauthorized:
		return verb != backend.VerbDeprovision // that waits for better ones
	case backend.Quota:
		// An order without room is over; room for what must be done comes back.
		return verb == backend.VerbProvision || verb == backend.VerbChangePlan
	default:
		return false
	}
}

// answerFor returns what is told about a failure, and nothing that the backend
// said unless it said it for the customer.
func answerFor(f *backend.Failure, action string, redact func(string) string) answerTo {
	a, ok := answersTo[f.Class]
	if !ok {
		a = answersTo[backend.Internal]
	}
	if other, ok := answersAbout[f.Class]; ok && action != "" {
		a = other
	}
	if f.Customer != "" {
		a.message = redact(f.Customer)
	}
	return a
}

// asFailure turns what ended a call into a failure to judge. An error that is
// none leaves the outcome unknown, which is always worth a repeat.
func asFailure(err error) *backend.Failure {
	var f *backend.Failure
	if errors.As(err, &f) {
		return f
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return backend.Failf(backend.Retryable, "the call ran out of time, its outcome is unknown")
	}
	return backend.Failf(backend.Retryable, "%v", err)
}

// longestError bounds the texts kept in the tables, in bytes.
const longestError = 2000

// clip makes a text fit for the tables: one line, valid, not too long.
func clip(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if len(text) <= longestError {
		return text
	}
	cut := longestError
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// repeatAfter is how long platforms are asked to wait before they repeat.
const repeatAfter = 5 * time.Second

// unfinished answers a request whose waiting is over while the operation goes on.
func unfinished(cause error) *gateway.Error {
	return &gateway.Error{
		Kind:       gateway.Unavailable,
		Message:    "The service is still being set up. Please try again in a moment.",
		Cause:      cause,
		RetryAfter: repeatAfter,
	}
}

// unrecorded answers a request whose intent could not be written: nothing has
// happened.
func unrecorded(cause error) *gateway.Error {
	var known *gateway.Error
	if errors.As(cause, &known) {
		return known
	}
	return &gateway.Error{
		Kind:       gateway.Unavailable,
		Message:    "Orders cannot be recorded at the moment. Please try again later.",
		Cause:      cause,
		RetryAfter: repeatAfter,
	}
}

// unreadable answers when a stored row cannot be opened.
func unreadable(cause error) *gateway.Error {
	return gateway.Fault(fmt.Errorf("read a stored resource: %w", cause))
}

// classified makes sure that an error of a neighbour has a kind.
func classified(err error) error {
	var known *gateway.Error
	if errors.As(err, &known) {
		return known
	}
	return gateway.Fault(err)
}
