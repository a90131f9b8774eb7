package conformance

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/addongw/addongw/spec"
)

// TextOptions say how a report is written for people.
type TextOptions struct {
	ASCII   bool // no signs beyond ASCII
	Verbose bool // every check, with what went over the wire
	Width   int  // columns; 0: 100
}

// signs of outcomes.
var signs = map[Outcome]string{OK: "✓", Failed: "✗", Warned: "!", Noted: "·", Blocked: "?", Skipped: "-"}

// plain replaces what ASCII lacks.
var plain = strings.NewReplacer("✓", "+", "✗", "x", "·", ".", "→", "->", "…", "...", "×", "x", "“", `"`, "”", `"`, "\uFFFD", "?")

// WriteText writes the report for people: a line for each group, and below it
// what somebody has to know.
func (r *Report) WriteText(w io.Writer, o TextOptions) error {
	if o.Width == 0 {
		o.Width = 100
	}
	t := &textWriter{options: o}
	t.manifestErrors(r.Results)
	head := r.Title
	if r.BaseURL != "" {
		head += "  " + r.BaseURL
	}
	t.printf("%s   %s\n", Printable(head), count(len(r.Results), "check"))
	t.printf("\n")
	for _, g := range Groups() {
		t.group(g, r.Results)
	}
	t.left(r.Left)
	t.summary(r)
	text := t.String()
	if o.ASCII {
		text = plain.Replace(text)
	}
	_, err := io.WriteString(w, text)
	return err
}

// manifestErrors lists everything that is wrong with a manifest, before
// anything else: whoever wrote it mends it at one go.
func (t *textWriter) manifestErrors(results []Result) {
	var errs []string
	for _, r := range results {
		if r.Group == Manifest && r.Outcome == Failed {
			errs = append(errs, r.Problems...)
		}
	}
	if len(errs) == 0 {
		return
	}
	t.printf("Errors in the manifest:\n")
	for _, text := range errs {
		t.wrap("  → ", text)
	}
	t.printf("\n")
}

type textWriter struct {
	strings.Builder
	options TextOptions
}

func (t *textWriter) printf(format string, args ...any) { fmt.Fprintf(t, format, args...) }

// group writes its counts and every check that is not simply in order.
func (t *textWriter) group(g Group, all []Result) {
	var results []Result
	for _, result := range all {
		if result.Group == g {
			results = append(results, result)
		}
	}
	if len(results) == 0 {
		return
	}
	t.printf("  %-18s %s\n", g.Title(), counts(results))
	for _, result := range results {
		if result.Outcome.Broken() || t.options.Verbose {
			t.result(result)
		}
	}
	if !t.options.Verbose {
		t.others(Blocked, results)
		t.others(Skipped, results)
	}
}

// result writes a check that somebody has to look at.
func (t *textWriter) result(r Result) {
	level := ""
	if r.Level != spec.Must {
		level = fmt.Sprintf("(%s) ", r.Level)
	}
	head := fmt.Sprintf("    %s %-6s ", signs[r.Outcome], r.ID)
	took := ""
	if t.options.Verbose && len(r.Calls) > 0 {
		took = "   " + Duration(r.Took)
	}
	t.wrap(head, level+r.Title+took)
	for _, problem := range r.Problems {
		t.wrap("        ", problem)
	}
	if r.Why != "" {
		t.wrap("        ", string(r.Outcome)+": "+r.Why)
	}
	if r.Outcome.Broken() {
		t.reasons(r)
	}
	if t.options.Verbose {
		for _, call := range r.Calls {
			t.printf("\n")
			_ = call.Dump(t, "        | ") // a Builder takes everything
		}
		if len(r.Calls) > 0 {
			t.printf("\n")
		}
	}
}

func (t *textWriter) reasons(r Result) {
	if r.Platform != "" {
		t.wrap("        → ", r.Platform)
	}
	if r.Says != "" {
		t.wrap("        ", "“"+r.Says+"”")
	}
	t.wrap("        ", r.Source)
}

// others lists checks that could not be judged, those with one reason
// together.
func (t *textWriter) others(o Outcome, results []Result) {
	var reasons []string
	ids := map[string][]string{}
	for _, result := range results {
		if result.Outcome != o {
			continue
		}
		if ids[result.Why] == nil {
			reasons = append(reasons, result.Why)
		}
		ids[result.Why] = append(ids[result.Why], result.ID)
	}
	for _, why := range reasons {
		t.wrap(fmt.Sprintf("    %s %s  ", signs[o], o), strings.Join(ids[why], ", ")+": "+why)
	}
}

func (t *textWriter) left(left []Left) {
	if len(left) == 0 {
		return
	}
	t.printf("\n  Left behind, for you to remove:\n")
	for _, l := range left {
		if l.ID == "" {
			t.wrap("    ", l.Reason)
			continue
		}
		t.printf("    %s  %s\n", Printable(l.ID), Printable(l.Reason))
	}
}

// summary says in one line how it went.
func (t *textWriter) summary(r *Report) {
	t.printf("\n")
	for _, line := range []string{r.Stopped, r.Hint} {
		if line != "" {
			t.wrap("", line)
		}
	}
	if len(r.Results) == 0 {
		return
	}
	parts := []string{fmt.Sprintf("%d passed", r.Count(OK))}
	for _, part := range []struct {
		outcome Outcome
		words   string
	}{{Failed, "failed"}, {Warned, "warned"}, {Noted, "noted"}, {Blocked, "blocked"}, {Skipped, "skipped"}} {
		if n := r.Count(part.outcome); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, part.words))
		}
	}
	t.printf("%s in %s", strings.Join(parts, ", "), Duration(r.Took))
	if !t.options.Verbose && r.Stopped == "" && r.Count(Failed)+r.Count(Warned)+r.Count(Noted) > 0 {
		t.printf("       raw exchanges: --verbose")
	}
	t.printf("\n")
}

// wrap writes text behind head, and further lines as far in as the first. Much
// of a text may be the provider's.
func (t *textWriter) wrap(head, text string) {
	indent := strings.Repeat(" ", len([]rune(head)))
	line := head
	empty := true
	for word := range strings.FieldsSeq(text) {
		word = Printable(word)
		if !empty && len([]rune(line))+1+len([]rune(word)) > t.options.Width {
			t.printf("%s\n", line)
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	t.printf("%s\n", line)
}

// counts is "8 ok, 1 failed".
func counts(results []Result) string {
	n := map[Outcome]int{}
	for _, result := range results {
		n[result.Outcome]++
	}
	var parts []string
	for _, o := range Outcomes() {
		if n[o] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[o], o))
		}
	}
	return strings.Join(parts, ", ")
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Duration is a time as people read it: "31 ms", "9.8 s".
func Duration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
