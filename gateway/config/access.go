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
		p.common.Password, p.common.SSOSalt, p.common.CredentialsKnown = secret.New(password), secret.New(salt), true
		p.secrets.others[password], p.secrets.others[salt] = true, true
	} else {
		password, known := c.Secret("password")
		salt, alsoKnown := c.Secret("sso_salt")
		p.common.CredentialsKnown = (known || !c.Has("password")) && (alsoKnown || !c.Has("sso_salt"))
		if p.common.CredentialsKnown {
			p.common.Password, p.common.SSOSalt = password, salt
		}
		for _, v := range []secret.Value{password, salt} {
			if !v.Empty() {
				p.secrets.others[v.Reveal()] = true
			}
		}
	}
	m.value = cty.ObjectVal(map[string]cty.Value{
		"id": text(p.name), "username": text(p.common.Username),
		"password": p.credential(p.common.Password), "sso_salt": p.credential(p.common.SSOSalt),
	})
}

func (p *platformReader) credential(v secret.Value) cty.Value {
	if !p.common.CredentialsKnown {
		return cty.UnknownVal(cty.String).Mark(backend.Sensitive)
	}
	return text(v.Reveal()).Mark(backend.Sensitive)
}

// pathForm is a path that needs no escaping and can't be mistaken.
var pathForm = regexp.MustCompile(`^(/[A-Za-z0-9][A-Za-z0-9._~-]*)+$`)

// urls settles where the platform's calls arrive and what the manifest says.
func (p *platformReader) urls(c *schema.Content, m *mounted) {
	m.prefix = "/" + p.name + "/" + p.of.ID
	ssoPath := "/sso"
	p.path(c, "path", &m.prefix)
	p.path(c, "sso_path", &ssoPath)
	base := p.config.Gateway.BaseURL
	p.common.BaseURL = base + m.prefix
	p.common.SSOURL = p.common.BaseURL + ssoPath
	if p.options.Development == nil {
		p.url(c, "sso_url", &p.common.SSOURL)
	}
	p.url(c, "api_url", &p.common.APIURL)
	p.common.TestBaseURL, p.common.TestSSOURL = p.common.BaseURL, p.common.SSOURL
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
