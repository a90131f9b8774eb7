package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"hash"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/gateway/ssotoken"
)

// signedToken is what the gateway makes for a customer of Xervo, whose
// signature does not cover the address.
func signedToken(t *testing.T, audience, key string, now time.Time) string {
	t.Helper()
	token, err := ssotoken.Sign(ssotoken.Claims{
		Issuer: "https://addons.example.com", Audience: audience,
		Resource: gateway.Resource{ID: "res_1", Addon: "acme-notes", Plan: "team", Region: "eu", Platform: "xervo", ExternalID: "300"},
		SignOn:   gateway.SignOn{Email: "canary.zoë@example.com"},
	}, secret.New(key), now)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// madeToken is one that the gateway never makes.
func madeToken(header, payload string, algorithm func() hash.Hash, key string) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	return signed + "." + encode(macOf(signed, algorithm, key))
}

func macOf(text string, algorithm func() hash.Hash, key string) []byte {
	mac := hmac.New(algorithm, []byte(key))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

const goodHeader = `{"alg":"HS256","typ":"JWT"}`

// payload is a good token's, with changes; nil takes a claim away.
func payload(t *testing.T, changes map[string]any) string {
	t.Helper()
	claims := map[string]any{
		"iss": "https://addons.example.com", "aud": page, "sub": "res_1", "jti": "JTI" + t.Name(), "iat": time.Now().Unix(), "exp": time.Now().Unix() + 60,
		"addon": "acme-notes", "plan": "team", "region": "eu", "platform": "clevercloud", "platform_id": "addon_1", "email_verified": true,
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// forgeries are tokens that must be refused, by why.
func forgeries(t *testing.T) map[string]map[string]string {
	t.Helper()
	good := signedToken(t, page, tokenSecret, time.Now())
	parts := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	unsigned := encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	notBase64 := parts[0] + ".A"
	return map[string]map[string]string{
		"it is no token": {
			"nothing": "", "a word": "token", "dots": "..", "four parts": good + ".x", "no signature": parts[0] + "." + parts[1] + ".",
			"alg none": unsigned, "padding": good + "=", "a line break": good + "\n", "plain base64": strings.Replace(good, ".", "+.", 1),
			"another script": strings.Replace(good, "e", "ё", 1), "a NUL": good + "\x00", "no UTF-8": good + "\xff", "too long": strings.Repeat("a", 9000) + ".a.a",
		},
		"the signature does not fit": {
			"garbage in three parts": "a.b.c", "alg none with a signature": unsigned + parts[2],
			"HS512 with the same key": madeToken(`{"alg":"HS512","typ":"JWT"}`, payload(t, nil), sha512.New, tokenSecret),
			"a signature cut":         good[:len(good)-1], "a signature's beginning": parts[0] + "." + parts[1] + "." + parts[2][:1],
			"another way to write it": good[:len(good)-1] + sameBits(good[len(good)-1]),
			"another secret":          signedToken(t, page, "another-"+tokenSecret, time.Now()), "no secret": madeToken(goodHeader, payload(t, nil), sha256.New, ""),
			"another payload": parts[0] + "." + encode([]byte(payload(t, nil))) + "." + parts[2],
		},
		"the algorithm is another": {
			"none, signed":   madeToken(`{"alg":"none"}`, payload(t, nil), sha256.New, tokenSecret),
			"HS512, signed":  madeToken(`{"alg":"HS512"}`, payload(t, nil), sha256.New, tokenSecret),
			"in small":       madeToken(`{"alg":"hs256"}`, payload(t, nil), sha256.New, tokenSecret),
			"a list":         madeToken(`{"alg":["HS256"]}`, payload(t, nil), sha256.New, tokenSecret),
			"none at all":    madeToken(`{}`, payload(t, nil), sha256.New, tokenSecret),
			"no object":      madeToken(`null`, payload(t, nil), sha256.New, tokenSecret),
			"critical words": madeToken(`{"alg":"HS256","crit":["b64"],"b64":false}`, payload(t, nil), sha256.New, tokenSecret),
		},
		"the claims are not as they should be": withClaims(t, notBase64+"."+encode(macOf(notBase64, sha256.New, tokenSecret))),
		"it is for another page": {
			"another host":   signedToken(t, "https://other.example.com", tokenSecret, time.Now()),
			"another scheme": signedToken(t, "http://app.example.com", tokenSecret, time.Now()),
			"a longer host":  signedToken(t, page+".evil.example", tokenSecret, time.Now()),
			"a page there":   signedToken(t, page+"/", tokenSecret, time.Now()),
		},
		"it has expired": {
			"just now":      signedToken(t, page, tokenSecret, time.Now().Add(-ssotoken.Lifetime)),
			"a day ago":     signedToken(t, page, tokenSecret, time.Now().Add(-24*time.Hour)),
			"never was":     madeToken(goodHeader, payload(t, map[string]any{"exp": 0}), sha256.New, tokenSecret),
			"in the minus":  madeToken(goodHeader, payload(t, map[string]any{"exp": -time.Now().Unix()}), sha256.New, tokenSecret),
			"before it was": madeToken(goodHeader, payload(t, map[string]any{"exp": 1, "iat": time.Now().Unix()}), sha256.New, tokenSecret),
		},
	}
}

// sameBits is another last character of a signature that a lenient decoder
// reads as the same 32 bytes.
func sameBits(last byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, last)^1])
}

