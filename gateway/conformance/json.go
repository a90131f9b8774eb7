package conformance

import "strings"

// Record is a report for programs.
type Record struct {
	Platform string         `json:"platform"`
	BaseURL  string         `json:"base_url"`
	SSOURL   string         `json:"sso_url,omitempty"`
	Passed   bool           `json:"passed"`
	Stopped  string         `json:"stopped,omitempty"`
	Hint     string         `json:"hint,omitempty"`
	TookMS   int64          `json:"took_ms"`
	Summary  map[string]int `json:"summary"`
	Checks   []CheckRecord  `json:"checks"`
	Left     []LeftRecord   `json:"left"`
}

// CheckRecord is one check.
type CheckRecord struct {
	ID        string   `json:"id"`
	Group     string   `json:"group"`
	Title     string   `json:"title"`
	Level     string   `json:"level"`
	Outcome   string   `json:"outcome"`
	Problems  []string `json:"problems,omitempty"`
	Why       string   `json:"why,omitempty"`      // of blocked and skipped
	Platform  string   `json:"platform,omitempty"` // what it would do
	Source    string   `json:"source"`
	Says      string   `json:"says,omitempty"`
	Note      string   `json:"note,omitempty"`
	TookMS    int64    `json:"took_ms"`
	Exchanges []string `json:"exchanges,omitempty"` // with verbose, masked
}

// LeftRecord is a resource that is still there.
type LeftRecord struct {
	ID     string `json:"id,omitempty"`
	Reason string `json:"reason"`
}

// Record returns the report for programs.
func (r *Report) Record(strict, verbose bool) Record {
	record := Record{
		Platform: r.Platform, BaseURL: r.BaseURL, SSOURL: r.SSOURL, Passed: r.Passed(strict), Stopped: r.Stopped, Hint: r.Hint,
		TookMS: r.Took.Milliseconds(), Summary: map[string]int{}, Checks: []CheckRecord{}, Left: []LeftRecord{},
	}
	for _, o := range Outcomes() {
		record.Summary[string(o)] = r.Count(o)
	}
	for _, result := range r.Results {
		record.Checks = append(record.Checks, result.record(verbose))
	}
	for _, l := range r.Left {
		record.Left = append(record.Left, LeftRecord(l))
	}
	return record
}

func (r Result) record(verbose bool) CheckRecord {
	c := CheckRecord{
		ID: r.ID, Group: string(r.Group), Title: r.Title, Level: string(r.Level), Outcome: string(r.Outcome),
		Problems: r.Problems, Why: r.Why, Platform: r.Head.Platform, Source: r.Source, Says: r.Says, Note: r.Note,
		TookMS: r.Took.Milliseconds(),
	}
	if verbose {
		for _, call := range r.Calls {
			var b strings.Builder
			_ = call.Dump(&b, "") // a Builder takes everything
			c.Exchanges = append(c.Exchanges, b.String())
		}
	}
	return c
}
