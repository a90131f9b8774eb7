package lifecycle

import (
	"context"

	"github.com/addongw/addongw/gateway"
)

// Suspend implements platform.Lifecycle.
func (s *Scoped) Suspend(context.Context, string, string) (gateway.Delivery, error) {
	return gateway.Delivery{}, gateway.Errorf(gateway.Unsupported, "A service cannot be suspended.")
}

// Resume implements platform.Lifecycle.
func (s *Scoped) Resume(context.Context, string) (gateway.Delivery, error) {
	return gateway.Delivery{}, gateway.Errorf(gateway.Unsupported, "A service cannot be resumed.")
}
