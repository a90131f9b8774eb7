package config_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

// verified opens a token with the secret that the vendor has.
func verified(t *testing.T, token string) map[string]any {
	t.Helper()
	signed, signature, _ := cutLast(token)
	mac := hmac.New(sha256.New, []byte(tokenSecret))
	mac.Write([]byte(signed))
	if want := base64.RawURLEncoding.EncodeToString(mac.Sum(nil)); signature != want {
		t.Fatalf("signature %q, want %q", signature, want)
	}
	_, body, _ := strings.Cut(signed, ".")
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func cutLast(token string) (before, after string, ok bool) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 {
		return token, "", false
	}
	return token[:i], token[i+1:], true
}

func TestASignOnLeadsToTheVendorsPageWithAToken(t *testing.T) {
	c, _ := words(t)
	address, err := c.SignOn(old(), gateway.SignOn{UserID: "user_1", Email: "ann@example.com", EmailVerified: true}, outputs())
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host != "app.acme.example" || parsed.Query().Get("account") != "res_01" {
		t.Fatalf("host %s, %v", parsed.Host, err)
	}
	claims := verified(t, parsed.Query().Get("token"))
	delete(claims, "jti")
	want := map[string]any{
		"iss": "https://addons.acme.example", "aud": "https://app.acme.example", "sub": "res_01",
		"iat": float64(today.Unix()), "exp": float64(today.Unix() + 60),
		"addon": "acme-db", "plan": "hobby", "region": "eu", "platform": "clevercloud", "platform_id": "addon_1",
		"user_id": "user_1", "email": "ann@example.com", "email_verified": true, "suspended": false,
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("claims (-want +got)\n%s", diff)
	}
}

func TestWithoutARedirectASignOnLeadsToOurOwnPage(t *testing.T) {
	c, _ := words(t)
	archive := resource()
	archive.Platform, archive.Plan, archive.Backend = "othercloud", "archive", "shell.files" // its redirect is null
	redis := resource()
	redis.Addon, redis.Plan, redis.Backend = "acme-redis", "small", "shell.redis" // has no sso block
	for name, r := range map[string]gateway.Resource{"null": archive, "no block": redis} {
		if address, err := c.SignOn(r, gateway.SignOn{}, outputs()); err != nil || address != "" {
			t.Errorf("%s: %q, %v", name, address, err)
		}
	}
	if page, err := c.Page(redis); err != nil || page.Session != 15*time.Minute {
		t.Errorf("session %s, %v; want the default", page.Session, err)
	}
}

// redirecting loads an add-on with the given sso block.
func redirecting(t *testing.T, sso string, o config.Options) (*config.Config, *config.Files) {
	t.Helper()
	dir := t.TempDir()
	text := read(t, "testdata/base.hcl") + `
addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "hobby" {
    params = { connection_limit = 5 }
  }

  sso {
    ` + sso + `
  }

  platform "clevercloud" {
    password = secret("env:CLEVER")
    sso_salt = secret("env:CLEVER")
  }
}
`
	if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Secrets = true
	o.Environ = func(name string) (string, bool) {
		text, ok := map[string]string{"TOKEN": tokenSecret, "PG_ADMIN_URL": adminURL, "CLEVER": goodPassword}[name]
		return text, ok
	}
	c, files, diags := load(t, dir, o)
	return must(t, c, diags), files
}

func signOnOutputs(host string) backend.Value {
	return backend.NewValue(cty.ObjectVal(map[string]cty.Value{"host": cty.StringVal(host), "username": cty.StringVal("u")}))
}

func TestWhatShowsOnlyAtTheSignOnIsJudgedThen(t *testing.T) {
	c, _ := redirecting(t, `redirect = output.host`, config.Options{})
	for host, good := range map[string]bool{
		"https://app.acme.example/x": true, "HTTPS://app.acme.example": true,
		"http://app.acme.example": false, "javascript:alert(1)": false, "//app.acme.example": false, "https://": false, "": false,
		"https://user:word@app.acme.example/": false, "https://app.acme.example/\nx": false, `https:\\app.acme.example`: false,
	} {
		address, err := c.SignOn(resource(), gateway.SignOn{}, signOnOutputs(host))
		if good != (err == nil) || good && address != host {
			t.Errorf("%q: %q, %v", host, address, err)
		}
		if err != nil && (gateway.KindOf(err) != gateway.Internal || host != "" && strings.Contains(err.Error(), host)) {
			t.Errorf("%q: %v", host, err)
		}
	}
}

func TestATokenIsForTheHostThatItIsSentTo(t *testing.T) {
	c, _ := redirecting(t, `redirect = "https://${output.host}/?user=${sso.user_id == null ? "" : sso.user_id}&t=${sso.token}"
    token_secret = secret("env:TOKEN")`, config.Options{})
	address, err := c.SignOn(resource(), gateway.SignOn{}, signOnOutputs("eu.acme.example:8443"))
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(address, "&t=")
	if aud := verified(t, token)["aud"]; aud != "https://eu.acme.example:8443" {
		t.Errorf("aud = %v", aud)
	}
	c, _ = redirecting(t, `redirect = "https://${sso.token}.acme.example/"
    token_secret = secret("env:TOKEN")`, config.Options{})
	if _, err := c.SignOn(resource(), gateway.SignOn{}, signOnOutputs("x")); err == nil || gateway.KindOf(err) != gateway.Internal {
		t.Errorf("a token that decides the host: %v", err)
	}
}

func TestASensitiveValueThatNoSchemaAnnouncedStopsTheSignOn(t *testing.T) {
	c, _ := redirecting(t, `redirect = output.host`, config.Options{})
	const canary = "https://app.acme.example/canary"
	marked := backend.NewValue(cty.ObjectVal(map[string]cty.Value{"host": cty.StringVal(canary).Mark(backend.Sensitive)}))
	address, err := c.SignOn(resource(), gateway.SignOn{}, marked)
	if err == nil || gateway.KindOf(err) != gateway.Internal || address != "" || strings.Contains(err.Error(), "canary") {
		t.Errorf("%q, %v", address, err)
	}
}

func TestInDevelopmentARedirectMayBePlainHTTP(t *testing.T) {
	c, _ := redirecting(t, `redirect = "http://localhost:3000/${resource.id}"`, config.Options{Development: &config.Development{
		Listen: "127.0.0.1:4242", BaseURL: "http://127.0.0.1:4242",
		Credentials: func(string, string) (string, string) { return goodPassword, goodPassword },
	}})
	if address, err := c.SignOn(resource(), gateway.SignOn{}, outputs()); err != nil || address != "http://localhost:3000/res_01" {
		t.Errorf("%q, %v", address, err)
	}
}

func TestTheTokenSecretIsKnownToTheRedactor(t *testing.T) {
	_, files := redirecting(t, `token_secret = "`+tokenSecret+`"`, config.Options{})
	redactor := secret.NewRedactor()
	for _, s := range files.Secrets() {
		redactor.Add(s.Reveal())
	}
	if got := redactor.Redact("x " + tokenSecret); strings.Contains(got, tokenSecret) {
		t.Errorf("redacted: %s", got)
	}
}
