package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Some platforms take a promise for an answer to an order: the resource is there
// later, and they are told on their own API. The promise is recorded before it
// is given, and the transaction in which the resource becomes active enqueues
// the call that keeps it. So a promise is kept whatever dies when, also where a
// repeat of the order was answered with the finished resource meanwhile.

// errEnded: there is nothing to promise any more.
var errEnded = errors.New("the provision is not live any more")

// answerOrder is what a platform is told about an order whose operation was
// waited for.
func (s *Scoped) answerOrder(ctx context.Context, end waited) (gateway.Delivery, error) {
	unfinished := !end.over && end.cause == nil // nobody reads an answer when the caller has hung up
	if s.scope.Accepts && (unfinished || end.over && end.op.Parked()) {
		return s.accept(ctx, end)
	}
	return s.engine.answer(end)
}

// accept records the promise. Where the provision has ended by now, its end is
// told instead.
func (s *Scoped) accept(ctx context.Context, end waited) (gateway.Delivery, error) {
	e := s.engine
	var row ResourceRecord
	err := e.store.Update(context.WithoutCancel(ctx), func(tx Tx) (err error) {
		if row, err = tx.ResourceRecord(end.op.ResourceID); err != nil {
			return err
		}
		live, err := tx.LiveOperations(row.ID)
		if err != nil {
			return err
		}
		if _, ok := liveOf(live, backend.VerbProvision); !ok || row.State != gateway.Provisioning {
			return errEnded
		}
		if row.Accepted {
			return nil
		}
		row.Accepted = true
		row, err = amend(row)(tx)
		return err
	})
	switch {
	case errors.Is(err, errEnded):
		return s.answerEnded(ctx, end)
	case again(err):
		return gateway.Delivery{}, err
	case err != nil:
		return gateway.Delivery{}, unrecorded(fmt.Errorf("record that the order of %s is accepted: %w", end.op.ResourceID, err))
	}
	return e.deliver(row, backend.VerbProvision)
}

// answerEnded tells what became of a provision that ended just now.
func (s *Scoped) answerEnded(ctx context.Context, end waited) (gateway.Delivery, error) {
	ended, over, err := s.engine.look(ctx, end.op.ID)
	if err != nil {
		return gateway.Delivery{}, unrecorded(err)
	}
	return s.engine.answer(waited{work: ended, over: over})
}

// exists reports whether a resource has been made and not been removed, whoever
// may use it.
func exists(s gateway.State) bool { return inUse(s) || s == gateway.Suspended }
