package platformtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/spec"
)

// Vectors are the sign-ons of a platform's specification, each of which is
// accepted under some settings and refused under others.
type Vectors struct {
	Platform string
	Many     int      // how many there are
	Settings []string // by the names that the vectors have for them
	Once     bool     // whether a proof opens one session only

	// SignOn makes a mount with a setting and the vector's salt, whatever it is,
	// and signs on there at a moment.
	SignOn func(t *testing.T, v spec.Vector, setting string, now time.Time, engine platform.Lifecycle) Visit
}

// Check tries every vector under every setting.
func (vs Vectors) Check(t *testing.T) {
	vectors, err := spec.SSOVectors(vs.Platform)
	if err != nil {
		t.Fatal(err)
	}
	if len(vectors) != vs.Many {
		t.Errorf("%d vectors", len(vectors))
	}
	for _, v := range vectors {
		for _, setting := range vs.Settings {
			t.Run(v.Name+"/"+setting, func(t *testing.T) { vs.check(t, v, setting) })
		}
	}
}

func (vs Vectors) check(t *testing.T, v spec.Vector, setting string) {
	now, err := v.Time()
	if err != nil {
		t.Fatal(err)
	}
	engine := &Everything{State: gateway.Active}
	got := vs.SignOn(t, v, setting, now, engine)
	if !slices.Contains(v.AcceptedBy, setting) {
		if got.Code != 403 || got.Entered != "" || engine.Asked != 0 {
			t.Errorf("%s: status %d, entered %q, the engine was asked %d times", v.Says, got.Code, got.Entered, engine.Asked)
		}
		return
	}
	if got.Code != 302 || !strings.HasPrefix(got.Entered, "our-") || v.Resource != "" && got.Entered != "our-"+v.Resource {
		t.Fatalf("%s: status %d, entered %q, %s", v.Says, got.Code, got.Entered, got.Refused)
	}
	customer := got.Customer
	if (customer.Proof != "") != vs.Once || customer.ProofUntil.IsZero() == vs.Once {
		t.Errorf("%s: the proof to remember is %q until %s", v.Says, customer.Proof, customer.ProofUntil)
	}
	customer.Proof, customer.ProofUntil = "", time.Time{}
	want := gateway.SignOn{UserID: v.UserID, Email: v.Email, EmailVerified: v.EmailVerified, NavData: v.NavData}
	if diff := cmp.Diff(want, customer); diff != "" {
		t.Errorf("%s: customer (-want +got):\n%s", v.Says, diff)
	}
}

// CheckCustomersMayEnter has a customer sign on to res_1 in every state that has
// something to see.
func CheckCustomersMayEnter(t *testing.T, signOn func(engine platform.Lifecycle) Visit) {
	t.Helper()
	for _, state := range []gateway.State{gateway.Provisioning, gateway.Active, gateway.Updating, gateway.Suspended, gateway.Failed} {
		if got := signOn(&Everything{State: state}); got.Code != 302 || got.Entered != "our-res_1" || got.TooLate != "" {
			t.Errorf("%s: %d, entered %q", state, got.Code, got.Entered)
		}
	}
}
