package postgres

import (
	"context"
	"io"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/zclconf/go-cty/cty"
)

// poolSize is how many calls run at once unless admin_url has pool_max_conns.
// Each may hold a second connection for a moment, so the server needs twice as
// many.
const poolSize = 16

// readPoolSize is how many reads run at once, besides: somebody waits for a
// read, and drops on a busy disk may hold the whole pool for a minute.
const readPoolSize = 4

// server is the PostgreSQL server of a configured backend.
type server struct {
	settings settings
	admin    *pgx.ConnConfig // what the pool connects with
	pool     *pgxpool.Pool
	reads    *pgxpool.Pool
	examined atomic.Bool // the server was found fit for use
}

func adminURLPath() cty.Path { return cty.GetAttrPath("admin_url") }

// newServer connects to nothing yet. The settings are checked ones.
func newServer(settings settings) (*server, *backend.Diagnostic) {
	config, err := poolConfig(settings.adminURL)
	if err != nil {
		return nil, unusableURL()
	}
	admin := config.ConnConfig.Copy()
	if settings.host == "" {
		if strings.HasPrefix(admin.Host, "/") {
			return nil, &backend.Diagnostic{
				Severity: backend.SeverityError, Summary: "host is missing", Path: cty.GetAttrPath("host"),
				Detail: "admin_url leads to a unix socket, which customers cannot reach: write the server's host name for them.",
			}
		}
		settings.host = admin.Host
	}
	if settings.port == 0 {
		settings.port = int(admin.Port)
	}
	s := &server{settings: settings, admin: admin}
	if s.pool, err = pgxpool.NewWithConfig(context.Background(), config.Copy()); err != nil {
		return nil, unusableURL()
	}
	config.MaxConns, config.MinConns = readPoolSize, 0
	if s.reads, err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
		s.pool.Close()
		return nil, unusableURL()
	}
	return s, nil
}

func (s *server) close() {
	s.pool.Close()
	s.reads.Close()
}

func unusableURL() *backend.Diagnostic {
	return &backend.Diagnostic{Severity: backend.SeverityError, Summary: "admin_url cannot be used", Path: adminURLPath()}
}

// poolConfig reads an admin URL. Its error quotes the URL: do not show it.
func poolConfig(adminURL string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(adminURL)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(adminURL); err == nil && !u.Query().Has("pool_max_conns") {
		config.MaxConns = poolSize
	}
	parameters := config.ConnConfig.RuntimeParams
	parameters["application_name"] = "addongw"
	// Customers can create functions and operators in the databases that we
	// connect to; none of them may come before PostgreSQL's own.
	parameters["search_path"] = "pg_catalog"
	// What customers give their logins is quoted as literals (see copySettings).
	parameters["standard_conforming_strings"] = "on"
	// A statement whose client is gone, a long CREATE DATABASE above all, ends
	// and lets go of the resource's lock.
	parameters["client_connection_check_interval"] = "100ms"
	return config, nil
}

// connect makes a connection of the provisioner to a database. End it with
// leave.
func (s *server) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	config := s.admin.Copy()
	config.Database = database
	return pgx.ConnectConfig(ctx, config)
}

// leaveTimeout bounds the wait for a server process to end.
const leaveTimeout = time.Second

// leave ends a connection and waits until the server's process is gone: it
// closes our socket as its very last act. Until then it counts against the
// connection limit, and a customer with one connection would be refused.
func leave(conn *pgx.Conn) {
	session := conn.PgConn()
	if !session.IsClosed() {
		session.Frontend().Send(&pgproto3.Terminate{})
		if session.Frontend().Flush() == nil && session.Conn().SetReadDeadline(time.Now().Add(leaveTimeout)) == nil {
			_, _ = io.Copy(io.Discard, session.Conn())
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	_ = conn.Close(ctx) // nobody is left to be told
}

// withLock runs work on a connection that holds the lock of a resource. It
// waits for whoever holds it, such as a dead attempt's CREATE DATABASE that
// the server has not given up yet. The lock belongs to the session: when the
// connection breaks, the server releases it after the running statement.
func (s *server) withLock(ctx context.Context, t target, work func(conn *pgx.Conn) error) error {
	pooled, err := s.pool.Acquire(ctx)
	if err != nil {
		return s.explain(ctx, "connect to the server", err)
	}
	defer pooled.Release()
	conn := pooled.Conn()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", t.lockKey()); err != nil {
		// An unread answer may have brought the lock.
		_ = conn.Close(context.WithoutCancel(ctx))
		return s.explain(ctx, "wait for the resource's lock", err)
	}
	defer unlock(ctx, conn, t)
	return work(conn)
}

func unlock(ctx context.Context, conn *pgx.Conn, t target) {
	if conn.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", t.lockKey()); err != nil {
		_ = conn.Close(ctx) // ending the session releases the lock too
	}
}
