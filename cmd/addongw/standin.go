package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
)

// serveStandIn serves the platform's own API to the provider under test, and
// returns what ends it.
func (c *command) serveStandIn(p conformance.Platform, provider conformance.Provider, address string) (conformance.StandIn, func(), error) {
	standIn := p.StandIn(provider)
	if standIn == nil {
		return nil, nil, usage(fmt.Errorf("%s has no API that a provider could call", p.Title()), "Leave --listen out.")
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, nil, &exitError{code: exitFailed, err: err, hint: "Name a free address with --listen, such as 127.0.0.1:9200."}
	}
	server := &http.Server{Handler: standIn, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // it ends when stop closes it
	}()
	fmt.Fprintf(c.err, "%s's own API is at http://%s for the time of this run.\n", p.Title(), listener.Addr())
	return standIn, func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		<-ended
	}, nil
}
