package scalingo

import "github.com/addongw/addongw/gateway/platform"

// manifest is the document of "Addon definition manifest", fields in its order.
// It is sent to Scalingo by e-mail.
type manifest struct {
	Name             string                `json:"name"`
	Username         string                `json:"username"`
	Password         string                `json:"password"`
	SSOSalt          string                `json:"sso_salt"`
	LogoURL          string                `json:"logo_url,omitempty"`
	ShortDescription string                `json:"short_description"`
	Description      string                `json:"description"`
	LogDrain         bool                  `json:"log_drain"`
	ConfigVars       []string              `json:"config_vars"`
	Production       platform.ManifestURLs `json:"production"`
	Test             platform.ManifestURLs `json:"test"`
	Plans            []manifestPlan        `json:"plans"`
}

type manifestPlan struct {
	Name        string            `json:"name"`
	DisplayName string            `json:"display_name"`
	Price       float64           `json:"price"` // a text is refused
	Description string            `json:"description"`
	Options     map[string]string `json:"options,omitempty"`
}

// Manifest is what the vendor sends to Scalingo. There are no regions in it: an
// add-on is sold in one region of the platform, whose name no request has.
func (m *mount) Manifest(withSecrets bool) ([]byte, error) {
	c := m.common
	production, test := c.Addresses()
	return platform.WriteManifest(manifest{
		Name:             c.AddonName,
		Username:         m.username,
		Password:         platform.Shown(c.Password, withSecrets),
		SSOSalt:          platform.Shown(c.SSOSalt, withSecrets),
		LogoURL:          c.Logo,
		ShortDescription: c.Summary,
		Description:      c.Description,
		LogDrain:         c.LogDrain,
		ConfigVars:       c.ConfigVarNames(),
		Production:       production,
		Test:             test,
		Plans:            m.plans(),
	})
}

// plans are those that customers may see.
func (m *mount) plans() []manifestPlan {
	plans := []manifestPlan{}
	for _, p := range m.common.Listed() {
		plans = append(plans, manifestPlan{Name: p.Slug, DisplayName: p.Name, Price: p.Price, Description: p.Description, Options: p.Options})
	}
	return plans
}
