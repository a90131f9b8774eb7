package xervo

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/rules"
)

// minSecret is how long the secrets are that dia, Xervo's own tool, makes. The
// document names no minimum, so less is a warning.
const minSecret = 32

// samples are the password and the salt printed in the document.
var samples = [...]string{"password_goes_here", "salt_goes_here"}

// idPattern leaves out dashes: dia wants config vars to begin with the id in
// capitals as it is, and no environment takes MY-ADDON_URL.
var idPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// check judges a block by Xervo's rules. It reports everything. The document
// demands no https, but the password comes with every call.
func check(c platform.Common) hcl.Diagnostics {
	b := rules.Block{Common: c, Label: label, Title: title}
	diags := append(checkID(b), b.IDAsUsername()...)
	if !diags.HasErrors() { // the prefix comes from the id
		diags = append(diags, b.Prefixed()...)
	}
	diags = append(diags, checkConfigVars(b)...)
	diags = append(diags, b.Encrypted()...)
	diags = append(diags, b.Secrets(rules.Strength{
		Least: minSecret, Severity: hcl.DiagWarning, Asks: fmt.Sprintf("Xervo's own tool makes ones of %d characters", minSecret), Samples: samples[:],
	})...)
	diags = append(diags, b.Synchronous()...)
	diags = append(diags, b.NoLogDrain()...)
	diags = append(diags, checkAPI(b)...)
	return append(diags, b.FreeSSOPath()...)
}

// checkAPI refuses the address of an API that is never called: none is
// documented.
func checkAPI(b rules.Block) hcl.Diagnostics {
	if _, written := b.Ranges["api_url"]; !written {
		return nil
	}
	return b.Unsupported("api_url", "documents no API of its own", "leave it out: none is called")
}

// checkID judges an add-on's own id too: one with dashes is right for an add-on
// and wrong here.
func checkID(b rules.Block) hcl.Diagnostics {
	var diags hcl.Diagnostics
	if !idPattern.MatchString(b.ID) {
		info := diagnostic.Info{
			Code: "AG402", Hint: "lower-case letters, digits and single underscores, a letter first",
			Notes: []string{"it cannot be changed after the first upload, and the names of config vars begin with it"},
		}
		if near := nearestID(b.ID); near != "" {
			info.Hint = fmt.Sprintf("write: id = %q", near)
		}
		diags = append(diags, b.Problem("id", fmt.Sprintf("Xervo cannot use the id %q", b.ID), info))
	}
	return diags
}

// nearestID turns a text into an id that Xervo takes, "" where nothing is left.
func nearestID(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.TrimLeft(strings.Join(words, "_"), "0123456789_")
}

// checkConfigVars: dia fails a manifest that lists none.
func checkConfigVars(b rules.Block) hcl.Diagnostics {
	if len(b.ConfigVars) > 0 {
		return nil
	}
	return hcl.Diagnostics{b.Incomplete("config_vars", "Xervo's manifest needs at least one config var",
		fmt.Sprintf("config_vars = { %sURL = … }", rules.Prefix(b.ID)))}
}
