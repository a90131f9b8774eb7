package attribute

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

const (
	// DropPolicy is the attribute that says what becomes of the data of a
	// deprovisioned resource.
	DropPolicy = "drop_policy"

	dropNow = "now" // keeps nothing

	// What is kept longer than MostKeepDays is an archive, and a matter of backups.
	keepPattern = `^keep-([1-9][0-9]?)d$`
	// MostKeepDays is the most that a drop policy keeps data.
	MostKeepDays = 90
)

// DropPolicyAttribute is how backends that can keep data declare DropPolicy.
func DropPolicyAttribute() backend.Attribute {
	return backend.Attribute{
		Name: DropPolicy, Type: cty.String, Default: cty.StringVal(dropNow),
		Doc: `What happens to the data of a deprovisioned resource: "now" drops it at once, "keep-7d" locks the customer out and keeps it for seven days ("keep-1d" to "keep-90d").`,
	}
}

// Keep says how long a config block has data kept; 0 for "now" and for what is
// not known.
func Keep(config backend.Value) (time.Duration, backend.Diagnostics) {
	f := Of(config, DropPolicy)
	if !f.Known() || f.Text() == dropNow {
		return 0, nil
	}
	var days int
	if parts := regexp.MustCompile(keepPattern).FindStringSubmatch(f.Text()); parts != nil {
		days, _ = strconv.Atoi(parts[1]) // one or two digits
	}
	if days < 1 || days > MostKeepDays {
		return 0, backend.Diagnostics{f.Wrong(fmt.Sprintf("drop_policy cannot be %q", f.Text()), fmt.Sprintf(
			`Write "now" to drop the data when a resource is deprovisioned, or "keep-7d" to keep it for seven days more; "keep-1d" to "keep-%dd" are possible.`, MostKeepDays))}
	}
	return time.Duration(days) * 24 * time.Hour, nil
}
