package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// pgSession is a customer's connection to a database.
type pgSession struct{ conn *pgx.Conn }

func dialPostgres(ctx context.Context, url string) (connection, error) {
	conn, err := pgx.Connect(ctx, url)
	return pgSession{conn}, err
}

func (s pgSession) Use(ctx context.Context) error {
	_, err := s.conn.Exec(ctx, "INSERT INTO visits DEFAULT VALUES")
	return err
}

func (s pgSession) Close() { _ = s.conn.Close(context.Background()) }

// redisSession is a customer's connection to a server.
type redisSession struct{ client *redis.Client }

func dialRedis(_ context.Context, url string) (connection, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("the config var is no URL")
	}
	options.MaxRetries, options.PoolSize, options.Protocol, options.ContextTimeoutEnabled = -1, 1, 2, true
	options.DisableIdentity = true
	return redisSession{redis.NewClient(options)}, nil
}

func (s redisSession) Use(ctx context.Context) error { return s.client.Incr(ctx, "visits").Err() }

func (s redisSession) Close() { _ = s.client.Close() }

func useRedis(t *testing.T, url string) error {
	t.Helper()
	c, err := dialRedis(t.Context(), url)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Use(t.Context())
}

// TestNobodyNoticesThatCredentialsAreRotated rotates many databases on two platforms
// while their customers use them without pause, and kills the gateway meanwhile.
func TestNobodyNoticesThatCredentialsAreRotated(t *testing.T) {
	m := newMarket(t, "acme-db", "ACME_DB_URL", []string{"ACME_DB_URL", "ACME_DB_HOST", "ACME_DB_NAME"}, dialPostgres)
	serve := func(dir string) acme { return startAcme(t, dir, everywhereEnv()...) }
	a := serve(m.example(t, "everywhere"))
	n := 200
	if testing.Short() {
		n = 40
	}
	m.buy(t, a.URL, "hobby", n)
	for _, c := range m.customers {
		if err := execSQL(t, c.first, "CREATE TABLE visits (at timestamptz DEFAULT now())"); err != nil {
			t.Fatal(err)
		}
	}
	m.rotation(t, a.dir+"/admin.sock", func() {
		a.Kill()
		a = serve(a.dir)
	})
	m.everyFirst(t, func(url string) error { return execSQL(t, url, "SELECT 1") })
	for _, c := range m.customers {
		if got, want := m.order(c, a.URL, "hobby").must(t, m.orderStatus(c)).Config["ACME_DB_URL"], m.environment(c); got != want {
			t.Errorf("%s: a repeat of the order is answered with other credentials than the platform was sent", c.id)
		}
	}
}

// TestNobodyNoticesThatPasswordsOfRedisAreRotated does the same with Redis servers.
func TestNobodyNoticesThatPasswordsOfRedisAreRotated(t *testing.T) {
	n := 200
	if testing.Short() {
		n = 40
	}
	m := newMarket(t, "acme-redis", "ACME_REDIS_URL", []string{"ACME_REDIS_URL"}, dialRedis)
	servers, local := localRedis(t, n)
	s := redisShop{&process{dir: m.example(t, "redis", local...)}, servers}.open(t)
	m.buy(t, s.URL, "mini", n)
	m.rotation(t, s.dir+"/admin.sock", func() {
		s.Kill()
		s = s.open(t)
	})
	m.everyFirst(t, func(url string) error { return useRedis(t, url) })
}

// rotation rotates everything while customers live, with kills in between.
func (m *market) rotation(t *testing.T, socket string, kill func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	wait := m.live(ctx, 8)
	rotated := make(chan struct{})
	go func() {
		defer close(rotated)
		m.rotateAll(t, socket, 2*restart)
	}()
	for range 3 {
		time.Sleep(time.Duration(500+rand.IntN(1500)) * time.Millisecond)
		kill()
	}
	<-rotated
	await(t, "all rotations are over", 3*time.Minute, func() bool { return m.over(t.Context(), socket) })
	seen := m.uses.Load()
	await(t, "everybody has used the new credentials", time.Minute, func() bool { return m.uses.Load() > seen+int64(2*len(m.customers)) })
	stop()
	wait()
	t.Logf("%d resources rotated, %d operations of their customers, %d failed", len(m.customers), m.uses.Load(), len(m.failures))
	if len(m.failures) > 0 {
		t.Errorf("customers noticed, first: %s", m.failures[0])
	}
}

// everyFirst checks that the first credentials of everybody are dead, and that those
// which the platform has are not.
func (m *market) everyFirst(t *testing.T, try func(url string) error) {
	t.Helper()
	for _, c := range m.customers {
		if err := try(c.first); err == nil {
			t.Errorf("%s: the old credentials still work", c.id)
		}
		if now := m.environment(c); now == c.first {
			t.Errorf("%s: the platform has the old credentials", c.id)
		} else if err := try(now); err != nil {
			t.Errorf("%s: the new credentials: %v", c.id, err)
		}
	}
}

func (m *market) orderStatus(c *customer) int {
	if c.platform == "scalingo" {
		return 201
	}
	return 200
}
