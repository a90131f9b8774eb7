package redis

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/attribute"
)

// target is one resource.
type target struct {
	resource string // its id
	short    string // what every name is derived from
}

func targetOf(op backend.Op) (target, error) {
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString(op.ResourceID) {
		return target{}, backend.Failf(backend.Internal, "resource id %q is not one", op.ResourceID)
	}
	if !regexp.MustCompile(`^[a-z0-9]{8,40}$`).MatchString(op.ShortID) { // it becomes a path and a pattern of keys
		return target{}, backend.Failf(backend.Internal, "short id %q is not one", op.ShortID)
	}
	return target{resource: op.ResourceID, short: op.ShortID}, nil
}

// A customer has one login, and two while it is rotated. Two users rather than
// one with two passwords: Redis can't tell which password a session began with,
// so to end the old sessions would end the new ones too.
func (t target) logins() []string {
	return []string{"u_" + t.short + "_a", "u_" + t.short + "_b"}
}

// other is the login that name is rotated to.
func (t target) other(name string) string {
	logins := t.logins()
	if name == logins[0] {
		return logins[1]
	}
	return logins[0]
}

// current is the login that the customer is told of, out of those that there
// are; the first one before there is any.
func (t target) current(op backend.Op, there []string) string {
	told := attribute.Of(op.Outputs, "username").Text()
	if slices.Contains(there, told) {
		return told
	}
	if len(there) > 0 {
		return slices.Min(there)
	}
	return t.logins()[0]
}

// hashOf is a password as ACL rules have it.
func hashOf(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}

// passwordOf is the generated password of an operation. One that is missing
// would let everybody in who sends nothing.
func passwordOf(op backend.Op) (string, error) {
	password := op.Secrets["password"]
	if len(password) < 16 || strings.ContainsAny(password, " \r\n\x00") {
		return "", backend.Failf(backend.Internal, "the gateway sent no usable password")
	}
	return password, nil
}
