package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/secret"
)

// How two manifests differ in one field.
const (
	differs         = "changed"
	differsSecretly = "secret"
	onlyTheirs      = "only_theirs"
	onlyOurs        = "only_ours"
)

// manifestDifference is one field that is not the same.
type manifestDifference struct {
	Path   string          `json:"path"` // api.production.base_url
	Kind   string          `json:"kind"`
	Theirs json.RawMessage `json:"theirs,omitempty"` // never a secret
	Ours   json.RawMessage `json:"ours,omitempty"`
}

// manifestComparison walks two manifests side by side.
type manifestComparison struct {
	differences []manifestDifference
	notCompared []string
	secrets     []string // texts that stand where secrets do
}

// compareManifests compares field by field. Order matters neither among keys
// nor in lists of plain values, which platforms keep as sets. shown is ours
// with its secrets withheld: it tells where secrets are.
func compareManifests(theirs, ours, shown map[string]any) manifestComparison {
	var c manifestComparison
	c.objects("", theirs, ours, shown)
	return c
}

func (c *manifestComparison) objects(path string, theirs, ours, shown map[string]any) {
	keys := slices.Sorted(maps.Keys(ours))
	for _, k := range slices.Sorted(maps.Keys(theirs)) {
		if _, both := ours[k]; !both {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		t, inTheirs := theirs[k]
		o, inOurs := ours[k]
		at := strings.TrimPrefix(path+"."+k, ".")
		switch {
		case isWithheld(shown[k]):
			c.secret(at, t, o)
		case !inOurs:
			c.add(at, onlyTheirs, c.public(k, t), nil)
		case !inTheirs:
			c.add(at, onlyOurs, nil, shown[k])
		default:
			c.values(at, t, o, shown[k])
		}
	}
}

func (c *manifestComparison) values(path string, theirs, ours, shown any) {
	t, isObject := theirs.(map[string]any)
	o, both := ours.(map[string]any)
	if isObject && both {
		s, _ := shown.(map[string]any)
		c.objects(path, t, o, s)
		return
	}
	tl, isList := theirs.([]any)
	ol, both := ours.([]any)
	if isList && both && !plain(tl, ol) && len(tl) == len(ol) {
		s, _ := shown.([]any)
		for i := range tl {
			c.values(fmt.Sprintf("%s[%d]", path, i), tl[i], ol[i], at(s, i))
		}
		return
	}
	if !reflect.DeepEqual(ordered(theirs), ordered(ours)) {
		c.add(path, differs, c.public("", theirs), shown)
	}
}

// public is what of theirs may be shown: fields that we do not know and that
// sound like secrets are hidden.
func (c *manifestComparison) public(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		shown := map[string]any{}
		for k, inner := range v {
			shown[k] = c.public(k, inner)
		}
		return shown
	case []any:
		var shown []any
		for _, inner := range v {
			shown = append(shown, c.public(name, inner))
		}
		return shown
	case string:
		if namesSecret.MatchString(name) && !isMasked(v) {
			c.remember(v)
			return "(not shown)"
		}
	}
	return v
}

func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// plain reports whether the lists hold neither objects nor lists.
func plain(lists ...[]any) bool {
	for _, list := range lists {
		for _, v := range list {
			switch v.(type) {
			case map[string]any, []any:
				return false
			}
		}
	}
	return true
}

// ordered sorts a list of plain values.
func ordered(v any) any {
	list, ok := v.([]any)
	if !ok || !plain(list) {
		return v
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b any) int { return bytes.Compare(encoded(a), encoded(b)) })
	return list
}

// secret compares without showing anything.
func (c *manifestComparison) secret(path string, theirs, ours any) {
	c.remember(theirs)
	switch {
	case isMasked(theirs) || isMasked(ours):
		c.notCompared = append(c.notCompared, path)
	case !reflect.DeepEqual(theirs, ours):
		c.differences = append(c.differences, manifestDifference{Path: path, Kind: differsSecretly})
	}
}

// remember keeps a secret of theirs from being shown where else it stands.
func (c *manifestComparison) remember(v any) {
	if text, ok := v.(string); ok && !isMasked(v) {
		c.secrets = append(c.secrets, text)
	}
}

func (c *manifestComparison) add(path, kind string, theirs, ours any) {
	d := manifestDifference{Path: path, Kind: kind}
	if kind != onlyOurs {
		d.Theirs = encoded(theirs)
	}
	if kind != onlyTheirs {
		d.Ours = encoded(ours)
	}
	c.differences = append(c.differences, d)
}

// encoded writes what came from JSON as JSON again.
func encoded(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil
	}
	return bytes.TrimSpace(b.Bytes())
}

// namesSecret finds fields that we do not know and that sound like secrets.
var namesSecret = regexp.MustCompile(`(?i)passw|secret|salt|token|key|credential`)

// masks are what stands where somebody withheld a secret.
var masks = regexp.MustCompile(`^([*•xX.]*|[\[<(].*[\])>])$`)

func isWithheld(v any) bool {
	text, ok := v.(string)
	return ok && text == secret.Withheld
}

func isMasked(v any) bool {
	text, ok := v.(string)
	return !ok || masks.MatchString(text)
}
