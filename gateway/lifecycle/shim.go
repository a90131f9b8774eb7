package lifecycle

import (
	"context"
	"github.com/addongw/addongw/gateway"
)

func (e *Engine) InUse(context.Context) ([]gateway.InUse, error)        { return nil, nil }
func (e *Engine) Rename(context.Context, []gateway.Rename) (int, error) { return 0, nil }
