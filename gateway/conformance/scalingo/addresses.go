package scalingo

import (
	"net/url"
	"strings"

	"github.com/addongw/addongw/gateway/conformance"
)

// addresses returns those of env: production's, where there is no test
// environment. Only what is needed now keeps requests from being sent.
func addresses(d *conformance.Document, env conformance.Environment) (base, sso string) {
	_, tested := d.Find(string(conformance.Test))
	for _, e := range []conformance.Environment{conformance.Production, conformance.Test} {
		if e == conformance.Test && !tested {
			continue
		}
		chosen := e == conformance.Production && (env == conformance.Production || !tested) || e == conformance.Test && env == conformance.Test
		b, s := address(d, string(e)+".base_url", chosen), ssoAddress(d, e, chosen)
		if strings.HasSuffix(b, "/") {
			d.Report("SC-M10", "%s.base_url ends with a slash", e)
		}
		if e == conformance.Production {
			encrypted(d, "production.base_url", b)
			encrypted(d, "production.sso_url", s)
		}
		if chosen {
			base, sso = strings.TrimRight(b, "/"), s
		}
	}
	return base, sso
}

// ssoAddress reads the address of sign-ons. In the document's list of fields
// that of the test environment is test_sso_url, at the top.
func ssoAddress(d *conformance.Document, e conformance.Environment, chosen bool) string {
	if v, given := d.Find(string(e) + ".sso_url"); e == conformance.Test && (!given || v == "") {
		if _, listed := d.Find("test_sso_url"); listed {
			d.Report("SC-M8", "test_sso_url should be sso_url in test")
			return address(d, "test_sso_url", chosen)
		}
	}
	return address(d, string(e)+".sso_url", chosen)
}

// address reads one. Nothing can be sent when it is wrong and the chosen
// environment's.
func address(d *conformance.Document, path string, chosen bool) string {
	if chosen {
		return d.URL("SC-M7", path)
	}
	text := wanted(d, "SC-M7", path)
	if strings.TrimSpace(text) != "" && !conformance.IsAddress(text) {
		d.Report("SC-M7", "%s must be an address such as https://addons.example.com/resources", path)
	}
	return text
}

func encrypted(d *conformance.Document, path, address string) {
	if u, err := url.Parse(address); err == nil && u.Scheme == "http" {
		d.Report("SC-M9", "%s begins with http:", path)
	}
}
