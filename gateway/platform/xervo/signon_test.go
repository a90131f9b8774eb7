package xervo

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"slices"
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

var vectorTime = time.Unix(1_700_000_000, 0)

// signOnMount makes a mount whatever its salt: the vectors' own is one that a
// configuration may not have.
func signOnMount(t *testing.T, c platform.Common, settings, salt string, now time.Time) *mount {
	t.Helper()
	m := newTestMount(t, c, settings)
	m.common.SSOSalt = secret.New(salt)
	m.now = func() time.Time { return now }
	return m
}

const (
	asForm = "application/x-www-form-urlencoded"
	asJSON = "application/json"
)

// postSignOn sends a sign-on to the mount.
func postSignOn(m *mount, engine platform.Lifecycle, contentType, body string) platformtest.Visit {
	r := httptest.NewRequest("POST", "/sso", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return platformtest.SignOn(m, engine, r)
}

func TestEveryVectorOfTheSpecificationHolds(t *testing.T) {
	units := map[string]string{"seconds": "", "milliseconds": "sso_milliseconds = true"}
	platformtest.Vectors{
		Platform: label, Many: 29, Settings: []string{"seconds", "milliseconds"}, Once: true,
		SignOn: func(t *testing.T, v spec.Vector, unit string, now time.Time, engine platform.Lifecycle) platformtest.Visit {
			return postSignOn(signOnMount(t, common(), units[unit], v.Salt, now), engine, v.ContentType, v.Body)
		},
	}.Check(t)
}

// signed is a form for res_1, signed some time before the vectors' moment.
func signed(m *mount, age time.Duration) string { return signedFields(m, age).Encode() }

func signedFields(m *mount, age time.Duration) url.Values {
	timestamp := strconv.FormatInt(vectorTime.Add(-age).Unix(), 10)
	return sso.Form{
		"id": "res_1", "timestamp": timestamp, "email": "ann@example.com", "nav-data": "",
		"token": hex.EncodeToString(sso.Token("res_1", m.common.SSOSalt.Reveal(), timestamp)),
	}.Values()
}

// forged is what whoever did not sign reads.
const forged = "This link does not work. Open the add-on from your dashboard."

func refusal(status int, message, noted string) platformtest.Refusal {
	return platformtest.Refusal{Status: status, Page: "Xervo: " + message, Noted: noted}
}

func TestOnlyWhoSignedLearnsMore(t *testing.T) {
	m := signOnMount(t, common(), "", salt, vectorTime)
	long := vectorTime.Add(-25 * time.Hour)
	for name, c := range map[string]struct {
		body   string
		engine platformtest.Everything
		want   platformtest.Refusal
	}{
		"a bad token":                     {strings.Replace(signed(m, 0), "res_1", "res_2", 1), platformtest.Everything{}, refusal(403, forged, "the digest does not fit")},
		"a bad token of one that is gone": {strings.Replace(signed(m, 0), "res_1", "res_2", 1), platformtest.Everything{State: gateway.Deprovisioned, Deleted: vectorTime}, refusal(403, forged, "the digest does not fit")},
		"too old":                         {signed(m, 11*time.Minute), platformtest.Everything{}, refusal(403, "This link is 11 minutes old; open the add-on again from your dashboard.", "signed 11 minutes ago")},
		"a clock ahead":                   {signed(m, -2*time.Minute), platformtest.Everything{}, refusal(403, forged, "signed 2m0s ahead of our clock")},
		"signed, never was":               {signed(m, 0), platformtest.Everything{Err: gateway.Errorf(gateway.NotFound, "There is no such resource.")}, refusal(403, "There is no such resource.", "no such resource")},
		"signed, removed long ago":        {signed(m, 0), platformtest.Everything{State: gateway.Deprovisioned, Deleted: long}, refusal(403, "This add-on was removed.", "gone")},
		"signed, the store is down":       {signed(m, 0), platformtest.Everything{Err: gateway.Errorf(gateway.Unavailable, "Please try again.")}, refusal(503, "Please try again.", "unavailable")},
	} {
		c.want.Check(t, name, postSignOn(m, &c.engine, asForm, c.body))
	}
}

func TestCustomersOfEveryLivingStateMayEnter(t *testing.T) {
	m := signOnMount(t, common(), "", salt, vectorTime)
	platformtest.CheckCustomersMayEnter(t, func(engine platform.Lifecycle) platformtest.Visit { return postSignOn(m, engine, asForm, signed(m, 0)) })
}

// dia signs on last, with the id of the resource that it has removed.
func TestWhoComesTooLateIsToldForSomeTime(t *testing.T) {
	for name, c := range map[string]struct {
		settings string
		engine   platformtest.Everything
		told     bool
	}{
		"still going":             {"", platformtest.Everything{State: gateway.Deprovisioning}, true},
		"going, without a grace":  {`gone_grace = "0s"`, platformtest.Everything{State: gateway.Deprovisioning}, true},
		"just gone":               {"", platformtest.Everything{State: gateway.Deprovisioned, Deleted: vectorTime}, true},
		"gone, on the last day":   {"", platformtest.Everything{State: gateway.Deprovisioned, Deleted: vectorTime.Add(-24 * time.Hour)}, true},
		"gone, a moment too long": {"", platformtest.Everything{State: gateway.Deprovisioned, Deleted: vectorTime.Add(-24*time.Hour - time.Millisecond)}, false},
		"gone, without a grace":   {`gone_grace = "0s"`, platformtest.Everything{State: gateway.Deprovisioned, Deleted: vectorTime.Add(-time.Millisecond)}, false},
		"gone, a long grace":      {`gone_grace = "720h"`, platformtest.Everything{State: gateway.Deprovisioned, Deleted: vectorTime.Add(-720 * time.Hour)}, true},
	} {
		m := signOnMount(t, common(), c.settings, salt, vectorTime)
		visit := postSignOn(m, &c.engine, asForm, signed(m, 0))
		if c.told != (visit.Code == 302 && visit.TooLate == "our-res_1") || !c.told && visit.Code != 403 || visit.Entered != "" {
			t.Errorf("%s: %d, told of %q, entered %q", name, visit.Code, visit.TooLate, visit.Entered)
		}
	}
}

func TestAProofIsTheSameInEveryForm(t *testing.T) {
	m := signOnMount(t, common(), "", salt, vectorTime)
	fields := signedFields(m, 0)
	asText, _ := json.Marshal(map[string]any{"id": "res_1", "timestamp": fields.Get("timestamp"), "token": strings.ToUpper(fields.Get("token"))})
	asNumber := strings.Replace(string(asText), `"1700000000"`, "1700000000", 1)
	var proofs []string
	for contentType, body := range map[string]string{asForm: fields.Encode(), asJSON: string(asText), "application/json; charset=utf-8": asNumber} {
		visit := postSignOn(m, &platformtest.Everything{State: gateway.Active}, contentType, body)
		if visit.Code != 302 || visit.Customer.Proof == "" || visit.Customer.ProofUntil.Before(vectorTime.Add(5*time.Minute)) {
			t.Errorf("%s: %d, proof until %s", contentType, visit.Code, visit.Customer.ProofUntil)
		}
		proofs = append(proofs, visit.Customer.Proof)
	}
	if len(slices.Compact(proofs)) != 1 {
		t.Errorf("one proof in three forms would open three sessions: %q", proofs)
	}
	c, many := common(), false
	c.SSOSingleUse = &many
	m = signOnMount(t, c, "", salt, vectorTime)
	if visit := postSignOn(m, &platformtest.Everything{State: gateway.Active}, asForm, signed(m, 0)); visit.Entered == "" || visit.Customer.Proof != "" {
		t.Errorf("where a proof may be used often it is %q", visit.Customer.Proof)
	}
}

func TestTheWindowIsTheOperators(t *testing.T) {
	c := common()
	c.SSOWindow, c.SSOSkew, c.SSOMaxAge = 20*time.Minute, 0, 10*time.Minute
	m := signOnMount(t, c, "", salt, vectorTime)
	for age, want := range map[time.Duration]int{10 * time.Minute: 302, 10*time.Minute + time.Second: 403, 0: 302, -time.Second: 403} {
		if visit := postSignOn(m, &platformtest.Everything{State: gateway.Active}, asForm, signed(m, age)); visit.Code != want {
			t.Errorf("signed %s ago: %d, want %d", age, visit.Code, want)
		}
	}
}

func TestEveryKindHasASignOnStatus(t *testing.T) {
	for _, kind := range gateway.Kinds() {
		if status := signOnStatuses()[kind]; status < 400 || status > 599 {
			t.Errorf("%s has status %d", kind, status)
		}
	}
}

func TestWhoMayShowThePageInAFrame(t *testing.T) {
	if got := newTestMount(t, common(), "").Profile().FrameAncestors; got != nil {
		t.Errorf("by default: %q", got)
	}
	c := common()
	c.FrameAncestors = []string{"https://console.example"}
	if got := newTestMount(t, c, "").Profile().FrameAncestors; !slices.Equal(got, c.FrameAncestors) {
		t.Errorf("as was configured: %q", got)
	}
}

// FuzzSignOn compares the verifier with one written from the document's formula
// alone: what that one refuses must not get in, in either form.
func FuzzSignOn(f *testing.F) {
	vectors, err := spec.SSOVectors(label)
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range vectors {
		f.Add(v.ContentType == asJSON, v.Body, v.Salt)
	}
	f.Fuzz(func(t *testing.T, isJSON bool, body, salt string) {
		m := newMount(common(), settings{goneGrace: time.Hour})
		m.window = sso.Window{MaxAge: signOnMaxAge, Skew: time.Minute}
		m.common.SSOSalt, m.now = secret.New(salt), func() time.Time { return vectorTime }
		contentType, read := asForm, readFormPlainly
		if isJSON {
			contentType, read = asJSON, readJSONPlainly
		}
		visit := postSignOn(m, &platformtest.Everything{State: gateway.Active}, contentType, body)
		if visit.Code == 403 {
			return
		}
		id, timestamp, token, ok := read(body)
		sum := sha1.Sum([]byte(id + ":" + salt + ":" + timestamp))
		if visit.Code != 302 || !ok || visit.Entered != "our-"+id || !strings.EqualFold(token, hex.EncodeToString(sum[:])) {
			t.Errorf("%q as %s gets in: %d", body, contentType, visit.Code)
		}
		if timestamp < "1699999700" || timestamp > "1700000060" || strings.Trim(timestamp, "0123456789") != "" {
			t.Errorf("%q is in time", timestamp)
		}
	})
}

func readFormPlainly(body string) (id, timestamp, token string, ok bool) {
	fields, err := url.ParseQuery(body)
	return fields.Get("id"), fields.Get("timestamp"), fields.Get("token"), err == nil && len(fields["id"]) == 1
}

func readJSONPlainly(body string) (id, timestamp, token string, ok bool) {
	var fields map[string]any
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		return "", "", "", false
	}
	id, _ = fields["id"].(string)
	token, _ = fields["token"].(string)
	switch at := fields["timestamp"].(type) {
	case string:
		timestamp = at
	case json.Number:
		timestamp = at.String()
	}
	return id, timestamp, token, true
}
