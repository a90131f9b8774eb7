package secret

import (
	"crypto/rand"
	"encoding/base64"
)

// passwordAlphabet is safe in URLs, shells, JSON and connection strings.
const passwordAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// Generate returns a new operator's key: Base64 of KeySize random bytes.
func Generate() string {
	raw := make([]byte, KeySize)
	_, _ = rand.Read(raw) // never fails: it ends the program instead
	return base64.StdEncoding.EncodeToString(raw)
}

// Password returns n random characters from [A-Za-z0-9], each equally likely:
// about 5.95 bits a character.
func Password(n int) string {
	// Bytes from the last, incomplete round of the alphabet are thrown away;
	// keeping them would favour its first letters.
	const usable = 256 - 256%len(passwordAlphabet)
	out := make([]byte, 0, n)
	raw := make([]byte, n+n/8+8)
	for len(out) < n {
		_, _ = rand.Read(raw)
		for _, b := range raw {
			if int(b) < usable && len(out) < n {
				out = append(out, passwordAlphabet[int(b)%len(passwordAlphabet)])
			}
		}
	}
	return string(out)
}
