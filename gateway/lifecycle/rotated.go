package lifecycle

import (
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// endRepeat is how long a rotation rests whose backend could not end the credentials
// that must end. Until then the resource's lane is free for others.
const endRepeat = time.Hour

// rotated is what a step of a rotation came to, for write.
type rotated struct {
	next     gateway.Rotation
	before   []byte         // see ResourceRecord.BeforeSealed
	dueIn    *time.Duration // the next step is due after it; nil: it is not, or next says when
	replaced bool           // new credentials are the only ones from now on
	given    bool           // the platform is to get the new ones
}

// judgeRotated records what the backend has done of a rotation.
func (e *Engine) judgeRotated(t *transition, a *active, out outcome) error {
	if t.op.Mode == string(backend.RotateStage) {
		return e.judgeStaged(t, a, out)
	}
	t.rotation = &rotated{replaced: t.op.Mode == string(backend.RotateCommit)}
	return e.rotateDone(t, out)
}

func (e *Engine) rotateDone(t *transition, out outcome) error {
	var err error
	t.op.Error, t.op.WaitingFor = "", ""
	if t.op.State, err = moveOperation(t.op.State, succeed); err != nil {
		return err
	}
	t.touched, t.res.LastError = true, ""
	return e.keepState(t, out.result.State)
}

// judgeStaged makes new credentials those of the resource. Where no config vars can
// be rendered from them, the old ones stay, and the new ones are unmade.
func (e *Engine) judgeStaged(t *transition, a *active, out outcome) error {
	made, before, err := e.withStaged(t.res, a, out)
	if err != nil {
		out.failure = backend.Failf(backend.Internal, "config vars not rendered: %v", err)
		t.reason = e.cleanText(out.failure.Error(), out.input)
		t.op.Error, t.touched, t.res.LastError = t.reason, true, t.reason
		return e.failRotation(t, out)
	}
	t.res = made
	t.rotation = &rotated{
		next:   gateway.Rotation{Phase: gateway.Staged, Rev: made.ConfigRev, Grace: made.Rotation.Grace, Forced: made.Rotation.Forced},
		before: before, given: true,
	}
	return e.rotateDone(t, out)
}

// withStaged returns the row with the credentials that a stage has made, and what
// they were before.
func (e *Engine) withStaged(row ResourceRecord, a *active, out outcome) (made ResourceRecord, before []byte, err error) {
	was, err := e.vault.outputs(row)
	if err != nil {
		return row, nil, err
	}
	is, err := mergeOutputs(was, out.result.Outputs, out.input.Secrets)
	if err != nil {
		return row, nil, err
	}
	if before, err = e.keepBefore(row, was, is); err != nil {
		return row, nil, err
	}
	if row.OutputsSealed, err = e.vault.sealValue(is, resourceAD(row.ID, outputsColumn)); err != nil {
		return row, nil, err
	}
	if row.SecretsSealed, err = e.vault.sealJSON(out.input.Secrets, resourceAD(row.ID, secretsColumn)); err != nil {
		return row, nil, err
	}
	made, err = e.renderAgain(a, row)
	return made, before, err
}

// failRotation ends a step that the backend can't do, or has not done in all its
// attempts. It keeps nobody from using or changing the resource: what could not be
// made is unmade, what could not be ended is tried again later.
func (e *Engine) failRotation(t *transition, out outcome) error {
	if err := e.refuse(t, out); err != nil {
		return err
	}
	var rest time.Duration
	switch {
	case t.op.Mode != string(backend.RotateStage):
		rest = endRepeat
	case out.failure.Class == backend.Unsupported: // it has left the resource as it was
		t.rotation = &rotated{}
		return nil
	}
	t.rotation = &rotated{next: t.res.Rotation, before: t.res.BeforeSealed, dueIn: &rest}
	return e.keepState(t, out.state)
}

// writeRotation writes what a step came to, in the transaction that ends it.
func (e *Engine) writeRotation(tx Tx, t *transition) error {
	if t.rotation == nil {
		return nil
	}
	row := t.res
	row.Rotation, row.BeforeSealed = t.rotation.next, t.rotation.before
	if t.rotation.dueIn != nil {
		row.Rotation.Due = tx.Now().Add(*t.rotation.dueIn)
	}
	if t.rotation.replaced {
		row.RotatedAt = tx.Now()
	}
	if t.rotation.given {
		return e.giveOut(tx, row)
	}
	return tx.SetRotation(row)
}
