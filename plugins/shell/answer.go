package shell

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/addongw/addongw/plugins/backend/declared"
)

// maxAnswer is how many bytes a script may print on standard output.
const maxAnswer = 1 << 20

// answer is what a script printed.
type answer struct {
	pending    bool
	hasStatus  bool
	outputs    map[string]json.RawMessage // nil: none
	state      json.RawMessage            // nil: as before; "null": nothing any more
	message    string
	customer   string
	retryAfter time.Duration // 0: not said
	purgeAfter time.Time
	drift      []string
}

// parseAnswer reads exactly one JSON object. Its errors name members, and
// never hold values.
func parseAnswer(stdout []byte) (answer, error) {
	if len(bytes.TrimSpace(stdout)) == 0 {
		return answer{}, errors.New("nothing was printed")
	}
	if !utf8.Valid(stdout) {
		return answer{}, errors.New("the text is not UTF-8")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(stdout, &members); err != nil || members == nil {
		return answer{}, errors.New("the text is not one JSON object")
	}
	if err := checkTokens(stdout); err != nil {
		return answer{}, err
	}
	var a answer
	for name, text := range members {
		if err := a.set(name, text); err != nil {
			return answer{}, err
		}
	}
	return a, nil
}

// set takes in one member.
func (a *answer) set(name string, text json.RawMessage) error {
	switch name {
	case "status":
		return a.setStatus(text)
	case "outputs":
		return read(name, text, &a.outputs, "an object")
	case "state":
		a.state = text
		return nil
	case "message":
		return read(name, text, &a.message, "text")
	case "customer":
		return read(name, text, &a.customer, "text")
	case "retry_after":
		return a.setRetryAfter(text)
	case "purge_after":
		return a.setPurgeAfter(text)
	case "drift":
		return read(name, text, &a.drift, "a list of sentences")
	}
	return fmt.Errorf("there is no member %s in an answer", quoteShort(name))
}

func (a *answer) setStatus(text json.RawMessage) error {
	var status string
	if err := read("status", text, &status, `"done" or "pending"`); err != nil {
		return err
	}
	if status != "done" && status != "pending" {
		return errors.New(`"status" must be "done" or "pending"`)
	}
	a.hasStatus, a.pending = true, status == "pending"
	return nil
}

// maxRetryAfter keeps a slip of the keyboard from parking a resource for years.
const maxRetryAfter = 24 * time.Hour

func (a *answer) setRetryAfter(text json.RawMessage) error {
	var seconds float64
	if err := read("retry_after", text, &seconds, "a number of seconds"); err != nil {
		return err
	}
	if seconds < 0 || seconds > maxRetryAfter.Seconds() {
		return errors.New(`"retry_after" must be from 0 to 86400 seconds`)
	}
	a.retryAfter = time.Duration(math.Round(seconds * float64(time.Second)))
	return nil
}

// setPurgeAfter takes an instant and no number of seconds: counted from each
// repeat those would be another instant every time. The year 1, Go's idea of
// no time at all, would pass for "nothing was kept" and is refused with all
// other slips.
func (a *answer) setPurgeAfter(text json.RawMessage) error {
	const form = "a time such as 2026-01-31T00:00:00Z"
	if string(text) == "null" {
		return nil
	}
	var written string
	if err := read("purge_after", text, &written, form); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, written)
	if err != nil {
		return errors.New(`"purge_after" must be ` + form)
	}
	if at.Year() < 2000 || at.Year() > 9998 {
		return errors.New(`"purge_after" must be a time in the years 2000 to 9998`)
	}
	a.purgeAfter = at.UTC()
	return nil
}

// read decodes a member; null counts as absent.
func read(name string, text json.RawMessage, into any, what string) error {
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%q must be %s", name, what)
	}
	return nil
}

// checkTokens refuses what JSON readers disagree about: an object with the
// same key twice, and numbers that can't be kept exactly.
func checkTokens(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var open []scope
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New("the text is not one JSON object")
		}
		if open, err = step(open, token); err != nil {
			return err
		}
	}
}

// scope is an object or array that a reader is inside of.
type scope struct {
	keys  map[string]bool // nil: an array
	value bool            // in an object: a value is next, not a key
}

func step(open []scope, token json.Token) ([]scope, error) {
	delim, isDelim := token.(json.Delim)
	if isDelim && (delim == '}' || delim == ']') {
		return open[:len(open)-1], nil
	}
	if n, ok := token.(json.Number); ok && !declared.IsExact(n) {
		return nil, errors.New("a number has too many digits; write it as text")
	}
	if len(open) > 0 {
		if err := open[len(open)-1].next(token); err != nil {
			return nil, err
		}
	}
	switch {
	case isDelim && delim == '{':
		open = append(open, scope{keys: map[string]bool{}})
	case isDelim:
		open = append(open, scope{})
	}
	return open, nil
}

// next notes a key or the beginning of a value.
func (s *scope) next(token json.Token) error {
	if s.keys == nil {
		return nil
	}
	if s.value {
		s.value = false
		return nil
	}
	key, _ := token.(string)
	if s.keys[key] {
		return fmt.Errorf("the key %s stands twice in one object", quoteShort(key))
	}
	s.keys[key], s.value = true, true
	return nil
}

// quoteShort quotes a name for a message.
func quoteShort(name string) string {
	if len(name) > 64 {
		name = strings.ToValidUTF8(name[:64], "") + "…"
	}
	return strconv.Quote(name)
}
