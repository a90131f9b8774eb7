package sqlite

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/store/sql"
)

// writer is the only one who writes. Transactions that arrive while it is busy
// with a commit share the next one: the flush of the disk is what costs.
type writer struct {
	conn    *stdsql.Conn
	run     *runner
	jobs    chan *job // unbuffered: a job that was taken is answered
	closing chan struct{}
	once    sync.Once
	done    chan struct{}
}

// job is one transaction.
type job struct {
	ctx  context.Context
	fn   func(*sql.Tx) error
	err  error
	done chan struct{} // closed once err is final
}

// largestBatch bounds how many transactions share a commit, so that the first
// of them does not wait for too many others.
const largestBatch = 256

func newWriter(conn *stdsql.Conn) *writer {
	w := &writer{conn: conn, run: newConnRunner(conn), jobs: make(chan *job), closing: make(chan struct{}), done: make(chan struct{})}
	go w.loop()
	return w
}

// do runs fn in a transaction and returns once it is durable or undone.
func (w *writer) do(ctx context.Context, fn func(*sql.Tx) error) error {
	j := &job{ctx: ctx, fn: fn, done: make(chan struct{})}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return lifecycle.ErrClosed
	}
	<-j.done
	return j.err
}

// close lets the batch at hand finish and closes the connection.
func (w *writer) close() error {
	w.once.Do(func() { close(w.closing) })
	<-w.done
	w.run.close()
	return w.conn.Close()
}

func (w *writer) loop() {
	defer close(w.done)
	for {
		select {
		case first := <-w.jobs:
			batch := w.collect(first)
			w.commit(batch)
			for _, j := range batch {
				close(j.done)
			}
		case <-w.closing:
			return
		}
	}
}

// collect takes along what waits already.
func (w *writer) collect(first *job) []*job {
	batch := []*job{first}
	for len(batch) < largestBatch {
		select {
		case j := <-w.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch in one transaction and leaves each job's outcome in it.
// When the transaction as a whole fails, nothing of any job is in the file, and
// every job says so.
//
// Jobs hardly ever fail, and savepoints cost as much as a job's own statements:
// so the batch runs without any first. If a job fails, all of it is undone and
// run again, each job in a savepoint of its own.
func (w *writer) commit(batch []*job) {
	err := w.transact(batch, w.runTogether)
	if errors.Is(err, errJob) {
		if len(batch) == 1 {
			return // alone: nobody else is undone with it
		}
		err = w.transact(batch, w.runApart)
	}
	if err == nil {
		return
	}
	for _, j := range batch {
		if j.err == nil {
			j.err = err
		}
	}
}

// errJob says that a job ended with an error, which is kept in it.
var errJob = errors.New("a job failed")

// transact runs the jobs in one transaction. run's error means that the whole
// transaction is lost.
func (w *writer) transact(batch []*job, run func(*job, *sql.Tx) error) error {
	err := w.exec("BEGIN IMMEDIATE")
	if err != nil {
		return err
	}
	if err = w.runAll(batch, run); err == nil {
		err = w.exec("COMMIT")
	}
	if err != nil {
		// SQLite may have rolled back by itself (a full disk): no error then.
		_ = w.exec("ROLLBACK")
	}
	return err
}

// runAll runs the jobs one after the other.
func (w *writer) runAll(batch []*job, run func(*job, *sql.Tx) error) error {
	now, err := sql.Clock(context.Background(), w.run, dialect())
	if err != nil {
		return err
	}
	for _, j := range batch {
		if j.err = j.ctx.Err(); j.err != nil {
			continue
		}
		if err := run(j, sql.NewTx(w.run, dialect(), now)); err != nil {
			return err
		}
	}
	return nil
}

// runTogether runs a job whose error undoes the whole transaction.
func (w *writer) runTogether(j *job, tx *sql.Tx) error {
	if j.err = call(j.fn, tx); j.err != nil {
		return errJob
	}
	return nil
}

// runApart runs one job of several in a savepoint, so that its error undoes
// its own statements only.
func (w *writer) runApart(j *job, tx *sql.Tx) error {
	if err := w.exec("SAVEPOINT job"); err != nil {
		return err
	}
	if j.err = call(j.fn, tx); j.err != nil {
		if err := w.exec("ROLLBACK TO job"); err != nil {
			// The savepoint is gone: SQLite has undone the whole transaction.
			return errors.Join(fmt.Errorf("another transaction of the same commit failed: %w", j.err), err)
		}
	}
	return w.exec("RELEASE job")
}

// call runs fn; a panic in it must not take the writer along.
func call(fn func(*sql.Tx) error, tx *sql.Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a transaction panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(tx)
}

func (w *writer) exec(statement string) error {
	_, err := w.run.Exec(context.Background(), statement)
	return err
}
