package lifecycle_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/store/sqlite"
)

// BenchmarkProvision measures durable provisions with a backend that does
// nothing, beside the floor: one durable row per order. Compare the ns/op of
// "floor" and "engine" with as many clients.
func BenchmarkProvision(b *testing.B) {
	for _, clients := range []int{1, 16} {
		b.Run(fmt.Sprintf("floor/clients=%d", clients), func(b *testing.B) {
			store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "addongw.db"))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = store.Close() })
			clientsRun(b, clients, func(ctx context.Context, i int64) error {
				row := lifecycle.ResourceRecord{Resource: gateway.Resource{
					ID: fmt.Sprintf("res_%026d", i), ShortID: fmt.Sprintf("%012d", i), ProviderID: fmt.Sprintf("res_%026d", i),
					ExternalID: fmt.Sprint("ext-", i), State: gateway.Active, CreatedAt: time.Now(), UpdatedAt: time.Now(),
				}}
				return store.Update(ctx, func(tx lifecycle.Tx) error { return tx.InsertResource(row) })
			})
		})
		b.Run(fmt.Sprintf("engine/clients=%d", clients), func(b *testing.B) {
			r := newRig(b)
			r.world.silent = true
			s := r.scoped()
			clientsRun(b, clients, func(ctx context.Context, i int64) error {
				d, err := s.Provision(ctx, order(fmt.Sprint("ext-", i)))
				if err == nil {
					err = s.Delivered(ctx, d)
				}
				return err
			})
		})
	}
}

// BenchmarkRepeatedOrder measures what a platform's repeat costs.
func BenchmarkRepeatedOrder(b *testing.B) {
	r := newRig(b)
	r.provision("ext-1")
	s := r.scoped()
	clientsRun(b, 16, func(ctx context.Context, _ int64) error {
		_, err := s.Provision(ctx, order("ext-1"))
		return err
	})
}

// BenchmarkRestart measures how long a new engine needs to give an interrupted
// order its result, from opening the store.
func BenchmarkRestart(b *testing.B) {
	r := newRig(b)
	var total time.Duration
	for i := range b.N {
		g := newGate()
		r.world.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error { return g.hold(ctx, call) }, nil)
		r.scope.Budget = 1
		id := fmt.Sprint("ext-", i)
		_, _ = r.scoped().Provision(b.Context(), order(id)) // runs out of its budget
		<-g.reached
		r.crash()
		r.world.hook(nil, nil)
		r.scope.Budget = 10 * time.Second
		begin := time.Now()
		r.start()
		r.provision(id)
		total += time.Since(begin)
	}
	b.ReportMetric(float64(total.Microseconds())/float64(b.N)/1000, "ms/resume")
}

// clientsRun shares b.N calls of do between clients and reports their median.
func clientsRun(b *testing.B, clients int, do func(ctx context.Context, i int64) error) {
	var next atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	for range clients {
		group.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := do(b.Context(), i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
}
