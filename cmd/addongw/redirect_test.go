package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const tokenSecret = "e2e-token-secret-that-is-long-enough"

const wordsOfRedirect = `  sso {
    redirect     = "https://app.vendor.example/partner?account=${output.username}&token=${sso.token}"
    token_secret = secret("env:SSO_TOKEN_SECRET")
  }

  config_vars = {`

// claimsOf checks a token as a vendor's page would that has no library: by the
// words of RFC 7515, and returns its claims.
func claimsOf(t *testing.T, token, key string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("a token of %d parts", len(parts))
	}
	var decoded [3][]byte
	for i, part := range parts {
		text, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		decoded[i] = text
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if !hmac.Equal(mac.Sum(nil), decoded[2]) {
		t.Fatal("the signature is wrong")
	}
	var header struct{ Alg, Typ string }
	claims := map[string]any{}
	if err := json.Unmarshal(decoded[0], &header); err != nil || header.Alg != "HS256" || header.Typ != "JWT" {
		t.Errorf("the header is %s, %v", decoded[0], err)
	}
	if err := json.Unmarshal(decoded[1], &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestASignOnIsSentToTheVendorsPageWithATokenThatItCanCheck(t *testing.T) {
	dir := changedExample(t, "quickstart", "  config_vars = {", wordsOfRedirect)
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0"},
		"CLEVER_PASSWORD="+password, "CLEVER_SSO_SALT="+ssoSalt, "SSO_TOKEN_SECRET="+tokenSecret)
	resources := p.URL + "/clevercloud/tinyfiles/resources"
	made := call{"POST", resources, "tinyfiles", password, order}.must(t, 200)
	username, _, _ := strings.Cut(strings.TrimPrefix(made.Config["TINYFILES_URL"], "sftp://"), ":")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	post := func(form url.Values, status int) *http.Response {
		t.Helper()
		resp, err := client.PostForm(p.URL+"/clevercloud/tinyfiles/sso", form)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != status || (resp.Header.Get("Location") != "") != (status == 302) {
			t.Fatalf("status %d, want %d, with a Location: %t", resp.StatusCode, status, resp.Header.Get("Location") != "")
		}
		return resp
	}

	form := signOnForm(made.ID, time.Now())
	sent := post(form, 302)
	address, err := sent.Location()
	if err != nil || address.Scheme+"://"+address.Host+address.Path != "https://app.vendor.example/partner" || address.Query().Get("account") != username {
		t.Fatalf("sent elsewhere: %v", err)
	}
	if sent.Header.Get("Cache-Control") != "no-store" || sent.Header.Get("Referrer-Policy") == "" {
		t.Errorf("the headers are %v", sent.Header)
	}
	token := address.Query().Get("token")
	claims := claimsOf(t, token, tokenSecret)
	if iat, exp := claims["iat"].(float64), claims["exp"].(float64); exp-iat != 60 || iat < float64(time.Now().Unix()-30) || iat > float64(time.Now().Unix()) {
		t.Errorf("issued at %f, good until %f", iat, exp)
	}
	jti, _ := claims["jti"].(string)
	for _, name := range []string{"iat", "exp", "jti"} {
		delete(claims, name)
	}
	if diff := cmp.Diff(map[string]any{
		"sub": made.ID, "aud": "https://app.vendor.example", "iss": "https://addons.example.com",
		"addon": "tinyfiles", "plan": "small", "region": "eu", "platform": "clevercloud", "platform_id": "addon_1",
		"user_id": "user_1", "email": "canary.ann@example.com", "email_verified": true, "suspended": false,
	}, claims); diff != "" || jti == "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	post(form, 403) // its proof is spent
	again, err := post(signOnForm(made.ID, time.Now().Add(time.Second)), 302).Location()
	if err != nil || claimsOf(t, again.Query().Get("token"), tokenSecret)["jti"] == jti {
		t.Errorf("a second token is the first one, %v", err)
	}

	forged := signOnForm(made.ID, time.Now())
	forged.Set("user_id", "user_2")
	post(forged, 403)
	post(signOnForm(made.ID, time.Now().Add(-time.Hour)), 403)
	post(signOnForm("res_unknown", time.Now()), 403)
	call{"DELETE", resources + "/" + made.ID, "tinyfiles", password, ""}.must(t, 200)
	post(signOnForm(made.ID, time.Now()), 410)

	p.Stop()
	for what, part := range map[string]string{
		"the token": token, "its signature": token[strings.LastIndex(token, ".")+1:], "the token's key": tokenSecret,
		"the e-mail": "canary", "the account": username, "the address": "app.vendor.example", "the form's signature": form.Get("signature"),
	} {
		if part == "" || strings.Contains(p.Log(), part) {
			t.Errorf("the log shows %s", what)
		}
	}
	if n := strings.Count(p.Log(), `"route":"/clevercloud/tinyfiles/sso"`); n != 7 {
		t.Errorf("%d sign-ons in the log, want 7", n)
	}
}
