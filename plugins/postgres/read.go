package postgres

import (
	"context"
	"fmt"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Read implements [backend.Backend].
func (b *Backend) Read(ctx context.Context, req backend.ReadRequest) (backend.ReadResponse, error) {
	s, err := b.ready(ctx)
	if err != nil {
		return backend.ReadResponse{}, err
	}
	t, err := targetOf(req.Op)
	if err != nil {
		return backend.ReadResponse{}, err
	}
	var resp backend.ReadResponse
	err = s.reads.AcquireFunc(ctx, func(pooled *pgxpool.Conn) error {
		found, err := inspect(ctx, pooled.Conn(), t)
		if err != nil {
			return err
		}
		if !found.usable(t) {
			return found.missing(t)
		}
		resp.Drift = drift(t, found, req.Op.Plan)
		resp.Outputs, err = s.outputs(ctx, pooled.Conn(), t)
		return err
	})
	return resp, s.explain(ctx, "look at the server", err)
}

// drift compares what is there with the plan. A plan whose params are not
// known, or no longer valid, is not compared.
func drift(t target, f found, plan backend.Plan) []string {
	var sentences []string
	add := func(format string, args ...any) { sentences = append(sentences, fmt.Sprintf(format, args...)) }
	open := f.open(t)
	for _, login := range open {
		if !login.canLogin {
			add("The login %q is disabled.", login.name)
		}
		if acting, _ := login.setting("role"); acting != t.group() {
			add("The login %q does not act as the group %q.", login.name, t.group())
		}
	}
	if !f.group.exists || f.group.marker != t.marker() {
		add("The group role %q is missing.", t.group())
	}
	limits, err := limitsOf(plan)
	if err != nil {
		return sentences
	}
	if want := len(open) * limits.connections; f.database.limit != want {
		add("The database allows %d connections and the plan %d.", f.database.limit, want)
	}
	for _, login := range open {
		if login.limit != limits.connections {
			add("The login %q may hold %d connections and the plan says %d.", login.name, login.limit, limits.connections)
		}
		for _, want := range limits.settings() {
			if now, _ := login.setting(want.name); now != want.value {
				add("The %s of login %q is %q and the plan's is %q.", want.name, login.name, now, want.value)
			}
		}
	}
	return sentences
}