// withClaims are well signed tokens whose claims are missing or of a wrong type.
func withClaims(t *testing.T, notBase64 string) map[string]string {
	t.Helper()
	bad := map[string]string{"no base64": notBase64}
	for _, text := range []string{"null", "[]", `"x"`, "17", "{}", "{", "\xff", ""} {
		if text != "" {
			bad["the payload "+text] = madeToken(goodHeader, text, sha256.New, tokenSecret)
		}
	}
	for _, name := range []string{"iss", "aud", "sub", "jti", "iat", "exp", "addon", "plan", "region", "platform", "email_verified"} {
		bad["no "+name] = madeToken(goodHeader, payload(t, map[string]any{name: nil}), sha256.New, tokenSecret)
		bad["a list for "+name] = madeToken(goodHeader, payload(t, map[string]any{name: []string{page}}), sha256.New, tokenSecret)
	}
	soon := time.Now().Unix() + 30
	for name, change := range map[string]map[string]any{
		"exp as text": {"exp": "9999999999"}, "exp true": {"exp": true}, "exp a fraction": {"exp": float64(soon) + 0.5}, "exp too large": {"exp": 1e300},
		"jti a number": {"jti": 1}, "an empty jti": {"jti": ""}, "email a number": {"email": 1}, "user_id true": {"user_id": true},
		"platform_id a list": {"platform_id": []int{1}}, "email_verified as text": {"email_verified": "true"}, "email_verified 1": {"email_verified": 1},
	} {
		bad[name] = madeToken(goodHeader, payload(t, change), sha256.New, tokenSecret)
	}
	return bad
}

func TestEveryVerifierAcceptsAGoodTokenOnceAndNoOther(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, language string) {
		v := startVerifier(t, language, "SSO_TOKEN_SECRET="+tokenSecret, "SSO_TOKEN_SECRET_BEFORE=the-secret-from-before-it-was-replaced")
		for reason, tokens := range forgeries(t) {
			for name, token := range tokens {
				v.refuses(name, query(token), reason)
			}
		}
		good := signedToken(t, page, tokenSecret, time.Now())
		v.refuses("no token", "", "there is not one token")
		v.refuses("two tokens", query(good)+"&"+query(good), "there is not one token")
		status, who := v.open(query(good)) // a refusal has not used it up
		if want := (came{"res_1", "acme-notes", "team", "eu", "xervo", "300", "", "canary.zoë@example.com", false}); status != 200 || who != want {
			t.Errorf("a good token: status %d, who came is %+v, want %+v\n%s", status, who, want, v.Log())
		}
		v.refuses("the same again", query(good), "it was used before")
		if status, _ := v.open(query(signedToken(t, page, "the-secret-from-before-it-was-replaced", time.Now()))); status != 200 {
			t.Errorf("a token of the secret before: status %d", status)
		}
		for what, text := range map[string]string{"a token": good, "a secret": tokenSecret, "an address": "canary"} {
			if strings.Contains(v.Log(), text) {
				t.Errorf("the log shows %s", what)
			}
		}
	})
}

func TestATokenSentManyTimesAtOnceOpensOneSession(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, language string) {
		v := startVerifier(t, language, "SSO_TOKEN_SECRET="+tokenSecret)
		good := query(signedToken(t, page, tokenSecret, time.Now()))
		var opened atomic.Int32
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				if status, _ := v.open(good); status == 200 {
					opened.Add(1)
				}
			})
		}
		all.Wait()
		if opened.Load() != 1 {
			t.Errorf("%d sessions", opened.Load())
		}
	})
}
