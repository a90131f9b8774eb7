package platform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/secret"
)

// ResourcesPath follows a mount's URL to make the base_url of a manifest, below
// which a platform makes its calls. Nothing else may be there.
const ResourcesPath = "/resources"

// Shown is a secret as a manifest has it.
func Shown(v secret.Value, withSecrets bool) string {
	if withSecrets {
		return v.Reveal()
	}
	return secret.Withheld
}

// WriteManifest writes a manifest as the platforms' documents print theirs:
// indented, with a final newline, and an "&" that stays readable.
func WriteManifest(value any) ([]byte, error) {
	var document bytes.Buffer
	encoder := json.NewEncoder(&document)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	return document.Bytes(), nil
}

// ManifestURLs are one environment's addresses in a manifest.
type ManifestURLs struct {
	BaseURL string `json:"base_url"`
	SSOURL  string `json:"sso_url"`
}

// Addresses are what a manifest says of both environments. Production is
// repeated where the operator names no test addresses. One that an operator
// wrote is taken as it is, save for a slash at the end: platforms append
// "/{id}".
func (c Common) Addresses() (production, test ManifestURLs) {
	resources := func(base string) string { return strings.TrimSuffix(base, "/") + ResourcesPath }
	production = ManifestURLs{BaseURL: resources(c.BaseURL), SSOURL: c.SSOURL}
	test = production
	if _, written := c.Ranges["test.base_url"]; !written {
		test.BaseURL = resources(c.TestBaseURL)
	} else if !c.RepeatsProduction("test.base_url") {
		test.BaseURL = strings.TrimSuffix(c.TestBaseURL, "/")
	}
	if !c.RepeatsProduction("test.sso_url") {
		test.SSOURL = c.TestSSOURL
	}
	return production, test
}

// RepeatsProduction is true for the settings of test addresses that nobody set.
func (c Common) RepeatsProduction(setting string) bool {
	switch setting {
	case "test.base_url":
		return c.TestBaseURL == "" || c.TestBaseURL == c.BaseURL
	case "test.sso_url":
		return c.TestSSOURL == "" || c.TestSSOURL == c.SSOURL
	default:
		return false
	}
}

// IsLocal reports whether a web address leads to this machine, so that nothing
// crosses a network.
func IsLocal(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}

// ConfigVarNames lists the names of all config vars, never nil: manifests need
// a list.
func (c Common) ConfigVarNames() []string {
	names := make([]string, 0, len(c.ConfigVars))
	for _, v := range c.ConfigVars {
		names = append(names, v.Name)
	}
	return names
}

// RegionMap maps the platform's names of regions to ours.
func (c Common) RegionMap() map[string]string {
	if c.Regions != nil {
		return c.Regions
	}
	same := make(map[string]string, len(c.AddonRegions))
	for _, id := range c.AddonRegions {
		same[id] = id
	}
	return same
}

// RegionNames lists the platform's names of regions in alphabetical order.
func (c Common) RegionNames() []string { return slices.Sorted(maps.Keys(c.RegionMap())) }
