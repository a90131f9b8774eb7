package standin_test

import (
	"net/http/httptest"
	"testing"

	"github.com/addongw/addongw/gateway/conformance/standin"
)

// A fault waits for the call it is meant for: one without credentials never
// gets that far.
func TestAFaultHappensInsteadOfTheTruth(t *testing.T) {
	c := standin.NewCounter("acme", "secret")
	asked, acted := 0, 0
	c.Fail(standin.Fault{Method: "PUT", Path: "/apps", Times: 1, Status: 502, Act: func() { acted++ }})
	c.Fail(standin.Fault{Path: "/apps/1", Times: 1, Done: true})
	for _, want := range []struct {
		method, path, password string
		status, asked, acted   int
	}{
		{"PUT", "/apps/1", "other", 401, 0, 0},
		{"GET", "/apps", "secret", 201, 1, 0},
		{"PUT", "/apps/1", "secret", 502, 1, 1},
		{"PUT", "/apps/1", "secret", 200, 2, 1},
		{"PUT", "/apps/1", "secret", 201, 3, 1},
	} {
		r := httptest.NewRequest(want.method, want.path, nil)
		r.SetBasicAuth("acme", want.password)
		answer := c.Answer(r, standin.Answer{Status: 401}, func() standin.Answer { asked++; return standin.Answer{Status: 201} })
		if answer.Status != want.status || asked != want.asked || acted != want.acted {
			t.Errorf("%+v: %d, asked %d times, acted %d", want, answer.Status, asked, acted)
		}
	}
}
