package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/all"
)

// acting is a platform as it stands before a provider.
type acting struct {
	platform conformance.Platform
	provider conformance.Provider
	client   conformance.Client
}

// act makes the platform of a mount call that mount. ok is false for a platform
// that nobody can act.
func act(m config.Mount) (a acting, ok bool, err error) {
	scope := m.Mount.Scope()
	if a.platform, ok = all.Find(scope.Platform); !ok {
		return a, false, nil
	}
	manifest, err := m.Mount.Manifest(true)
	if err != nil {
		return a, false, err
	}
	provider, problems := a.platform.ReadManifest(manifest, conformance.Reading{Environment: conformance.Production})
	for _, p := range problems {
		if p.Fatal {
			return a, false, fmt.Errorf("the manifest of %s for %s: %s", scope.Addon, scope.Platform, p.Text)
		}
	}
	provider.Plans = m.Plans
	a.provider, a.client = provider, a.platform.Client(provider)
	return a, true, nil
}

var (
	errNoSSOURL = errors.New("nobody says where the provider's customers sign on")
	errNoSalt   = errors.New("there is no salt to sign with")
)

// signOn signs a customer on to the resource that the provider calls id.
func (a acting) signOn(id, email string, at time.Time) (conformance.SignOn, error) {
	switch {
	case a.provider.SSOURL == "":
		return conformance.SignOn{}, errNoSSOURL
	case a.provider.Salt.Empty():
		return conformance.SignOn{}, errNoSalt
	}
	return a.client.SignOn(id, conformance.Person{Email: email}, at), nil
}
