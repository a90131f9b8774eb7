package conformance

import (
	"cmp"
	"time"
)

// How long something is waited for without a word, and how often that is said
// from then on.
const (
	remindAfter = 20 * time.Second
	remindEvery = 30 * time.Second
)

// Reminder tells whoever watches a run, now and then, what is being waited for:
// a run that is silent for minutes looks as if it had died.
type Reminder struct {
	what  string
	tell  func(what string)
	every time.Duration
	due   time.Time
}

// Reminder begins to wait for something, such as "srv_1 to become active".
func (s *Session) Reminder(what string) *Reminder { return s.run.reminder(what) }

func (r *run) reminder(what string) *Reminder {
	o := r.options
	return &Reminder{
		what: Printable(what), tell: o.Waiting, every: cmp.Or(o.RemindEvery, remindEvery),
		due: time.Now().Add(cmp.Or(o.RemindAfter, remindAfter)),
	}
}

// Look tells it where it is time to. It is called each time that there was
// something to see.
func (r *Reminder) Look() {
	if now := time.Now(); r.tell != nil && !now.Before(r.due) {
		r.tell(r.what)
		r.due = now.Add(r.every)
	}
}
