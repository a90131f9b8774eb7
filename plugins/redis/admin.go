package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	client "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// quiet keeps the client from repeating, from sending what nobody asked for,
// and from keeping more than one connection.
func quiet(o *client.Options) *client.Options {
	o.Protocol, o.DisableIdentity, o.MaxRetries, o.PoolSize = 2, true, -1, 1
	o.DialerRetries, o.DialTimeout, o.ReadTimeout, o.WriteTimeout = 1, 5*time.Second, 5*time.Second, 5*time.Second
	o.ContextTimeoutEnabled = true
	// That servers tell of maintenance is a service of Redis's own cloud.
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return o
}

// hearing is a connection that tells what the server said before it hung up. A
// server without a connection left does so at once: the client's first write may
// come too late, or it takes the answer for that of a server that does not know
// HELLO, goes on, and then reports a broken pipe.
type hearing struct {
	net.Conn
	said string // by the server, when it hung up or refused something
}

func (h *hearing) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	if n > 0 && p[0] == '-' {
		h.said = strings.TrimSpace(string(p[1:n]))
	}
	return n, err
}

func (h *hearing) Write(p []byte) (int, error) {
	n, err := h.Conn.Write(p)
	if err == nil {
		return n, nil
	}
	for range 2 { // the first may tell of the hanging up alone
		if h.said == "" {
			_, _ = h.Read(make([]byte, 200))
		}
	}
	if h.said != "" {
		err = errors.New(h.said)
	}
	return n, err
}

// listening makes the connections of a client hear.
func listening(dial func(context.Context) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		return &hearing{Conn: conn}, nil
	}
}

// setUser makes a user what the rules say, in one step.
func setUser(ctx context.Context, admin *client.Client, name string, rules []string) error {
	arguments := []any{"ACL", "SETUSER", name}
	for _, rule := range rules {
		arguments = append(arguments, rule)
	}
	return admin.Do(ctx, arguments...).Err()
}

func userNames(ctx context.Context, admin *client.Client) ([]string, error) {
	return admin.Do(ctx, "ACL", "USERS").StringSlice()
}

// infoNumber reads one number of INFO.
func infoNumber(ctx context.Context, admin *client.Client, section, name string) (int64, error) {
	text, err := infoText(ctx, admin, section, name)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

func infoText(ctx context.Context, admin *client.Client, section, name string) (string, error) {
	text, err := admin.Info(ctx, section).Result()
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(text) {
		if key, value, found := strings.Cut(strings.TrimSpace(line), ":"); found && key == name {
			return value, nil
		}
	}
	return "", fmt.Errorf("INFO %s has no %s", section, name)
}

// inMB rounds up.
func inMB(bytes int64) int64 { return (bytes + megabyte - 1) / megabyte }
