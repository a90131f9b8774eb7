package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/addongw/addongw/gateway"
)

// servedDocument names what is kept of the ids that providers have answered.
const servedDocument = "provider ids"

// rememberServed keeps which id each provider answers under which path, and warns
// of those that answered another one before.
func (g *running) rememberServed(ctx context.Context, l *loaded) error {
	before := map[string]string{}
	kept, err := g.engine.Document(ctx, servedDocument)
	if err != nil && gateway.KindOf(err) != gateway.NotFound {
		return err
	}
	if err == nil {
		if err := json.Unmarshal(kept.Body, &before); err != nil {
			return fmt.Errorf("read the stored ids of providers: %w", err)
		}
	}
	g.warn(l, l.ServedOtherwise(before))
	after := maps.Clone(before)
	maps.Copy(after, l.Served())
	if maps.Equal(before, after) {
		return nil
	}
	body, err := json.Marshal(after)
	if err != nil {
		return err
	}
	return g.engine.KeepDocument(ctx, servedDocument, body)
}
