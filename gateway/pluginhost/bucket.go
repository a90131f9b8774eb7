package pluginhost

import "time"

// bucket limits how often something happens: so many times at once, then one
// more for each period. The zero bucket is full. It has no lock.
type bucket struct {
	empty time.Time // when, counted back from now, the bucket would have begun to fill
}

// take takes one out and returns 0, or tells how long to wait for one.
func (b *bucket) take(now time.Time, most int, period time.Duration) (wait time.Duration) {
	if full := now.Add(-time.Duration(most) * period); b.empty.Before(full) {
		b.empty = full
	}
	if next := b.empty.Add(period); !next.After(now) {
		b.empty = next
		return 0
	}
	return b.empty.Add(period).Sub(now)
}
