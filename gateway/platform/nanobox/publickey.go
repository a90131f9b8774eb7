package nanobox

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"

	"github.com/addongw/addongw/gateway"
)

// longestKey bounds a line; an RSA key of 16384 bits has about 2800 characters.
const longestKey = 16 << 10

// publicKey returns a public key line without the space around it: a type, the
// key and perhaps a comment. Options before it are refused, and so are several
// lines: what a customer sends must not become another line of a server's
// authorized_keys.
func publicKey(line string) (string, error) {
	line = strings.TrimSpace(line)
	refused := gateway.Errorf(gateway.Invalid, `"key" must be one public key, such as "ssh-ed25519 AAAA… comment".`)
	if line == "" || len(line) > longestKey || !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl) {
		return "", refused
	}
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil || len(options) > 0 || len(rest) > 0 {
		return "", refused
	}
	if _, certificate := key.(*ssh.Certificate); certificate || !strings.HasPrefix(line, key.Type()+" ") {
		return "", refused
	}
	return line, nil
}
