package postgres

import (
	"context"
	"errors"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// megabyte is what PostgreSQL calls MB, in its settings and in pg_size_pretty.
const megabyte = 1 << 20

// measured is what changes by itself.
type measured struct {
	storageMB   int64 // rounded up
	connections int64
}

// measure needs no right but CONNECT on the database, which its owner has;
// without pg_read_all_stats, parallel workers count as connections. It takes
// no lock that a customer could hold, and connects to no database of theirs.
func (s *server) measure(ctx context.Context, conn *pgx.Conn, t target) (measured, error) {
	var bytes int64
	var m measured
	err := conn.QueryRow(ctx, `
		SELECT coalesce(pg_database_size(oid), 0),
		       (SELECT count(*) FROM pg_stat_activity WHERE usename IN ($2, $3) AND leader_pid IS NULL)
		FROM pg_database WHERE datname = $1`, t.database, t.login(), t.other()).Scan(&bytes, &m.connections)
	refused, ok := errors.AsType[*pgconn.PgError](err)
	if errors.Is(err, pgx.ErrNoRows) || ok && refused.Code == codeUndefinedDatabase {
		return m, found{}.missing(t) // dropped a moment ago
	}
	m.storageMB = (bytes + megabyte - 1) / megabyte
	return m, s.explain(ctx, "measure the database", err)
}

// result is what a resource's customer is given, without the password, which
// the gateway knows.
func (s *server) result(ctx context.Context, conn *pgx.Conn, t target) (backend.Result, error) {
	outputs, err := s.outputs(ctx, conn, t)
	return backend.Result{Outputs: outputs, State: t.state()}, err
}

func (s *server) outputs(ctx context.Context, conn *pgx.Conn, t target) (backend.Value, error) {
	m, err := s.measure(ctx, conn, t)
	if err != nil {
		return backend.Value{}, err
	}
	return backend.ObjectOf(map[string]any{
		"username": t.login(), "host": s.settings.host, "port": s.settings.port, "database": t.database,
		"storage_mb": m.storageMB, "connections": m.connections,
	})
}
