package diagnostic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// listLimit is up to how many names a message lists.
const listLimit = 12

// Nearest returns the name that somebody who wrote name most likely meant, or
// "" when none is near. Names that differ by case only are always near, and so
// is one with a word before it: "display_name" for "name".
func Nearest(name string, names []string) string {
	best, bestDistance := "", 1+max(1, min(3, len([]rune(name))/3))
	for _, candidate := range slices.Sorted(slices.Values(names)) {
		distance := levenshtein.Distance(strings.ToLower(name), strings.ToLower(candidate), nil)
		if distance == 2 && swapped(strings.ToLower(name), strings.ToLower(candidate)) {
			distance = 1
		}
		if distance < bestDistance {
			best, bestDistance = candidate, distance
		}
	}
	for _, candidate := range names {
		if best == "" && strings.HasSuffix(name, "_"+candidate) {
			best = candidate
		}
	}
	return best
}

// swapped reports whether two neighbouring letters make all the difference.
func swapped(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	at := 0
	for at < len(a) && a[at] == b[at] {
		at++
	}
	return at+1 < len(a) && a[at] == b[at+1] && a[at+1] == b[at] && a[at+2:] == b[at+2:]
}

// DidYouMean is the hint that offers the nearest name; "" when none is near.
func DidYouMean(name string, names []string) string {
	if near := Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// List writes names in alphabetical order, separated by commas; "" when they
// are none or too many to read.
func List(names []string) string {
	sorted := slices.Compact(slices.Sorted(slices.Values(names)))
	if len(sorted) > listLimit {
		return ""
	}
	return strings.Join(sorted, ", ")
}
