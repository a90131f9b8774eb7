package platform

import (
	"cmp"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/secret"
)

// Common holds the settings that every platform block shares, already decoded
// and with defaults applied, together with what a manifest says of the add-on.
type Common struct {
	Addon       string // the add-on's HCL label
	AddonName   string
	Summary     string
	Description string
	Logo        string
	Currency    string

	ID       string // the add-on's slug on the platform; default: Addon
	Username string // default: empty, and the dialect's own default holds
	Password secret.Value
	SSOSalt  secret.Value
	// While files are checked without reading secrets, what comes from one is
	// not known: it is empty then and must not be judged.
	PasswordKnown, SSOSaltKnown bool

	BaseURL     string // the mount's public URL: {gateway base_url}{path}, without a trailing slash
	SSOPath     string // where single sign-on is served, behind the mount's prefix: "/sso"
	SSOURL      string // where single sign-on goes, for the manifest
	TestBaseURL string // default: BaseURL; not as written but made like it where Ranges lacks "test.base_url"
	TestSSOURL  string // default: SSOURL
	Development bool   // started by "addongw dev": plain http is fine, credentials are made up

	APIURL         string   // of the platform's own API, without a trailing slash; empty: the platform's real one
	LogDrain       bool     // deliveries have a LogDrainURL
	FrameAncestors []string // instead of the dialect's own; nil: not told

	SSOWindow    time.Duration // how old a sign-on may be; 0: as the platform says
	SSOMaxAge    time.Duration // the add-on's own limit of that, on every platform; 0: none
	SSOSkew      time.Duration // how far the platform's clock may be ahead of ours at a sign-on
	SSOSingleUse *bool         // whether a proof opens one session only; nil: as suits the platform

	Mode     string        // "sync", "async" or empty
	Deadline time.Duration // how long a request may wait for a backend; 0: as suits the platform

	// Regions maps the names of the platform's manifest to ours. It is nil
	// where the block has none: then each of our regions has its own name.
	Regions       map[string]string
	DefaultRegion string // ours
	// AddonRegions lists the ids of our own regions, in the add-on's order.
	// Where Regions is nil they are the platform's names too.
	AddonRegions []string
	Plans        []Plan   // in the order customers see
	OptionNames  []string // of the options that the add-on declares
	ConfigVars   []ConfigVarName

	// Ranges has the range of each attribute the operator wrote, by its path
	// in the block ("password", "test.base_url", "config_vars.ACME_DB_URL",
	// "regions"), for diagnostics; "currency" is the add-on's, "base_url" the
	// gateway's. Range falls back to the block itself.
	Ranges map[string]hcl.Range
	Block  hcl.Range // the block's header
}

// Plan is a plan offered on the platform.
type Plan struct {
	ID          string // ours
	Slug        string // the platform's, from plan_names; default: ID
	Name        string // display name
	Description string
	Price       float64 // per 30 days, in Currency
	Features    []string
	Options     map[string]string // handed back by the platform with each order of the plan, where it does that
	Unlisted    bool              // hidden or deprecated: known, and left out of manifests
}

// ConfigVarName is a config var that resources on this platform have.
type ConfigVarName struct {
	Name  string
	Range hcl.Range
}

// Range returns where the operator wrote the attribute at path, or the block's
// header where nobody did.
func (c Common) Range(path string) hcl.Range {
	if r, ok := c.Ranges[path]; ok {
		return r
	}
	return c.Block
}

// SignOnAge returns how old a sign-on may be where the platform itself says
// usual: the operator may write another length, and the add-on's own limit may
// lower either, not raise it.
func (c Common) SignOnAge(usual time.Duration) time.Duration {
	age := cmp.Or(c.SSOWindow, usual)
	if c.SSOMaxAge > 0 {
		age = min(age, c.SSOMaxAge)
	}
	return age
}

// SignOnOnce reports whether a proof opens one session only, on a platform that
// it suits (or not) by usual.
func (c Common) SignOnOnce(usual bool) bool {
	if c.SSOSingleUse != nil {
		return *c.SSOSingleUse
	}
	return usual
}

// Listed returns the plans that every customer may see, in their order.
func (c Common) Listed() []Plan {
	return slices.DeleteFunc(slices.Clone(c.Plans), func(p Plan) bool { return p.Unlisted })
}

// PlanBySlug finds a plan by the name the platform uses.
func (c Common) PlanBySlug(slug string) (Plan, bool) {
	for _, p := range c.Plans {
		if p.Slug == slug {
			return p, true
		}
	}
	return Plan{}, false
}
