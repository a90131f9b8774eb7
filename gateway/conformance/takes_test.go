package conformance_test

import (
	"testing"

	"github.com/addongw/addongw/gateway/conformance"
)

// strict is a platform that takes certain statuses only.
type strict struct{ conformance.Platform }

func (strict) Takes(g conformance.Group) []string {
	return map[conformance.Group][]string{conformance.Provision: {"200", "3xx"}}[g]
}

func TestAPlatformTakesWhatItSays(t *testing.T) {
	for _, tc := range []struct {
		platform conformance.Platform
		group    conformance.Group
		status   int
		ok       bool
		want     string
	}{
		{nil, conformance.Provision, 202, true, "2xx"},
		{nil, conformance.Provision, 302, false, "2xx"},
		{nil, conformance.SSO, 302, true, "3xx"},
		{nil, conformance.SSO, 200, false, "3xx"},
		{strict{}, conformance.Provision, 200, true, "200 or 3xx"},
		{strict{}, conformance.Provision, 201, false, "200 or 3xx"},
		{strict{}, conformance.Provision, 307, true, "200 or 3xx"},
		{strict{}, conformance.Provision, 0, false, "200 or 3xx"},
		{strict{}, conformance.Suspend, 200, false, ""},
	} {
		if ok, want := conformance.Taken(tc.platform, tc.group, tc.status); ok != tc.ok || want != tc.want {
			t.Errorf("%T, %s, %d: %v, %q", tc.platform, tc.group, tc.status, ok, want)
		}
	}
}
