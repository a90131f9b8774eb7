package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

// credentials reads what the platform signs on with, or makes it up.
func (p *platformReader) credentials(c *schema.Content, m *mounted) {
	if dev := p.options.Development; dev != nil {
		password, salt := dev.Credentials(p.of.ID, p.name)
		p.common.Password, p.common.PasswordKnown = secret.New(password), true
		p.common.SSOSalt, p.common.SSOSaltKnown = secret.New(salt), true
	} else {
		p.common.Password, p.common.PasswordKnown = p.secret(c, "password")
		p.common.SSOSalt, p.common.SSOSaltKnown = p.secret(c, "sso_salt")
	}
	p.written(c, "password")
	p.written(c, "sso_salt")
	for _, v := range []secret.Value{p.common.Password, p.common.SSOSalt} {
		if !v.Empty() {
			p.secrets.others[v.Reveal()] = true
		}
	}
	m.value = cty.ObjectVal(map[string]cty.Value{
		"id": text(p.name), "username": text(p.common.Username),
		"password": credential(p.common.Password, p.common.PasswordKnown), "sso_salt": credential(p.common.SSOSalt, p.common.SSOSaltKnown),
	})
}

// secret reads a credential. One that nobody wrote is known to be empty.
func (p *platformReader) secret(c *schema.Content, name string) (v secret.Value, known bool) {
	v, known = c.Secret(name)
	return v, known || !c.Has(name) && !p.names.Meant(name)
}

func credential(v secret.Value, known bool) cty.Value {
	if !known {
		return cty.UnknownVal(cty.String).Mark(backend.Sensitive)
	}
	return text(v.Reveal()).Mark(backend.Sensitive)
}

// pathForm is a path that needs no escaping and can't be mistaken.
var pathForm = regexp.MustCompile(`^(/[A-Za-z0-9][A-Za-z0-9._~-]*)+$`)

// noBaseURL stands in for a base_url where there is none: that is reported, and
// a dialect must not stumble over it, too.
const noBaseURL = "https://base-url.invalid"

// urls settles where the platform's calls arrive and what the manifest says.
func (p *platformReader) urls(c *schema.Content, m *mounted) {
	m.prefix = "/" + p.name + "/" + p.of.ID
	ssoPath := "/sso"
	p.path(c, "path", &m.prefix)
	p.path(c, "sso_path", &ssoPath)
	base := p.config.Gateway.BaseURL
	if base == "" {
		base = noBaseURL
	}
	p.common.BaseURL, p.common.SSOPath = base+m.prefix, ssoPath
	p.common.SSOURL = p.common.BaseURL + ssoPath
	if p.options.Development == nil {
		p.url(c, "sso_url", &p.common.SSOURL)
	}
	p.common.TestBaseURL, p.common.TestSSOURL = p.common.BaseURL, p.common.SSOURL
	if p.options.TestURL != "" {
		p.common.TestBaseURL = strings.TrimRight(p.options.TestURL, "/") + m.prefix
		p.common.TestSSOURL = p.common.TestBaseURL + ssoPath
		return
	}
	if t := c.First("test"); t != nil && p.options.Development == nil {
		p.url(t, "base_url", &p.common.TestBaseURL)
		p.url(t, "sso_url", &p.common.TestSSOURL)
	}
}

func (p *platformReader) path(c *schema.Content, name string, into *string) {
	if !c.Has(name) || !c.Known(name) {
		return
	}
	written := strings.TrimRight(c.Text(name), "/")
	if !pathForm.MatchString(written) {
		p.add(wrong(fmt.Sprintf("%q is no path", name), c.ValueRange(name), `write it as "/acme", of letters, digits, - and _`))
		return
	}
	*into = written
}

func (p *platformReader) url(c *schema.Content, name string, into *string) {
	if !c.Has(name) || !c.Known(name) {
		return
	}
	if !isWebURL(c.Text(name)) {
		p.add(wrong(fmt.Sprintf("%q is no web address", name), c.ValueRange(name), `write it as "https://example.com/…"`))
		return
	}
	*into = strings.TrimRight(c.Text(name), "/")
}
