// Package ssotoken signs the token with which a vendor's own page learns which
// customer comes, and of which resource: a JWT (RFC 7519) with an HMAC-SHA256
// signature, good for a minute.
//
// The page must check the signature, "exp" and "aud", and must accept each
// "jti" once. The package does not keep what it has signed, and does not read
// tokens: platforms' own sign-on belongs to the dialects.
//
// Read [Claims] first.
package ssotoken
