package conformancetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// The secrets of every Vendor.
const (
	Password = "correct-horse-battery-staple-and-36-c"
	Salt     = "k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo"
)

// Vendor is a small provider of add-ons, written by hand as vendors do. It is
// right but for one defect. Defects that providers on any platform could have
// are here; those that are about one platform's rules are in its folder.
type Vendor struct {
	Defect    string
	Username  string
	Sentences []string // the members of a refusal that say why
	API       API

	sync.Mutex // for all that follows
	ByOrder    map[string]*Resource
	ByID       map[string]*Resource
	made       int

	// For orders that arrive at once.
	repeated, met bool
	together      chan struct{}
	parted        chan struct{} // closed once two orders have met: a third waits for nobody
}

// API is what a platform calls.
type API interface {
	http.Handler
	SignOn(w http.ResponseWriter, r *http.Request)
	Call(w http.ResponseWriter, r *http.Request, address string) // one with credentials
}

// Operations are what most platforms call.
type Operations struct {
	Provision               func(w http.ResponseWriter, r *http.Request)
	ChangePlan, Deprovision func(w http.ResponseWriter, r *http.Request, id string)
}

// Refusal is a status with a sentence for the customer.
type Refusal struct {
	Status  int
	Message string
}

// Refused makes a Refusal.
func Refused(status int, message string) *Refusal {
	return &Refusal{Status: status, Message: message}
}

// NewVendor makes a Vendor, which serves nothing yet.
func NewVendor(username, defect string, sentences ...string) *Vendor {
	return &Vendor{
		Defect: defect, Username: username, Sentences: sentences,
		ByOrder: map[string]*Resource{}, ByID: map[string]*Resource{}, together: make(chan struct{}), parted: make(chan struct{}),
	}
}

// Serve starts to serve the API to the end of the test. It returns the two
// environments for the manifest; only the one for tests is there.
func (v *Vendor) Serve(t *testing.T, api API) (production, test map[string]string) {
	v.API = api
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	at := func(url string) map[string]string {
		return map[string]string{"base_url": url + "/resources", "sso_url": url + "/sso"}
	}
	return at("https://acme.example"), at(server.URL)
}

// Manifest writes a manifest.
func Manifest(t *testing.T, manifest map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// ServeHTTP serves sign-ons to everybody, and calls to the platform.
func (v *Vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.URL.EscapedPath(), "//") && v.Defect == "redirects doubled slashes" {
		http.Redirect(w, r, strings.ReplaceAll(r.URL.EscapedPath(), "//", "/"), http.StatusMovedPermanently)
		return
	}
	at := address(r)
	if at == "/sso" {
		v.API.SignOn(w, r)
		return
	}
	if f := v.admit(w, r, at); f != nil {
		v.Refuse(w, r, f)
		return
	}
	v.API.Call(w, r, at)
}

// address is a path with slashes as they should be.
func address(r *http.Request) string {
	return strings.TrimSuffix(strings.ReplaceAll(r.URL.EscapedPath(), "//", "/"), "/")
}

// admit looks at the credentials, and at nothing else.
func (v *Vendor) admit(w http.ResponseWriter, r *http.Request, at string) *Refusal {
	if v.Defect == "the body before the credentials" && r.Method == http.MethodPost && at == "/resources" {
		text, _ := io.ReadAll(r.Body)
		if _, ok := v.Parse(text); !ok && len(text) < 100 {
			return Refused(400, "That is no JSON.")
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
	}
	if v.authentic(r) {
		return nil
	}
	if v.Defect != "401 without a challenge" {
		w.Header().Set("WWW-Authenticate", `Basic realm="acme"`)
	}
	if v.Defect == "credentials that cannot be read are a failure" && unreadable(r) {
		return Refused(500, "Something failed.")
	}
	return Refused(401, "Wrong credentials.")
}

func unreadable(r *http.Request) bool {
	_, _, ok := r.BasicAuth()
	return !ok && r.Header.Get("Authorization") != ""
}

func (v *Vendor) authentic(r *http.Request) bool {
	name, given, ok := r.BasicAuth()
	switch v.Defect {
	case "credentials that cannot be read":
		if unreadable(r) {
			return true
		}
	case "no credentials on removals":
		if r.Method == http.MethodDelete {
			return true
		}
	case "no credentials on plan changes":
		if r.Method == http.MethodPut {
			return true
		}
	case "no credentials on suspensions":
		if strings.HasSuffix(r.URL.Path, "/suspend") {
			return true
		}
	case "user name not checked":
		return ok && given == Password
	case "password not checked":
		return ok && name == v.Username
	case "any password that begins right": // as Scalingo's boilerplate
		return ok && name == v.Username && strings.HasPrefix(given, Password)
	case "any prefix of the password":
		return ok && name == v.Username && strings.HasPrefix(Password, given)
	}
	return ok && name == v.Username && given == Password
}

// Route finds what a call is about, where an address is /resources or
// /resources/ID.
func (v *Vendor) Route(w http.ResponseWriter, r *http.Request, at string, o Operations) {
	segments := strings.Split(strings.TrimPrefix(at, "/resources"), "/")
	id := ""
	if len(segments) > 1 {
		id, _ = url.PathUnescape(segments[1])
	}
	switch {
	case !strings.HasPrefix(at, "/resources") || len(segments) > 2:
		v.Refuse(w, r, Refused(404, "Not found."))
	case id == "" && r.Method == http.MethodPost:
		o.Provision(w, r)
	case id == "":
		v.NotAllowed(w, r, "POST")
	case r.Method == http.MethodPut:
		o.ChangePlan(w, r, id)
	case r.Method == http.MethodDelete:
		o.Deprovision(w, r, id)
	default:
		v.NotAllowed(w, r, "DELETE, PUT")
	}
}
