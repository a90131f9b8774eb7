package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/addongw/addongw/gateway/conformance"
)

// bends are the changes that --set and --omit make to a request, to see how a
// provider takes it.
type bends struct{ set, omit []string }

func (b bends) none() bool { return len(b.set) == 0 && len(b.omit) == 0 }

// request bends a body. Where there is none, --set begins one.
func (b bends) request(r conformance.Request) (conformance.Request, error) {
	if b.none() {
		return r, nil
	}
	var body any = map[string]any{}
	if r.Body != nil {
		body = jsonOr(string(r.Body))
	}
	for _, s := range b.set {
		path, text, err := assigned("--set", s)
		if err != nil {
			return r, err
		}
		if body, err = put(body, strings.Split(path, "."), jsonOr(text)); err != nil {
			return r, usage(fmt.Errorf("--set %s: %w", path, err), "")
		}
	}
	for _, path := range b.omit {
		var err error
		if body, err = without(body, strings.Split(path, ".")); err != nil {
			return r, usage(fmt.Errorf("--omit %s: %w", path, err), "")
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return r, failed(err)
	}
	r.Body = text
	if r.Header = r.Header.Clone(); r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/json")
	return r, nil
}

// signOn bends the fields of a sign-on, which are texts without parts.
func (b bends) signOn(s conformance.SignOn) (conformance.SignOn, error) {
	for _, text := range b.set {
		name, value, err := assigned("--set", text)
		if err != nil {
			return s, err
		}
		i := slices.IndexFunc(s.Fields, func(f conformance.Field) bool { return f.Name == name })
		if i < 0 {
			s.Fields = append(s.Fields, conformance.Field{Name: name, Value: value})
		} else {
			s.Fields[i].Value = value
		}
	}
	for _, name := range b.omit {
		kept := slices.DeleteFunc(slices.Clone(s.Fields), func(f conformance.Field) bool { return f.Name == name })
		if len(kept) == len(s.Fields) {
			return s, usage(fmt.Errorf("--omit %s: %w", name, errNoMember), "")
		}
		s.Fields = kept
	}
	return s, nil
}

var errNoMember = errors.New("the request has no such member")

// assigned reads NAME=VALUE.
func assigned(flag, text string) (name, value string, err error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return "", "", usage(fmt.Errorf("%s %s has no value", flag, text), fmt.Sprintf("Write %s NAME=VALUE.", flag))
	}
	return name, value, nil
}

// jsonOr is text as JSON where it is that, else the text itself.
func jsonOr(text string) any {
	if !json.Valid([]byte(text)) {
		return text
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // as they are written
	_ = decoder.Decode(&value)
	return value
}

// put replaces or adds what path leads to: members of objects by their names,
// elements of lists by their numbers. Objects that are missing on the way are
// made.
func put(at any, path []string, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	if at == nil {
		at = map[string]any{}
	}
	var err error
	switch inside := at.(type) {
	case map[string]any:
		inside[path[0]], err = put(inside[path[0]], path[1:], value)
		return inside, err
	case []any:
		i, err := element(inside, path[0])
		if err != nil {
			return at, err
		}
		inside[i], err = put(inside[i], path[1:], value)
		return inside, err
	}
	return at, fmt.Errorf("what holds %s is no object", path[0])
}

// without takes away what path leads to.
func without(at any, path []string) (any, error) {
	var err error
	switch inside := at.(type) {
	case map[string]any:
		inner, has := inside[path[0]]
		if !has {
			return at, errNoMember
		}
		if len(path) == 1 {
			delete(inside, path[0])
			return inside, nil
		}
		inside[path[0]], err = without(inner, path[1:])
		return inside, err
	case []any:
		i, err := element(inside, path[0])
		if err != nil {
			return at, err
		}
		if len(path) == 1 {
			return slices.Delete(inside, i, i+1), nil
		}
		inside[i], err = without(inside[i], path[1:])
		return inside, err
	}
	return at, errNoMember
}

func element(list []any, name string) (int, error) {
	i, err := strconv.Atoi(name)
	if err != nil || i < 0 || i >= len(list) {
		return 0, fmt.Errorf("the list has no element %s", name)
	}
	return i, nil
}
