package postgres

import "time"

// What the tests from outside compare with a real server.

// ScramVerifierWith is scramVerifierWith.
func ScramVerifierWith(password string, salt []byte, iterations int) (string, error) {
	return scramVerifierWith(password, salt, iterations)
}

// CheckVerifier is checkVerifier.
func CheckVerifier(verifier string) error { return checkVerifier(verifier) }

// TrustedExtensions is trustedExtensions.
func TrustedExtensions() []string { return trustedExtensions() }

// StagingName is the name of a resource's unfinished database.
func StagingName(resourceID string) string { return target{resourceID: resourceID}.staging() }

// SetClock makes the backend believe that it is another time.
func (b *Backend) SetClock(now func() time.Time) { b.now = now }
