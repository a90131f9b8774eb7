package scalingo

import (
	"strings"

	"github.com/addongw/addongw/gateway/conformance"
)

// addresses returns those of env: production's, where there is no test
// environment. Only what is needed now keeps requests from being sent.
func addresses(d *conformance.Document, env conformance.Environment) (base, sso string) {
	return d.Addresses("", env, conformance.AddressRules{Encrypted: "SC-M9", NoSlash: "SC-M10"}, func(at string, needed bool) (base, sso string) {
		return address(d, at+".base_url", needed), ssoAddress(d, at, needed)
	})
}

// ssoAddress reads the address of sign-ons. In the document's list of fields
// that of the test environment is test_sso_url, at the top.
func ssoAddress(d *conformance.Document, at string, needed bool) string {
	if v, given := d.Find(at + ".sso_url"); at == string(conformance.Test) && (!given || v == "") {
		if _, listed := d.Find("test_sso_url"); listed {
			d.Report("SC-M8", "test_sso_url should be sso_url in test")
			return address(d, "test_sso_url", needed)
		}
	}
	return address(d, at+".sso_url", needed)
}

// address reads one. Nothing can be sent when it is wrong and needed.
func address(d *conformance.Document, path string, needed bool) string {
	if needed {
		return d.URL("SC-M7", path)
	}
	text := wanted(d, "SC-M7", path)
	if strings.TrimSpace(text) != "" && !conformance.IsAddress(text) {
		d.Report("SC-M7", "%s must be an address such as https://addons.example.com/resources", path)
	}
	return text
}
