package lifecycle

import (
	"context"
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Push renders the config vars of a resource as the configuration says now and
// has them sent to its platform. It returns the operation that does so; one
// that waits already is used.
func (e *Engine) Push(ctx context.Context, resourceID string) (operationID string, err error) {
	a, err := e.configuration()
	if err != nil {
		return "", err
	}
	for range conflicts {
		if operationID, err = e.push(ctx, a, resourceID); err == nil {
			e.calls.wake()
			return operationID, nil
		}
		if !again(err) {
			return "", classified(err)
		}
	}
	return "", busy("The resource is being changed by others. Try again.")
}

func (e *Engine) push(ctx context.Context, a *active, resourceID string) (operationID string, err error) {
	found, err := e.resourceByID(ctx, resourceID)
	if err != nil {
		return "", err
	}
	if !inUse(found.State) {
		return "", gateway.Errorf(gateway.Conflict, "The resource is %s: only one that is active has config vars to push.", found.State)
	}
	if _, ok := a.platform(found.Resource); !ok {
		return "", gateway.Errorf(gateway.Conflict, "There is no API of the platform %s to push to for the add-on %s.", found.Platform, found.Addon)
	}
	next, err := e.renderAgain(a, found)
	if err != nil {
		return "", err
	}
	err = e.store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		row, err := amend(next)(tx)
		if err != nil {
			return err
		}
		operationID, err = e.enqueueCall(tx, row.Resource, verbPush, 0)
		return err
	})
	if err != nil && !again(err) {
		return "", unrecorded(fmt.Errorf("record the push of %s: %w", resourceID, err))
	}
	return operationID, err
}

// renderAgain returns row with its config vars rendered anew, as a revision
// that nobody has received.
func (e *Engine) renderAgain(a *active, row ResourceRecord) (ResourceRecord, error) {
	facts, err := e.facts(row)
	if err != nil {
		return row, unreadable(err)
	}
	outputs, err := e.vault.outputs(row)
	if err != nil {
		return row, unreadable(err)
	}
	d, err := e.vault.delivery(row)
	if err != nil {
		return row, unreadable(err)
	}
	rendered, err := render(a.catalog, facts, backend.VerbProvision, outputs)
	if err != nil {
		reason := e.cleanText(err.Error(), backend.Op{Outputs: outputs})
		return row, gateway.Errorf(gateway.Conflict, "The config vars cannot be rendered: %s", reason)
	}
	row.ConfigRev++
	d.replace(rendered)
	row.DeliverySealed, err = e.vault.sealJSON(d, resourceAD(row.ID, deliveryColumn))
	return row, err
}

// undeliveredPage is how many undelivered resources are looked at at once.
const undeliveredPage = 200

// pushUndelivered enqueues pushes, until ctx ends, of what no answer has
// delivered for a while: because it came too late for its request, or because
// the caller had hung up.
func (e *Engine) pushUndelivered(ctx context.Context) {
	often := time.NewTicker(max(e.pushAfter/4, time.Millisecond))
	defer often.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-often.C:
		}
		if err := e.enqueueUndelivered(ctx); err != nil && ctx.Err() == nil {
			e.log.Error("undelivered config vars not looked for", "error", err)
		}
	}
}

func (e *Engine) enqueueUndelivered(ctx context.Context) error {
	a := e.active.Load()
	if a == nil || a.platforms == nil {
		return nil
	}
	for after := ""; ; {
		page, err := e.store.Undelivered(ctx, e.pushAfter, after, undeliveredPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			if _, ok := a.platform(r); ok && e.marks.rev(r.ID) < r.ConfigRev {
				if err := e.enqueuePush(ctx, r.ID); err != nil {
					return err
				}
			}
			after = r.ID
		}
		if len(page) < undeliveredPage {
			return nil
		}
	}
}

// enqueuePush enqueues a push of a resource that is still undelivered.
func (e *Engine) enqueuePush(ctx context.Context, id string) error {
	var operationID string
	err := e.store.Update(ctx, func(tx Tx) error {
		operationID = ""
		row, err := tx.ResourceRecord(id)
		if err != nil || row.State != gateway.Active || row.DeliveredRev >= row.ConfigRev {
			return err
		}
		operationID, err = e.enqueueCall(tx, row.Resource, verbPush, 0)
		return err
	})
	if err == nil && operationID != "" {
		e.log.Info("config vars not delivered by an answer: they are pushed", "resource", id, "operation", operationID)
		e.calls.wake()
	}
	return err
}
