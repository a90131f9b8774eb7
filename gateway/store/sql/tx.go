package sql

import (
	"context"
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
)

// Tx is one transaction, or one savepoint of a shared one. Its statements run
// to their end once begun: no request can interrupt half of a change.
type Tx struct {
	run     Runner
	dialect Dialect
	now     time.Time
}

var _ lifecycle.Tx = (*Tx)(nil)

// NewTx makes a Tx; now is the database's clock at its beginning.
func NewTx(run Runner, d Dialect, now time.Time) *Tx { return &Tx{run: run, dialect: d, now: now} }

func background() context.Context { return context.Background() }

// Now is the database's clock.
func (t *Tx) Now() time.Time { return t.now }

const resourceByID = `SELECT ` + resourceColumns + ` FROM resources WHERE id = $1`

// ResourceRecord reads a row.
func (t *Tx) ResourceRecord(id string) (r lifecycle.ResourceRecord, err error) {
	err = one(background(), t.run, func(row scanner) error { return scanResourceRecord(row, &r) }, resourceByID, id)
	return r, err
}

var insertResource = `INSERT INTO resources (` + resourceColumns + `) VALUES (` + placeholders(1, resourceColumnCount) + `)`

// InsertResource writes a new row, of version 1.
func (t *Tx) InsertResource(r lifecycle.ResourceRecord) error {
	r.Version = 1
	values, err := resourceValues(r)
	if err != nil {
		return err
	}
	if _, err := t.run.Exec(background(), insertResource, values...); err != nil {
		return fmt.Errorf("insert resource %s: %w", r.ID, t.dialect.Violated(err))
	}
	return nil
}

const updateResource = `UPDATE resources SET
 plan = $1, desired_plan = $2, backend = $3, state = $4, last_error = $5, config_rev = $6, updated_at = $7, deleted_at = $8,
 outputs_enc = $9, secrets_enc = $10, state_enc = $11, delivery_enc = $12, first_config_enc = $13, log_token_enc = $14,
 reason = $15, accepted = $16, locked_out = $17, version = version + 1
 WHERE id = $18 AND version = $19`

// UpdateResource writes what may change of a row.
func (t *Tx) UpdateResource(r lifecycle.ResourceRecord) error {
	err := exactly(background(), t.run, lifecycle.ErrStale, updateResource,
		r.Plan, r.DesiredPlan, r.Backend, string(r.State), r.LastError, r.ConfigRev, millis(r.UpdatedAt), millis(r.DeletedAt),
		r.OutputsSealed, r.SecretsSealed, r.StateSealed, r.DeliverySealed, r.FirstConfigSealed, r.LogTokenSealed,
		r.Reason, flag(r.Accepted), flag(r.LockedOut), r.ID, r.Version)
	if err != nil {
		return fmt.Errorf("update resource %s: %w", r.ID, t.dialect.Violated(err))
	}
	return nil
}

const liveOperations = `SELECT ` + operationColumns + ` FROM operations
 WHERE resource_id = $1 AND state IN ('pending', 'running') ORDER BY seq`

// LiveOperations reads what is pending or running.
func (t *Tx) LiveOperations(resourceID string) ([]lifecycle.OperationRecord, error) {
	return listOperations(background(), t.run, liveOperations, resourceID)
}

func listOperations(ctx context.Context, run Runner, statement string, args ...any) (ops []lifecycle.OperationRecord, err error) {
	err = each(ctx, run, func(row scanner) error {
		var op lifecycle.OperationRecord
		if err := scanOperationRecord(row, &op); err != nil {
			return err
		}
		ops = append(ops, op)
		return nil
	}, statement, args...)
	return ops, err
}

const insertedColumns = `INSERT INTO operations (id, resource_id, seq, lane, verb, backend, plan, state, attempt, max_attempts,
 run_at, owner, lease_until, created_at, input_enc, old_plan_enc, mode, action, args_enc, credentialed)
 SELECT $1, $2, (SELECT COALESCE(MAX(seq), 0) + 1 FROM operations WHERE resource_id = $2),
 $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19`

const (
	insertPending = insertedColumns
	insertRunning = insertedColumns + `
 WHERE NOT EXISTS (SELECT 1 FROM operations WHERE resource_id = $2 AND lane = $3 AND state IN ('pending', 'running'))`
)

// InsertOperation writes a new row at the end of its lane.
func (t *Tx) InsertOperation(op lifecycle.OperationRecord) error {
	statement := insertPending
	if op.State == gateway.OperationRunning {
		statement = insertRunning
	}
	err := exactly(background(), t.run, lifecycle.ErrLaneBusy, statement,
		op.ID, op.ResourceID, op.Lane, op.Verb, op.Backend, op.Plan, string(op.State), op.Attempt, op.MaxAttempts,
		millis(op.RunAt), op.Owner, millis(op.LeaseUntil), millis(op.CreatedAt), op.InputSealed, op.OldPlanSealed, op.Mode,
		op.Action, op.ArgsSealed, flag(op.Credentialed))
	if err != nil {
		return fmt.Errorf("insert operation %s: %w", op.ID, t.dialect.Violated(err))
	}
	return nil
}

const updatePending = `UPDATE operations SET
 state = $1, run_at = $2, waiting_for = $3, max_attempts = $4, cancel_requested = $5, finished_at = $6, input_enc = $7,
 args_enc = $8, credentialed = $9
 WHERE id = $10 AND state = 'pending' AND attempt = $11`

// UpdatePending writes what may change of a pending operation.
func (t *Tx) UpdatePending(op lifecycle.OperationRecord) error {
	err := exactly(background(), t.run, lifecycle.ErrStale, updatePending,
		string(op.State), millis(op.RunAt), op.WaitingFor, op.MaxAttempts, flag(op.CancelRequested), millis(op.FinishedAt), op.InputSealed,
		op.ArgsSealed, flag(op.Credentialed), op.ID, op.Attempt)
	if err != nil {
		return fmt.Errorf("update pending operation %s: %w", op.ID, err)
	}
	return nil
}

// ResumeWaiting makes what waits for something due.
func (t *Tx) ResumeWaiting(what string) error {
	_, err := t.run.Exec(background(), `UPDATE operations SET waiting_for = '', run_at = $1
 WHERE state = 'pending' AND run_at IS NULL AND waiting_for = $2`, millis(t.now), what)
	if err != nil {
		return fmt.Errorf("resume what waits for the %s: %w", what, err)
	}
	return nil
}

// RequestCancel marks a running operation.
func (t *Tx) RequestCancel(id string) error {
	err := exactly(background(), t.run, lifecycle.ErrStale,
		`UPDATE operations SET cancel_requested = 1 WHERE id = $1 AND state = 'running'`, id)
	if err != nil {
		return fmt.Errorf("request the cancellation of operation %s: %w", id, err)
	}
	return nil
}

// ForgetInputs erases what operations were told.
func (t *Tx) ForgetInputs(resourceID string) error {
	_, err := t.run.Exec(background(),
		`UPDATE operations SET input_enc = NULL, args_enc = NULL, old_plan_enc = NULL, state_enc = NULL WHERE resource_id = $1`, resourceID)
	return err
}
