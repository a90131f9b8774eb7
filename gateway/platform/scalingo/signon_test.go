package scalingo

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/sso"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/spec"
)

// landing remembers who entered, and answers as the pages do.
type landing struct {
	resource string
	customer gateway.SignOn
	refused  string
}

func (l *landing) Enter(w http.ResponseWriter, r *http.Request, resourceID string, s gateway.SignOn) error {
	l.resource, l.customer = resourceID, s
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, "https://addons.acme.example/r/"+resourceID, http.StatusFound)
	return nil
}

func (l *landing) Gone(http.ResponseWriter, *http.Request, string) error {
	return errors.New("Scalingo has no page for what is gone")
}

func (l *landing) Refuse(w http.ResponseWriter, _ *http.Request, p platform.Profile, status int, message string) {
	l.refused = p.Name + ": " + message
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, message)
}

// everything is an engine that has any resource, in one state, and counts how
// often it was asked.
type everything struct {
	platform.Lifecycle
	state gateway.State
	err   error
	asked int
}

func (e *everything) Resource(_ context.Context, id string) (gateway.Resource, error) {
	e.asked++
	return gateway.Resource{ID: "our-" + id, ProviderID: id, State: e.state}, e.err
}

// signOnMount makes a mount whatever its salt: the vectors' own salt is one
// that a configuration may not have.
func signOnMount(t *testing.T, c platform.Common, settings, salt string, now time.Time) *mount {
	t.Helper()
	m, ok := newTestMount(t, c, settings).(*mount)
	if !ok {
		t.Fatal("no mount")
	}
	m.common.SSOSalt = secret.New(salt)
	m.now = func() time.Time { return now }
	return m
}

// open makes a browser open a link of the mount's sign-on.
func open(m *mount, engine platform.Lifecycle, query string) (*httptest.ResponseRecorder, *landing, error) {
	l, notes := &landing{}, &platform.Notes{}
	r := httptest.NewRequest("GET", "/sso", nil)
	r.URL.RawQuery = query
	w := httptest.NewRecorder()
	for _, route := range m.Routes(engine, l) {
		if route.Path == "/sso" && route.Method == "GET" {
			route.Handle(w, r.WithContext(platform.WithNotes(r.Context(), notes)), nil)
		}
	}
	_, err := notes.Taken()
	return w, l, err
}

var vectorTime = time.Unix(1_700_000_000, 0)

func TestEveryVectorOfTheSpecificationHolds(t *testing.T) {
	vectors, err := spec.SSOVectors("scalingo")
	if err != nil {
		t.Fatal(err)
	}
	if len(vectors) != 15 {
		t.Errorf("%d vectors", len(vectors))
	}
	for _, v := range vectors {
		for window, length := range map[string]time.Duration{"1h": 0, "5m": 5 * time.Minute} {
			t.Run(v.Name+"/"+window, func(t *testing.T) {
				now, err := v.Time()
				if err != nil {
					t.Fatal(err)
				}
				c := common()
				c.SSOWindow = length
				engine := &everything{state: gateway.Active}
				w, l, _ := open(signOnMount(t, c, "", v.Salt, now), engine, v.Query)
				if !slices.Contains(v.AcceptedBy, window) {
					if w.Code != 403 || l.resource != "" || engine.asked != 0 {
						t.Errorf("%s: status %d, entered %q, the engine was asked %d times", v.Says, w.Code, l.resource, engine.asked)
					}
					return
				}
				if w.Code != 302 || l.resource != "our-"+v.Resource {
					t.Fatalf("%s: status %d, entered %q, %s", v.Says, w.Code, l.resource, l.refused)
				}
				if diff := cmp.Diff(gateway.SignOn{}, l.customer); diff != "" {
					t.Errorf("%s: the link is for a resource, not for a person (-want +got):\n%s", v.Says, diff)
				}
			})
		}
	}
}

// link is a good query, age old.
func link(m *mount, age time.Duration) string {
	timestamp := strconv.FormatInt(vectorTime.Add(-age).Unix(), 10)
	sum := sha1.Sum([]byte("res_1:" + m.common.SSOSalt.Reveal() + ":" + timestamp))
	return url.Values{"id": {"res_1"}, "timestamp": {timestamp}, "token": {hex.EncodeToString(sum[:])}}.Encode()
}

