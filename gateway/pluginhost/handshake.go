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
		return &HandshakeError{
			Problem: fmt.Sprintf("what it printed is no handshake: %.200s", strings.TrimSpace(line)),
			Remedy:  "let it print on standard error only until it has printed its handshake",
		}
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
	certified := len(fields) > 5 && fields[5] != ""
	switch {
	case tls && !certified && fields[2] != "unix":
		return &HandshakeError{Problem: "it offers no TLS, and listens on " + fields[2], Remedy: "let it listen on a unix socket and write tls = false into its backend block, or use TLS"}
	case tls && !certified:
		return &HandshakeError{Problem: "it offers no TLS", Remedy: "write tls = false into its backend block; then they talk over a unix socket"}
	}
	return nil
}

// foreignWords are what go-plugin prints in a plugin that does not find its cookie.
const foreignWords = "This binary is a plugin."

// endedEarly is a handshake that never came, with what is known since the process
// ended, and so has printed all that it had to say.
func (p *process) endedEarly(err *HandshakeError) *HandshakeError {
	if strings.Contains(p.log.last(), foreignWords) {
		return &HandshakeError{
			Problem: fmt.Sprintf("it is a plugin, and none of addongw: it does not look for %s=%s", backend.CookieKey, backend.CookieValue),
			Remedy:  "install the plugin of that name that is made for addongw",
		}
	}
	if p.runner.wasKilled() { // by us, most likely
		return &HandshakeError{Problem: "it closed its standard output, or was killed, without a line of handshake"}
	}
	return &HandshakeError{Problem: err.Problem + " (" + p.runner.ended() + ")"}
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
