package nanobox

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
)

// settling is how long a new name may take until it shows.
const settling = 10 * time.Second

// rebootWithName sends what the document prints for a rename. A reboot itself
// cannot be seen from here; a name that was taken, or refused, can.
func rebootWithName(ctx context.Context, s *conformance.Session) conformance.Finding {
	if s.Provider.Known["can_reboot"] == "" {
		return conformance.Finding{Skipped: "the metadata says that servers cannot be rebooted"}
	}
	return rename(ctx, s, func(c Client, id, name string) conformance.Request {
		r := c.Rename(id, name)
		r.URL = c.Reboot(id).URL
		return r
	}, func(status int) conformance.Finding {
		if status/100 == 4 {
			return conformance.Finding{}
		}
		return conformance.Finding{Problems: []string{fmt.Sprintf("status is %d, neither a refusal nor success", status)}}
	}, "it was answered with success, and the server has kept its name")
}

func newNameShows(ctx context.Context, s *conformance.Session) conformance.Finding {
	if s.Provider.Known["can_rename"] == "" {
		return conformance.Finding{Skipped: "the metadata says that servers cannot be renamed"}
	}
	return rename(ctx, s, Client.Rename, func(status int) conformance.Finding {
		return conformance.Finding{Blocked: fmt.Sprintf("a new name: status is %d", status)}
	}, "the server has kept its name")
}

// rename sends what should give a server another name, and looks whether it
// has it. refused judges what is no success.
func rename(ctx context.Context, s *conformance.Session, request func(c Client, id, name string) conformance.Request,
	refused func(status int) conformance.Finding, kept string) conformance.Finding {
	o, why := server(ctx, s)
	if why == "" {
		why = awaken(ctx, s, o)
	}
	if why != "" {
		return conformance.Finding{Blocked: why}
	}
	c, name := NewClient(s.Provider), newName()+".1.4"
	call, err := s.Send(ctx, request(c, o.id, name))
	switch {
	case err != nil:
		return conformance.Finding{Problems: []string{err.Error()}}
	case !call.Answer.Succeeded():
		return refused(call.Answer.Status)
	}
	shown := until(ctx, min(settling, s.Wait), func(ctx context.Context) bool {
		call, err := s.Send(ctx, c.Server(o.id))
		return err == nil && answered(call)["name"] == name
	})
	if !shown {
		return conformance.Finding{Problems: []string{kept}}
	}
	return conformance.Finding{}
}

// until asks again and again, and reports whether it was so in time.
func until(ctx context.Context, limit time.Duration, so func(context.Context) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		if so(ctx) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
	}
}

// cancelled looks back at all servers that were cancelled.
func cancelled(_ context.Context, s *conformance.Session) conformance.Finding {
	var problems []string
	for _, call := range s.Calls() {
		a := call.Answer
		switch {
		case route(s, call) != "DELETE /servers/…" || !a.Succeeded():
		case a.Status != http.StatusOK:
			problems = add(problems, fmt.Sprintf("status is %d, not 200", a.Status))
		case len(a.Body) > 0:
			problems = add(problems, fmt.Sprintf("the body has %d bytes, not none", len(a.Body)))
		}
	}
	return finding(problems)
}

// goes cancels a server and waits for its end.
func goes(ctx context.Context, s *conformance.Session) conformance.Finding {
	o, why := server(ctx, s)
	if why != "" {
		return conformance.Finding{Blocked: why}
	}
	c := NewClient(s.Provider)
	call, err := s.Send(ctx, c.Cancel(o.id))
	if err != nil || !call.Answer.Succeeded() {
		return conformance.Finding{Blocked: "its end: " + failure(call, err)}
	}
	active, reminder := false, s.Reminder(o.id+" to go")
	gone := until(ctx, s.Wait, func(ctx context.Context) bool {
		reminder.Look()
		call, err := s.Send(ctx, c.Server(o.id))
		active = active || err == nil && statusOf(call) == "active"
		return err == nil && call.Answer.Status/100 == 4
	})
	switch {
	case active:
		return conformance.Finding{Problems: []string{"the server was cancelled and is active"}}
	case !gone:
		return conformance.Finding{Problems: []string{"after " + conformance.Duration(s.Wait) + " the server is still there"}}
	}
	return conformance.Finding{}
}
