package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// What is kept of what providers have answered, and told callers apart by.
const (
	servedDocument     = "provider ids"
	identitiesDocument = "provider identities"
)

// rememberServed keeps which id each provider answers under which path, and what
// it tells callers apart by, and warns of those that did otherwise before.
func (g *running) rememberServed(ctx context.Context, l *loaded) error {
	if err := g.rememberIDs(ctx, l); err != nil {
		return err
	}
	return g.rememberIdentities(ctx, l)
}

// rememberIDs keeps the first id of every path: that is the one which platforms
// have registered, and which is right again once it is back.
func (g *running) rememberIDs(ctx context.Context, l *loaded) error {
	before, err := g.remembered(ctx, servedDocument)
	if err != nil {
		return err
	}
	g.warn(l, l.ServedOtherwise(before))
	after := l.Served()
	maps.Copy(after, before)
	return g.remember(ctx, servedDocument, before, after)
}

// rememberIdentities keeps a former identity as long as somebody has servers by
// it.
func (g *running) rememberIdentities(ctx context.Context, l *loaded) error {
	before, err := g.remembered(ctx, identitiesDocument)
	if err != nil {
		return err
	}
	for _, p := range l.Providers {
		_, err := g.engine.Servers(p.Scope()).Kept(ctx, platform.AccountsDocument)
		if err == nil {
			delete(before, p.Key()) // the files have no say in it
		} else if gateway.KindOf(err) != gateway.NotFound {
			return err
		}
	}
	inUse, err := g.engine.InUse(ctx)
	if err != nil {
		return err
	}
	diags, strangers := l.IdentifiedOtherwise(before, inUse)
	g.warn(l, diags)
	after := maps.Clone(before)
	maps.Copy(after, l.Identities())
	for _, name := range strangers {
		after[name] = before[name]
	}
	return g.remember(ctx, identitiesDocument, before, after)
}

func (g *running) remembered(ctx context.Context, document string) (map[string]string, error) {
	before := map[string]string{}
	kept, err := g.engine.Document(ctx, document)
	if gateway.KindOf(err) == gateway.NotFound && err != nil {
		return before, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(kept.Body, &before); err != nil {
		return nil, fmt.Errorf("read the stored %s: %w", document, err)
	}
	return before, nil
}

func (g *running) remember(ctx context.Context, document string, before, after map[string]string) error {
	if maps.Equal(before, after) {
		return nil
	}
	body, err := json.Marshal(after)
	if err != nil {
		return err
	}
	return g.engine.KeepDocument(ctx, document, body)
}
