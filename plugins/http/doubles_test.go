package http

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
)

// careless is an API that makes one account for each order that it gets, whatever
// was ordered before.
func careless(t *testing.T) *saas {
	s := newSaaS(t)
	s.keyless, s.doubles = true, true
	return s
}

const keyless = "idempotency_header = \"\"\ntimeout = \"1s\"\nmax_response = 65536\n"

// insist orders as the gateway does: a few times after an INTERNAL failure, more
// often after others. What is given up is removed; the error is that of the order
// or else that of the removal.
func insist(t *testing.T, h *hosted, op backend.Op) (ordered, removed error) {
	t.Helper()
	last := 8
	for {
		result, r, err := provision(t, h, op)
		if err == nil {
			_, err = deprovision(t, h, following(op, result))
			return nil, err
		}
		if isFailure(err, backend.Internal) {
			last = min(last, op.Attempt+4)
		}
		next := r.again(op)
		if isFailure(err, backend.Invalid, backend.NotFound, backend.Conflict, backend.Quota, backend.Unsupported) || op.Attempt >= last {
			_, removed = deprovision(t, h, following(next, backend.Result{State: next.State}))
			return err, removed
		}
		op = next
	}
}

func orders(s *saas) int { return strings.Count(strings.Join(s.requests(), "\n"), "POST ") }

// Whatever goes wrong with an order, and however often, an API that doubles is
// left with what it was before, as long as find can tell.
func TestAnAPIThatDoublesMakesOneAccount(t *testing.T) {
	t.Parallel()
	for name, c := range faults() {
		for kind, blocks := range map[string]string{"at once": verbs, "in the background": later} {
			for _, times := range []int{1, 3} {
				t.Run(fmt.Sprint(name, ", ", kind, ", ", times), func(t *testing.T) {
					t.Parallel()
					s := careless(t)
					h := configured(t, s.mailwind(blocks+find+keyless))
					s.unlucky = slices.Repeat([]fault{c.fault}, times)
					ordered, removed := insist(t, h, someOp(t))
					if removed != nil || s.count() != 0 || s.makes() > 1 {
						t.Errorf("ordered: %v, removed: %v; %d made, %d left: %q", ordered, removed, s.makes(), s.count(), s.requests())
					}
				})
			}
		}
	}
}

// Without find nobody can tell, so an order that may have been carried out is not
// sent again, and an operator is told what to look for.
func TestWhatNobodyCanTellIsNotOrderedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault fault
		poll  string // of provision
		words string
	}{
		"lost":                      {lost, "", "an order before may have been carried out"},
		"too slow":                  {slow, "", "an order before may have been carried out"},
		"500":                       {carriesOut(says(500, "{}")), "", "an order before may have been carried out"},
		"no JSON":                   {carriesOut(says(200, "<html>")), "", "its answer could not be used"},
		"another answer":            {carriesOut(says(201, `{"id":7}`, "Content-Type", "application/json")), "", "its answer could not be used"},
		"no Location":               {carriesOut(says(202, `{}`)), "poll {\n}\n", "does not say where to ask"},
		"a path of nothing":         {carriesOut(says(202, `{}`)), "poll {\n path = \"/ops/${response.body.task}\"\n}\n", "does not say where to ask"},
		"a path to nowhere":         {carriesOut(says(202, `{}`, "Location", "/v2/nowhere")), "poll {\n}\n", "does not know the work any more"},
		"work that fails":           {carriesOut(says(202, `{"state":"failed"}`)), "poll {\n failed = response.body.state == \"failed\"\n}\n", "has failed"},
		"done at once, lost result": {carriesOut(says(201, `{"at":"/v2/nowhere"}`)), "poll {\n result = response.body.at\n}\n", "its answer could not be used"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := careless(t)
			h := configured(t, s.mailwind(strings.Replace(verbs, "provision {\n", "provision {\n"+c.poll, 1)+keyless))
			s.next(c.fault)
			op := someOp(t)
			ordered, removed := insist(t, h, op)
			wantFailure(t, ordered, backend.Internal, c.words, "not sent again", op.ResourceID)
			wantFailure(t, removed, backend.Internal, op.ResourceID)
			if s.makes() != 1 || orders(s) != 1 {
				t.Errorf("%d made by %q", s.makes(), s.requests())
			}
		})
	}
}

// What was refused, or never sent, is no order, and what is made at one address is
// there once: both are sent again.
func TestWhatCannotDoubleIsOrderedAgain(t *testing.T) {
	t.Parallel()
	s := careless(t)
	h := configured(t, s.mailwind(verbs+keyless))
	s.next(says(429, "{}"))
	if ordered, removed := insist(t, h, someOp(t)); ordered != nil || removed != nil || s.makes() != 1 {
		t.Errorf("%v, %v, %d made", ordered, removed, s.makes())
	}
	for _, way := range []string{"method = \"PUT\"\n", "expect = [201, 409]\n"} {
		s := careless(t)
		h := configured(t, connection(s.URL)+"provision {\n path = \"/x\"\n"+way+"}\ndeprovision {\n path = \"/x\"\n}\n"+keyless)
		s.next(lost, says(201, ""))
		if ordered, _ := insist(t, h, someOp(t)); ordered != nil || s.requests()[1] == "DELETE /v2/x" {
			t.Errorf("%s: %v, %q", way, ordered, s.requests())
		}
	}
}