func TestTheSettingsMoveTheWindow(t *testing.T) {
	for name, c := range map[string]struct {
		window, maxAge time.Duration // as written; the add-on's own limit
		skew           time.Duration
		age, ahead     time.Duration // accepted at most
	}{
		"by default":            {skew: time.Minute, age: time.Hour, ahead: time.Minute},
		"a window of its own":   {window: 5 * time.Minute, skew: time.Minute, age: 5 * time.Minute, ahead: time.Minute},
		"no skew":               {age: time.Hour},
		"the add-on's limit":    {maxAge: 10 * time.Minute, skew: time.Minute, age: 10 * time.Minute, ahead: time.Minute},
		"the add-on's, smaller": {window: 2 * time.Hour, maxAge: time.Minute, skew: time.Minute, age: time.Minute, ahead: time.Minute},
	} {
		block := common()
		block.SSOWindow, block.SSOMaxAge, block.SSOSkew = c.window, c.maxAge, c.skew
		m := signOnMount(t, block, "", salt, vectorTime)
		for what, got := range map[string]struct {
			age  time.Duration
			want int
		}{
			"the oldest": {c.age, 302}, "one too old": {c.age + time.Second, 403},
			"the most ahead": {-c.ahead, 302}, "one too far ahead": {-c.ahead - time.Second, 403},
		} {
			if w, _, _ := open(m, &everything{state: gateway.Active}, link(m, got.age)); w.Code != got.want {
				t.Errorf("%s: %s gives %d", name, what, w.Code)
			}
		}
	}
}

func TestALinkMayBeOpenedAgainUnlessTheOperatorMinds(t *testing.T) {
	once := true
	for name, c := range map[string]struct {
		singleUse *bool
		proof     bool
	}{"by default": {nil, false}, "single use": {&once, true}} {
		block := common()
		block.SSOSingleUse = c.singleUse
		m := signOnMount(t, block, "", salt, vectorTime)
		_, first, _ := open(m, &everything{state: gateway.Active}, link(m, 10*time.Minute))
		_, shouted, _ := open(m, &everything{state: gateway.Active}, strings.ReplaceAll(link(m, 10*time.Minute), "token=", "x=y&token="))
		if (first.customer.Proof != "") != c.proof || first.customer.Proof != shouted.customer.Proof || strings.Contains(first.customer.Proof, salt) {
			t.Errorf("%s: the proofs are %q and %q", name, first.customer.Proof, shouted.customer.Proof)
		}
		if end := first.customer.ProofUntil.Sub(vectorTime); c.proof && (end < 50*time.Minute || end > 50*time.Minute+time.Microsecond) {
			t.Errorf("%s: the proof is remembered for %s, but it works for 50 minutes", name, end)
		}
		_, other, _ := open(m, &everything{state: gateway.Active}, link(m, 9*time.Minute))
		if c.proof && other.customer.Proof == first.customer.Proof {
			t.Errorf("%s: another link has the same proof", name)
		}
	}
}

func TestOnlyWhoSignedLearnsMore(t *testing.T) {
	m := signOnMount(t, common(), "", salt, vectorTime)
	const forged = "Scalingo: This link does not work. Open the add-on from your dashboard."
	for name, c := range map[string]struct {
		query          string
		engine         everything
		status         int
		refused, noted string
	}{
		"a bad token": {query: link(m, 0) + "0", status: 403, refused: forged, noted: "the digest does not fit"},
		"a bad token of one that is gone": {
			query: link(m, 0) + "0", engine: everything{state: gateway.Deprovisioned}, status: 403, refused: forged, noted: "the digest does not fit",
		},
		"too old": {
			query: link(m, 3*time.Hour), status: 403,
			refused: "Scalingo: This link is 3 hours old; open the add-on again from your dashboard.", noted: "signed 3 hours ago",
		},
		"a clock ahead": {query: link(m, -2*time.Minute), status: 403, refused: forged, noted: "signed 2m0s ahead of our clock"},
		"nothing":       {query: "", status: 403, refused: forged, noted: `"id" is missing`},
		"no token":      {query: "id=res_1&timestamp=1700000000&token=", status: 403, refused: forged, noted: `"token" is missing`},
		"not a query":   {query: "id=%zz", status: 403, refused: forged, noted: "the form cannot be decoded"},
		"signed, never was": {
			query: link(m, 0), engine: everything{err: gateway.Errorf(gateway.NotFound, "There is no such resource.")}, status: 403,
			refused: "Scalingo: There is no such resource.", noted: "no such resource",
		},
		"signed, removed": {
			query: link(m, 0), engine: everything{state: gateway.Deprovisioned}, status: 410, refused: "Scalingo: This add-on was removed.", noted: "gone",
		},
		"signed, being removed": {
			query: link(m, 0), engine: everything{state: gateway.Deprovisioning}, status: 410, refused: "Scalingo: This add-on was removed.", noted: "gone",
		},
		"signed, the store is down": {
			query: link(m, 0), engine: everything{err: gateway.Errorf(gateway.Unavailable, "Please try again.")}, status: 503,
			refused: "Scalingo: Please try again.", noted: "unavailable",
		},
	} {
		w, l, noted := open(m, &c.engine, c.query)
		if w.Code != c.status || l.refused != c.refused || noted == nil || !strings.Contains(noted.Error(), c.noted) {
			t.Errorf("%s: %d %q, noted %v", name, w.Code, l.refused, noted)
		}
		if noted != nil && strings.Contains(noted.Error(), "res_1") {
			t.Errorf("%s: the log quotes the link: %v", name, noted)
		}
	}
}

