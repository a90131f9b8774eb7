package schema

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// Choice returns the text of a setting that takes a few words only; "" when it
// is absent or unknown, and one of words whenever there is no diagnostic.
func (c *Content) Choice(name string, words ...string) (string, hcl.Diagnostics) {
	text := c.Text(name)
	if !c.Known(name) || slices.Contains(words, text) {
		return text, nil
	}
	return text, hcl.Diagnostics{diagnostic.New(fmt.Sprintf("%q can't be %q", name, text), c.ValueRange(name), diagnostic.Info{
		Code: "AG213", Hint: diagnostic.DidYouMean(text, words), Notes: []string{"one of: " + strings.Join(words, ", ")},
	})}
}

// Duration returns a setting such as "20s" that lies between two lengths of
// time, limits included; 0 when it is absent, unknown or wrong. No upper limit
// is written as 0.
func (c *Content) Duration(name string, shortest, longest time.Duration) (time.Duration, hcl.Diagnostics) {
	if !c.Known(name) {
		return 0, nil
	}
	d, err := parseDuration(c.Text(name))
	hint := ""
	switch {
	case err != nil:
		hint = `write it as "20s", "2m", "1h30m" or "30d"`
	case d < shortest:
		hint = fmt.Sprintf("it must be %q or more", short(shortest))
	case longest > 0 && d > longest:
		hint = fmt.Sprintf("it must be %q or less", short(longest))
	default:
		return d, nil
	}
	what := fmt.Sprintf("%q is no length of time", name)
	if err == nil {
		what = fmt.Sprintf("%q can't be %s", name, short(d))
	}
	return 0, hcl.Diagnostics{diagnostic.New(what, c.ValueRange(name), diagnostic.Info{Code: "AG213", Hint: hint})}
}

// parseDuration is time.ParseDuration that knows days, too: "90d".
func parseDuration(text string) (time.Duration, error) {
	days, ok := strings.CutSuffix(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	return time.Duration(n) * 24 * time.Hour, err
}

// short writes a length of time without parts that are zero: 2m, not 2m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
