package scalingo

import (
	"context"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform/platformtest"
)

// drained is an engine whose resources take logs.
type drained struct{ *platformtest.Memory }

const drain = "https://logs.acme.example/drain?token=t"

func (d drained) Provision(ctx context.Context, o gateway.Order) (gateway.Delivery, error) {
	made, err := d.Memory.Provision(ctx, o)
	if err == nil && made.Resource.State != gateway.Provisioning {
		made.LogDrainURL = drain
	}
	return made, err
}
