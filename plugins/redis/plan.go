package redis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/attribute"
)

const (
	megabyte = 1 << 20 // what Redis calls mb

	minMemoryMB  = 8       // an empty server with a few clients has about 2
	maxMemoryMB  = 1 << 20 // a terabyte
	maxClients   = 65000
	spareClients = 8 // above the plan's, so that we get in too
)

// noEviction is what a full server does if the plan says nothing.
const noEviction = "noeviction"

func evictions() []string {
	return []string{
		noEviction, "allkeys-lru", "allkeys-lfu", "allkeys-random",
		"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
	}
}

// limits are the params of a plan. What was unknown is zero.
type limits struct {
	MemoryMB   int    `json:"memory_mb"`
	MaxClients int    `json:"max_clients"`
	Eviction   string `json:"maxmemory_policy"`
}

// ValidatePlan implements [backend.Backend].
func (b *Backend) ValidatePlan(_ context.Context, req backend.ValidatePlanRequest) (backend.ValidatePlanResponse, error) {
	var found backend.Diagnostics
	switch mode, _ := readMode(req.Config); mode {
	case modeShared:
		found = checkSharedPlan(req.Plan.Params)
	case modeDedicated:
		_, found = readLimits(req.Plan.Params)
	}
	return backend.ValidatePlanResponse{Diagnostics: found}, nil
}

// checkSharedPlan refuses what nobody would keep a customer to.
func checkSharedPlan(params backend.Value) backend.Diagnostics {
	var found backend.Diagnostics
	for _, a := range planSchema(modeShared).Attributes {
		if f := attribute.Of(params, a.Name); !f.Null() {
			found = append(found, f.Wrong(a.Name+" has no effect in shared mode",
				"Redis has no limits for a single user. Remove it, or sell this plan on a backend with mode = \"dedicated\"."))
		}
	}
	return found
}

// readLimits reads a plan's params and finds every problem in them.
func readLimits(params backend.Value) (limits, backend.Diagnostics) {
	l := limits{Eviction: noEviction}
	var found backend.Diagnostics
	number := func(name, what string, least, most int) int {
		f := attribute.Of(params, name)
		n, ok := f.Whole()
		switch {
		case f.Null():
			found = append(found, f.Wrong(name+" is missing", fmt.Sprintf("Write %s, from %d to %d.", what, least, most)))
		case f.Known() && (!ok || n < least || n > most):
			found = append(found, f.Wrong(name+" cannot be used", fmt.Sprintf("Write %s, from %d to %d.", what, least, most)))
		}
		return n
	}
	l.MemoryMB = number("memory_mb", "a whole number of MB", minMemoryMB, maxMemoryMB)
	l.MaxClients = number("max_clients", "how many connections the customer may hold at once", 1, maxClients)
	if f := attribute.Of(params, "maxmemory_policy"); f.Known() {
		l.Eviction = f.Text()
		if !slices.Contains(evictions(), l.Eviction) {
			found = append(found, f.Wrong(fmt.Sprintf("maxmemory_policy cannot be %q", l.Eviction),
				"Write one of "+strings.Join(evictions(), ", ")+"."))
		}
	}
	return l, found
}

// limitsOf reads the plan of an operation. The gateway checked it, so what is
// wrong now is an answer, not a diagnostic.
func limitsOf(plan backend.Plan) (limits, error) {
	l, found := readLimits(plan.Params)
	if len(found) > 0 {
		return limits{}, &backend.Failure{
			Class: backend.Invalid, Path: found[0].Path,
			Message: fmt.Sprintf("plan %q: %s. %s", plan.ID, found[0].Summary, found[0].Detail),
		}
	}
	if l.MemoryMB == 0 || l.MaxClients == 0 {
		return limits{}, backend.Failf(backend.Internal, "plan %q: its params are unknown", plan.ID)
	}
	return l, nil
}

// maxmemory is the limit that Redis itself keeps, in bytes.
func (l limits) maxmemory() int64 { return int64(l.MemoryMB) * megabyte }

// clientMemory is what all connections together may have in buffers, in bytes:
// answers that nobody takes, above all. One as large as the data fits.
func (l limits) clientMemory() int64 { return l.maxmemory() + 32*megabyte }

// maxclients has room for us.
func (l limits) maxclients() int { return l.MaxClients + spareClients }

// kernelLimit is where the kernel ends the server, in bytes. It must never meet
// a server that behaves: a rewrite of its log may need its memory once more,
// and buffers and fragments come on top.
func (l limits) kernelLimit() int64 { return 2*l.maxmemory() + 64*megabyte }
