package lifecycle

import (
	"errors"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// acquaintance is how long a platform may not know a resource: its API answers
// only after our reply to the order, which it may still be busy with.
const acquaintance = time.Hour

// judgeReply decides what a platform's reply means for the operation. The
// resource goes on as it is, whatever its platform says.
func (e *Engine) judgeReply(t *transition, said *reply) error {
	t.reply = said
	t.op.Error, t.op.WaitingFor = said.reason, ""
	t.reason = said.reason
	kind := gateway.KindOf(said.err)
	switch {
	case said.err == nil:
		var err error
		t.op.State, err = moveOperation(t.op.State, succeed)
		return err
	case said.absent:
		t.op.MaxAttempts++ // nobody was called: that was no attempt
		t.absent = said.by
		return t.park(waitingForPlatform)
	case kind == gateway.Unauthorized:
		t.absent = said.by
		return t.park(waitingForPlatform)
	case e.runCtx.Err() != nil:
		t.op.MaxAttempts++ // we ended the call ourselves
		return t.repeatAfter(0)
	case t.op.Attempt >= t.op.MaxAttempts:
		return t.park(waitingForHuman)
	case kind == gateway.Unavailable, kind == gateway.NotFound && time.Since(t.op.CreatedAt) < acquaintance:
		return e.repeat(t, retryAfterOf(said.err))
	default:
		return t.park(waitingForHuman)
	}
}

func retryAfterOf(err error) time.Duration {
	var known *gateway.Error
	if errors.As(err, &known) {
		return known.RetryAfter
	}
	return 0
}

// recordReply writes what a call has changed, in the transaction that ends its
// operation.
func (e *Engine) recordReply(tx Tx, t *transition) error {
	if t.reply.needless {
		return nil
	}
	row, err := tx.ResourceRecord(t.res.ID)
	if err != nil {
		return err
	}
	if t.reply.postponed {
		return e.sendAnew(tx, row)
	}
	if t.op.Verb == string(verbFetchOwner) {
		return tx.SetParticulars(row.ID, merge(row.Resource, t.reply.particulars))
	}
	return e.recordSent(tx, row, t.reply.rev)
}

// recordSent notes what a push or a completion has delivered. Where an operation
// has made a newer revision meanwhile, its answer and our call may have arrived
// in either order, so that one more push must follow, whoever has received what.
func (e *Engine) recordSent(tx Tx, row ResourceRecord, sent int64) error {
	if err := e.recordDelivered(tx, row.ID, sent); err != nil {
		return err
	}
	if row.ConfigRev <= sent {
		return nil
	}
	return e.sendAnew(tx, row)
}

// sendAnew gives the config vars a revision that nobody has and has it pushed.
// What is suspended is pushed once it was resumed: it is undelivered then.
func (e *Engine) sendAnew(tx Tx, row ResourceRecord) error {
	if !exists(row.State) {
		return nil
	}
	row.ConfigRev++
	if err := tx.UpdateResource(row); err != nil || !inUse(row.State) {
		return err
	}
	_, err := e.enqueueCall(tx, row.Resource, verbPush, 0)
	return err
}

// recordDelivered notes that the platform has received a revision. With the
// first one it knows the resource, so that it can be asked for the owner: a
// little later, because its API knows of the resource only once it has read our
// answer, and because other orders come first.
func (e *Engine) recordDelivered(tx Tx, id string, rev int64) error {
	if a := e.active.Load(); a != nil && a.platforms != nil {
		row, err := tx.ResourceRecord(id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if _, ok := a.platform(row.Resource); err == nil && ok && !row.Delivered() && exists(row.State) {
			if _, err := e.enqueueCall(tx, row.Resource, verbFetchOwner, e.platformLimits.MinBackoff); err != nil {
				return err
			}
		}
	}
	return tx.MarkDelivered(id, rev)
}

// enqueueCall makes sure that a call will be made after some time: it inserts
// an operation, or makes the one due then that waits already, with fresh
// attempts.
func (e *Engine) enqueueCall(tx Tx, r gateway.Resource, verb backend.Verb, after time.Duration) (operationID string, err error) {
	live, err := tx.LiveOperations(r.ID)
	if err != nil {
		return "", err
	}
	more := e.platformLimits.MaxAttempts
	if op, ok := liveOf(live, verb); ok && op.State == gateway.OperationPending {
		op.RunAt, op.WaitingFor, op.MaxAttempts = tx.Now().Add(after), "", op.Attempt+more
		return op.ID, tx.UpdatePending(op)
	}
	id, _, err := newID("op_", e.random)
	if err != nil {
		return "", err
	}
	return id, tx.InsertOperation(OperationRecord{
		Operation: gateway.Operation{
			ID: id, Lane: callLane(r.ID, verb), ResourceID: r.ID, Verb: string(verb), Plan: r.Plan,
			State: gateway.OperationPending, CreatedAt: tx.Now(), RunAt: tx.Now().Add(after),
		},
		Backend: r.Platform, MaxAttempts: more,
	})
}

// What is kept of what a platform tells.
const (
	longestName = 255 // characters
	mostEmails  = 100
)

// merge prefers what the platform's own API tells to what the order said; what
// it does not tell, or tells in a form that cannot be, stays.
func merge(r gateway.Resource, p gateway.Particulars) gateway.Particulars {
	kept := gateway.Particulars{Name: r.Name, Owner: r.Owner, Emails: r.OwnerEmails}
	for _, one := range []struct {
		into *string
		told string
	}{
		{&kept.Name, p.Name}, {&kept.Owner.ID, p.Owner.ID}, {&kept.Owner.Name, p.Owner.Name}, {&kept.Owner.Email, address(p.Owner.Email)},
	} {
		if text := tidy(one.told); text != "" {
			*one.into = text
		}
	}
	var emails []string
	for _, told := range p.Emails {
		if email := address(told); email != "" && !slices.Contains(emails, email) && len(emails) < mostEmails {
			emails = append(emails, email)
		}
	}
	if len(emails) > 0 {
		kept.Emails = emails
	}
	return kept
}

// tidy makes a stranger's text fit for the tables: valid, without NUL
// characters, not too long.
func tidy(text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", ""))
	if utf8.RuneCountInString(text) > longestName {
		text = string([]rune(text)[:longestName])
	}
	return text
}

// address returns a bare e-mail address, or "" for a text that is none.
func address(text string) string {
	text = strings.TrimSpace(text)
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text || len(text) > longestName {
		return ""
	}
	return text
}
