package conformance

import "strings"

// Group is what a check is about.
type Group string

// The groups, in the order in which they run.
const (
	Manifest    Group = "manifest"
	Auth        Group = "auth"
	Provision   Group = "provision"
	Completion  Group = "completion"
	PlanChange  Group = "plan_change"
	Suspend     Group = "suspend"
	Config      Group = "config"
	SSO         Group = "sso"
	Deprovision Group = "deprovision"
	Addresses   Group = "addresses"
	Answers     Group = "answers"

	// Where servers are rented.
	Meta       Group = "meta"
	Catalog    Group = "catalog"
	Keys       Group = "key"
	Ordering   Group = "order"
	Queries    Group = "query"
	Reboot     Group = "reboot"
	Rename     Group = "rename"
	InstallKey Group = "install_key"
	Cancel     Group = "cancel"
)

// Groups returns all groups in their order.
func Groups() []Group {
	return []Group{
		Manifest, Meta, Catalog, Auth, Provision, Completion, PlanChange, Suspend, Config, SSO, Deprovision,
		Keys, Ordering, Queries, Reboot, Rename, InstallKey, Cancel, Addresses, Answers,
	}
}

// Title is the group as a report calls it.
func (g Group) Title() string {
	switch g {
	case Auth:
		return "authentication"
	case SSO:
		return "single sign-on"
	case PlanChange:
		return "plan change"
	case Meta:
		return "metadata"
	case Keys:
		return "SSH keys"
	case InstallKey:
		return "key installation"
	default:
		return string(g)
	}
}

// groupOf finds the group of an exchange by the beginning of its file's name:
// "plan-change-repeat".
func groupOf(name string) (Group, bool) {
	for _, g := range Groups() {
		prefix := strings.ReplaceAll(string(g), "_", "-")
		if name == prefix || strings.HasPrefix(name, prefix+"-") {
			return g, true
		}
	}
	return "", false
}
