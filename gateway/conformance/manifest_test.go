package conformance_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
)

func TestAnAddressInClearIsReportedSaveOnTheMachineItself(t *testing.T) {
	for address, want := range map[string]bool{
		"http://addons.example.com/resources": true, "http://192.168.1.7:8080/": true, "http://127.example.com/": true, "http://0.0.0.0:1/": true,
		"https://addons.example.com/resources": false, "http://127.0.0.1:8080/": false, "http://127.9.8.7/": false,
		"http://[::1]:8080/": false, "http://localhost:8080/": false, "": false,
	} {
		d := conformance.ReadDocument("T-1", []byte(`{}`))
		d.Encrypted("T-2", "base_url", address)
		if got := len(d.Problems()) == 1; got != want {
			t.Errorf("%q is reported: %t", address, got)
		}
	}
}

// Every platform that parts the two environments in its manifest reads them so.
func TestTheAddressesAreThoseOfTheEnvironment(t *testing.T) {
	const production, test = `"production": {"base_url": "http://a.example/r/", "sso_url": "http://a.example/s"}`, `"test": {"base_url": "http://b.example/r", "sso_url": "http://b.example/s"}`
	type read struct {
		Base, SSO string
		Needed    []string
		Problems  int
	}
	for text, wants := range map[string]map[conformance.Environment]read{
		"{" + production + "}": {
			conformance.Production: {"http://a.example/r", "http://a.example/s", []string{"production"}, 3},
			conformance.Test:       {"http://a.example/r", "http://a.example/s", []string{"production"}, 3},
		},
		"{" + production + "," + test + "}": {
			conformance.Production: {"http://a.example/r", "http://a.example/s", []string{"production"}, 3},
			conformance.Test:       {"http://b.example/r", "http://b.example/s", []string{"test"}, 3},
		},
	} {
		for env, want := range wants {
			d := conformance.ReadDocument("T-1", []byte(text))
			var got read
			got.Base, got.SSO = d.Addresses("", env, conformance.AddressRules{Encrypted: "T-2", NoSlash: "T-3"}, func(at string, needed bool) (base, sso string) {
				if needed {
					got.Needed = append(got.Needed, at)
				}
				return d.URL("T-4", at+".base_url"), d.URL("T-4", at+".sso_url")
			})
			got.Problems = len(d.Problems())
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s of %s (-want +got):\n%s", env, text, diff)
			}
		}
	}
}
