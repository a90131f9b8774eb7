package scalingo

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/gateway/platform/sso"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/spec"
)

// signOnMount makes a mount whatever its salt: the vectors' own salt is one
// that a configuration may not have.
func signOnMount(t *testing.T, c platform.Common, settings, salt string, now time.Time) *mount {
	t.Helper()
	m := newTestMount(t, c, settings)
	m.common.SSOSalt = secret.New(salt)
	m.now = func() time.Time { return now }
	return m
}

// open makes a browser open a link of the mount's sign-on.
func open(m *mount, engine platform.Lifecycle, query string) platformtest.Visit {
	r := httptest.NewRequest("GET", "/sso", nil)
	r.URL.RawQuery = query
	return platformtest.SignOn(m, engine, r)
}

var vectorTime = time.Unix(1_700_000_000, 0)

func TestEveryVectorOfTheSpecificationHolds(t *testing.T) {
	windows := map[string]time.Duration{"1h": 0, "5m": 5 * time.Minute}
	platformtest.Vectors{
		Platform: "scalingo", Many: 15, Settings: []string{"1h", "5m"},
		SignOn: func(t *testing.T, v spec.Vector, window string, now time.Time, engine platform.Lifecycle) platformtest.Visit {
			c := common()
			c.SSOWindow = windows[window]
			return open(signOnMount(t, c, "", v.Salt, now), engine, v.Query)
		},
	}.Check(t)
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
			if visit := open(m, &platformtest.Everything{State: gateway.Active}, link(m, got.age)); visit.Code != got.want {
				t.Errorf("%s: %s gives %d", name, what, visit.Code)
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
		first := open(m, &platformtest.Everything{State: gateway.Active}, link(m, 10*time.Minute))
		shouted := open(m, &platformtest.Everything{State: gateway.Active}, strings.ReplaceAll(link(m, 10*time.Minute), "token=", "x=y&token="))
		if (first.Customer.Proof != "") != c.proof || first.Customer.Proof != shouted.Customer.Proof || strings.Contains(first.Customer.Proof, salt) {
			t.Errorf("%s: the proofs are %q and %q", name, first.Customer.Proof, shouted.Customer.Proof)
		}
		if end := first.Customer.ProofUntil.Sub(vectorTime); c.proof && (end < 50*time.Minute || end > 50*time.Minute+time.Microsecond) {
			t.Errorf("%s: the proof is remembered for %s, but it works for 50 minutes", name, end)
		}
		other := open(m, &platformtest.Everything{State: gateway.Active}, link(m, 9*time.Minute))
		if c.proof && other.Customer.Proof == first.Customer.Proof {
			t.Errorf("%s: another link has the same proof", name)
		}
	}
}

// forged is what whoever did not sign reads.
const forged = "This link does not work. Open the add-on from your dashboard."

func refusal(status int, message, noted string) platformtest.Refusal {
	return platformtest.Refusal{Status: status, Page: "Scalingo: " + message, Noted: noted}
}

func TestOnlyWhoSignedLearnsMore(t *testing.T) {
	m := signOnMount(t, common(), "", salt, vectorTime)
	for name, c := range map[string]struct {
		query  string
		engine platformtest.Everything
		want   platformtest.Refusal
	}{
		"a bad token": {query: link(m, 0) + "0", want: refusal(403, forged, "the digest does not fit")},
		"a bad token of one that is gone": {
			query: link(m, 0) + "0", engine: platformtest.Everything{State: gateway.Deprovisioned}, want: refusal(403, forged, "the digest does not fit"),
		},
		"too old": {
			query: link(m, 3*time.Hour), want: refusal(403, "This link is 3 hours old; open the add-on again from your dashboard.", "signed 3 hours ago"),
		},
		"a clock ahead": {query: link(m, -2*time.Minute), want: refusal(403, forged, "signed 2m0s ahead of our clock")},
		"nothing":       {query: "", want: refusal(403, forged, `"id" is missing`)},
		"no token":      {query: "id=res_1&timestamp=1700000000&token=", want: refusal(403, forged, `"token" is missing`)},
		"not a query":   {query: "id=%zz", want: refusal(403, forged, "the form cannot be decoded")},
		"signed, never was": {
			query: link(m, 0), engine: platformtest.Everything{Err: gateway.Errorf(gateway.NotFound, "There is no such resource.")}, want: refusal(403, "There is no such resource.", "no such resource"),
		},
		"signed, removed": {
			query: link(m, 0), engine: platformtest.Everything{State: gateway.Deprovisioned}, want: refusal(410, "This add-on was removed.", "gone"),
		},
		"signed, being removed": {
			query: link(m, 0), engine: platformtest.Everything{State: gateway.Deprovisioning}, want: refusal(410, "This add-on was removed.", "gone"),
		},
		"signed, the store is down": {
			query: link(m, 0), engine: platformtest.Everything{Err: gateway.Errorf(gateway.Unavailable, "Please try again.")}, want: refusal(503, "Please try again.", "unavailable"),
		},
	} {
		c.want.Check(t, name, open(m, &c.engine, c.query))
	}
}

func TestCustomersOfEveryLivingStateMayEnter(t *testing.T) {
	m := signOnMount(t, common(), "", salt, vectorTime)
	platformtest.CheckCustomersMayEnter(t, func(engine platform.Lifecycle) platformtest.Visit { return open(m, engine, link(m, 0)) })
}

func TestARefusedLinkLeadsWhereTheOperatorSays(t *testing.T) {
	m := signOnMount(t, common(), `sso_failure_redirect = "https://www.acme.example/help?from=scalingo"`, salt, vectorTime)
	visit := open(m, &platformtest.Everything{State: gateway.Active}, "id=res_1")
	if visit.Code != 302 || visit.Header().Get("Location") != "https://www.acme.example/help?from=scalingo" || visit.Refused != "" || visit.Noted == nil {
		t.Errorf("status %d to %q, %q, noted %v", visit.Code, visit.Header().Get("Location"), visit.Refused, visit.Noted)
	}
	if visit.Header().Get("Cache-Control") != "no-store" || visit.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the headers are %v", visit.Header())
	}
	for state, want := range map[gateway.State]int{gateway.Deprovisioned: 410, gateway.Active: 302} {
		if visit := open(m, &platformtest.Everything{State: state}, link(m, 0)); visit.Code != want {
			t.Errorf("%s: %d", state, visit.Code)
		}
	}
	if visit := open(m, &platformtest.Everything{Err: errors.New("disk full")}, link(m, 0)); visit.Code != 500 {
		t.Errorf("our own failure: %d", visit.Code)
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
		visit := open(m, &platformtest.Everything{State: gateway.Active}, query)
		if visit.Code == 403 {
			return
		}
		fields, err := url.ParseQuery(query)
		if visit.Code != 302 || err != nil {
			t.Fatalf("%q: status %d, %v", query, visit.Code, err)
		}
		id, timestamp := fields.Get("id"), fields.Get("timestamp")
		sum := sha1.Sum([]byte(id + ":" + salt + ":" + timestamp))
		var seconds int64
		if _, err := fmt.Sscanf(timestamp, "%d", &seconds); err != nil || seconds < 1_700_000_000-3600 || seconds > 1_700_000_000+60 {
			t.Errorf("%q gets in at %q", query, timestamp)
		}
		if !strings.EqualFold(fields.Get("token"), hex.EncodeToString(sum[:])) || len(fields["id"]) != 1 || visit.Entered != "our-"+id {
			t.Errorf("%q gets in", query)
		}
	})
}
