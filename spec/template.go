package spec

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Vars holds what placeholders stand for: what the runner knows of the
// provider (base_url, basic, plan, …) and what answers were captured. Each run
// of an exchange needs its own copy.
type Vars map[string]string

// Clone returns a copy for one run.
func (v Vars) Clone() Vars { return maps.Clone(v) }

// Request is a request ready to be sent.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte // nil: none
}

// MissingError says that the runner has no value for a placeholder: the
// provider lacks what the exchange is about, so it does not apply.
type MissingError struct{ Name string }

// Error names the placeholder.
func (e *MissingError) Error() string { return fmt.Sprintf("nothing is known of {{%s}}", e.Name) }

// Request fills the placeholders of a step's request. A value made by
// {{unique NAME}} is kept in vars. The error is a *MissingError when vars
// lacks a name.
func (s Step) Request(vars Vars) (Request, error) {
	target, err := expand(s.request.target, vars)
	if err != nil {
		return Request{}, err
	}
	r := Request{Method: s.request.method, URL: target, Header: http.Header{}}
	for _, f := range s.request.header {
		if linesPattern.MatchString(f.name) {
			err = addLines(r.Header, f.name, vars)
		} else {
			var value string
			value, err = expand(f.value, vars)
			r.Header.Add(f.name, value)
		}
		if err != nil {
			return Request{}, err
		}
	}
	if s.request.body == "" {
		return r, nil
	}
	body, err := expand(s.request.body, vars)
	if err != nil {
		return Request{}, err
	}
	r.Body = []byte(body)
	return r, nil
}

// addLines adds the header lines that a placeholder stands for. Their names are
// sent as they are written: how they are spelt may be what an exchange is about.
func addLines(header http.Header, placeholder string, vars Vars) error {
	lines, err := expand(placeholder, vars)
	if err != nil {
		return err
	}
	for line := range strings.Lines(lines) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\n"), ":")
		if !ok {
			return fmt.Errorf("what %s stands for is no header line", placeholder)
		}
		header[name] = append(header[name], strings.TrimPrefix(value, " "))
	}
	return nil
}

var placeholderPattern = regexp.MustCompile(`\{\{[^{}]*\}\}`)

// expand replaces the placeholders of a text.
func expand(text string, vars Vars) (string, error) {
	var failure error
	filled := placeholderPattern.ReplaceAllStringFunc(text, func(placeholder string) string {
		value, err := value(placeholder, vars)
		if err != nil && failure == nil {
			failure = err
		}
		return value
	})
	return filled, failure
}

// value is what one placeholder stands for.
func value(placeholder string, vars Vars) (string, error) {
	words := strings.Fields(strings.Trim(placeholder, "{}"))
	if len(words) == 0 {
		return "", fmt.Errorf("%s is empty", placeholder)
	}
	switch {
	case words[0] == "unique" && len(words) == 2:
		return unique(words[1], vars), nil
	case words[0] == "sshkey" && len(words) == 2:
		return sshKey(words[1], vars), nil
	case words[0] == "bytes" && len(words) > 1:
		raw, err := hex.DecodeString(strings.Join(words[1:], ""))
		if err != nil {
			return "", fmt.Errorf("%s: %w", placeholder, err)
		}
		return string(raw), nil
	case units[words[0]] > 0 && len(words) == 3:
		return moment(words[0], words[1], words[2], vars)
	case digests[words[0]] != nil && len(words) > 1:
		return digest(digests[words[0]](), words[1:], vars)
	case words[0] == "fill" && len(words) == 2:
		count, err := strconv.ParseUint(words[1], 10, 31)
		if err != nil {
			return "", fmt.Errorf("%s: %w", placeholder, err)
		}
		return strings.Repeat("x", int(count)), nil
	case len(words) == 1:
		if known, ok := vars[words[0]]; ok {
			return known, nil
		}
		return "", &MissingError{Name: words[0]}
	default:
		return "", fmt.Errorf("%s is no placeholder", placeholder)
	}
}

// unique returns the text made for name, making it the first time.
func unique(name string, vars Vars) string {
	key := "unique " + name
	if made, ok := vars[key]; ok {
		return made
	}
	var random [10]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process instead
	vars[key] = hex.EncodeToString(random[:])
	return vars[key]
}

// units are what a moment may be counted in.
var units = map[string]time.Duration{"time": time.Millisecond, "seconds": time.Second}

// moment returns the time made for name, making it the first time: as far from
// now as offset says, in milliseconds or in seconds.
func moment(unit, name, offset string, vars Vars) (string, error) {
	key := "time " + name
	if made, ok := vars[key]; ok {
		return made, nil
	}
	d, err := time.ParseDuration(offset)
	if err != nil {
		return "", fmt.Errorf("{{%s %s}}: %w", unit, name, err)
	}
	vars[key] = strconv.FormatInt(time.Now().Add(d).UnixMilli()/int64(units[unit]/time.Millisecond), 10)
	return vars[key], nil
}

// digests are the ways in which platforms sign.
var digests = map[string]func() hash.Hash{"sha1": sha1.New, "sha512": sha512.New}

// digest joins texts with colons and returns their digest in hexadecimal
// digits. A word in quotes is a text; others are names of what is known, or of
// a time.
func digest(h hash.Hash, words []string, vars Vars) (string, error) {
	for i, word := range words {
		if i > 0 {
			_, _ = io.WriteString(h, ":") // a hash never fails
		}
		text, literal := strings.CutPrefix(word, `"`)
		if literal {
			text = strings.TrimSuffix(text, `"`)
		} else if known, ok := vars[word]; ok {
			text = known
		} else if text, ok = vars["time "+word]; !ok {
			return "", &MissingError{Name: word}
		}
		_, _ = io.WriteString(h, text)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ProviderVars returns the placeholders that every exchange may use of a
// provider: its manifest's base_url and its Basic credentials, right and
// wrong: another user, another password, the password with more behind it, and
// without its last character.
func ProviderVars(baseURL, username, password string) Vars {
	basic := func(username, password string) string {
		return base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
	}
	return Vars{
		"base_url":               baseURL,
		"username":               username,
		"basic":                  basic(username, password),
		"basic_wrong_user":       basic(username+"-wrong", password),
		"basic_wrong_password":   basic(username, "wrong-"+password),
		"basic_password_longer":  basic(username, password+"-"),
		"basic_password_shorter": basic(username, password[:max(len(password)-1, 0)]),
	}
}
