package clevercloud

import "github.com/addongw/addongw/gateway/platform"

// manifest is the document of "Add-on manifest", fields in its order.
type manifest struct {
	ID   string      `json:"id"`
	Name string      `json:"name,omitempty"`
	API  manifestAPI `json:"api"`
}

type manifestAPI struct {
	ConfigVars []string              `json:"config_vars"`
	Regions    []string              `json:"regions"`
	Password   string                `json:"password"`
	SSOSalt    string                `json:"sso_salt"`
	Production platform.ManifestURLs `json:"production"`
	Test       platform.ManifestURLs `json:"test"`
}

// Manifest is what the vendor sends to Clever Cloud. Plans are not part of it:
// they are made in Clever Cloud's console.
func (m *mount) Manifest(withSecrets bool) ([]byte, error) {
	c := m.common
	production, test := c.Addresses()
	return platform.WriteManifest(manifest{ID: c.ID, Name: c.AddonName, API: manifestAPI{
		ConfigVars: c.ConfigVarNames(),
		Regions:    c.RegionNames(),
		Password:   platform.Shown(c.Password, withSecrets),
		SSOSalt:    platform.Shown(c.SSOSalt, withSecrets),
		Production: production,
		Test:       test,
	}})
}
