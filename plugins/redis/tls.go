package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	client "github.com/redis/go-redis/v9"
)

// How long a server may take to agree on TLS, and to answer without. One that
// speaks none waits for the end of what it takes for a command.
const (
	handshakeTimeout = 2 * time.Second
	plainTimeout     = 500 * time.Millisecond
)

// secure makes the connections of a client speak TLS where the URL says so, and
// tells a server that speaks none from one that does not answer.
func secure(o *client.Options) {
	if o.TLSConfig == nil {
		return
	}
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		plain, err := (&net.Dialer{Timeout: o.DialTimeout}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		conn := tls.Client(plain, o.TLSConfig)
		within, cancel := context.WithTimeout(ctx, handshakeTimeout)
		defer cancel()
		if err = conn.HandshakeContext(within); err == nil {
			return conn, nil
		}
		_ = plain.Close()
		return nil, noTLS(ctx, addr, err)
	}
}

// noTLS says why there is no TLS connection. Nothing was done.
func noTLS(ctx context.Context, addr string, err error) *backend.Failure {
	if _, refused := errors.AsType[*tls.CertificateVerificationError](err); refused {
		return backend.Failf(backend.Internal, "the server's certificate is not accepted: check the host in url, and that this machine knows who signed it (%v)", err)
	}
	if speaksPlain(ctx, addr) {
		return backend.Failf(backend.Internal, "the server speaks no TLS there: write redis:// instead of rediss:// in url, or give the server a tls-port")
	}
	return backend.Failf(backend.Retryable, "the server does not answer in TLS: check the host and port in url, and that the server has a tls-port there (%v)", err)
}

// speaksPlain reports whether a Redis without TLS listens at an address. It is
// asked for a sign of life, and told no password.
func speaksPlain(ctx context.Context, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, plainTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(plainTimeout)); err != nil {
		return false
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	var first [1]byte
	_, err = conn.Read(first[:])
	return err == nil && (first[0] == '+' || first[0] == '-')
}