// An order whose answer tells nothing, or whose work nobody can ask for, is looked
// for until it is there.
func TestWhatWasAcceptedIsLookedForAndNotOrderedAgain(t *testing.T) {
	t.Parallel()
	empty := says(200, "[]", "Content-Type", "application/json")
	for name, c := range map[string]struct {
		poll   string
		answer fault
	}{
		"neither path nor Location":      {"poll {\n}\n", says(202, "{}")},
		"a path of what is not there":    {"poll {\n path = \"/ops/${response.body.task}\"\n}\n", says(202, "{}")},
		"a path that leads nowhere":      {"poll {\n path = \"/ops/${response.body.task}\"\n}\n", says(202, `{"task":"t1"}`)},
		"an address that holds a secret": {"poll {\n}\n", says(202, "", "Location", "/v2/ops/secret-token")},
		"an address elsewhere":           {"poll {\n}\n", says(202, "", "Location", "https://evil.example/")},
		"outputs of what is not there":   {"", says(201, `{"number":7}`, "Content-Type", "application/json")},
		"nothing":                        {"", says(204, "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := careless(t)
			h := configured(t, s.mailwind(strings.Replace(verbs, "provision {\n", "provision {\n"+c.poll, 1)+find+keyless))
			op := someOp(t)
			s.next(carriesOut(c.answer))
			_, r, err := provision(t, h, op)
			if err == nil {
				t.Fatal("the order has not failed")
			}
			for range 2 { // it takes its time, longer than an order may be on its way
				s.next(empty)
				op = r.again(op)
				var more *recorder
				_, more, err = provision(t, h, op)
				if f := wantFailure(t, err, backend.Retryable, "does not find it yet"); f.RetryAfter == 0 {
					t.Error("no time to come back")
				}
				if more.lastState() != nil {
					r = more
				}
			}
			result, _, err := provision(t, h, r.again(op))
			if err != nil || output(t, result.Outputs, "account_id") != "acc1" || orders(s) != 1 {
				t.Errorf("%v, %v, %q", result, err, s.requests())
			}
		})
	}
}

// What failed work has left is neither taken for what was ordered, nor doubled.
func TestWhatFailedWorkHasLeftIsRemoved(t *testing.T) {
	t.Parallel()
	s := careless(t)
	h := configured(t, s.mailwind(strings.Replace(verbs, "provision {\n", "provision {\n poll {\n failed = try(response.body.state == \"failed\", false)\n}\n", 1)+find+keyless))
	s.next(carriesOut(says(202, `{"state":"failed"}`)))
	ordered, removed := insist(t, h, someOp(t))
	wantFailure(t, ordered, backend.Internal, "the work of the order has failed, and what it has left is there")
	if removed != nil || s.makes() != 1 || s.count() != 0 {
		t.Errorf("%v; %d made, %d left", removed, s.makes(), s.count())
	}
}

// A plugin that was killed may not have said that it ordered.
func TestAnOrderThatWasKilledInTimeIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := careless(t)
	h := configured(t, strings.Replace(s.mailwind(later+find+keyless), "settle            = \"50ms\"", "settle = \"300ms\"", 1))
	op := someOp(t)
	s.next(func(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
		handle(w, r) // nothing is there at the first look
		go func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.create(op.ResourceID, "s0")
		}()
	})
	op.Attempt = 2 // and no state: of the first one nothing is known
	result, _, err := provision(t, h, op)
	if f := (*backend.Failure)(nil); errors.As(err, &f) || output(t, result.Outputs, "account_id") != "acc1" || orders(s) != 0 {
		t.Errorf("%v, %v, %q", result, err, s.requests())
	}
}

// Of work that is done and whose result is not where it should be, find can tell,
// or else an operator; nobody waits for it.
func TestAResultThatIsNotThereIsLookedFor(t *testing.T) {
	t.Parallel()
	for _, more := range []string{keyless, ""} {
		for i, first := range []fault{says(201, `{"id":"x"}`), says(202, `{"id":"x"}`, "Location", "/v2/at")} {
			s := careless(t)
			s.keyless = more != ""
			h := configured(t, s.mailwind(strings.Replace(verbs, "provision {\n", "provision {\n poll {\n result = \"/nowhere/${response.body.id}\"\n}\n", 1)+find+more))
			op := someOp(t)
			s.next(carriesOut(first))
			if i == 1 {
				s.next(says(200, `{"id":"x"}`, "Content-Type", "application/json"))
			}
			_, r, err := provision(t, h, op)
			if err == nil {
				t.Fatal("the order has not failed")
			}
			result, _, err := provision(t, h, r.again(op))
			if err != nil || output(t, result.Outputs, "account_id") != "acc1" || orders(s) != 1 {
				t.Errorf("%v, %v, %q", result, err, s.requests())
			}
		}
	}
	s := careless(t)
	h := configured(t, s.mailwind(strings.Replace(verbs, "provision {\n", "provision {\n poll {\n result = \"/nowhere/${response.body.id}\"\n}\n", 1)+find+keyless))
	s.next(carriesOut(says(201, `{"id":"x"}`)), right, says(404, ""), says(404, ""), says(404, ""), says(404, ""))
	ordered, removed := insist(t, h, someOp(t))
	wantFailure(t, ordered, backend.Internal, "the work is done, its result is not there, and the block find finds nothing")
	if removed != nil || orders(s) != 1 || s.count() != 0 {
		t.Errorf("%v, %q", removed, s.requests())
	}
}
