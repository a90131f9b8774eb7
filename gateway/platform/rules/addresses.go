package rules

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
)

// HTTPS demands https everywhere, save that a test address may be somebody's
// own machine, as in the platforms' samples: that is a warning. An address that
// begins with the base URL shares its problem, which is reported once.
func (b Block) HTTPS() hcl.Diagnostics { return b.https(b.Title + " accepts https only") }

// Encrypted is HTTPS for a platform whose documents do not demand it.
func (b Block) Encrypted() hcl.Diagnostics {
	return b.https("Over plain http everybody on the way reads " + b.Title + "'s password")
}

func (b Block) https(summary string) hcl.Diagnostics {
	if b.Development {
		return nil
	}
	var diags hcl.Diagnostics
	for _, u := range []struct {
		setting, value string
		severity       hcl.DiagnosticSeverity
	}{
		{"base_url", b.BaseURL, hcl.DiagError},
		{"sso_url", b.SSOURL, hcl.DiagError},
		{"test.base_url", b.TestBaseURL, hcl.DiagWarning},
		{"test.sso_url", b.TestSSOURL, hcl.DiagWarning},
	} {
		_, written := b.Ranges[u.setting]
		if !written && u.severity == hcl.DiagWarning && platform.IsLocal(u.value) {
			continue // named on the command line, for a trial on this machine
		}
		if Secure(u.value) || b.RepeatsProduction(u.setting) || !written && u.setting == "sso_url" && strings.HasPrefix(u.value, b.BaseURL) && !Secure(b.BaseURL) {
			continue
		}
		d := b.Problem(u.setting, summary, diagnostic.Info{Code: "AG412", Hint: "write https://…"})
		d.Severity = u.severity
		diags = append(diags, d)
	}
	return diags
}

// Secure reports whether address is an https URL with a host.
func Secure(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != ""
}

// FreeSSOPath demands an address for single sign-on that is not taken.
func (b Block) FreeSSOPath() hcl.Diagnostics {
	if b.SSOPath != platform.ResourcesPath && !strings.HasPrefix(b.SSOPath, platform.ResourcesPath+"/") {
		return nil
	}
	return hcl.Diagnostics{b.Problem("sso_path", fmt.Sprintf("Below %q %s's other calls arrive", platform.ResourcesPath, b.Title), diagnostic.Info{
		Code: "AG215", Hint: "choose another path; the default is /sso",
	})}
}
