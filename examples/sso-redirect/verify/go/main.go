// A page that customers of an add-on are sent to with a token. It checks the
// token and answers who came. Copy verifier and its methods; main is the rest.
//
//	SSO_TOKEN_SECRET=… SSO_AUDIENCE=https://app.example.com go run main.go
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"sync"
	"time"
)

// claims is what a token says. Pointers tell what is missing from what is
// empty, and a wrong type is an error of encoding/json.
type claims struct {
	Issuer        *string `json:"iss"`
	Audience      *string `json:"aud"`
	Resource      *string `json:"sub"`
	ID            *string `json:"jti"`
	IssuedAt      *int64  `json:"iat"`
	Expires       *int64  `json:"exp"`
	Addon         *string `json:"addon"`
	Plan          *string `json:"plan"`
	Region        *string `json:"region"`
	Platform      *string `json:"platform"`
	EmailVerified *bool   `json:"email_verified"`
	PlatformID    string  `json:"platform_id"` // the last three may be absent
	UserID        string  `json:"user_id"`
	Email         string  `json:"email"`
}

// verifier accepts each token of one gateway for one page once.
type verifier struct {
	audience string
	secrets  [][]byte // the present one, and while it is replaced the one before

	mu   sync.Mutex
	seen map[string]int64 // until when each jti is remembered
}

var tokenForm = regexp.MustCompile(`^([A-Za-z0-9_-]+\.([A-Za-z0-9_-]+))\.([A-Za-z0-9_-]+)$`)

// verify returns the claims of a token, or why it is refused. Nothing of a
// token is read before its signature is known to fit.
func (v *verifier) verify(token string, now time.Time) (claims, error) {
	var c claims
	parts := tokenForm.FindStringSubmatch(token)
	if parts == nil || len(token) > 8192 {
		return c, errors.New("it is no token")
	}
	if !v.signed(parts[1], parts[3]) {
		return c, errors.New("the signature does not fit")
	}
	var header struct {
		Algorithm string `json:"alg"`
		Critical  any    `json:"crit"`
	}
	head := parts[1][:len(parts[1])-len(parts[2])-1]
	if err := decode(head, &header); err != nil || header.Algorithm != "HS256" || header.Critical != nil {
		return c, errors.New("the algorithm is another")
	}
	if err := decode(parts[2], &c); err != nil || !c.complete() {
		return c, errors.New("the claims are not as they should be")
	}
	if *c.Audience != v.audience {
		return c, errors.New("it is for another page")
	}
	if now.Unix() >= *c.Expires {
		return c, errors.New("it has expired")
	}
	if !v.spend(*c.ID, *c.Expires, now) {
		return c, errors.New("it was used before")
	}
	return c, nil
}

// signed compares in constant time. Texts are compared rather than bytes: the
// same bytes can be written in several ways.
func (v *verifier) signed(text, signature string) bool {
	fits := false
	for _, secret := range v.secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		want := base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
		fits = hmac.Equal([]byte(want), []byte(signature)) || fits
	}
	return fits
}

func decode(part string, into any) error {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func (c claims) complete() bool {
	for _, text := range []*string{c.Issuer, c.Audience, c.Resource, c.ID, c.Addon, c.Plan, c.Region, c.Platform} {
		if text == nil || *text == "" {
			return false
		}
	}
	return c.IssuedAt != nil && c.Expires != nil && c.EmailVerified != nil
}

// spend remembers a jti until its token has expired. With more than one process
// it must be kept where all of them look, such as a table with a unique index.
func (v *verifier) spend(id string, expires int64, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	for other, end := range v.seen {
		if end <= now.Unix() {
			delete(v.seen, other)
		}
	}
	if _, used := v.seen[id]; used {
		return false
	}
	v.seen[id] = expires
	return true
}

func (v *verifier) partnerLogin(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // the token is in this page's address
	tokens := r.URL.Query()["token"]
	if len(tokens) != 1 {
		refuse(w, errors.New("there is not one token"))
		return
	}
	c, err := v.verify(tokens[0], time.Now())
	if err != nil {
		refuse(w, err)
		return
	}
	// Here your page begins a session for the resource and redirects into it.
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"resource": *c.Resource, "addon": *c.Addon, "plan": *c.Plan, "region": *c.Region, "platform": *c.Platform,
		"platform_id": c.PlatformID, "user_id": c.UserID, "email": c.Email, "email_verified": *c.EmailVerified,
	})
}

// refuse tells the log why, and the sender nothing. The token is never logged.
func refuse(w http.ResponseWriter, reason error) {
	log.Print("refused: ", reason)
	http.Error(w, "This link does not work. Open the add-on from your dashboard.", http.StatusForbidden)
}

func main() {
	v := &verifier{audience: os.Getenv("SSO_AUDIENCE"), seen: map[string]int64{}}
	for _, name := range []string{"SSO_TOKEN_SECRET", "SSO_TOKEN_SECRET_BEFORE"} {
		secret := os.Getenv(name)
		if len(secret) < 32 && (name == "SSO_TOKEN_SECRET" || secret != "") {
			log.Fatal(name, " must have 32 characters or more")
		}
		if secret != "" {
			v.secrets = append(v.secrets, []byte(secret))
		}
	}
	if v.audience == "" {
		log.Fatal("SSO_AUDIENCE must be the origin of this page, such as https://app.example.com")
	}
	address := os.Getenv("LISTEN")
	if address == "" {
		address = "127.0.0.1:9000"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /partner-login", v.partnerLogin)
	fmt.Printf("listening on http://%s/partner-login\n", listener.Addr())
	log.Fatal((&http.Server{ReadHeaderTimeout: 10 * time.Second}).Serve(listener))
}
