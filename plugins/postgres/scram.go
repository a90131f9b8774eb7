package postgres

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
)

const (
	scramIterations = 4096 // what the server itself uses; a client does them at every login
	scramSaltBytes  = 16
)

// scramVerifier returns what the server stores for password (RFC 5803): it
// proves the password but does not contain it, so it may be in the server's
// log.
func scramVerifier(password string) (string, error) {
	salt := make([]byte, scramSaltBytes)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make a salt: %w", err)
	}
	return scramVerifierWith(password, salt, scramIterations)
}

func scramVerifierWith(password string, salt []byte, iterations int) (string, error) {
	if !isPrintableASCII(password) {
		return "", errors.New("the generated password is empty or has characters other than printable ASCII")
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive the password's key: %w", err)
	}
	storedKey := sha256.Sum256(authenticate(salted, "Client Key"))
	verifier := fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, base64.StdEncoding.EncodeToString(salt),
		base64.StdEncoding.EncodeToString(storedKey[:]),
		base64.StdEncoding.EncodeToString(authenticate(salted, "Server Key")))
	return verifier, checkVerifier(verifier)
}

func authenticate(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// isPrintableASCII keeps away from SASLprep, which changes other characters
// before they are hashed.
func isPrintableASCII(password string) bool {
	for _, c := range []byte(password) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return password != ""
}

// checkVerifier accepts exactly what the server recognises as a verifier. The
// server takes anything else for a literal password, without an error: then
// whoever reads the statement could log in with it.
func checkVerifier(verifier string) error {
	parts := regexp.MustCompile(`^SCRAM-SHA-256\$[1-9][0-9]{3,8}:([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$`).FindStringSubmatch(verifier)
	if parts == nil {
		return errors.New("the SCRAM verifier has not the form of one")
	}
	for i, size := range []int{scramSaltBytes, sha256.Size, sha256.Size} {
		decoded, err := base64.StdEncoding.Strict().DecodeString(parts[i+1])
		if err != nil || len(decoded) != size {
			return errors.New("the SCRAM verifier has a part of the wrong length")
		}
	}
	return nil
}
