package conformance

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Client makes the requests that a platform would make of a provider. It sends
// nothing; a Sender does.
type Client interface {
	// NewID draws an id as the platform makes them for an order.
	NewID() string

	Provision(o Order) Request
	// ChangePlan asks for o.Plan for the resource that the provider calls id.
	// o.ID is the platform's id of it; empty where it is not known.
	ChangePlan(id string, o Order) Request
	Deprovision(id string) Request

	// Suspend and Resume are false where the platform has no such call.
	Suspend(id string) (Request, bool)
	Resume(id string) (Request, bool)

	// SignOn is what a customer's browser sends, signed at a moment.
	SignOn(id string, who Person, at time.Time) SignOn
}

// Order is what a customer orders. Empty fields are the platform's usual ones.
type Order struct {
	ID      string // the platform's id of it; empty: drawn
	Plan    string // the slug; empty: the provider's first
	Region  string // empty: the provider's
	App     string // the platform's id of the customer's app, where it has apps
	Options map[string]string
}

// ChosenOptions are the options, never nil: some platforms send an empty object
// where there are none.
func (o Order) ChosenOptions() map[string]string {
	if o.Options == nil {
		return map[string]string{}
	}
	return o.Options
}

// Person is a customer in front of a browser. Empty fields are made up.
type Person struct{ ID, Email, Name string }

// Request is a request before it is sent. It holds no password: with Basic the
// Sender adds the provider's credentials, so that they never sit in a struct
// that somebody prints.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte // nil: none
	Basic  bool
	Signed bool // with the customer's credentials, which the Sender adds as well
}

// Encoding says how a sign-on carries its fields.
type Encoding string

// The encodings.
const (
	Query Encoding = "query" // a link
	Form  Encoding = "form"  // a page that posts itself
	JSON  Encoding = "json"
)

// SignOn is a sign-on that a platform has signed.
type SignOn struct {
	Method   string
	URL      string // without the fields
	Encoding Encoding
	Fields   []Field
}

// Field is one field of a sign-on, in the order in which the platform sends
// them.
type Field struct{ Name, Value string }

// Values returns the fields.
func (s SignOn) Values() url.Values {
	values := url.Values{}
	for _, f := range s.Fields {
		values.Add(f.Name, f.Value)
	}
	return values
}

// Link is the address with its fields as a query.
func (s SignOn) Link() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return s.URL
	}
	query := u.Query()
	for _, f := range s.Fields {
		query.Add(f.Name, f.Value)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// Request is the sign-on as a browser sends it.
func (s SignOn) Request() Request {
	switch s.Encoding {
	case Query:
		return Request{Method: s.Method, URL: s.Link(), Header: http.Header{}}
	case JSON:
		object := map[string]string{}
		for _, f := range s.Fields {
			object[f.Name] = f.Value
		}
		body, _ := json.Marshal(object) // of texts: it cannot fail
		return Request{Method: s.Method, URL: s.URL, Header: jsonHeader(), Body: body}
	default:
		header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		return Request{Method: s.Method, URL: s.URL, Header: header, Body: []byte(s.Values().Encode())}
	}
}

// NewRequest makes a request with the provider's credentials and, unless body
// is nil, that body as JSON.
func NewRequest(method, url string, body any) Request {
	r := Request{Method: method, URL: url, Header: http.Header{}, Basic: true}
	if body == nil {
		return r
	}
	r.Header = jsonHeader()
	r.Body, _ = json.Marshal(body) // of what a platform's folder builds: texts, lists and objects
	return r
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// Random draws bytes for an id that no other order has.
func Random(n int) []byte {
	random := make([]byte, n)
	_, _ = rand.Read(random) // never fails: crypto/rand ends the process instead
	return random
}
