package redis

import (
	"context"
	"strconv"
	"strings"

	client "github.com/redis/go-redis/v9"
)

// sweepBatch is about how many keys one SCAN looks at: others wait for so long.
const sweepBatch = 1000

// sweep deletes all keys of a customer who is locked out. COPY reaches every
// database of the server, so every one is looked through.
func (t *tenant) sweep(ctx context.Context) error {
	databases, err := t.databases(ctx)
	if err != nil {
		return err
	}
	for _, n := range databases {
		if err := t.sweepDatabase(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// databases are those that have keys.
func (t *tenant) databases(ctx context.Context) ([]int, error) {
	text, err := t.admin.Info(ctx, "keyspace").Result()
	if err != nil {
		return nil, err
	}
	var list []int
	for line := range strings.Lines(text) {
		name, _, _ := strings.Cut(line, ":")
		if n, err := strconv.Atoi(strings.TrimPrefix(name, "db")); err == nil {
			list = append(list, n)
		}
	}
	return list, nil
}

func (t *tenant) sweepDatabase(ctx context.Context, n int) error {
	options := *t.settings.url
	quiet(&options)
	options.DB = n
	admin := client.NewClient(&options)
	defer func() { _ = admin.Close() }()
	for cursor := uint64(0); ; {
		keys, next, err := admin.Scan(ctx, cursor, t.target.prefix()+"*", sweepBatch).Result()
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			if err := admin.Unlink(ctx, keys...).Err(); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}
