package sqlite

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/store/sql"
)

// Store is an open store. Its methods may be called from any goroutine.
type Store struct {
	*sql.Reader // everything that only reads

	path   string
	lock   *os.File
	writes *stdsql.DB
	reads  *stdsql.DB
	writer *writer
	closed atomic.Bool
}

var _ lifecycle.Store = (*Store)(nil)

// dialect is what SQLite says differently.
func dialect() sql.Dialect {
	return sql.Dialect{Clock: `SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)`, Violated: violated}
}

// Open opens the store at path and makes it, with its folder, when it does not
// exist. It takes the exclusive lock first, so that whoever holds a Store knows
// that no other gateway lives on it, and brings the tables up to date.
func Open(ctx context.Context, path string) (*Store, error) {
	s, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open the store %s: %w", path, err)
	}
	return s, nil
}

func open(ctx context.Context, path string) (s *Store, err error) {
	if path, err = prepareFolder(path); err != nil {
		return nil, err
	}
	s = &Store{path: path}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
			s = nil
		}
	}()
	if s.lock, err = lockFile(path); err != nil {
		return s, err
	}
	if err = prepareFile(path); err != nil {
		return s, err
	}
	return s, s.connect(ctx)
}

// connect opens the connections and migrates.
func (s *Store) connect(ctx context.Context) (err error) {
	if s.writes, err = stdsql.Open("sqlite", dsn(s.path)); err != nil {
		return err
	}
	if err = migrate(ctx, s.writes); err != nil {
		return s.explain(err)
	}
	conn, err := s.writes.Conn(ctx)
	if err != nil {
		return s.explain(err)
	}
	s.writer = newWriter(conn)
	if s.reads, err = stdsql.Open("sqlite", dsn(s.path, "query_only(1)")); err != nil {
		return err
	}
	pool := max(4, 2*runtime.NumCPU())
	s.reads.SetMaxOpenConns(pool)
	s.reads.SetMaxIdleConns(pool)
	s.Reader = sql.NewReader(newPoolRunner(s.reads), dialect())
	return nil
}

// dsn names the file with the settings that every connection gets.
func dsn(path string, pragmas ...string) string {
	q := url.Values{"mode": {"rw"}, "_pragma": append([]string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		// 16 MB between checkpoints: pages that change again and again are copied
		// into the file once.
		"wal_autocheckpoint(4000)",
	}, pragmas...)}
	return (&url.URL{Scheme: "file", Opaque: escapePath(path), RawQuery: q.Encode()}).String()
}

// escapePath keeps "?", "#" and "%" in a path from being read as part of a URI.
func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// prepareFolder makes the folder and returns the path without symbolic links:
// two names of one file must mean one lock.
func prepareFolder(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("make its folder: %w", err)
	}
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		folder, err := filepath.EvalSymlinks(filepath.Dir(path))
		return filepath.Join(folder, filepath.Base(path)), err
	}
	return real, err
}

// prepareFile makes the file, for its owner only, and checks that it can be
// written: SQLite would silently fall back to reading.
func prepareFile(path string) error {
	_, statErr := os.Stat(path)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("it cannot be written: %w", err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	if statErr == nil {
		return nil
	}
	// The name must survive a power loss like what will be in the file.
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Update runs fn in a transaction; see lifecycle.Transactor.
func (s *Store) Update(ctx context.Context, fn func(lifecycle.Tx) error) error {
	return s.update(ctx, func(tx *sql.Tx) error { return fn(tx) })
}

func (s *Store) update(ctx context.Context, fn func(*sql.Tx) error) error {
	return s.explain(s.writer.do(ctx, fn))
}

// Join registers the node. The lock says that all others are dead.
func (s *Store) Join(ctx context.Context, node lifecycle.Node) (orphans int, err error) {
	err = s.update(ctx, func(tx *sql.Tx) error {
		orphans, err = tx.TakeOver(node)
		return err
	})
	return orphans, err
}

// PutKeyset stores the wrapped keyset durably; see secret.KeysetStore.
func (s *Store) PutKeyset(ctx context.Context, wrapped []byte) error {
	return s.update(ctx, func(tx *sql.Tx) error { return tx.PutKeyset(wrapped) })
}

// Writable writes something durably, or says why nothing can be written.
func (s *Store) Writable(ctx context.Context) error {
	return s.update(ctx, func(tx *sql.Tx) error { return tx.Heartbeat() })
}

// Close finishes the transactions that have begun and gives up the lock. A
// repeat does nothing.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.reads != nil {
		errs = append(errs, s.reads.Close())
	}
	if s.writes != nil {
		errs = append(errs, s.writes.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}
