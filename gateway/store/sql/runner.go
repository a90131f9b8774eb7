package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway/lifecycle"
)

// Runner runs statements: in a transaction, or on a pool of connections.
type Runner interface {
	// Exec returns how many rows were changed.
	Exec(ctx context.Context, statement string, args ...any) (int64, error)
	Query(ctx context.Context, statement string, args ...any) (*stdsql.Rows, error)
}

// Dialect is what differs between databases.
type Dialect struct {
	// Clock selects the database's time in milliseconds since 1970.
	Clock string
	// Violated turns the violation of a unique index into lifecycle's ErrTaken,
	// ErrShortIDTaken or ErrLaneBusy, and returns any other error as it is.
	Violated func(error) error
}

// Clock reads the database's time, in whole milliseconds.
func Clock(ctx context.Context, run Runner, d Dialect) (time.Time, error) {
	var ms int64
	if err := one(ctx, run, func(row scanner) error { return row.Scan(&ms) }, d.Clock); err != nil {
		return time.Time{}, fmt.Errorf("read the database's clock: %w", err)
	}
	return time.UnixMilli(ms), nil
}

// scanner is a row to be read.
type scanner interface{ Scan(into ...any) error }

// one reads the first row; none is lifecycle.ErrNotFound.
func one(ctx context.Context, run Runner, scan func(scanner) error, statement string, args ...any) error {
	found := false
	err := each(ctx, run, func(row scanner) error {
		if found {
			return nil
		}
		found = true
		return scan(row)
	}, statement, args...)
	if err == nil && !found {
		return lifecycle.ErrNotFound
	}
	return err
}

// each reads every row.
func each(ctx context.Context, run Runner, scan func(scanner) error, statement string, args ...any) (err error) {
	rows, err := run.Query(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// exactly runs a statement that must change one row; otherwise it returns
// missed.
func exactly(ctx context.Context, run Runner, missed error, statement string, args ...any) error {
	n, err := run.Exec(ctx, statement, args...)
	if err == nil && n != 1 {
		return missed
	}
	return err
}

// placeholders writes "$from, …" for n values.
func placeholders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(from + i))
	}
	return b.String()
}

// millis is a time as it is stored; the zero time is NULL.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// timeOf reads a stored time; NULL is the zero time.
func timeOf(ms stdsql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64)
}

// flag is a boolean as it is stored.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
