package ssotoken

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
)

// Lifetime is how long a token is good: a browser follows a redirect at once.
const Lifetime = time.Minute

// Claims is what a token says. Empty texts are left out of it.
type Claims struct {
	Issuer   string // "iss": the gateway's public URL
	Audience string // "aud": the origin that the token is for, "https://app.example.com"
	Resource gateway.Resource
	SignOn   gateway.SignOn
}

// Sign returns the token for a sign-on at the time now.
func Sign(c Claims, key secret.Value, now time.Time) (string, error) {
	claims := jwt.MapClaims{
		"iss": c.Issuer, "aud": c.Audience, "sub": c.Resource.ID, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(Lifetime).Unix(),
		"addon": c.Resource.Addon, "plan": c.Resource.Plan, "region": c.Resource.Region,
		"platform": c.Resource.Platform, "platform_id": c.Resource.ExternalID,
		"user_id": c.SignOn.UserID, "email": c.SignOn.Email, "email_verified": c.SignOn.EmailVerified,
		"suspended": c.Resource.State == gateway.Suspended,
	}
	for name, value := range claims {
		if value == "" {
			delete(claims, name)
		}
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(key.Reveal()))
	if err != nil {
		return "", fmt.Errorf("sign the token for single sign-on: %w", err)
	}
	return token, nil
}
