package sqlite

import (
	"context"
	stdsql "database/sql"
	"sync"
)

// preparer is a connection or a pool of them.
type preparer interface {
	PrepareContext(ctx context.Context, statement string) (*stdsql.Stmt, error)
}

// runner runs statements and prepares each only once.
type runner struct {
	db       preparer
	mu       sync.RWMutex
	prepared map[string]*stdsql.Stmt
}

func newConnRunner(conn *stdsql.Conn) *runner {
	return &runner{db: conn, prepared: map[string]*stdsql.Stmt{}}
}

func newPoolRunner(db *stdsql.DB) *runner {
	return &runner{db: db, prepared: map[string]*stdsql.Stmt{}}
}

func (r *runner) prepare(ctx context.Context, statement string) (*stdsql.Stmt, error) {
	r.mu.RLock()
	stmt, ok := r.prepared[statement]
	r.mu.RUnlock()
	if ok {
		return stmt, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if stmt, ok := r.prepared[statement]; ok {
		return stmt, nil
	}
	stmt, err := r.db.PrepareContext(ctx, statement)
	if err == nil {
		r.prepared[statement] = stmt
	}
	return stmt, err
}

// Exec runs a statement and returns how many rows it changed.
func (r *runner) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	stmt, err := r.prepare(ctx, statement)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Query runs a statement that returns rows. A context that has ended stops it
// before it begins; the driver spends a goroutine on each statement that could
// be stopped later, and ours take microseconds.
func (r *runner) Query(ctx context.Context, statement string, args ...any) (*stdsql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	stmt, err := r.prepare(ctx, statement)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// close releases the prepared statements.
func (r *runner) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, stmt := range r.prepared {
		_ = stmt.Close() // the connection is closed next and takes them along
	}
	r.prepared = map[string]*stdsql.Stmt{}
}
