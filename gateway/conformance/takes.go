package conformance

import (
	"strconv"
	"strings"
)

// Taker is a platform that says by which statuses it knows that a call worked.
type Taker interface {
	// Takes returns the statuses that the platform takes for success of a call
	// of this group ("200", "2xx"); none where it makes no such call.
	Takes(Group) []string
}

// Taken reports whether a platform takes an answer's status for success, and
// says what it would take. A platform that does not say takes what HTTP calls
// success, and a redirect at a sign-on.
func Taken(p Tested, g Group, status int) (ok bool, want string) {
	statuses := []string{"2xx"}
	if g == SSO {
		statuses = []string{"3xx"}
	}
	if t, says := p.(Taker); says {
		statuses = t.Takes(g)
	}
	got := strconv.Itoa(status)
	for _, s := range statuses {
		begin, class := strings.CutSuffix(s, "xx")
		ok = ok || s == got || class && strings.HasPrefix(got, begin) && len(got) == len(s)
	}
	return ok, strings.Join(statuses, " or ")
}
