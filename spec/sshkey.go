package spec

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// SSHKey draws a public key as OpenSSH writes it, whose private half nobody has.
func SSHKey(comment string) string {
	public, _, _ := ed25519.GenerateKey(nil) // it fails only where its source of chance does, and crypto/rand never does
	const kind = "ssh-ed25519"
	blob := append(sized([]byte(kind)), sized(public)...)
	return strings.Join([]string{kind, base64.StdEncoding.EncodeToString(blob), comment}, " ")
}

// sized puts the length before a text, as the format of keys wants it.
func sized(text []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)
}

// sshKey returns the key made for name, making it the first time.
func sshKey(name string, vars Vars) string {
	key := "sshkey " + name
	if _, made := vars[key]; !made {
		vars[key] = SSHKey(name + "@addongw.example")
	}
	return vars[key]
}
