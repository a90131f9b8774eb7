package platform

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/addongw/addongw/gateway"
)

// object is a JSON object whose members are not decoded yet.
type object map[string]json.RawMessage

// parseObject splits data into its members. It refuses a name that is given
// twice: parsers disagree on which one counts, and whoever checked the request
// before us may have seen the other.
func parseObject(data []byte) (object, error) {
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0:
		return nil, gateway.Errorf(gateway.Invalid, "The request body is empty; a JSON object is expected.")
	case !utf8.Valid(data):
		return nil, gateway.Errorf(gateway.Invalid, "The request body is not UTF-8.")
	case !json.Valid(data):
		return nil, gateway.Errorf(gateway.Invalid, "The request body is not one complete JSON object.")
	case data[0] != '{':
		return nil, gateway.Errorf(gateway.Invalid, "The request body is not a JSON object.")
	}
	members := object{}
	for rest := data[1:]; ; {
		name, value, after, found := nextMember(rest)
		if !found {
			return members, nil
		}
		if _, twice := members[name]; twice {
			return nil, gateway.Errorf(gateway.Invalid, "The request body has a name twice.")
		}
		members[name], rest = value, after
	}
}

// nextMember cuts the next member off the inside of an object. data is part
// of valid JSON, so that finding where things end is all there is to do;
// found is false at the object's end.
func nextMember(data []byte) (name string, value json.RawMessage, rest []byte, found bool) {
	data = skip(data, " \t\r\n,")
	if data[0] == '}' {
		return "", nil, nil, false
	}
	end := valueEnd(data)
	name = memberName(data[:end])
	data = skip(data[end:], " \t\r\n:")
	end = valueEnd(data)
	return name, json.RawMessage(data[:end]), data[end:], true
}

func skip(data []byte, characters string) []byte { return bytes.TrimLeft(data, characters) }

// valueEnd returns the length of the value that valid JSON begins with.
func valueEnd(data []byte) int {
	switch data[0] {
	case '"':
		return textEnd(data)
	case '{', '[':
		return nestEnd(data)
	default: // a number or a word ends where something else begins
		return bytes.IndexAny(data, ",}] \t\r\n")
	}
}

// nestEnd returns the length of the object or list that data begins with.
func nestEnd(data []byte) int {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i += textEnd(data[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(data)
}

// textEnd returns the length of the quoted text that data begins with.
func textEnd(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

func memberName(quoted []byte) string {
	if text, ok := plainText(quoted); ok {
		return text
	}
	var name string
	_ = json.Unmarshal(quoted, &name) // it is valid, and it is text
	return name
}

// plainText reads a JSON text without escapes, which nearly every one is.
func plainText(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 {
		return "", false
	}
	return string(raw[1 : len(raw)-1]), true
}
