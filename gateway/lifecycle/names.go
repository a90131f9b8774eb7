package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"github.com/addongw/addongw/gateway"
)

// InUse counts living resources by the names of the configuration that they
// need: a configuration without one of them would orphan them.
func (e *Engine) InUse(ctx context.Context) ([]gateway.InUse, error) {
	found, err := e.store.InUse(ctx)
	if err != nil {
		return nil, fmt.Errorf("count what is in use: %w", err)
	}
	return found, nil
}

// Rename gives stored resources the names that the configuration gives them
// now, and returns how many names of resources it changed: none at a repeat. Call it with all
// renames of a configuration before the configuration is activated, and before
// Start: operations that run meanwhile end under the new names.
//
// Renames take effect at once: a→b and b→c given together never turn an a
// into a c, also not when they are given again at the next start. A request
// that began with the configuration before and is recorded after the call is
// renamed by the next call, unless its old name is one that is valid now.
func (e *Engine) Rename(ctx context.Context, renames []gateway.Rename) (int, error) {
	var changed int
	err := e.store.Update(ctx, func(tx Tx) (err error) {
		changed, err = tx.Rename(renames)
		return err
	})
	if errors.Is(err, ErrTaken) {
		return 0, &gateway.Error{
			Kind:    gateway.Conflict,
			Message: "a renamed add-on and one that has the new name already have resources of the same platform ids: nothing was renamed",
			Cause:   err,
		}
	}
	if err != nil {
		return 0, fmt.Errorf("rename stored resources: %w", err)
	}
	if changed > 0 {
		e.log.Info("stored resources renamed", "names", changed)
	}
	return changed, nil
}
