package lifecycle

import (
	"context"
	"errors"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Customer returns a resource by our own id as its customer may see it: with
// the config vars recorded last, none once it is being removed. One that never
// existed is gateway.NotFound; a deprovisioned one is returned as it is.
func (e *Engine) Customer(ctx context.Context, resourceID string) (gateway.Delivery, error) {
	found, err := e.resourceByID(ctx, resourceID)
	if err != nil {
		return gateway.Delivery{}, err
	}
	if found.State == gateway.Deprovisioning || found.State == gateway.Deprovisioned {
		return e.deliverRemoval(found)
	}
	return e.deliver(found, backend.VerbProvision)
}

// Page tells what the configuration says of a resource for its customer.
func (e *Engine) Page(r gateway.Resource) (gateway.Page, error) {
	a, err := e.configuration()
	if err != nil {
		return gateway.Page{}, err
	}
	page, err := a.catalog.Page(r)
	if err != nil {
		return gateway.Page{}, classified(err)
	}
	return page, nil
}

// SignOn returns the vendor's own URL for a customer who signs on, or "" where
// the add-on shows our page.
func (e *Engine) SignOn(ctx context.Context, resourceID string, s gateway.SignOn) (string, error) {
	a, err := e.configuration()
	if err != nil {
		return "", err
	}
	found, err := e.resourceByID(ctx, resourceID)
	if err != nil {
		return "", err
	}
	facts, err := e.facts(found)
	if err != nil {
		return "", unreadable(err)
	}
	outputs, err := e.vault.outputs(found)
	if err != nil {
		return "", unreadable(err)
	}
	url, err := a.catalog.SignOn(facts, s, outputs)
	if err != nil {
		return "", classified(err)
	}
	return url, nil
}

func (e *Engine) resourceByID(ctx context.Context, id string) (ResourceRecord, error) {
	found, err := e.store.ResourceRecord(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return found, gateway.Errorf(gateway.NotFound, "There is no such resource.")
	}
	if err != nil {
		return found, unrecorded(err)
	}
	return found, nil
}
