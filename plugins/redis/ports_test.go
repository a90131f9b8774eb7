package redis_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/redis/redistest"
)

// occupy listens on a port as a stranger.
func occupy(t *testing.T, port int) net.Listener {
	t.Helper()
	stranger, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	ok(t, "listen", err)
	t.Cleanup(func() { _ = stranger.Close() })
	return stranger
}

func portRange(first, last int) attributes {
	return attributes{"port_range": str(fmt.Sprintf("%d-%d", first, last))}
}

func TestNoTwoServersGetOnePort(t *testing.T) {
	t.Parallel()
	first, last := redistest.Ports(t, 13)
	occupy(t, first+2)
	w := dedicatedWorld(t, portRange(first, last))
	other := &world{t: t, folder: w.folder, b: configured(t, w.config)} // after a reload two processes work at once
	var mu sync.Mutex
	var ports []int
	var all sync.WaitGroup
	for n := range 12 {
		all.Go(func() {
			b := []*world{w, other}[n%2].b
			result, err := b.Provision(t.Context(), backend.ProvisionRequest{Op: newOp(dedicatedPlan(8, 5))}, &recorder{})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ports = append(ports, decode(t, result.Outputs).Port)
		})
	}
	all.Wait()
	slices.Sort(ports)
	var want []int
	for port := first; port <= last; port++ {
		if port != first+2 {
			want = append(want, port)
		}
	}
	if !slices.Equal(ports, want) {
		t.Errorf("ports %v, want %v", ports, want)
	}
	if n := len(redistest.Servers(t, w.folder)); n != 12 {
		t.Errorf("%d servers", n)
	}
	_, err := w.b.Provision(t.Context(), backend.ProvisionRequest{Op: newOp(dedicatedPlan(8, 5))}, &recorder{})
	if f := wantClass(t, err, backend.Quota); !strings.Contains(f.Message, "widen port_range") || f.Customer == "" {
		t.Errorf("message %q, customer %q", f.Message, f.Customer)
	}
}

func TestAPortThatNobodyWasToldOfIsGivenUpToAStranger(t *testing.T) {
	t.Parallel()
	first, last := redistest.Ports(t, 3)
	w := dedicatedWorld(t, portRange(first, last))
	op := newOp(dedicatedPlan(8, 5))
	made, out := w.provision(op)
	if out.Port != first {
		t.Fatalf("port %d, want %d", out.Port, first)
	}
	w.suspend(made) // so that the port is free
	occupy(t, first)
	repeated, out := w.provision(op) // whose answer was lost
	if out.Port != first+1 {
		t.Errorf("port %d, want %d", out.Port, first+1)
	}
	w.use(repeated)
}

func TestAPortThatACustomerKnowsIsWaitedFor(t *testing.T) {
	t.Parallel()
	first, last := redistest.Ports(t, 3)
	w := dedicatedWorld(t, portRange(first, last))
	op, _ := w.provision(newOp(dedicatedPlan(8, 5)))
	w.use(op)
	w.suspend(op)
	stranger := occupy(t, first)
	_, err := w.b.Resume(t.Context(), backend.ResumeRequest{Op: op}, &recorder{})
	if f := wantClass(t, err, backend.Retryable); !strings.Contains(f.Message, fmt.Sprintf("port %d of 127.0.0.1 is in use by another process", first)) {
		t.Errorf("message %q", f.Message)
	}
	_, err = w.b.Read(t.Context(), backend.ReadRequest{Op: op})
	if f := wantClass(t, err, backend.Retryable); !strings.Contains(f.Message, "in use by another process") {
		t.Errorf("message %q", f.Message)
	}
	ok(t, "close", stranger.Close())
	w.resume(op)
	w.wantBack(op)
}
