package scalingo

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/sso"
)

// signOn is the browser's entry: the dashboard leads the customer to a link
// (Addon definition manifest, sso_salt). It is for a resource, not for a
// person.
func (a api) signOn(landing platform.Landing) platform.Handler {
	return func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
		id, customer, err := a.mount.verify(r)
		if err != nil {
			return err
		}
		return platform.Enter(w, r, a.lifecycle, landing, id, customer)
	}
}

// verify returns the resource that the link is for. Until the token is known to
// fit, every answer is the same and nothing has been looked up.
func (m *mount) verify(r *http.Request) (id string, s gateway.SignOn, err error) {
	form, err := sso.ReadQuery(r, "id", "timestamp", "token")
	if err != nil {
		return "", s, sso.Forged(err)
	}
	sum := sso.Token(form["id"], m.common.SSOSalt.Reveal(), form["timestamp"])
	if err := genuine(form, sum); err != nil {
		return "", s, sso.Forged(err)
	}
	at, err := sso.ParseSeconds(form["timestamp"])
	if err != nil {
		return "", s, sso.Forged(err)
	}
	if err := m.own.signOnWindow.Admit(at, m.now()); err != nil {
		return "", s, err
	}
	if m.common.SignOnOnce(false) { // a link may be opened again, unless the operator minds
		s.Proof, s.ProofUntil = form["id"]+":"+hex.EncodeToString(sum), m.own.signOnWindow.Until(at, m.now())
	}
	return form["id"], s, nil
}

// genuine finds out whether somebody with the salt made the link.
func genuine(form sso.Form, sum []byte) error {
	for _, name := range []string{"id", "timestamp", "token"} {
		if form[name] == "" {
			return fmt.Errorf("%q is missing", name)
		}
	}
	if !sso.SameDigest(form["token"], sum) {
		return errors.New("the digest does not fit")
	}
	return nil
}
