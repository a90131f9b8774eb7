package all

import (
	"cmp"
	"slices"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/clevercloud"
	"github.com/addongw/addongw/gateway/conformance/nanobox"
	"github.com/addongw/addongw/gateway/conformance/scalingo"
	"github.com/addongw/addongw/gateway/conformance/xervo"
)

// Platforms returns the marketplaces for add-ons by name.
func Platforms() []conformance.Platform {
	return []conformance.Platform{
		clevercloud.Platform{},
		scalingo.Platform{},
		xervo.Platform{},
	}
}

// Servers returns the platforms that rent servers.
func Servers() []conformance.ServerPlatform {
	return []conformance.ServerPlatform{nanobox.Platform{}}
}

// FindServers returns the platform of a name that rents servers.
func FindServers(name string) (conformance.ServerPlatform, bool) {
	for _, p := range Servers() {
		if p.Name() == name {
			return p, true
		}
	}
	return nil, false
}

// Tested returns all platforms of both kinds, by name.
func Tested() []conformance.Tested {
	var tested []conformance.Tested
	for _, p := range Platforms() {
		tested = append(tested, p)
	}
	for _, p := range Servers() {
		tested = append(tested, p)
	}
	slices.SortFunc(tested, func(a, b conformance.Tested) int { return cmp.Compare(a.Name(), b.Name()) })
	return tested
}

// FindTested returns the platform of a name, of either kind.
func FindTested(name string) (conformance.Tested, bool) {
	for _, p := range Tested() {
		if p.Name() == name {
			return p, true
		}
	}
	return nil, false
}

// Find returns the marketplace of a name.
func Find(name string) (conformance.Platform, bool) {
	for _, p := range Platforms() {
		if p.Name() == name {
			return p, true
		}
	}
	return nil, false
}