func TestCustomersOfEveryLivingStateMayEnter(t *testing.T) {
	m := signOnMount(t, common(), "", salt, vectorTime)
	for _, state := range []gateway.State{gateway.Provisioning, gateway.Active, gateway.Updating, gateway.Suspended, gateway.Failed} {
		if w, l, _ := open(m, &everything{state: state}, link(m, 0)); w.Code != 302 || l.resource != "our-res_1" {
			t.Errorf("%s: %d, entered %q", state, w.Code, l.resource)
		}
	}
}

func TestARefusedLinkLeadsWhereTheOperatorSays(t *testing.T) {
	m := signOnMount(t, common(), `sso_failure_redirect = "https://www.acme.example/help?from=scalingo"`, salt, vectorTime)
	w, l, noted := open(m, &everything{state: gateway.Active}, "id=res_1")
	if w.Code != 302 || w.Header().Get("Location") != "https://www.acme.example/help?from=scalingo" || l.refused != "" || noted == nil {
		t.Errorf("status %d to %q, %q, noted %v", w.Code, w.Header().Get("Location"), l.refused, noted)
	}
	if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the headers are %v", w.Header())
	}
	for state, want := range map[gateway.State]int{gateway.Deprovisioned: 410, gateway.Active: 302} {
		if w, _, _ := open(m, &everything{state: state}, link(m, 0)); w.Code != want {
			t.Errorf("%s: %d", state, w.Code)
		}
	}
	if w, _, _ := open(m, &everything{err: errors.New("disk full")}, link(m, 0)); w.Code != 500 {
		t.Errorf("our own failure: %d", w.Code)
	}
}

// FuzzSignOn compares the verifier with one written from the document's
// formula alone: what that one refuses must not get in.
func FuzzSignOn(f *testing.F) {
	vectors, err := spec.SSOVectors("scalingo")
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range vectors {
		f.Add(v.Query, v.Salt)
	}
	f.Fuzz(func(t *testing.T, query, salt string) {
		m := newMount(common(), settings{signOnWindow: sso.Window{MaxAge: signOnMaxAge, Skew: time.Minute}})
		m.common.SSOSalt, m.now = secret.New(salt), func() time.Time { return vectorTime }
		w, l, _ := open(m, &everything{state: gateway.Active}, query)
		if w.Code == 403 {
			return
		}
		fields, err := url.ParseQuery(query)
		if w.Code != 302 || err != nil {
			t.Fatalf("%q: status %d, %v", query, w.Code, err)
		}
		id, timestamp := fields.Get("id"), fields.Get("timestamp")
		sum := sha1.Sum([]byte(id + ":" + salt + ":" + timestamp))
		var seconds int64
		if _, err := fmt.Sscanf(timestamp, "%d", &seconds); err != nil || seconds < 1_700_000_000-3600 || seconds > 1_700_000_000+60 {
			t.Errorf("%q gets in at %q", query, timestamp)
		}
		if !strings.EqualFold(fields.Get("token"), hex.EncodeToString(sum[:])) || len(fields["id"]) != 1 || l.resource != "our-"+id {
			t.Errorf("%q gets in", query)
		}
	})
}
