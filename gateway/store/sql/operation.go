package sql

import (
	stdsql "database/sql"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
)

// operationFacts are the columns that operators may see; operationRest the
// others. seq stands first in operationRest and is left out of inserts, which
// count it themselves.
const (
	operationFacts = `id, lane, resource_id, verb, action, mode, plan, state, step, attempt, waiting_for, error, run_at, created_at, finished_at`
	operationRest  = `seq, backend, owner, lease_until, max_attempts, cancel_requested, acted,
 credentialed, input_enc, args_enc, old_plan_enc, state_enc, failure_kind, failure_message`

	operationColumns = operationFacts + ", " + operationRest
)

// scanOperation reads operationFacts into op, and what follows them into more.
func scanOperation(row scanner, op *gateway.Operation, more ...any) error {
	var runAt, finished stdsql.NullInt64
	var created int64
	into := append([]any{
		&op.ID, &op.Lane, &op.ResourceID, &op.Verb, &op.Action, &op.Mode, &op.Plan, &op.State, &op.Step, &op.Attempt, &op.WaitingFor, &op.Error,
		&runAt, &created, &finished,
	}, more...)
	if err := row.Scan(into...); err != nil {
		return err
	}
	op.RunAt, op.CreatedAt, op.FinishedAt = timeOf(runAt), time.UnixMilli(created), timeOf(finished)
	return nil
}

// scanOperationRecord reads operationColumns.
func scanOperationRecord(row scanner, op *lifecycle.OperationRecord) error {
	var lease stdsql.NullInt64
	err := scanOperation(row, &op.Operation, &op.Seq, &op.Backend, &op.Owner, &lease, &op.MaxAttempts, &op.CancelRequested,
		&op.Acted, &op.Credentialed, &op.InputSealed, &op.ArgsSealed, &op.OldPlanSealed, &op.StateSealed, &op.FailureKind, &op.FailureMessage)
	op.LeaseUntil = timeOf(lease)
	return err
}
