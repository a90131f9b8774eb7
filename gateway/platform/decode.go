package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway"
)

// MaxBody is how many bytes of a request body are read.
const MaxBody = 1 << 20

// Decode reads the JSON object in r's body into the struct that into points
// to. Every field of the struct needs a json tag; names are compared exactly,
// and names that the struct does not have are ignored, because every
// marketplace reserves the right to send more. null is as good as absent.
//
// All errors are gateway.Invalid and say what is wrong without quoting any
// value: too large, not UTF-8, not an object, a name given twice, a wrong type.
func Decode(w http.ResponseWriter, r *http.Request, into any) error {
	if err := checkContent(r.Header); err != nil {
		return err
	}
	data, err := ReadBody(w, r, MaxBody)
	if err != nil {
		return err
	}
	return DecodeBody(data, into)
}

// DecodeBody is Decode for a body that was read already, whatever its sender
// calls it.
func DecodeBody(data []byte, into any) error {
	object, err := parseObject(data)
	if err != nil {
		return err
	}
	return object.decode(into)
}

// Names reads the JSON object in r's body and returns its members' names, in
// alphabetical order, for requests whose body nobody documents. Errors are
// Decode's.
func Names(w http.ResponseWriter, r *http.Request) ([]string, error) {
	data, err := ReadBody(w, r, MaxBody)
	if err != nil {
		return nil, err
	}
	members, err := parseObject(data)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(members)), nil
}

// checkContent accepts JSON, and a body that does not say what it is: the
// marketplaces' documents print bodies but seldom the header. Other types are
// refused, above all the three that a browser's form can post to us from
// another site with the vendor's cached Basic credentials.
func checkContent(h http.Header) error {
	if encoding := h.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return gateway.Errorf(gateway.Invalid, "The request body is compressed; send it as it is.")
	}
	header := h.Get("Content-Type")
	if header == "" || header == "application/json" {
		return nil
	}
	media, _, err := mime.ParseMediaType(header)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return gateway.Errorf(gateway.Invalid, "The Content-Type cannot be read; application/json is expected.")
	}
	if media != "application/json" && media != "text/json" && !strings.HasSuffix(media, "+json") {
		return gateway.Errorf(gateway.Invalid, "The Content-Type is not application/json.")
	}
	return nil
}

// ErrTooLarge is the cause of the gateway.Invalid that a body over its limit
// gives, for platforms that have a status for it: see Failures.TooLarge.
var ErrTooLarge = errors.New("the body is over its limit")

// ReadBody returns r's body, which may have limit bytes.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	var buffer bytes.Buffer
	if r.ContentLength > 0 {
		buffer.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := buffer.ReadFrom(http.MaxBytesReader(connection(w), r.Body, limit))
	if err == nil {
		return buffer.Bytes(), nil
	}
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return nil, tooLarge(limit)
	}
	message := "The request body ended early."
	if errors.Is(err, os.ErrDeadlineExceeded) {
		message = "The request body did not arrive in time."
	}
	return nil, &gateway.Error{Kind: gateway.Invalid, Message: message, Cause: err}
}

func tooLarge(limit int64) error {
	size := fmt.Sprintf("%d KiB", limit>>10)
	if limit >= 1<<20 {
		size = fmt.Sprintf("%d MiB", limit>>20)
	}
	return &gateway.Error{Kind: gateway.Invalid, Message: "The request body is larger than " + size + ".", Cause: ErrTooLarge}
}

// connection returns net/http's own writer. MaxBytesReader tells it, and no
// wrapper, to close the connection rather than wait for the rest of the body.
func connection(w http.ResponseWriter) http.ResponseWriter {
	for {
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = wrapper.Unwrap()
	}
}

// decode fills the fields of the struct that into points to.
func (o object) decode(into any) error {
	target := reflect.ValueOf(into).Elem()
	for i := range target.NumField() {
		tag, tagged := target.Type().Field(i).Tag.Lookup("json")
		name, _, _ := strings.Cut(tag, ",")
		raw, sent := o[name]
		if !tagged || !sent {
			continue
		}
		field := target.Field(i)
		if text, ok := plainText(raw); ok && field.Kind() == reflect.String {
			field.SetString(text)
			continue
		}
		if err := json.Unmarshal(raw, field.Addr().Interface()); err != nil {
			return wrongType(name, field.Type(), err)
		}
		if hasNUL(raw) {
			return gateway.Errorf(gateway.Invalid, "%q holds a NUL character.", name)
		}
	}
	return nil
}

// wrongType names the field and the type it should have, never its value: the
// value may be a credential.
func wrongType(name string, field reflect.Type, err error) error {
	var mismatch *json.UnmarshalTypeError
	if !errors.As(err, &mismatch) {
		return &gateway.Error{Kind: gateway.Invalid, Message: `"` + name + `" cannot be read.`, Cause: err}
	}
	want := typeName(mismatch.Type)
	got, _, _ := strings.Cut(mismatch.Value, " ") // "number 12.5" quotes the value
	switch {
	case mismatch.Field != "":
		name += "." + mismatch.Field
	case isContainer(field) && !isContainer(mismatch.Type):
		return gateway.Errorf(gateway.Invalid, "%q must hold %s only, not %s.", name, want, jsonTypes[got])
	}
	if jsonTypes[got] == want {
		return gateway.Errorf(gateway.Invalid, "%q must be a whole number that is not too large.", name)
	}
	return gateway.Errorf(gateway.Invalid, "%q must be %s, not %s.", name, want, jsonTypes[got])
}

// jsonTypes are our words for the names that encoding/json gives what it met.
var jsonTypes = map[string]string{
	"string": "text", "number": "a number", "bool": "true or false", "array": "a list", "object": "an object",
}

// typeName is our word for what a field's type takes.
func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.String:
		return jsonTypes["string"]
	case reflect.Bool:
		return jsonTypes["bool"]
	case reflect.Slice, reflect.Array:
		return jsonTypes["array"]
	case reflect.Map, reflect.Struct:
		return jsonTypes["object"]
	default:
		return jsonTypes["number"]
	}
}

func isContainer(t reflect.Type) bool { return t.Kind() == reflect.Map || t.Kind() == reflect.Slice }

// hasNUL finds text with a NUL character, which not every database can store.
// The bytes are searched first, so that ordinary bodies cost nothing.
func hasNUL(raw json.RawMessage) bool {
	if !bytes.Contains(raw, []byte(`\u0000`)) {
		return false
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := decoder.Token()
		if err != nil { // the end, or what json.Unmarshal has already refused
			return false
		}
		if text, ok := token.(string); ok && strings.ContainsRune(text, 0) {
			return true
		}
	}
}
