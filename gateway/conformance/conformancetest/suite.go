package conformancetest

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
)

// Suite is a platform's checks with providers to try them on.
type Suite struct {
	Platform conformance.Platform

	// Serve starts a provider that is right but for one defect; "": for none.
	// apiURL is where it finds the platform's own API. The provider must end
	// with the test.
	Serve func(t *testing.T, defect, apiURL string) Provider

	Plans []string // of which every provider has two

	// Defects says which check must name each defect.
	Defects map[string]string

	// Skipped are ids of checks that do not apply to the right provider, and
	// for which another suite has one.
	Skipped []string

	Timeout time.Duration // of conformance.Options
}

// Provider is a provider under test.
type Provider struct {
	Manifest []byte
	Alive    func() int // how many resources it has; nil: nobody counts
}

// Run runs the whole of the checks against the right provider and against each
// wrong one.
func Run(t *testing.T, s Suite) {
	t.Run("right", func(t *testing.T) {
		t.Parallel()
		if broken := s.broken(t, ""); len(broken) > 0 {
			t.Errorf("the right provider is blamed: %q", broken)
		}
	})
	for _, defect := range slices.Sorted(maps.Keys(s.Defects)) {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			broken := s.broken(t, defect)
			if diff := cmp.Diff([]string{s.Defects[defect]}, slices.Sorted(maps.Keys(broken))); diff != "" {
				t.Errorf("broken checks (-want +got):\n%s%q", diff, broken)
			}
		})
	}
}

// broken runs everything and returns the checks that were broken, with what
// they say. Nothing may be left behind.
func (s Suite) broken(t *testing.T, defect string) map[string][]string {
	api := serveAPI(t)
	provider := s.Serve(t, defect, api.URL)
	report := s.check(t, provider, api)
	if report.Stopped != "" || len(report.Left) > 0 {
		t.Errorf("stopped: %q, left behind: %+v", report.Stopped, report.Left)
	}
	if provider.Alive != nil && provider.Alive() != 0 {
		t.Errorf("%d resources are left behind", provider.Alive())
	}
	broken := map[string][]string{}
	for _, result := range report.Results {
		if result.Outcome.Broken() {
			broken[result.ID] = result.Problems
		}
		want := conformance.OK
		if slices.Contains(s.Skipped, result.ID) {
			want = conformance.Skipped
		}
		if defect == "" && result.Outcome != want {
			t.Errorf("%s is %s: %s", result.ID, result.Outcome, result.Why)
		}
	}
	return broken
}

func (s Suite) check(t *testing.T, provider Provider, api *api) *conformance.Report {
	p, problems := s.Platform.ReadManifest(provider.Manifest, conformance.Reading{Environment: conformance.Test})
	if len(p.Plans) == 0 {
		p.Plans = s.Plans
	}
	options := conformance.Options{Timeout: s.Timeout}
	if standIn := s.Platform.StandIn(p); standIn != nil {
		api.handler.Store(&standIn)
		options.StandIn = standIn
	}
	report, err := conformance.Run(t.Context(), s.Platform, p, problems, options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// api is an address that is known before what answers there: the stand-in
// needs the provider's credentials, and the provider the address.
type api struct {
	URL     string
	handler atomic.Pointer[conformance.StandIn]
}

func serveAPI(t *testing.T) *api {
	a := &api{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if standIn := a.handler.Load(); standIn != nil {
			(*standIn).ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	a.URL = server.URL
	return a
}
