package clevercloud

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/secret"
)

// withheld stands where a secret would.
const withheld = "(set with --with-secrets)"

// manifest is the document of "Add-on manifest", fields in its order.
type manifest struct {
	ID   string      `json:"id"`
	Name string      `json:"name,omitempty"`
	API  manifestAPI `json:"api"`
}

type manifestAPI struct {
	ConfigVars []string     `json:"config_vars"`
	Regions    []string     `json:"regions"`
	Password   string       `json:"password"`
	SSOSalt    string       `json:"sso_salt"`
	Production manifestURLs `json:"production"`
	Test       manifestURLs `json:"test"`
}

type manifestURLs struct {
	BaseURL string `json:"base_url"`
	SSOURL  string `json:"sso_url"`
}

// Manifest is what the vendor sends to Clever Cloud. Plans are not part of it:
// they are made in Clever Cloud's console.
func (m *mount) Manifest(withSecrets bool) ([]byte, error) {
	c := m.common
	shown := func(v secret.Value) string {
		if withSecrets {
			return v.Reveal()
		}
		return withheld
	}
	names := make([]string, 0, len(c.ConfigVars)) // an empty list, never null
	for _, v := range c.ConfigVars {
		names = append(names, v.Name)
	}
	production, test := manifestAddresses(c)
	var document bytes.Buffer
	encoder := json.NewEncoder(&document)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(manifest{ID: c.ID, Name: c.AddonName, API: manifestAPI{
		ConfigVars: names,
		Regions:    regionNames(c),
		Password:   shown(c.Password),
		SSOSalt:    shown(c.SSOSalt),
		Production: production,
		Test:       test,
	}})
	if err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	return document.Bytes(), nil
}

// manifestAddresses repeats production where the operator names no test
// addresses: they are used while the provider is created, and the vendor's
// quick start advises identical ones. One that an operator wrote is taken as it
// is, save for a slash at the end: Clever Cloud appends "/{id}".
func manifestAddresses(c platform.Common) (production, test manifestURLs) {
	resources := func(base string) string { return strings.TrimSuffix(base, "/") + resourcesPath }
	production = manifestURLs{BaseURL: resources(c.BaseURL), SSOURL: c.SSOURL}
	test = production
	if _, written := c.Ranges["test.base_url"]; !written {
		test.BaseURL = resources(c.TestBaseURL)
	} else if !repeatsProduction(c, "test.base_url") {
		test.BaseURL = strings.TrimSuffix(c.TestBaseURL, "/")
	}
	if !repeatsProduction(c, "test.sso_url") {
		test.SSOURL = c.TestSSOURL
	}
	return production, test
}

// regions maps the platform's names of regions to ours.
func regions(c platform.Common) map[string]string {
	if c.Regions != nil {
		return c.Regions
	}
	same := make(map[string]string, len(c.AddonRegions))
	for _, id := range c.AddonRegions {
		same[id] = id
	}
	return same
}

// regionNames lists the platform's names in alphabetical order.
func regionNames(c platform.Common) []string {
	return slices.Sorted(maps.Keys(regions(c)))
}
