package conformancetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Body reads one JSON object.
func (v *Vendor) Body(r *http.Request) (map[string]any, *Refusal) {
	if !v.isJSON(r) {
		return nil, Refused(415, "JSON, please.")
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil || len(text) > 1<<20 && v.Defect != "bodies of any length" {
		_, _ = io.Copy(io.Discard, r.Body) // or the connection is closed, which takes half a second
		return nil, Refused(413, "Too much.")
	}
	body, ok := v.Parse(text)
	switch {
	case ok:
		return body, nil
	case v.Defect == "half a body breaks an order" && r.Method == http.MethodPost,
		v.Defect == "half a body breaks a plan change" && r.Method == http.MethodPut:
		return nil, Refused(500, "Something went wrong.")
	default:
		return nil, Refused(400, "The body is not one JSON object.")
	}
}

// isJSON takes a body without a type for JSON.
func (v *Vendor) isJSON(r *http.Request) bool {
	switch kind := r.Header.Get("Content-Type"); v.Defect {
	case "one content type only":
		return kind == "application/json"
	case "demands a Content-Type":
		return strings.HasPrefix(kind, "application/json")
	case "takes forms":
		return true
	case "takes plan changes as forms":
		return r.Method == http.MethodPut || kind == "" || strings.HasPrefix(kind, "application/json")
	default:
		return kind == "" || strings.HasPrefix(kind, "application/json")
	}
}

// Parse refuses what two readers could read differently. Numbers keep their
// digits.
func (v *Vendor) Parse(text []byte) (object map[string]any, ok bool) {
	if strings.ToValidUTF8(string(text), "") != string(text) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	object = map[string]any{}
	for d.More() {
		key, err := d.Token()
		name, _ := key.(string)
		_, again := object[name]
		var value any
		if err != nil || again && v.Defect != "a name twice" || d.Decode(&value) != nil {
			return nil, false
		}
		object[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	_, err := d.Token()
	return object, err == io.EOF || v.Defect == "more behind the object"
}

// Texts returns members that must be text where they are there.
func (v *Vendor) Texts(body map[string]any, names ...string) (map[string]string, *Refusal) {
	found := map[string]string{}
	for _, name := range names {
		text, ok := v.text(name, body[name])
		if !ok {
			return nil, Refused(400, name+" is no text.")
		}
		found[name] = text
	}
	return found, nil
}

func (v *Vendor) text(name string, value any) (string, bool) {
	text, isText := value.(string)
	switch {
	case value == nil:
		return "", true
	case isText:
		return text, v.Defect == "any id of an order" || !odd(name, text)
	default:
		return fmt.Sprint(value), v.Defect == "any type is text"
	}
}

// odd reports what no id looks like. Names of companies may be long.
func odd(name, text string) bool {
	return len(text) > 255 && !strings.HasSuffix(name, "_name") || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' })
}
