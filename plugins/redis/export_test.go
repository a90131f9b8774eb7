package redis

import (
	"context"
	"time"
)

// SetClock gives the backend another clock.
func (b *Backend) SetClock(now func() time.Time) { b.now = now }

// SetGrace says how long servers get to end, from the next Configure on.
func (b *Backend) SetGrace(d time.Duration) { b.grace = d }

// Saver is for the test of coalesced saves.
type Saver = saver

// Save is save.
func (s *saver) Save(ctx context.Context, do func(context.Context) error) error {
	return s.save(ctx, do)
}

// Cgroups is a hierarchy at a folder of the test's.
func Cgroups(root, limit string, v2 bool) cgroups { return cgroups{root: root, limit: limit, v2: v2} }

// FindCgroups is findCgroups, of one place.
func FindCgroups(c cgroups) error {
	_, err := findCgroups([]cgroups{c})
	return err
}

// Limit is set.
func (c cgroups) Limit(name string, bytes int64) error { return c.set(name, bytes) }

// SetIdle says how long a runner stays that has nothing to run.
func SetIdle(d time.Duration) { idleAfter = d }
