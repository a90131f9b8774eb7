package platformtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway"
)

// CheckSafe wants an error of a kind that has a sentence for people and holds
// none of the secrets, cause included.
func CheckSafe(t *testing.T, what string, err error, want gateway.Kind, secrets ...string) {
	t.Helper()
	var e *gateway.Error
	if !errors.As(err, &e) || e.Kind != want || e.Message == "" {
		t.Errorf("%s: %v, want kind %s", what, err, want)
		return
	}
	for _, secret := range secrets {
		if strings.Contains(fmt.Sprintf("%v %+v", err, err), secret) {
			t.Errorf("%s: the error holds a secret: %v", what, err)
		}
	}
}
