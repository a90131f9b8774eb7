package config

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/ssotoken"
	"github.com/addongw/addongw/plugins/backend"
)

// SignOn evaluates where the add-on sends a customer who signs on; "" for our
// own page.
func (c *Config) SignOn(r gateway.Resource, s gateway.SignOn, outputs backend.Value) (string, error) {
	if rented(r.Kind) {
		return "", noPage(r.Kind)
	}
	u, err := c.use(r)
	if err != nil || u.addon.sso == nil || u.addon.sso.redirect == nil {
		return "", err
	}
	address, err := c.redirect(u, s, u.scope(u.backend.knownOutputs(outputs)))
	if err != nil {
		return "", gateway.Fault(fmt.Errorf("evaluate the sso redirect of %s: %w", u.addon.ID, err))
	}
	return address, nil
}

// redirect evaluates the URL, and a second time when it has a token: whom a
// token is for shows in the URL without it.
func (c *Config) redirect(u use, s gateway.SignOn, scope *hcl.EvalContext) (string, error) {
	bare, origin, err := c.redirectWith(u, signOnValue(s, ""), scope)
	if err != nil || bare == "" || !u.addon.sso.usesToken() {
		return bare, err
	}
	token, err := ssotoken.Sign(ssotoken.Claims{
		Issuer: c.Gateway.BaseURL, Audience: origin, Resource: u.resource, SignOn: s,
	}, u.addon.sso.tokenSecret, c.now())
	if err != nil {
		return "", err
	}
	address, same, err := c.redirectWith(u, signOnValue(s, token), scope)
	if err == nil && same != origin {
		err = errors.New("the token decides which host it is sent to")
	}
	return address, err
}

// redirectWith evaluates the URL and its origin; both are empty where it is
// null. Errors never hold the URL.
func (c *Config) redirectWith(u use, signOn cty.Value, scope *hcl.EvalContext) (address, origin string, err error) {
	inner := scope.NewChild()
	inner.Variables = map[string]cty.Value{ssoRoot: signOn}
	address, sensitive, ok, err := configvar.Text(u.addon.sso.redirect, inner)
	if err != nil || !ok {
		return "", "", err
	}
	at := u.addon.sso.redirect.Range()
	if sensitive {
		return "", "", fmt.Errorf("%s: a secret must not be part of it", at)
	}
	if problem := redirectProblem(address, true, c.development); problem != "" {
		return "", "", fmt.Errorf("%s: %s", at, problem)
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return "", "", fmt.Errorf("%s: %s", at, noHost)
	}
	return address, parsed.Scheme + "://" + parsed.Host, nil
}

// signOnPage is what the sso block says of our own page.
func (u use) signOnPage(page *gateway.Page) {
	page.Session = defaultSession
	if u.addon.sso != nil {
		page.Session = u.addon.sso.session
	}
}
