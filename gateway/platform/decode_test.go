package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
)

// wire has a field of every sort that a dialect may use.
type wire struct {
	ID      string             `json:"id"`
	Count   int                `json:"count"`
	Price   float64            `json:"price"`
	Ready   bool               `json:"ready"`
	Names   []string           `json:"names"`
	Options map[string]*string `json:"options"`
	Grant   struct {
		Code string `json:"code"`
	} `json:"grant"`
	Untagged string // stays as it is
}

func read(body string, header ...string) (wire, error) {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	var got wire
	err := Decode(httptest.NewRecorder(), r, &got)
	return got, err
}

func TestDecodeFillsTheFieldsItKnows(t *testing.T) {
	got, err := read(` {"id": "é\u00e9", "count": 3, "price": 1.5, "ready": true, "names": ["a"], "options": {"a": null}, "grant": {"code": "x", "more": 1},
		"ID": "not this one", "more": {"deep": [1, {}]}, "Untagged": "no", "": 1} ` + "\n")
	if err != nil {
		t.Fatal(err)
	}
	want := wire{ID: "éé", Count: 3, Price: 1.5, Ready: true, Names: []string{"a"}, Options: map[string]*string{"a": nil}}
	want.Grant.Code = "x"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
	if got, err := read(`{"id": null, "options": null, "count": null}`); err != nil || got.ID != "" || got.Options != nil {
		t.Errorf("null gives %+v, %v", got, err)
	}
}

func TestDecodeSaysWhatIsWrongAndQuotesNothing(t *testing.T) {
	for body, want := range map[string]string{
		"":                                  "The request body is empty; a JSON object is expected.",
		" \r\n":                             "The request body is empty; a JSON object is expected.",
		"[]":                                "The request body is not a JSON object.",
		"null":                              "The request body is not a JSON object.",
		"12":                                "The request body is not a JSON object.",
		`{"id": "s3cret"`:                   "The request body is not one complete JSON object.",
		`{"id": "s3cret"}x`:                 "The request body is not one complete JSON object.",
		`{"id": "s3cret"} {}`:               "The request body is not one complete JSON object.",
		"{\"id\": \"s3cret\xff\"}":          "The request body is not UTF-8.",
		`{"id": "s3cret", "id": "b"}`:       "The request body has a name twice.",
		`{"x": 1, "\u0078": 2}`:             "The request body has a name twice.",
		`{"id": 12345678901234567890}`:      `"id" must be text, not a number.`,
		`{"id": true}`:                      `"id" must be text, not true or false.`,
		`{"id": {"s3cret": 1}}`:             `"id" must be text, not an object.`,
		`{"count": "s3cret"}`:               `"count" must be a number, not text.`,
		`{"count": 1.5}`:                    `"count" must be a whole number that is not too large.`,
		`{"count": 99999999999999999999}`:   `"count" must be a whole number that is not too large.`,
		`{"ready": "s3cret"}`:               `"ready" must be true or false, not text.`,
		`{"names": "s3cret"}`:               `"names" must be a list, not text.`,
		`{"names": [1]}`:                    `"names" must hold text only, not a number.`,
		`{"options": []}`:                   `"options" must be an object, not a list.`,
		`{"options": {"s3cret": 1}}`:        `"options" must hold text only, not a number.`,
		`{"options": {"a": ["s3cret"]}}`:    `"options" must hold text only, not a list.`,
		`{"grant": {"code": 5}}`:            `"grant.code" must be text, not a number.`,
		`{"grant": "s3cret"}`:               `"grant" must be an object, not text.`,
		`{"id": "s3cret\u0000"}`:            `"id" holds a NUL character.`,
		`{"options": {"s3cret\u0000": ""}}`: `"options" holds a NUL character.`,
	} {
		_, err := read(body)
		var e *gateway.Error
		if !errors.As(err, &e) || e.Kind != gateway.Invalid || e.Message != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error quotes a value: %v", body, err)
		}
	}
	if _, err := read(`{"id": "\\u0000"}`); err != nil {
		t.Errorf("a backslash before u0000: %v", err)
	}
}

