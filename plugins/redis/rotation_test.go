package redis_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/redis/redistest"
	client "github.com/redis/go-redis/v9"
)

// TestClientsWorkWithoutPauseWhileTheirPasswordsAreRotated is what two users are
// for: a client that has taken up the new credentials before the commit, as the
// gateway makes sure, never sees an operation fail, and no session of it ends.
func TestClientsWorkWithoutPauseWhileTheirPasswordsAreRotated(t *testing.T) {
	t.Parallel()
	for mode, world := range map[string]func(*testing.T, attributes) *world{"dedicated": dedicatedWorld, "shared": sharedWorld} {
		t.Run(mode, func(t *testing.T) {
			w := world(t, nil)
			plan := dedicatedPlan(16, 20)
			if mode == "shared" {
				plan = sharedPlan("small")
			}
			var all sync.WaitGroup
			for range 3 {
				op, _ := w.provision(newOp(plan))
				customer := &busy{t: t, op: atomic.Pointer[backend.Op]{}, stop: make(chan struct{})}
				customer.op.Store(&op)
				for range 2 {
					all.Go(customer.work)
				}
				for range 5 {
					op = w.rotate(customer, op)
				}
				close(customer.stop)
				all.Wait()
				if customer.done.Load() < 100 || customer.failed.Load() > 0 {
					t.Errorf("%d operations failed of %d", customer.failed.Load(), customer.done.Load())
				}
			}
		})
	}
}

// rotate goes through one rotation and makes sure of what it ends.
func (w *world) rotate(customer *busy, op backend.Op) backend.Op {
	w.t.Helper()
	stage := op
	stage.Secrets = map[string]string{"password": rand.Text() + "rotated"}
	result, err := w.b.Rotate(w.t.Context(), backend.RotateRequest{Op: stage, Phase: backend.RotateStage}, &recorder{})
	ok(w.t, "stage", err)
	stage.Outputs = result.Outputs
	idle := w.customer(op).Conn()
	defer func() { _ = idle.Close() }()
	ok(w.t, "an idle session", idle.Ping(w.t.Context()).Err())

	customer.op.Store(&stage) // the push of the config vars
	seen := customer.switched.Load()
	await(w.t, "the customer's clients have the new password", func() bool { return customer.switched.Load() >= seen+2 })
	_, err = w.b.Rotate(w.t.Context(), backend.RotateRequest{Op: stage, Phase: backend.RotateCommit}, &recorder{})
	ok(w.t, "commit", err)
	if idle.Ping(w.t.Context()).Err() == nil {
		w.t.Error("a session of the old login goes on")
	}
	if works(w.t, op) || !works(w.t, stage) {
		w.t.Error("the wrong password works")
	}
	return stage
}

// busy is a customer whose clients work without pause.
type busy struct {
	t                      *testing.T
	op                     atomic.Pointer[backend.Op]
	stop                   chan struct{}
	done, failed, switched atomic.Int64
}

// work takes up new credentials as an application does that is restarted with
// new config vars: the next connection has them, the old one is closed.
func (b *busy) work() {
	var using *backend.Op
	var c *client.Client
	var prefix string
	for n := 0; ; n++ {
		select {
		case <-b.stop:
			_ = c.Close()
			return
		default:
		}
		if now := b.op.Load(); now != using {
			old := c
			out := decode(b.t, now.Outputs)
			c, prefix = redistest.Client(out.addr(), out.Username, now.Secrets["password"]), out.Prefix
			b.try(c.Ping(context.Background()).Err())
			if old != nil {
				_ = old.Close()
				b.switched.Add(1)
			}
			using = now
		}
		b.try(c.Incr(context.Background(), fmt.Sprint(prefix, "n", n%10)).Err())
	}
}

func (b *busy) try(err error) {
	b.done.Add(1)
	if err != nil {
		b.failed.Add(1)
		b.t.Log(err)
	}
}
