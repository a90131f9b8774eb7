package pluginhost

import (
	"math/rand/v2"
	"time"
)

// timing is how patient a host is. Tests are less patient.
type timing struct {
	minBackoff time.Duration // before the first restart; default 100 ms
	maxBackoff time.Duration // between later ones; default 30 s
	window     time.Duration // crashes within it count together; default 1 min
	crashes    int           // so many in the window open the breaker; default 5
	cooldown   time.Duration // how long it stays open; default 30 s
	ping       time.Duration // between health pings; default 10 s
	pingWait   time.Duration // for one answer; default 5 s
	patience   time.Duration // how long a call waits for a restart; default 2 s
	check      time.Duration // for one ValidateConfig, ValidatePlan or Configure; default 30 s
}

func (t timing) withDefaults() timing {
	return timing{
		minBackoff: or(t.minBackoff, 100*time.Millisecond),
		maxBackoff: or(t.maxBackoff, 30*time.Second),
		window:     or(t.window, time.Minute),
		crashes:    or(t.crashes, 5),
		cooldown:   or(t.cooldown, 30*time.Second),
		ping:       or(t.ping, 10*time.Second),
		pingWait:   or(t.pingWait, 5*time.Second),
		patience:   or(t.patience, 2*time.Second),
		check:      or(t.check, 30*time.Second),
	}
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// backoff decides when a plugin that crashed is started again. Starting costs
// 20 ms: it exists to stop crash loops, not to save time.
type backoff struct {
	timing timing
	recent []time.Time // crashes within the window
	inARow int         // crashes, each soon after the one before
}

// crashed notes a crash and tells how long to wait. open means that the breaker
// is open meanwhile: calls are refused without waiting. One start after that
// is a trial: the crashes before it still count.
func (b *backoff) crashed(now time.Time) (wait time.Duration, open bool) {
	var recent []time.Time
	for _, crash := range b.recent {
		if now.Sub(crash) < b.timing.window {
			recent = append(recent, crash)
		}
	}
	if len(recent) == 0 {
		b.inARow = 0
	}
	b.recent = append(recent, now)
	wait = min(b.timing.minBackoff<<min(b.inARow, 20), b.timing.maxBackoff)
	b.inARow++
	if len(b.recent) >= b.timing.crashes {
		return jitter(b.timing.cooldown), true
	}
	return jitter(wait), false
}

// jitter spreads d by a quarter in both directions, so that backends that fell
// together do not rise together.
func jitter(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2+1)
}
