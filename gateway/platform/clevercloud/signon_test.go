package clevercloud

import (
	"crypto/sha1"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/gateway/platform/sso"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/spec"
)

// signOnMount makes a mount whatever its salt: the vectors' own salts are ones
// that a configuration may not have.
func signOnMount(t *testing.T, settings, salt string, now time.Time) *mount {
	t.Helper()
	m := newTestMount(t, common(), settings)
	m.common.SSOSalt = secret.New(salt)
	m.now = func() time.Time { return now }
	return m
}

// postForm sends a form to the mount's sign-on.
func postForm(m *mount, engine platform.Lifecycle, body string) platformtest.Visit {
	r := httptest.NewRequest("POST", "/sso", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return platformtest.SignOn(m, engine, r)
}

func TestEveryVectorOfTheSpecificationHolds(t *testing.T) {
	platformtest.Vectors{
		Platform: "clevercloud", Many: 32, Settings: []string{both, current, legacy}, Once: true,
		SignOn: func(t *testing.T, v spec.Vector, generation string, now time.Time, engine platform.Lifecycle) platformtest.Visit {
			return postForm(signOnMount(t, `generation = "`+generation+`"`, v.Salt, now), engine, v.Body)
		},
	}.Check(t)
}

var vectorTime = time.Unix(1_700_000_000, 0)

// signOnFields is the form that the console would post at a moment.
func (m *mount) signOnFields(providerID string, now time.Time) url.Values {
	form := sso.Form{
		"id": providerID, "timestamp": strconv.FormatInt(now.UnixMilli(), 10), "nav-data": "",
		"email": "ann@example.com", "user_id": "user_1",
	}
	form["signature"] = hex.EncodeToString(signature(form, m.common.SSOSalt.Reveal()))
	return form.Values()
}

// signed is a good form of the current generation, age old.
func signed(m *mount, age time.Duration) string {
	return m.signOnFields("res_1", vectorTime.Add(-age)).Encode()
}

// legacyForm is a good form of the legacy generation, age old.
func legacyForm(age time.Duration) string {
	timestamp := fmt.Sprint(vectorTime.Add(-age).Unix())
	sum := sha1.Sum([]byte("res_1:" + salt + ":" + timestamp))
	return url.Values{"id": {"res_1"}, "timestamp": {timestamp}, "token": {hex.EncodeToString(sum[:])}}.Encode()
}

func TestTheSettingsMoveTheWindow(t *testing.T) {
	for name, c := range map[string]struct {
		settings   string
		window     time.Duration
		noSkew     bool
		maxAge     time.Duration // the add-on's own limit
		age, ahead time.Duration // accepted at most
		legacyAge  time.Duration // likewise, with a token alone
		onlySigned bool
	}{
		"by default":            {age: 5 * time.Minute, ahead: time.Minute, legacyAge: 15 * time.Minute},
		"the current one":       {settings: `generation = "current"`, age: 5 * time.Minute, ahead: time.Minute, onlySigned: true},
		"tokens refused":        {settings: `token_only = false`, age: 5 * time.Minute, ahead: time.Minute, onlySigned: true},
		"tokens allowed":        {settings: "generation = \"current\"\ntoken_only = true", age: 5 * time.Minute, ahead: time.Minute, legacyAge: 15 * time.Minute},
		"a window of its own":   {window: 2 * time.Minute, age: 2 * time.Minute, ahead: time.Minute, legacyAge: 2 * time.Minute},
		"a wider window":        {window: time.Hour, age: time.Hour, ahead: time.Minute, legacyAge: time.Hour},
		"no skew":               {noSkew: true, age: 5 * time.Minute, legacyAge: 15 * time.Minute},
		"the add-on's limit":    {maxAge: 6 * time.Minute, age: 5 * time.Minute, ahead: time.Minute, legacyAge: 6 * time.Minute},
		"the add-on's, smaller": {window: time.Hour, maxAge: time.Minute, age: time.Minute, ahead: time.Minute, legacyAge: time.Minute},
	} {
		block := common()
		block.SSOMaxAge, block.SSOWindow = c.maxAge, c.window
		if c.noSkew {
			block.SSOSkew = 0
		}
		m := newTestMount(t, block, c.settings)
		m.now = func() time.Time { return vectorTime }
		status := func(body string) int {
			visit := postForm(m, &platformtest.Everything{State: gateway.Active}, body)
			return visit.Code
		}
		for what, got := range map[string][2]int{
			"the oldest":        {status(signed(m, c.age)), 302},
			"one too old":       {status(signed(m, c.age+time.Millisecond)), 403},
			"the most ahead":    {status(signed(m, -c.ahead)), 302},
			"one too far ahead": {status(signed(m, -c.ahead-time.Millisecond)), 403},
			"a token too old":   {status(legacyForm(c.legacyAge + time.Second)), 403},
			"the oldest token":  {status(legacyForm(c.legacyAge)), map[bool]int{true: 403, false: 302}[c.onlySigned]},
		} {
			if got[0] != got[1] {
				t.Errorf("%s: %s gives %d, want %d", name, what, got[0], got[1])
			}
		}
	}
}

func TestAProofIsTheSameHoweverAFormIsPostedAgain(t *testing.T) {
	m := signOnMount(t, "", salt, vectorTime)
	proof := func(body string) gateway.SignOn {
		t.Helper()
		visit := postForm(m, &platformtest.Everything{State: gateway.Active}, body)
		if visit.Code != 302 || visit.Customer.Proof == "" || strings.Contains(visit.Customer.Proof, salt) {
			t.Fatalf("status %d, the proof is %q, %v", visit.Code, visit.Customer.Proof, visit.Noted)
		}
		return visit.Customer
	}
	form := m.signOnFields("res_1", vectorTime.Add(-time.Minute))
	sum := sha1.Sum([]byte("res_1:" + salt + ":" + form.Get("timestamp")))
	first := proof(form.Encode())
	form.Set("signature", strings.ToUpper(form.Get("signature")))
	form.Set("token", strings.ToUpper(hex.EncodeToString(sum[:])))
	shouted := proof(form.Encode())
	form.Del("signature")
	downgraded := proof(form.Encode())
	if shouted.Proof != first.Proof || downgraded.Proof != first.Proof || downgraded.EmailVerified {
		t.Errorf("the proofs are %q, %q and %q", first.Proof, shouted.Proof, downgraded.Proof)
	}
	if end := first.ProofUntil.Sub(vectorTime); end < 14*time.Minute || end > 14*time.Minute+time.Microsecond {
		t.Errorf("the proof is remembered for %s, but as a token it works for 14 minutes", end)
	}
	if proof(signed(m, 0)).Proof == first.Proof || proof(m.signOnFields("res_2", vectorTime.Add(-time.Minute)).Encode()).Proof == first.Proof {
		t.Error("another sign-on has the same proof")
	}
}

func TestAProofMayOpenManySessionsWhereTheOperatorSaysSo(t *testing.T) {
	m := signOnMount(t, "", salt, vectorTime)
	many := false
	m.common.SSOSingleUse = &many
	if visit := postForm(m, &platformtest.Everything{State: gateway.Active}, signed(m, 0)); visit.Code != 302 || visit.Customer.Proof != "" {
		t.Errorf("status %d, the proof is %q", visit.Code, visit.Customer.Proof)
	}
}

// forged is what whoever did not sign reads.
const forged = "This link does not work. Open the add-on from your dashboard."

func refusal(status int, message, noted string) platformtest.Refusal {
	return platformtest.Refusal{Status: status, Page: "Clever Cloud: " + message, Noted: noted}
}

func TestOnlyWhoSignedLearnsMore(t *testing.T) {
	m := signOnMount(t, "", salt, vectorTime)
	refuse := gateway.Errorf(gateway.NotFound, "There is no such resource.")
	for name, c := range map[string]struct {
		body   string
		engine platformtest.Everything
		want   platformtest.Refusal
	}{
		"a bad signature": {
			body: strings.Replace(signed(m, 0), "ann", "bob", 1), want: refusal(403, forged, "the digest does not fit"),
		},
		"a bad signature of one that is gone": {
			body: strings.Replace(signed(m, 0), "ann", "bob", 1), engine: platformtest.Everything{State: gateway.Deprovisioned}, want: refusal(403, forged, "the digest does not fit"),
		},
		"too old": {
			body: signed(m, 11*time.Minute+30*time.Second), want: refusal(403, "This link is 11 minutes old; open the add-on again from your dashboard.", "signed 11 minutes ago"),
		},
		"too old, of one that is gone": {
			body: signed(m, 11*time.Minute), engine: platformtest.Everything{State: gateway.Deprovisioned}, want: refusal(403, "This link is 11 minutes old; open the add-on again from your dashboard.", "signed 11 minutes ago"),
		},
		"a clock ahead": {
			body: signed(m, -2*time.Minute), want: refusal(403, forged, "signed 2m0s ahead of our clock"),
		},
		"no fields": {
			body: "", want: refusal(403, forged, `"id" is missing`),
		},
		"signed, never was": {
			body: signed(m, 0), engine: platformtest.Everything{Err: refuse}, want: refusal(403, "There is no such resource.", "no such resource"),
		},
		"signed, removed": {
			body: signed(m, 0), engine: platformtest.Everything{State: gateway.Deprovisioned}, want: refusal(410, "This add-on was removed.", "gone"),
		},
		"signed, being removed": {
			body: signed(m, 0), engine: platformtest.Everything{State: gateway.Deprovisioning}, want: refusal(410, "This add-on was removed.", "gone"),
		},
		"signed, the store is down": {
			body: signed(m, 0), engine: platformtest.Everything{Err: gateway.Errorf(gateway.Unavailable, "Please try again.")}, want: refusal(503, "Please try again.", "unavailable"),
		},
	} {
		c.want.Check(t, name, postForm(m, &c.engine, c.body))
	}
}

func TestCustomersOfEveryLivingStateMayEnter(t *testing.T) {
	m := signOnMount(t, "", salt, vectorTime)
	platformtest.CheckCustomersMayEnter(t, func(engine platform.Lifecycle) platformtest.Visit { return postForm(m, engine, signed(m, 0)) })
}

func TestWhoMayShowThePageInAFrame(t *testing.T) {
	own := common()
	own.FrameAncestors = []string{"https://console.example"}
	for name, c := range map[string]struct {
		block    platform.Common
		settings string
		want     []string
	}{
		"by default":        {common(), "", []string{"https://console.clever-cloud.com"}},
		"in a new tab":      {common(), "open_in_new_tab = true", nil},
		"as was configured": {own, "open_in_new_tab = true", []string{"https://console.example"}},
	} {
		if diff := cmp.Diff(c.want, newTestMount(t, c.block, c.settings).Profile().FrameAncestors); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// FuzzSignOn compares the verifier with one written from the documents'
// formulas alone: what that one refuses must not get in.
func FuzzSignOn(f *testing.F) {
	vectors, err := spec.SSOVectors("clevercloud")
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range vectors {
		f.Add(v.Body, v.Salt)
	}
	f.Fuzz(func(t *testing.T, body, salt string) {
		m := newMount(common(), settings{
			tokenOnly:       true,
			signatureWindow: sso.Window{MaxAge: signatureMaxAge, Skew: time.Minute},
			tokenWindow:     sso.Window{MaxAge: tokenMaxAge, Skew: time.Minute},
		})
		m.common.SSOSalt, m.now = secret.New(salt), func() time.Time { return vectorTime }
		visit := postForm(m, &platformtest.Everything{State: gateway.Active}, body)
		if visit.Code == 403 {
			return
		}
		fields, err := url.ParseQuery(body)
		if visit.Code != 302 || err != nil {
			t.Fatalf("%q: status %d, %v", body, visit.Code, err)
		}
		get := fields.Get
		if strings.ContainsAny(get("id")+get("user_id")+get("email"), ":\x00") || len(fields["id"]) != 1 {
			t.Errorf("%q gets in", body)
		}
		signature := sha512.Sum512([]byte(get("id") + ":" + get("user_id") + ":" + get("email") + ":" + get("nav-data") + ":" + salt + ":" + get("timestamp")))
		token := sha1.Sum([]byte(get("id") + ":" + salt + ":" + get("timestamp")))
		proof, sum := get("token"), token[:]
		if visit.Customer.EmailVerified {
			proof, sum = get("signature"), signature[:]
		}
		if !strings.EqualFold(proof, hex.EncodeToString(sum)) || visit.Customer.EmailVerified != fields.Has("signature") {
			t.Errorf("%q gets in", body)
		}
	})
}
