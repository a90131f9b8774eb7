package xervo

import "github.com/addongw/addongw/gateway/platform"

// manifest is addon-manifest.json, fields in the order of the document's
// sample.
type manifest struct {
	ID  string      `json:"id"`
	API manifestAPI `json:"api"`
}

// manifestAPI always has a test environment: dia uses no other.
type manifestAPI struct {
	ConfigVars []string              `json:"config_vars"`
	Password   string                `json:"password"`
	SSOSalt    string                `json:"sso_salt"`
	Production platform.ManifestURLs `json:"production"`
	Test       platform.ManifestURLs `json:"test"`
}

// Manifest is addon-manifest.json, which dia reads and uploads. Plans are no
// part of it, and regions neither: what dia init would write of them is not in
// the document.
func (m *mount) Manifest(withSecrets bool) ([]byte, error) {
	c := m.common
	production, test := c.Addresses()
	return platform.WriteManifest(manifest{ID: c.ID, API: manifestAPI{
		ConfigVars: c.ConfigVarNames(),
		Password:   platform.Shown(c.Password, withSecrets),
		SSOSalt:    platform.Shown(c.SSOSalt, withSecrets),
		Production: production,
		Test:       test,
	}})
}
