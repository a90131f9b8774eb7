package platformtest

import (
	"encoding/json"
	"testing"
)

func TestTheSchemaCheckerFindsWhatIsWrong(t *testing.T) {
	const schema = `{"type": "object", "required": ["id", "urls"], "properties": {
		"id": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2},
		"names": {"type": "array", "minItems": 1, "items": {"type": "string"}},
		"price": {"type": "number", "minimum": 0}, "count": {"type": "integer"}, "note": {"type": ["string", "null"]},
		"options": {"type": "object", "properties": {"n": {"type": "number"}}, "additionalProperties": {"type": "string"}}, "urls": {"$ref": "#/$defs/urls"}},
		"$defs": {"urls": {"type": "object", "required": ["a"]}}}`
	for document, want := range map[string]int{
		`{"id": "ab", "urls": {"a": 1}, "names": ["x"], "price": 0, "more": null}`: 0,
		`{"id": "ab", "urls": {"a": 1}, "count": 2, "note": null}`:                 0,
		`{"id": "ab", "urls": {"a": 1}, "count": 2.5}`:                             1,
		`{"id": "ab", "urls": {"a": 1}, "note": 2}`:                                1,
		`[]`:                       1,
		`{"urls": {"a": 1}}`:       1,
		`{"id": "ab"}`:             1,
		`{"id": "ab", "urls": {}}`: 1,
		`{"id": "ab", "urls": {"a": 1}, "names": []}`:                             1,
		`{"id": "ab", "urls": {"a": 1}, "names": [1]}`:                            1,
		`{"id": "ab", "urls": {"a": 1}, "price": -1}`:                             1,
		`{"id": "ab", "urls": {"a": 1}, "price": "free"}`:                         1,
		`{"id": "A", "urls": {"a": 1}}`:                                           2,
		`{"id": "ab", "urls": {"a": 1}, "options": {"n": 1, "a": "x", "b": "y"}}`: 0,
		`{"id": "ab", "urls": {"a": 1}, "options": {"n": "1", "a": 1, "b": "y"}}`: 2,
		`{"id": 1, "urls": {"a": 1}}`:                                             1,
	} {
		var s map[string]any
		if err := json.Unmarshal([]byte(schema), &s); err != nil {
			t.Fatal(err)
		}
		var d any
		if err := json.Unmarshal([]byte(document), &d); err != nil {
			t.Fatal(err)
		}
		c := checker{root: s}
		c.value("document", s, d)
		if len(c.problems) != want {
			t.Errorf("%s has problems %q, want %d", document, c.problems, want)
		}
	}
	c := checker{}
	if c.value("x", map[string]any{"oneOf": nil}, nil); len(c.problems) != 1 {
		t.Errorf("an unknown keyword gives %q", c.problems)
	}
}
