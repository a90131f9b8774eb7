package conformance

import (
	"crypto/sha1"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/secret"
)

// Provider is whom the tester calls: what a platform knows of a provider from
// its manifest, or what the command line says instead.
type Provider struct {
	Name     string // as the manifest calls it
	BaseURL  string // without a slash at its end
	SSOURL   string // empty: no single sign-on
	Username string
	Password secret.Value
	Salt     secret.Value // empty: no single sign-on

	ConfigVars    []string                     // names that answers may use
	ConfigVarsSet bool                         // false: nobody said, so names are not judged
	Plans         []string                     // slugs, as requests carry them
	PlanOptions   map[string]map[string]string // by slug: what the platform copies from the manifest into requests
	Region        string                       // as requests carry it
	LogDrain      bool                         // it asks for a log drain's address

	Manifest []byte // as it was given; nil: there is none

	// Where servers are rented, each call carries the customer's credentials.
	Credentials []Credential
	Others      []Credential      // of another customer; empty: there is none
	Known       map[string]string // what the provider says of itself, as exchanges mention it
}

// Credential is one of a customer's credentials.
type Credential struct {
	Key    string // as the provider names it: "access-token"
	Header string // in which it is sent: "Auth-Access-Token"
	Value  secret.Value
}

// Sign adds credentials to a request's header.
func Sign(header http.Header, credentials []Credential) {
	for _, c := range credentials {
		header[c.Header] = []string{c.Value.Reveal()}
	}
}

// signed reports whether a request carries the provider's credentials.
func (p Provider) signed(r Request) bool {
	if r.Signed {
		return true
	}
	for _, c := range p.Credentials {
		if sent := r.Header[c.Header]; len(sent) != 1 || sent[0] != c.Value.Reveal() {
			return false
		}
	}
	return true
}

// redactor knows the values of all credentials; nil: there are none.
func (p Provider) redactor() *secret.Redactor {
	if len(p.Credentials)+len(p.Others) == 0 {
		return nil
	}
	r := &secret.Redactor{}
	for _, c := range append(slices.Clone(p.Credentials), p.Others...) {
		r.Add(c.Value.Reveal())
	}
	return r
}

// Resource is the address of what the provider calls id.
func (p Provider) Resource(id string) string { return p.BaseURL + "/" + url.PathEscape(id) }

// place is what of a provider a request goes to. It decides what may be shown.
type place string

const (
	elsewhere place = "" // an address that an answer led to
	resources place = "base_url"
	signOns   place = "sso_url"
)

func (p Provider) place(address string) place {
	before, _, _ := strings.Cut(address, "?")
	sso, _, _ := strings.Cut(p.SSOURL, "?")
	switch {
	case before == sso && sso != "":
		return signOns
	case (before == p.BaseURL || strings.HasPrefix(before, p.BaseURL+"/")) && p.BaseURL != "":
		return resources
	default:
		return elsewhere
	}
}

// longestOrder is more than any order that can succeed needs.
const longestOrder = 64 << 10

// Ordered reports whether a request is an order that may succeed.
func (p Provider) Ordered(r Request) bool {
	return r.Method == http.MethodPost && strings.TrimRight(r.URL, "/") == p.BaseURL && len(r.Body) <= longestOrder
}

// Token signs a sign-on as Heroku did, and all who took its API over.
func (p Provider) Token(id, timestamp string) string {
	sum := sha1.Sum([]byte(strings.Join([]string{id, p.Salt.Reveal(), timestamp}, ":")))
	return hex.EncodeToString(sum[:])
}

// Environment says which of a manifest's addresses are meant.
type Environment string

// The environments.
const (
	// Test is the manifest's test environment, or production where it has none.
	Test       Environment = "test"
	Production Environment = "production"
)
