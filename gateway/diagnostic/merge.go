package diagnostic

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Merge joins diagnostics that have the same code, severity and range: one slip in
// an expression shows in every evaluation of it. The first one's words stay;
// cases, notes and places are collected. Diagnostics without a code are kept
// as they are.
func Merge(diags hcl.Diagnostics) hcl.Diagnostics {
	type key struct {
		code     string
		severity hcl.DiagnosticSeverity
		subject  hcl.Range
	}
	var out hcl.Diagnostics
	seen := map[key]int{}
	for _, d := range diags {
		info, ok := Of(d)
		if !ok || info.Code == "" || d.Subject == nil {
			out = append(out, d)
			continue
		}
		k := key{info.Code, d.Severity, *d.Subject}
		at, repeated := seen[k]
		if !repeated {
			seen[k] = len(out)
			out = append(out, d)
			continue
		}
		out[at] = join(out[at], info)
	}
	return out
}

// join returns first with what more knows besides; first itself is not changed.
func join(first *hcl.Diagnostic, more Info) *hcl.Diagnostic {
	joined := *first
	info, _ := Of(first)
	info.In = commonPlace(info.In, more.In)
	info.Notes = union(info.Notes, more.Notes)
	info.Also = union(info.Also, more.Also)
	info.Cases = union(info.Cases, more.Cases)
	info.Evaluations = max(info.Evaluations, more.Evaluations)
	joined.Extra = info
	return &joined
}

func union[T comparable](a, b []T) []T {
	out := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// commonPlace keeps the blocks that both places begin with.
func commonPlace(a, b string) string {
	as, bs := strings.Split(a, ", "), strings.Split(b, ", ")
	n := 0
	for n < len(as) && n < len(bs) && as[n] == bs[n] {
		n++
	}
	return strings.Join(as[:n], ", ")
}

// Sort orders diagnostics by file, line and column; those without a range
// come first. The order of equals is kept.
func Sort(diags hcl.Diagnostics) {
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int {
		return compareRanges(a.Subject, b.Subject)
	})
}

func compareRanges(a, b *hcl.Range) int {
	if a == nil || b == nil {
		return cmp.Compare(boolToInt(a != nil), boolToInt(b != nil))
	}
	return cmp.Or(
		cmp.Compare(a.Filename, b.Filename),
		cmp.Compare(a.Start.Line, b.Start.Line),
		cmp.Compare(a.Start.Byte, b.Start.Byte),
	)
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// casesNote says where a problem shows, unless it shows everywhere.
func casesNote(info Info) string {
	if len(info.Cases) == 0 || len(info.Cases) == info.Evaluations {
		return ""
	}
	var parts []string
	for _, dimension := range []struct {
		word string
		of   func(Case) string
	}{
		{"platform", func(c Case) string { return c.Platform }},
		{"plan", func(c Case) string { return c.Plan }},
		{"region", func(c Case) string { return c.Region }},
		{"current plan", func(c Case) string { return c.Current }},
	} {
		if names := distinct(info.Cases, dimension.of); len(names) > 0 {
			parts = append(parts, plural(dimension.word, len(names))+" "+And(names))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "with " + strings.Join(parts, "; ")
}

func distinct(cases []Case, of func(Case) string) []string {
	var names []string
	for _, c := range cases {
		if name := of(c); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func plural(word string, n int) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// And writes "a, b and c", and after twelve names how many more there are.
func And(names []string) string {
	if len(names) > listLimit {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:listLimit], ", "), len(names)-listLimit)
	}
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
