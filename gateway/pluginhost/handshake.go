package pluginhost

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/addongw/addongw/plugins/backend"
)

// HandshakeError says why the first line that a plugin printed makes no
// connection.
type HandshakeError struct {
	Problem string // what is wrong with it
	Remedy  string // what an operator can do; empty where that is nothing
}

func (e *HandshakeError) Error() string { return e.Problem }

// judge finds in a plugin's first line what go-plugin does not see, or has no
// words for that help an operator; nil where that is nothing. The line is:
// go-plugin's version, the protocol's, network, address, "grpc", certificate.
func judge(line string, tls bool) *HandshakeError {
	fields := strings.Split(strings.TrimSpace(line), "|")
	switch {
	case line == "":
		return &HandshakeError{Problem: "it ended without a line of handshake"}
	case len(fields) < 4:
		return &HandshakeError{Problem: "what it printed is no handshake: " + strings.TrimSpace(line)}
	case fields[0] != "1":
		return nil
	}
	protocol, err := strconv.Atoi(fields[1])
	if err == nil && protocol != backend.ProtocolVersion {
		return otherProtocol(protocol)
	}
	if len(fields) < 5 || fields[4] != "grpc" {
		return nil
	}
	if certified := len(fields) > 5 && fields[5] != ""; tls && !certified {
		return &HandshakeError{Problem: "it offers no TLS", Remedy: "write tls = false into its backend block; then they talk over a unix socket"}
	}
	return nil
}

// otherProtocol is about a plugin that shares no version of the protocol with
// us. One that serves several prints the lowest.
func otherProtocol(theirs int) *HandshakeError {
	e := &HandshakeError{
		Problem: fmt.Sprintf("it speaks protocol %d and no older one; this addongw speaks protocol %d", theirs, backend.ProtocolVersion),
		Remedy:  "upgrade addongw, or install an older version of the plugin",
	}
	if theirs < backend.ProtocolVersion {
		e.Problem = fmt.Sprintf("it speaks protocol %d; this addongw speaks protocol %d", theirs, backend.ProtocolVersion)
		e.Remedy = "upgrade the plugin"
	}
	return e
}

// firstWords keeps the beginning of a stream up to the end of its first line.
type firstWords struct {
	mu   sync.Mutex
	text []byte
}

// maxHandshake is more than a handshake with a certificate needs.
const maxHandshake = 16 << 10

func (f *firstWords) add(part []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text = append(f.text, part[:min(len(part), maxHandshake-len(f.text))]...)
}

func (f *firstWords) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return string(f.text)
}
