package lifecycle

import (
	"math/rand/v2"
	"time"

	"github.com/addongw/addongw/plugins/backend"
)

// internalAttempts bounds the attempts that follow a first INTERNAL, itself
// included: a bug seldom goes away by itself.
const internalAttempts = 5

// patience is how old an operation may get while its backend names a time to
// come back (retry_after), as one does that works in the background: until
// then such an answer is no attempt. From then on it counts like any trouble,
// so work that is never done is given up too.
const patience = time.Hour

// leaseGrace is how long an operation stays its owner's beyond the call's
// timeout: time to record the result.
const leaseGrace = 15 * time.Second

// withDefaults fills what is zero.
func (l Limits) withDefaults() Limits {
	if l.Concurrency <= 0 {
		l.Concurrency = 16
	}
	if l.MaxAttempts <= 0 {
		l.MaxAttempts = 20
	}
	if l.MinBackoff <= 0 {
		l.MinBackoff = 200 * time.Millisecond
	}
	if l.MaxBackoff <= 0 {
		l.MaxBackoff = time.Minute
	}
	return l
}

// limitsFor returns the limits of the calls of verb to a backend or, by their
// verb, to a platform.
func (e *Engine) limitsFor(a *active, name string, verb backend.Verb) Limits {
	if callsPlatform(verb) {
		return e.platformLimits
	}
	var limits Limits
	if a != nil {
		_, limits, _ = a.backends.Backend(name)
	}
	return limits.withDefaults()
}

// timeout is how long one call of verb may take.
func (l Limits) timeout(verb backend.Verb) time.Duration {
	if d := l.Timeouts[verb]; d > 0 {
		return d
	}
	switch verb {
	case backend.VerbDeprovision:
		return 2 * time.Minute
	case backend.VerbInvoke: // a server takes its time
		return 10 * time.Minute
	default:
		return 20 * time.Second
	}
}

// longest is the longest timeout of some verbs.
func (l Limits) longest(verbs []backend.Verb) time.Duration {
	var d time.Duration
	for _, verb := range verbs {
		d = max(d, l.timeout(verb))
	}
	return d
}

// backoff is how long the operation rests after its attempt-th attempt: twice
// as long each time, and half of it by chance, so that operations that failed
// together do not return together.
func (l Limits) backoff(attempt int) time.Duration {
	d := l.MinBackoff
	for i := 1; i < attempt && d < l.MaxBackoff; i++ {
		d *= 2
	}
	d = min(d, l.MaxBackoff)
	return d/2 + rand.N(d/2+1)
}
