package ssotoken_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/gateway/ssotoken"
)

const key = "0123456789abcdef0123456789abcdef"

func claims() ssotoken.Claims {
	return ssotoken.Claims{
		Issuer: "https://addons.acme.example", Audience: "https://app.acme.example",
		Resource: gateway.Resource{ID: "res_01", Addon: "acme-db", Plan: "hobby", Region: "eu", Platform: "clevercloud", ExternalID: "addon_1"},
		SignOn:   gateway.SignOn{UserID: "user_1", Email: "ann@example.com", EmailVerified: true},
	}
}

// opened reads a token as a vendor's page would, without any library of ours.
func opened(t *testing.T, token string) (header, payload map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("the token has %d parts", len(parts))
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if want := base64.RawURLEncoding.EncodeToString(mac.Sum(nil)); parts[2] != want {
		t.Fatalf("signature %s, want %s", parts[2], want)
	}
	for i, into := range []*map[string]any{&header, &payload} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	return header, payload
}

func TestATokenSaysWhoComesAndForWhichResource(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 500, time.UTC)
	token, err := ssotoken.Sign(claims(), secret.New(key), now)
	if err != nil {
		t.Fatal(err)
	}
	header, payload := opened(t, token)
	if diff := cmp.Diff(map[string]any{"alg": "HS256", "typ": "JWT"}, header); diff != "" {
		t.Errorf("header (-want +got)\n%s", diff)
	}
	if id, _ := payload["jti"].(string); len(id) < 20 {
		t.Errorf("jti = %q", id)
	}
	delete(payload, "jti")
	want := map[string]any{
		"iss": "https://addons.acme.example", "aud": "https://app.acme.example", "sub": "res_01",
		"iat": float64(now.Unix()), "exp": float64(now.Unix() + 60),
		"addon": "acme-db", "plan": "hobby", "region": "eu", "platform": "clevercloud", "platform_id": "addon_1",
		"user_id": "user_1", "email": "ann@example.com", "email_verified": true, "suspended": false,
	}
	if diff := cmp.Diff(want, payload); diff != "" {
		t.Errorf("payload (-want +got)\n%s", diff)
	}
}

func TestWhatAPlatformDoesNotTellIsLeftOut(t *testing.T) {
	c := claims()
	c.SignOn = gateway.SignOn{Email: "ann@example.com"}
	token, err := ssotoken.Sign(c, secret.New(key), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, payload := opened(t, token)
	if _, there := payload["user_id"]; there || payload["email_verified"] != false {
		t.Errorf("payload %v", payload)
	}
}

func TestATokenSaysWhetherTheResourceIsSuspended(t *testing.T) {
	c := claims()
	c.Resource.State = gateway.Suspended
	token, err := ssotoken.Sign(c, secret.New(key), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, payload := opened(t, token); payload["suspended"] != true {
		t.Errorf("payload %v", payload)
	}
}

func TestEachTokenHasAnIDOfItsOwn(t *testing.T) {
	seen := map[any]bool{}
	for range 3 {
		token, err := ssotoken.Sign(claims(), secret.New(key), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		_, payload := opened(t, token)
		seen[payload["jti"]] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d ids for 3 tokens", len(seen))
	}
}