// announced is a request whose body must not be read: its length is enough.
func announced(length int64) *http.Request {
	r := httptest.NewRequest("POST", "/", unreadable{})
	r.ContentLength = length
	return r
}

type unreadable struct{}

func (unreadable) Read([]byte) (int, error) { return 0, errors.New("the body was read") }

func TestDecodeReadsAtMostOneMiB(t *testing.T) {
	fits := `{"id": "` + strings.Repeat("x", MaxBody-10) + `"}`
	if got, err := read(fits); err != nil || len(fits) != MaxBody || len(got.ID) != MaxBody-10 {
		t.Errorf("exactly 1 MiB: %v", err)
	}
	for name, r := range map[string]*http.Request{
		"announced":   announced(MaxBody + 1),
		"unannounced": httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader(fits), strings.NewReader(" "))),
	} {
		err := Decode(httptest.NewRecorder(), r, &wire{})
		if gateway.KindOf(err) != gateway.Invalid || gateway.Message(err) != "The request body is larger than 1 MiB." {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDecodeAcceptsJSONByItsUsualNames(t *testing.T) {
	for header, ok := range map[string]bool{
		"": true, "application/json": true, "Application/JSON; charset=utf-8": true, "application/json;charset": true, "text/json": true,
		"application/vnd.heroku-addons+json; version=3": true,
		"text/plain": false, "application/x-www-form-urlencoded": false, "multipart/form-data; boundary=x": false, "json": false, ";": false,
		"application/xml": false, "application/jsonp": false,
	} {
		if _, err := read("{}", "Content-Type", header); (err == nil) != ok {
			t.Errorf("%q: %v", header, err)
		}
	}
	for header, ok := range map[string]bool{"": true, "identity": true, "gzip": false, "br": false} {
		if _, err := read("{}", "Content-Encoding", header); (err == nil) != ok {
			t.Errorf("encoding %q: %v", header, err)
		}
	}
}

func TestNamesAreSortedAndComeWithoutValues(t *testing.T) {
	r := httptest.NewRequest("POST", "/", strings.NewReader(`{"b": 1, "a": {"c": 2}}`))
	if got, err := Names(httptest.NewRecorder(), r); err != nil || strings.Join(got, " ") != "a b" {
		t.Errorf("names %q, %v", got, err)
	}
	r = httptest.NewRequest("POST", "/", strings.NewReader(`[`))
	if _, err := Names(httptest.NewRecorder(), r); gateway.KindOf(err) != gateway.Invalid {
		t.Errorf("half a list: %v", err)
	}
}

// FuzzDecode: no body crashes it, what it accepts is one JSON object of the
// right types, and what it refuses is refused without quoting text.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"id": "x", "options": {"a": "b"}}`, `{"id": 1}`, `{"id": "a", "id": "b"}`, `[]`, `null`, `{"a":`, "\xff", `{"id": "\u0000"}`,
		`{"id": "\ud800"}`, `{"names": [null]}`, `{"grant": {"code": {}}}`, `{"": ""}`, "{\"id\":\"x\"}\n", `{"count": 1e99}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got wire
		err := Decode(httptest.NewRecorder(), httptest.NewRequest("POST", "/", bytes.NewReader(body)), &got)
		if err != nil {
			if gateway.KindOf(err) != gateway.Invalid {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		var object map[string]any
		if err := json.Unmarshal(body, &object); err != nil || object == nil {
			t.Errorf("%q is accepted, but %v", body, err)
		}
		if id, ok := object["id"].(string); ok && id != got.ID {
			t.Errorf("%q: the id is %q, not %q", body, got.ID, id)
		}
		if strings.ContainsRune(got.ID, 0) {
			t.Errorf("%q: a NUL got through", body)
		}
	})
}
