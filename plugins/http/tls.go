package http

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"os"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// tlsConfig reads certificates and keys, on the machine that will use them.
func (r *reader) tlsConfig(c object) *tls.Config {
	path := cty.GetAttrPath("tls")
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.text("server_name")}
	if c.text("min_version") == "1.3" {
		config.MinVersion = tls.VersionTLS13
	}
	if c.known("ca_file") {
		config.RootCAs = x509.NewCertPool()
		if text := r.file(path.GetAttr("ca_file"), c.text("ca_file")); text != nil && !config.RootCAs.AppendCertsFromPEM(text) {
			r.add(path.GetAttr("ca_file"), "There is no certificate in "+c.text("ca_file"), "It must be a PEM file.")
		}
	}
	if !c.known("cert_file") {
		return config
	}
	certificate, key := r.file(path.GetAttr("cert_file"), c.text("cert_file")), []byte(c.text("key"))
	if c.known("key_file") {
		key = r.file(path.GetAttr("key_file"), c.text("key_file"))
	}
	if certificate == nil || key == nil {
		return config
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil { // its text may be of the key
		r.add(path.GetAttr("cert_file"), "The certificate and its key do not belong together, or can't be read", "Both must be PEM files.")
		return config
	}
	config.Certificates = []tls.Certificate{pair}
	return config
}

func (r *reader) file(path cty.Path, name string) []byte {
	text, err := os.ReadFile(name)
	if err != nil {
		r.add(path, "A file can't be read: "+err.Error(), "")
		return nil
	}
	return text
}

// newTokens is nil without a block oauth2. Where tokens come from another server,
// that has a name of its own.
func (s *settings) newTokens(secure *tls.Config) *tokens {
	c := s.oauth
	if !c.isThere() {
		return nil
	}
	if at, err := url.Parse(c.text("token_url")); err != nil || !sameOrigin(s.base, at) {
		secure = secure.Clone()
		secure.ServerName = ""
	}
	config := clientcredentials.Config{
		ClientID: c.text("client_id"), ClientSecret: c.text("client_secret"), TokenURL: c.text("token_url"),
		EndpointParams: url.Values{}, AuthStyle: oauth2.AuthStyleInHeader,
	}
	if c.text("credentials_in") == "body" {
		config.AuthStyle = oauth2.AuthStyleInParams
	}
	for name, value := range c.texts("params") {
		config.EndpointParams.Set(name, value)
	}
	if c.known("scopes") {
		scopes, _ := c.at("scopes").UnmarkDeep()
		for _, v := range scopes.AsValueSlice() {
			config.Scopes = append(config.Scopes, v.AsString())
		}
	}
	return newTokens(config, newHTTPClient(s, secure))
}
