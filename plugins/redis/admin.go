package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	client "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// noNotifications keeps the client from asking servers to tell of maintenance,
// which is a service of Redis's own cloud.
func noNotifications() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
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
