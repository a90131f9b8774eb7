package xervo

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
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

// landing remembers who entered, and who came too late.
type landing struct {
	resource string
	gone     string
	customer gateway.SignOn
	refused  string
}

func (l *landing) Enter(w http.ResponseWriter, r *http.Request, resourceID string, s gateway.SignOn) error {
	l.resource, l.customer = resourceID, s
	http.Redirect(w, r, "https://addons.acme.example/r/"+resourceID, http.StatusFound)
	return nil
}

func (l *landing) Gone(w http.ResponseWriter, r *http.Request, resourceID string) error {
	l.gone = resourceID
	http.Redirect(w, r, "https://addons.acme.example/r/"+resourceID, http.StatusFound)
	return nil
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
	state   gateway.State
	deleted time.Time
	err     error
	asked   int
}

func (e *everything) Resource(_ context.Context, id string) (gateway.Resource, error) {
	e.asked++
	return gateway.Resource{ID: "our-" + id, ProviderID: id, State: e.state, DeletedAt: e.deleted}, e.err
}

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
func postSignOn(m *mount, engine platform.Lifecycle, contentType, body string) (*httptest.ResponseRecorder, *landing, error) {
	l, notes := &landing{}, &platform.Notes{}
	r := httptest.NewRequest("POST", "/sso", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	for _, route := range m.Routes(engine, l) {
		if route.Path == "/sso" {
			route.Handle(w, r.WithContext(platform.WithNotes(r.Context(), notes)), nil)
		}
	}
	_, err := notes.Taken()
	return w, l, err
}

func TestEveryVectorOfTheSpecificationHolds(t *testing.T) {
	vectors, err := spec.SSOVectors(label)
	if err != nil {
		t.Fatal(err)
	}
	if len(vectors) != 29 {
		t.Errorf("%d vectors", len(vectors))
	}
	for _, v := range vectors {
		for unit, settings := range map[string]string{"seconds": "", "milliseconds": "sso_milliseconds = true"} {
			t.Run(v.Name+"/"+unit, func(t *testing.T) {
				now, err := v.Time()
				if err != nil {
					t.Fatal(err)
				}
				engine := &everything{state: gateway.Active}
				w, l, _ := postSignOn(signOnMount(t, common(), settings, v.Salt, now), engine, v.ContentType, v.Body)
				if !slices.Contains(v.AcceptedBy, unit) {
					if w.Code != 403 || l.resource != "" || engine.asked != 0 {
						t.Errorf("%s: status %d, entered %q, the engine was asked %d times", v.Says, w.Code, l.resource, engine.asked)
					}
					return
				}
				if w.Code != 302 || !strings.HasPrefix(l.resource, "our-") {
					t.Fatalf("%s: status %d, %s", v.Says, w.Code, l.refused)
				}
				got := l.customer
				got.Proof, got.ProofUntil = "", time.Time{}
				want := gateway.SignOn{UserID: v.UserID, Email: v.Email, EmailVerified: v.EmailVerified, NavData: v.NavData}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: customer (-want +got):\n%s", v.Says, diff)
				}
			})
		}
	}
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

func TestOnlyWhoSignedLearnsMore(t *testing.T) {
	m := signOnMount(t, common(), "", salt, vectorTime)
	const closed = "Xervo: This link does not work. Open the add-on from your dashboard."
	long := vectorTime.Add(-25 * time.Hour)
	for name, c := range map[string]struct {
		body    string
		engine  everything
		status  int
		refused string
		noted   string
	}{
		"a bad token":                     {strings.Replace(signed(m, 0), "res_1", "res_2", 1), everything{}, 403, closed, "the digest does not fit"},
		"a bad token of one that is gone": {strings.Replace(signed(m, 0), "res_1", "res_2", 1), everything{state: gateway.Deprovisioned, deleted: vectorTime}, 403, closed, "the digest does not fit"},
		"too old":                         {signed(m, 11*time.Minute), everything{}, 403, "Xervo: This link is 11 minutes old; open the add-on again from your dashboard.", "signed 11 minutes ago"},
		"a clock ahead":                   {signed(m, -2*time.Minute), everything{}, 403, closed, "signed 2m0s ahead of our clock"},
		"signed, never was":               {signed(m, 0), everything{err: gateway.Errorf(gateway.NotFound, "There is no such resource.")}, 403, "Xervo: There is no such resource.", "no such resource"},
		"signed, removed long ago":        {signed(m, 0), everything{state: gateway.Deprovisioned, deleted: long}, 403, "Xervo: This add-on was removed.", "gone"},
		"signed, the store is down":       {signed(m, 0), everything{err: gateway.Errorf(gateway.Unavailable, "Please try again.")}, 503, "Xervo: Please try again.", "unavailable"},
	} {
		w, l, noted := postSignOn(m, &c.engine, asForm, c.body)
		if w.Code != c.status || l.refused != c.refused || noted == nil || !strings.Contains(noted.Error(), c.noted) {
			t.Errorf("%s: %d %q, noted %v", name, w.Code, l.refused, noted)
		}
		if noted != nil && (strings.Contains(noted.Error(), "example.com") || strings.Contains(noted.Error(), "res_1")) {
			t.Errorf("%s: the log quotes the form: %v", name, noted)
		}
	}
}

func TestCustomersOfEveryLivingStateMayEnter(t *testing.T) {
	m := signOnMount(t, common(), "", salt, vectorTime)
	for _, state := range []gateway.State{gateway.Provisioning, gateway.Active, gateway.Updating, gateway.Suspended, gateway.Failed} {
		if w, l, _ := postSignOn(m, &everything{state: state}, asForm, signed(m, 0)); w.Code != 302 || l.resource != "our-res_1" || l.gone != "" {
			t.Errorf("%s: %d, entered %q", state, w.Code, l.resource)
		}
	}
}

// dia signs on last, with the id of the resource that it has removed.
func TestWhoComesTooLateIsToldForSomeTime(t *testing.T) {
	for name, c := range map[string]struct {
		settings string
		engine   everything
		told     bool
	}{
		"still going":             {"", everything{state: gateway.Deprovisioning}, true},
		"going, without a grace":  {`gone_grace = "0s"`, everything{state: gateway.Deprovisioning}, true},
		"just gone":               {"", everything{state: gateway.Deprovisioned, deleted: vectorTime}, true},
		"gone, on the last day":   {"", everything{state: gateway.Deprovisioned, deleted: vectorTime.Add(-24 * time.Hour)}, true},
		"gone, a moment too long": {"", everything{state: gateway.Deprovisioned, deleted: vectorTime.Add(-24*time.Hour - time.Millisecond)}, false},
		"gone, without a grace":   {`gone_grace = "0s"`, everything{state: gateway.Deprovisioned, deleted: vectorTime.Add(-time.Millisecond)}, false},
		"gone, a long grace":      {`gone_grace = "720h"`, everything{state: gateway.Deprovisioned, deleted: vectorTime.Add(-720 * time.Hour)}, true},
	} {
		m := signOnMount(t, common(), c.settings, salt, vectorTime)
		w, l, _ := postSignOn(m, &c.engine, asForm, signed(m, 0))
		if c.told != (w.Code == 302 && l.gone == "our-res_1") || !c.told && w.Code != 403 || l.resource != "" {
			t.Errorf("%s: %d, told of %q, entered %q", name, w.Code, l.gone, l.resource)
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
		w, l, _ := postSignOn(m, &everything{state: gateway.Active}, contentType, body)
		if w.Code != 302 || l.customer.Proof == "" || l.customer.ProofUntil.Before(vectorTime.Add(5*time.Minute)) {
			t.Errorf("%s: %d, proof until %s", contentType, w.Code, l.customer.ProofUntil)
		}
		proofs = append(proofs, l.customer.Proof)
	}
	if len(slices.Compact(proofs)) != 1 {
		t.Errorf("one proof in three forms would open three sessions: %q", proofs)
	}
	c, many := common(), false
	c.SSOSingleUse = &many
	m = signOnMount(t, c, "", salt, vectorTime)
	if _, l, _ := postSignOn(m, &everything{state: gateway.Active}, asForm, signed(m, 0)); l.resource == "" || l.customer.Proof != "" {
		t.Errorf("where a proof may be used often it is %q", l.customer.Proof)
	}
}

func TestTheWindowIsTheOperators(t *testing.T) {
	c := common()
	c.SSOWindow, c.SSOSkew, c.SSOMaxAge = 20*time.Minute, 0, 10*time.Minute
	m := signOnMount(t, c, "", salt, vectorTime)
	for age, want := range map[time.Duration]int{10 * time.Minute: 302, 10*time.Minute + time.Second: 403, 0: 302, -time.Second: 403} {
		if w, _, _ := postSignOn(m, &everything{state: gateway.Active}, asForm, signed(m, age)); w.Code != want {
			t.Errorf("signed %s ago: %d, want %d", age, w.Code, want)
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
		w, l, _ := postSignOn(m, &everything{state: gateway.Active}, contentType, body)
		if w.Code == 403 {
			return
		}
		id, timestamp, token, ok := read(body)
		sum := sha1.Sum([]byte(id + ":" + salt + ":" + timestamp))
		if w.Code != 302 || !ok || l.resource != "our-"+id || !strings.EqualFold(token, hex.EncodeToString(sum[:])) {
			t.Errorf("%q as %s gets in: %d", body, contentType, w.Code)
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
