package sql

import (
	"errors"
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway/lifecycle"
)

// laneIsFree holds for an operation o that nothing of its lane runs before. A
// lane belongs to one resource.
const laneIsFree = `NOT EXISTS (SELECT 1 FROM operations p WHERE p.resource_id = o.resource_id AND p.lane = o.lane
 AND (p.state = 'running' OR (p.state = 'pending' AND p.seq < o.seq)))`

const claimOperation = `UPDATE operations AS o SET
 state = 'running', owner = $1, lease_until = $2, attempt = attempt + 1, run_at = NULL
 WHERE id = $3 AND state = 'pending' AND run_at <= $4 AND ` + laneIsFree

const operationByID = `SELECT ` + operationColumns + ` FROM operations WHERE id = $1`

// Claim makes a due operation running.
func (t *Tx) Claim(id, node string, lease time.Duration) (op lifecycle.OperationRecord, err error) {
	err = exactly(background(), t.run, lifecycle.ErrLaneBusy, claimOperation,
		node, millis(t.now.Add(lease)), id, millis(t.now))
	if err != nil {
		return op, fmt.Errorf("claim operation %s: %w", id, t.dialect.Violated(err))
	}
	err = one(background(), t.run, func(row scanner) error { return scanOperationRecord(row, &op) }, operationByID, id)
	return op, err
}

const settleOperation = `UPDATE operations SET
 state = $1, run_at = $2, waiting_for = $3, max_attempts = $4, acted = $5, error = $6,
 failure_kind = $7, failure_message = $8, finished_at = $9, lease_until = NULL
 WHERE id = $10 AND owner = $11 AND attempt = $12 AND state = 'running' AND cancel_requested = $13`

// Settle writes the end of an attempt. That it was asked to cancel meanwhile
// is lifecycle.ErrStale.
func (t *Tx) Settle(op lifecycle.OperationRecord) error {
	err := exactly(background(), t.run, lifecycle.ErrStale, settleOperation,
		string(op.State), millis(op.RunAt), op.WaitingFor, op.MaxAttempts, flag(op.Acted), op.Error,
		string(op.FailureKind), op.FailureMessage, millis(op.FinishedAt),
		op.ID, op.Owner, op.Attempt, flag(op.CancelRequested))
	if errors.Is(err, lifecycle.ErrStale) {
		err = t.whyUnsettled(op.Fence())
	}
	if err != nil {
		return fmt.Errorf("settle operation %s: %w", op.ID, err)
	}
	return nil
}

// whyUnsettled tells a request to cancel from the loss of the operation.
func (t *Tx) whyUnsettled(f lifecycle.Fence) error {
	err := one(background(), t.run, func(scanner) error { return nil },
		`SELECT 1 FROM operations WHERE id = $1 AND owner = $2 AND attempt = $3 AND state = 'running'`,
		f.OperationID, f.Owner, f.Attempt)
	if errors.Is(err, lifecycle.ErrNotFound) {
		return lifecycle.ErrFenced
	}
	if err != nil {
		return err
	}
	return lifecycle.ErrStale
}

// Checkpoint keeps how far an attempt has come. Without a state the one before
// stays.
func (t *Tx) Checkpoint(f lifecycle.Fence, step string, stateSealed []byte) error {
	err := exactly(background(), t.run, lifecycle.ErrFenced,
		`UPDATE operations SET step = $1, state_enc = COALESCE($2, state_enc)
 WHERE id = $3 AND owner = $4 AND attempt = $5 AND state = 'running'`,
		step, stateSealed, f.OperationID, f.Owner, f.Attempt)
	if err != nil {
		return fmt.Errorf("checkpoint operation %s: %w", f.OperationID, err)
	}
	return nil
}

// TakeOver registers node as the only one alive, and gives back what all
// others were running. It is for stores that one process has to itself.
func (t *Tx) TakeOver(node lifecycle.Node) (int, error) {
	_, err := t.run.Exec(background(), `INSERT INTO nodes (id, epoch, version, started_at, heartbeat_at)
 SELECT $1, COALESCE(MAX(epoch), 0) + 1, $2, $3, $3 FROM nodes WHERE true
 ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at`, node.ID, node.Version, millis(t.now))
	if err != nil {
		return 0, fmt.Errorf("register the node: %w", err)
	}
	if _, err := t.run.Exec(background(), `DELETE FROM nodes WHERE id <> $1`, node.ID); err != nil {
		return 0, fmt.Errorf("remove dead nodes: %w", err)
	}
	n, err := t.run.Exec(background(), `UPDATE operations SET state = 'pending', run_at = $1, lease_until = NULL
 WHERE state = 'running' AND owner <> $2`, millis(t.now), node.ID)
	if err != nil {
		return 0, fmt.Errorf("give back the operations of dead nodes: %w", err)
	}
	return int(n), nil
}

// Heartbeat notes that the nodes are alive. It is a real write: it fails when
// nothing can be written.
func (t *Tx) Heartbeat() error {
	_, err := t.run.Exec(background(), `UPDATE nodes SET heartbeat_at = $1`, millis(t.now))
	return err
}
