package rules

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/secret"
)

// Strength is what a platform asks of password and salt.
type Strength struct {
	Least    int                    // characters; fewer are reported
	Severity hcl.DiagnosticSeverity // how
	Asks     string                 // who asks for it: "Clever Cloud asks for 35 characters or more"
	Samples  []string               // printed in the platform's documents, so that everybody knows them
}

// Secrets judges password and salt where they are known: both must be there,
// none may be a sample, and both long enough.
func (b Block) Secrets(s Strength) hcl.Diagnostics {
	var diags hcl.Diagnostics
	if b.PasswordKnown {
		diags = append(diags, b.secret(s, "password", b.Password)...)
	}
	if b.SSOSaltKnown {
		diags = append(diags, b.secret(s, "sso_salt", b.SSOSalt)...)
	}
	return diags
}

func (b Block) secret(s Strength, setting string, value secret.Value) hcl.Diagnostics {
	text := value.Reveal()
	remedy := s.Asks + ": addongw keys generate"
	switch count := utf8.RuneCountInString(text); {
	case text == "":
		return hcl.Diagnostics{b.Problem(setting, fmt.Sprintf("This platform needs %q", setting), diagnostic.Info{
			Code: "AG204", Hint: fmt.Sprintf(`add: %s = secret("env:…")`, setting), Notes: []string{remedy},
		})}
	case slices.Contains(s.Samples, text):
		return hcl.Diagnostics{b.Problem(setting, fmt.Sprintf("%s is the sample from %s's documents", setting, b.Title), diagnostic.Info{
			Code: "AG414", Hint: "everybody knows it", Notes: []string{remedy},
		})}
	case count < s.Least:
		d := b.Problem(setting, fmt.Sprintf("%s has %d characters", setting, count), diagnostic.Info{
			Code: "AG413", Notes: []string{remedy},
		})
		d.Severity = s.Severity
		return hcl.Diagnostics{d}
	}
	return nil
}
