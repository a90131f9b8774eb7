package nanobox

import (
	"context"
	"fmt"
	"net/http"
	"regexp"

	"github.com/addongw/addongw/gateway/conformance"
)

func (o ordered) status() []string {
	if got := o.order.Answer.Status; got != http.StatusCreated {
		return []string{fmt.Sprintf("status is %d, not 201", got)}
	}
	return nil
}

func (o ordered) only() []string {
	if n := len(answered(o.order)); n != 1 {
		return []string{fmt.Sprintf("the answer has %d members, not only an id", n)}
	}
	return nil
}

var inPath = regexp.MustCompile(`^[A-Za-z0-9._:@+=~-]+$`)

func (o ordered) characters() []string {
	if !inPath.MatchString(o.id) {
		return []string{"the id has characters that an address has not"}
	}
	return nil
}

// found judges the answer right behind the order.
func (o ordered) found() []string {
	if !o.first.Answer.Succeeded() {
		return []string{fmt.Sprintf("right after the order its status is %d, not 2xx", o.first.Answer.Status)}
	}
	return nil
}

// becomesActive waits for the server, and judges the first answer that says so,
// be it the very first.
func becomesActive(ctx context.Context, s *conformance.Session) conformance.Finding {
	o, why := server(ctx, s)
	if why != "" {
		return conformance.Finding{Blocked: why}
	}
	if why := awaken(ctx, s, o); why != "" {
		return conformance.Finding{Problems: []string{why}}
	}
	first := *o.active
	if statusOf(o.first) == "active" {
		first = o.first
	}
	body := answered(first)
	var problems []string
	if !isText(body["internal_ip"]) {
		problems = append(problems, "the server is active and has no internal_ip")
	}
	if !isText(body["external_ip"]) && s.Provider.Known["one_interface"] == "" {
		problems = append(problems, "the server is active and has no external_ip")
	}
	if body["id"] != o.id {
		problems = append(problems, "the id is not the text that the order answered")
	}
	return finding(problems)
}

func password(ctx context.Context, s *conformance.Session) conformance.Finding {
	if s.Provider.Known["password_mode"] == "" {
		return conformance.Finding{Skipped: "the metadata says that keys open servers"}
	}
	return onServer(func(o ordered) []string {
		if o.active == nil || !isText(answered(*o.active)["password"]) {
			return []string{"the server is active and has no password"}
		}
		return nil
	})(ctx, s)
}

func noPassword(ctx context.Context, s *conformance.Session) conformance.Finding {
	if s.Provider.Known["password_mode"] != "" {
		return conformance.Finding{Skipped: "the metadata says that passwords open servers"}
	}
	return onServer(func(o ordered) []string {
		for _, call := range append([]conformance.Call{o.first}, o.until...) {
			if _, has := answered(call)["password"]; has {
				return []string{"the server has a password"}
			}
		}
		return nil
	})(ctx, s)
}
