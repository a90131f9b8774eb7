package http

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/plugins/backend/declared"
)

// answer is what a server said to one request.
type answer struct {
	status int
	header http.Header
	body   cty.Value // of JSON what it says, of other text a string; null: nothing
	isJSON bool
	from   *url.URL // that was asked
}

// readAnswer reads an answer to its end. An error means that it did not come
// whole, or is too large, or says that it is JSON and is not.
func readAnswer(r *http.Response, limit int64) (answer, error) {
	a := answer{status: r.StatusCode, header: r.Header, from: r.Request.URL, body: cty.NullVal(cty.DynamicPseudoType)}
	text, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return a, fmt.Errorf("the answer %d broke off: %w", a.status, reason(err))
	}
	if int64(len(text)) > limit {
		return a, fmt.Errorf("the answer %d is larger than %d bytes; max_response allows more", a.status, limit)
	}
	text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	if len(bytes.TrimSpace(text)) == 0 {
		return a, nil
	}
	declared, likely := looksLikeJSON(r.Header.Get("Content-Type"), text)
	if likely {
		body, err := decodeJSON(text)
		if err == nil {
			a.body, a.isJSON = body, true
			return a, nil
		}
		if declared {
			return a, fmt.Errorf("the answer %d says that it is JSON, and %w", a.status, err)
		}
	}
	if utf8.Valid(text) {
		a.body = cty.StringVal(string(text))
	}
	return a, nil
}

// byteOrderMark is what some servers put before their texts, JSON included
// (RFC 8259, section 8.1, lets us ignore it).
const byteOrderMark = "\uFEFF"

// looksLikeJSON reports whether an answer says that it is JSON, and whether it
// is worth a try. Servers that say "text/plain" or nothing at all may well mean it.
func looksLikeJSON(contentType string, text []byte) (declared, likely bool) {
	kind, _, _ := mime.ParseMediaType(contentType)
	if kind == "application/json" || strings.HasSuffix(kind, "+json") {
		return true, true
	}
	first := bytes.TrimSpace(text)[0]
	return false, (kind == "" || kind == "text/plain" || kind == "text/json") && (first == '{' || first == '[')
}

// decodeJSON gives JSON text as a value, numbers with all their digits. Errors
// repeat nothing of the text.
func decodeJSON(text []byte) (cty.Value, error) {
	if err := checkJSON(text); err != nil {
		return cty.NilVal, err
	}
	var v ctyjson.SimpleJSONValue
	if err := v.UnmarshalJSON(text); err != nil {
		return cty.NilVal, errors.New("it can't be read as JSON")
	}
	return v.Value, nil
}

// maxDepth is how many objects and lists may be inside each other.
const maxDepth = 100

// checkJSON refuses what could not be kept: text that is not one whole document,
// that is nested too deeply, or that has numbers of too many digits.
func checkJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	depth := 0
	for first := true; first || depth > 0; first = false {
		token, err := d.Token()
		if err != nil {
			return errors.New("it is not whole, or no JSON")
		}
		switch t := token.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				depth++
			} else {
				depth--
			}
		case json.Number:
			if !declared.IsExact(t) {
				return errors.New("a number in it has too many digits")
			}
		}
		if depth > maxDepth {
			return fmt.Errorf("it is nested more than %d deep", maxDepth)
		}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its end")
	}
	return nil
}

// responseType is what expressions know of an answer before there is one.
var responseType = cty.Object(map[string]cty.Type{
	"status": cty.Number, "headers": cty.Map(cty.String), "body": cty.DynamicPseudoType,
})

// value is the answer as the root "response". Names of headers are in lower case.
func (a answer) value() cty.Value {
	headers := map[string]cty.Value{}
	for name, lines := range a.header {
		headers[strings.ToLower(name)] = cty.StringVal(strings.ToValidUTF8(strings.Join(lines, ", "), "?"))
	}
	all := cty.MapValEmpty(cty.String)
	if len(headers) > 0 {
		all = cty.MapVal(headers)
	}
	return cty.ObjectVal(map[string]cty.Value{"status": cty.NumberIntVal(int64(a.status)), "headers": all, "body": a.body})
}

// retryAfter is when the server wants to be asked again, within bounds; 0: it
// does not say.
func (a answer) retryAfter(least, most time.Duration) time.Duration {
	text := a.header.Get("Retry-After")
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(max(time.Duration(seconds)*time.Second, least), most)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), least), most)
	}
	return 0
}
