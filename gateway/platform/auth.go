package platform

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
)

// Credentials is the pair that a platform sends with Basic authentication. It
// keeps digests only.
type Credentials struct {
	username, password [sha256.Size]byte
	usable             bool
}

// NewCredentials makes Credentials. A pair with an empty half lets nobody in.
func NewCredentials(username string, password secret.Value) Credentials {
	return Credentials{
		username: sha256.Sum256([]byte(username)),
		password: sha256.Sum256([]byte(password.Reveal())),
		usable:   username != "" && !password.Empty(),
	}
}

// Check returns gateway.Unauthorized unless r carries the pair. Both halves
// are always compared, as digests of one length in constant time, so that
// neither the time nor the answer tells which half was wrong.
func (c Credentials) Check(r *http.Request) error {
	username, password, _ := r.BasicAuth() // both empty where there is none, which never fits
	u, p := sha256.Sum256([]byte(username)), sha256.Sum256([]byte(password))
	same := subtle.ConstantTimeCompare(u[:], c.username[:]) & subtle.ConstantTimeCompare(p[:], c.password[:])
	if same != 1 || !c.usable {
		return gateway.Errorf(gateway.Unauthorized, "The user name or the password is wrong.")
	}
	return nil
}
