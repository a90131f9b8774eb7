package nanobox

import (
	"strings"

	"github.com/addongw/addongw/gateway/conformance"
)

const rules conformance.Rulebook = "nanobox"

// ManifestRules are those of the document that "addongw manifest nanobox"
// prints: what is registered, and what is said there.
func (Platform) ManifestRules() []conformance.Head {
	const says = "As long as the API conforms to the specification as detailed here, the endpoint can be added into Nanobox and users can launch apps on your provider."
	return []conformance.Head{
		rules.Must("NB-M1", "The document is JSON and names an endpoint", source, says, "There is nothing to register."),
		rules.Should("NB-M2", "The endpoint is encrypted", "Customers' credentials are read along; a redirect to https is not followed."),
		rules.Should("NB-M3", "The endpoint has no slash at its end", "The platform puts two slashes between it and what it calls."),
	}
}

// ReadManifest reads the endpoint. There is one environment only.
func (Platform) ReadManifest(text []byte, _ conformance.Reading) (conformance.Provider, []conformance.Problem) {
	d := conformance.ReadDocument("NB-M1", text)
	if len(d.Problems()) > 0 {
		return conformance.Provider{Manifest: text}, d.Problems()
	}
	endpoint := d.URL("NB-M1", "endpoint")
	d.Encrypted("NB-M2", "endpoint", endpoint)
	if strings.HasSuffix(endpoint, "/") {
		d.Report("NB-M3", "endpoint ends with a slash")
	}
	name, _ := d.Find("meta.id")
	id, _ := name.(string)
	return conformance.Provider{Name: id, BaseURL: strings.TrimRight(endpoint, "/"), Manifest: text}, d.Problems()
}
