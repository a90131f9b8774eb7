package backend

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// What a value may be made of. Without these, few bytes from a plugin could ask
// for any amount of memory or stack: a msgpack list states its length up front,
// and decoders descend by recursion.
const (
	maxDepth       = 100     // levels
	maxElements    = 200_000 // of all lists and maps together, keys included
	maxSetElements = 2_000   // the same where types with sets are mentioned: their members are compared with each other when hashes collide
	maxDigits      = 10_000  // of one number: reading takes the square of it
	maxAttributes  = 2_000   // of one schema, blocks included
	maxDefault     = 64_000  // bytes of an attribute's default as JSON
)

var (
	errDeep      = errors.New("a value is nested too deeply")
	errLarge     = errors.New("a value has too many elements")
	errTruncated = errors.New("a value ends too early")
	errTrailing  = errors.New("something follows the value")
	errDigits    = errors.New("a number has too many digits")
	errSets      = errors.New("a value with sets has too many elements")
	errWide      = errors.New("a schema has too many attributes")
)

// checkMsgpack walks over one msgpack value without building anything.
func checkMsgpack(b []byte) error {
	open := []int{1} // how many values each open level still expects
	elements, most := 0, maxElements
	for len(open) > 0 {
		level := len(open) - 1
		if open[level] == 0 {
			open = open[:level]
			continue
		}
		open[level]--
		size, children, err := msgpackItem(b)
		if err != nil {
			return err
		}
		sets, err := checkItem(b[0], b[1:size])
		if err != nil {
			return err
		}
		if sets {
			most = maxSetElements
		}
		b = b[size:]
		if elements > most {
			return errSets
		}
		if children == 0 {
			continue
		}
		if elements += children; elements > most {
			return errLarge
		}
		if len(open) > maxDepth {
			return errDeep
		}
		open = append(open, children)
	}
	if len(b) > 0 {
		return errTrailing
	}
	return nil
}

// checkItem looks into the items that decoders read further: a binary is a type
// as JSON, and a text that looks like a number may be one. sets reports whether
// the type mentions sets.
func checkItem(code byte, body []byte) (sets bool, err error) {
	switch code {
	case 0xc4, 0xc5, 0xc6: // binaries
		body = body[1<<(code-0xc4):]
		if err := checkJSON(body); err != nil {
			return false, err
		}
		var t cty.Type
		if err := t.UnmarshalJSON(body); err != nil {
			return false, err
		}
		return hasSet(t), nil
	case 0xda, 0xdb: // texts that are not short
		if body = body[2<<(code-0xda):]; len(body) > maxDigits && digits(body) == len(body) {
			return false, errDigits
		}
	}
	return false, nil
}

func hasSet(t cty.Type) bool {
	switch {
	case t.IsSetType():
		return true
	case t.IsListType(), t.IsMapType():
		return hasSet(t.ElementType())
	case t.IsTupleType():
		return slices.ContainsFunc(t.TupleElementTypes(), hasSet)
	case t.IsObjectType():
		for _, attribute := range t.AttributeTypes() {
			if hasSet(attribute) {
				return true
			}
		}
	}
	return false
}

// digits counts the bytes at the start of b that a number is written with.
func digits(b []byte) int {
	n := 0
	for n < len(b) && (b[n] >= '0' && b[n] <= '9' || b[n] == '.' || b[n] == '-' || b[n] == '+' || b[n] == 'e' || b[n] == 'E') {
		n++
	}
	return n
}

// msgpackItem measures the item at the start of b: how many bytes it takes
// without its children, and how many children follow. The codes are those of
// the msgpack specification, section "formats".
func msgpackItem(b []byte) (size, children int, err error) {
	if len(b) == 0 {
		return 0, 0, errTruncated
	}
	code := b[0]
	switch {
	case code <= 0x7f || code >= 0xe0: // small numbers
		return 1, 0, nil
	case code <= 0x8f: // small maps
		return 1, 2 * int(code&0x0f), nil
	case code <= 0x9f: // small arrays
		return 1, int(code & 0x0f), nil
	case code <= 0xbf: // short strings
		return fits(b, 1+int(code&0x1f))
	}
	fixed := map[byte]int{
		0xc0: 1, 0xc2: 1, 0xc3: 1, 0xca: 5, 0xcb: 9, // nil, booleans, floats
		0xcc: 2, 0xcd: 3, 0xce: 5, 0xcf: 9, 0xd0: 2, 0xd1: 3, 0xd2: 5, 0xd3: 9, // numbers
		0xd4: 3, 0xd5: 4, 0xd6: 6, 0xd7: 10, 0xd8: 18, // extensions
	}
	if size, ok := fixed[code]; ok {
		return fits(b, size)
	}
	return msgpackSized(b)
}

// msgpackSized measures an item that states its own length.
func msgpackSized(b []byte) (size, children int, err error) {
	width := map[byte]int{
		0xc4: 1, 0xc5: 2, 0xc6: 4, 0xc7: 1, 0xc8: 2, 0xc9: 4, // binaries, extensions
		0xd9: 1, 0xda: 2, 0xdb: 4, 0xdc: 2, 0xdd: 4, 0xde: 2, 0xdf: 4, // strings, arrays, maps
	}[b[0]]
	if width == 0 {
		return 0, 0, errors.New("a value has an unknown msgpack code")
	}
	if len(b) < 1+width {
		return 0, 0, errTruncated
	}
	field := make([]byte, 8)
	copy(field[8-width:], b[1:1+width])
	length := int(binary.BigEndian.Uint64(field))
	switch b[0] {
	case 0xdc, 0xdd:
		return 1 + width, min(length, maxElements+1), nil
	case 0xde, 0xdf:
		return 1 + width, min(2*length, maxElements+1), nil
	case 0xc7, 0xc8, 0xc9:
		length++ // the extension's type
	}
	return fits(b, 1+width+length)
}

func fits(b []byte, size int) (int, int, error) {
	if size > len(b) {
		return 0, 0, errTruncated
	}
	return size, 0, nil
}

// checkJSON bounds depth, elements and numbers of JSON text. Whether it is JSON
// at all, the decoder says.
func checkJSON(text []byte) error {
	depth, elements, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
			elements++
		case c == ']' || c == '}':
			depth--
		case c == ',':
			elements++
		case c == '-' || c >= '0' && c <= '9':
			n := digits(text[i:])
			if n > maxDigits {
				return errDigits
			}
			i += n - 1
		}
		if depth > maxDepth {
			return errDeep
		}
		if elements > maxElements {
			return errLarge
		}
	}
	return nil
}
