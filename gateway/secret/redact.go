package secret

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// shortest is the length in characters from which a value is redacted: shorter
// ones would be found by chance all over.
const shortest = 4

// Redactor replaces known secrets in text by "[redacted]", in every form that
// text usually meets them in: raw, quoted by Go or JSON, escaped for URLs, and
// inside Base64. It is safe for concurrent use. The zero Redactor knows no
// secret.
type Redactor struct {
	mu    sync.RWMutex
	known map[string]bool // every form of every value
	index index
}

// index finds forms quickly: a text is read once, and nearly every position is
// ruled out by its first two bytes.
type index struct {
	pairs  [1 << 16 / 64]uint64 // a bit for each first two bytes of a form
	byPair map[[2]byte][]string // longest first, so that the longest form wins
}

// NewRedactor returns a Redactor that knows values.
func NewRedactor(values ...string) *Redactor {
	r := &Redactor{}
	r.Add(values...)
	return r
}

// Add teaches it secrets. Values of fewer than four characters are ignored.
func (r *Redactor) Add(values ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range values {
		for _, form := range forms(v) {
			r.add(form)
		}
	}
}

func (r *Redactor) add(form string) {
	if r.known[form] {
		return
	}
	if r.known == nil {
		r.known, r.index.byPair = map[string]bool{}, map[[2]byte][]string{}
	}
	r.known[form] = true
	pair := [2]byte{form[0], form[1]}
	n := number(pair)
	r.index.pairs[n/64] |= 1 << (n % 64)
	same := append(r.index.byPair[pair], form)
	slices.SortFunc(same, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	r.index.byPair[pair] = same
}

func number(pair [2]byte) uint16 { return uint16(pair[0])<<8 | uint16(pair[1]) }

// Redact returns s with every known secret replaced. Text without one is
// returned as it is.
func (r *Redactor) Redact(s string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if len(r.known) == 0 {
		return s
	}
	at, length := r.index.find(s, 0)
	if length == 0 {
		return s
	}
	var out strings.Builder
	end := 0
	for length > 0 {
		out.WriteString(s[end:at])
		out.WriteString(redacted)
		end = at + length
		at, length = r.index.find(s, end)
	}
	out.WriteString(s[end:])
	return out.String()
}

// find returns where the first form at or after from begins, and its length; 0
// when there is none.
func (x *index) find(s string, from int) (at, length int) {
	for i := from; i+1 < len(s); i++ {
		pair := [2]byte{s[i], s[i+1]}
		n := number(pair)
		if x.pairs[n/64]&(1<<(n%64)) == 0 {
			continue
		}
		for _, form := range x.byPair[pair] {
			if strings.HasPrefix(s[i:], form) {
				return i, len(form)
			}
		}
	}
	return 0, 0
}

// forms lists how value may appear in text.
func forms(value string) []string {
	if utf8.RuneCountInString(value) < shortest {
		return nil
	}
	all := escaped(value)
	all = append(all, inBase64(value)...)
	// A log shows a key or certificate line by line.
	for line := range strings.Lines(value) {
		if line = strings.TrimSpace(line); line != value && len(line) >= 2*shortest {
			all = append(all, escaped(line)...)
		}
	}
	return all
}
