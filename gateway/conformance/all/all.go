package all

import (
	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/clevercloud"
	"github.com/addongw/addongw/gateway/conformance/scalingo"
	"github.com/addongw/addongw/gateway/conformance/xervo"
)

// Platforms returns all platforms by name.
func Platforms() []conformance.Platform {
	return []conformance.Platform{
		clevercloud.Platform{},
		scalingo.Platform{},
		xervo.Platform{},
	}
}

// Find returns the platform of a name.
func Find(name string) (conformance.Platform, bool) {
	for _, p := range Platforms() {
		if p.Name() == name {
			return p, true
		}
	}
	return nil, false
}
