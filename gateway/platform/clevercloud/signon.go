package clevercloud

import (
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/sso"
)

// signOn is the browser's entry: the console posts a form on the customer's
// behalf (Add-on API and Marketplace APIs & Tools, SSO).
func (a api) signOn(landing platform.Landing) platform.Handler {
	return func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
		id, customer, err := a.mount.verify(w, r)
		if err != nil {
			return err
		}
		return platform.Enter(w, r, a.lifecycle, landing, id, customer)
	}
}

// verify returns whom the form is for. Until the digest is known to fit, every
// answer is the same and nothing has been looked up.
func (m *mount) verify(w http.ResponseWriter, r *http.Request) (id string, s gateway.SignOn, err error) {
	form, err := sso.ReadForm(w, r, "id", "timestamp", "nav-data", "email", "user_id", "token", "signature")
	if err != nil {
		return "", s, sso.Forged(err)
	}
	window, err := m.checkDigest(form)
	if err != nil {
		return "", s, sso.Forged(err)
	}
	at, err := sso.ParseTimestamp(form["timestamp"])
	if err != nil {
		return "", s, sso.Forged(err)
	}
	if err := window.Admit(at, m.now()); err != nil {
		return "", s, err
	}
	s = gateway.SignOn{UserID: form["user_id"], Email: form["email"], NavData: form["nav-data"], EmailVerified: form.Has("signature")}
	if m.common.SignOnOnce(true) {
		s.Proof, s.ProofUntil = m.proof(form), m.longestWindow().Until(at, m.now())
	}
	return form["id"], s, nil
}

// proof is the same for a form with a signature and for what is left of it
// without: the console may send both digests, and whoever takes the signature
// off a used form must not get in by the token.
func (m *mount) proof(form sso.Form) string {
	return form["id"] + ":" + hex.EncodeToString(token(form, m.common.SSOSalt.Reveal()))
}

// longestWindow is in which some form with a given timestamp is accepted.
func (m *mount) longestWindow() sso.Window {
	if m.own.tokenOnly && m.own.tokenWindow.MaxAge > m.own.signatureWindow.MaxAge {
		return m.own.tokenWindow
	}
	return m.own.signatureWindow
}

// checkDigest finds out whether somebody with the salt made the form, and
// returns how old it may be then. A signature decides alone: the token covers
// neither email nor user, so it could rescue a form that somebody edited.
func (m *mount) checkDigest(form sso.Form) (sso.Window, error) {
	// The fields are joined without escaping. With a colon in one of them, two
	// identities would share a signature.
	for _, name := range []string{"id", "user_id", "email"} {
		if strings.Contains(form[name], ":") {
			return sso.Window{}, fmt.Errorf("there is a colon in %q", name)
		}
	}
	claimed, sum, window, required := form["token"], token(form, m.common.SSOSalt.Reveal()), m.own.tokenWindow, []string{"id", "timestamp", "token"}
	if form.Has("signature") {
		claimed, sum, window = form["signature"], signature(form, m.common.SSOSalt.Reveal()), m.own.signatureWindow
		required = []string{"id", "timestamp", "user_id", "email"}
	} else if !m.own.tokenOnly {
		return sso.Window{}, errors.New("there is no signature, and token_only is off")
	}
	for _, name := range required {
		if !form.Has(name) {
			return sso.Window{}, fmt.Errorf("%q is missing", name)
		}
	}
	if !sso.SameDigest(claimed, sum) {
		return sso.Window{}, errors.New("the digest does not fit")
	}
	return window, nil
}

// token proves id and timestamp, in the text that was received (Add-on API).
func token(form sso.Form, salt string) []byte { return sso.Token(form["id"], salt, form["timestamp"]) }

// signature proves the customer too (Marketplace APIs & Tools, since February
// 2025). An absent nav-data is an empty one.
func signature(form sso.Form, salt string) []byte {
	sum := sha512.Sum512([]byte(strings.Join(
		[]string{form["id"], form["user_id"], form["email"], form["nav-data"], salt, form["timestamp"]}, ":")))
	return sum[:]
}
