package main

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestTheLogTellsWhenABackendIsWellAfterAll starts the gateway before its API.
func TestTheLogTellsWhenABackendIsWellAfterAll(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	api := free.Addr().String()
	_ = free.Close()
	dir := copyExample(t, "saas-http")
	p := start(t, dir, []string{"dev", dir}, mailwindEnv("http://"+api)...)
	await(t, "a warning", 20*time.Second, func() bool {
		return strings.Contains(p.Log(), `"event":"backend.sick","backend":"http.mailwind","detail":"GET /v2/health: dial tcp `+api+`: connect: connection refused"`)
	})
	listener, err := net.Listen("tcp", api)
	if err != nil {
		t.Skipf("somebody else has the port: %v", err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	await(t, "the good news", 20*time.Second, func() bool { return strings.Contains(p.Log(), `"event":"backend.well","backend":"http.mailwind"`) })
	if got := strings.Count(p.Log(), "backend.sick"); got != 1 {
		t.Errorf("%d warnings", got)
	}
}
