package xervo

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"mime"
	"net/http"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/sso"
)

// proof is the body of POST {sso_url} (Single sign on).
type proof struct {
	ID        string `json:"id"`
	Timestamp digits `json:"timestamp"`
	Token     string `json:"token"`
	Email     string `json:"email"`
	NavData   string `json:"nav-data"`
}

// digits is a timestamp as the request has it: text in the document, a number
// in dia. The digest is over the text, so a number must keep its digits; as a
// float64 it would print in another way.
type digits string

// UnmarshalJSON keeps a number's own digits.
func (d *digits) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err == nil {
		*d = digits(text)
		return nil
	}
	var number json.Number
	if err := json.Unmarshal(raw, &number); err != nil {
		return err
	}
	*d = digits(number)
	return nil
}

// signOn is the browser's entry, which Xervo posts to (Single sign on).
func (a api) signOn(landing platform.Landing) platform.Handler {
	return func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
		id, customer, err := a.mount.verify(w, r)
		if err != nil {
			return err
		}
		err = platform.Enter(w, r, a.lifecycle, landing, id, customer)
		if gateway.KindOf(err) != gateway.Gone {
			return err
		}
		return a.lateSignOn(w, r, landing, id, err)
	}
}

// lateSignOn leads to a page that says that the resource is gone, for some time
// after its removal: a full run of dia signs on last, when it has deprovisioned,
// and wants 302 and a page.
func (a api) lateSignOn(w http.ResponseWriter, r *http.Request, landing platform.Landing, id string, gone error) error {
	resource, err := a.lifecycle.Resource(r.Context(), id)
	if err != nil {
		return err
	}
	if resource.State == gateway.Deprovisioned && a.mount.now().Sub(resource.DeletedAt) > a.mount.own.goneGrace {
		return gone
	}
	return landing.Gone(w, r, resource.ID)
}

// verify returns whom the request is for. Until the digest is known to fit,
// every answer is the same and nothing has been looked up.
func (m *mount) verify(w http.ResponseWriter, r *http.Request) (id string, s gateway.SignOn, err error) {
	p, err := readProof(w, r)
	if err != nil {
		return "", s, sso.Forged(err)
	}
	sum := sso.Token(p.ID, m.common.SSOSalt.Reveal(), string(p.Timestamp))
	if !sso.SameDigest(p.Token, sum) {
		return "", s, sso.Forged(errors.New("the digest does not fit"))
	}
	at, err := m.parseTimestamp(string(p.Timestamp))
	if err != nil {
		return "", s, sso.Forged(err)
	}
	if err := m.window.Admit(at, m.now()); err != nil {
		return "", s, err
	}
	s = gateway.SignOn{Email: p.Email, NavData: p.NavData} // the token covers neither
	if m.common.SignOnOnce(true) {
		s.Proof, s.ProofUntil = p.ID+":"+hex.EncodeToString(sum), m.window.Until(at, m.now())
	}
	return p.ID, s, nil
}

// readProof takes JSON, as the document prints it and dia posts it, and a form,
// which is all that a page can post on a customer's behalf.
func readProof(w http.ResponseWriter, r *http.Request) (proof, error) {
	var p proof
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/x-www-form-urlencoded" {
		err := platform.Decode(w, r, &p)
		return p, err
	}
	form, err := sso.ReadForm(w, r, "id", "timestamp", "token", "email", "nav-data")
	if err != nil {
		return p, err
	}
	return proof{ID: form["id"], Timestamp: digits(form["timestamp"]), Token: form["token"], Email: form["email"], NavData: form["nav-data"]}, nil
}

// parseTimestamp reads seconds, and milliseconds where the operator says that
// the platform sends them.
func (m *mount) parseTimestamp(text string) (sso.Timestamp, error) {
	at, err := sso.ParseSeconds(text)
	if err != nil || !m.own.milliseconds {
		return at, err
	}
	return sso.ParseTimestamp(text)
}
