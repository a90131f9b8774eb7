package sso

import (
	"crypto/subtle"
	"encoding/hex"
)

// SameDigest reports in constant time whether text is sum in hexadecimal
// digits. Only what anybody can see, the form and the length of text, shows in
// the time it takes.
func SameDigest(text string, sum []byte) bool {
	if len(text) != hex.EncodedLen(len(sum)) {
		return false
	}
	claimed, err := hex.DecodeString(text)
	return err == nil && subtle.ConstantTimeCompare(claimed, sum) == 1
}
