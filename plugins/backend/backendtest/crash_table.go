package backendtest

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// crashRow is what became of an operation that was killed at one step.
type crashRow struct {
	verb, step string
	runs       int
	lost       int // things that were not there after the repeat
	doubled    int // things that were there too much
	left       int // things that outlived the deprovision
	resumes    []time.Duration
}

type crashTable []*crashRow

// String is the table as text.
func (c crashTable) String() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "verb\tkilled at\truns\tlost\tdoubled\tleft over\tresumed in p50\tp99")
	total := crashRow{verb: "all"}
	for _, row := range c {
		row.write(w)
		total.runs, total.lost, total.doubled, total.left = total.runs+row.runs, total.lost+row.lost, total.doubled+row.doubled, total.left+row.left
		total.resumes = append(total.resumes, row.resumes...)
	}
	total.write(w)
	_ = w.Flush() // a strings.Builder takes everything
	return text.String()
}

func (r *crashRow) write(w *tabwriter.Writer) {
	fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%.1f ms\t%.1f ms\n",
		r.verb, r.step, r.runs, r.lost, r.doubled, r.left, percentile(r.resumes, 50), percentile(r.resumes, 99))
}

// percentile gives milliseconds, by the nearest rank.
func percentile(durations []time.Duration, percent int) float64 {
	if len(durations) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(durations))
	rank := (percent*len(sorted) + 99) / 100
	return float64(sorted[max(rank, 1)-1].Microseconds()) / 1000
}
