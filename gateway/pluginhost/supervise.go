package pluginhost

import (
	"context"
	"fmt"
	"time"

	"github.com/addongw/addongw/plugins/backend"
)

// start starts a process and configures it.
func (b *Backend) start(ctx context.Context) (*process, error) {
	p, err := b.host.start(ctx, b.spec, b.log)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, b.host.options.timing.check)
	defer cancel()
	resp, err := p.backend.Configure(ctx, backend.ConfigureRequest{Config: b.config})
	if err != nil {
		p.stop(ctx)
		return nil, p.startError(ctx, err)
	}
	diagnostics := maskDiagnostics(b.log.masker, resp.Diagnostics)
	if resp.Diagnostics.HasErrors() {
		p.stop(ctx)
		return nil, &ConfigureError{Name: b.spec.Name, Diagnostics: diagnostics}
	}
	for _, d := range diagnostics {
		b.log.logger.Warn("plugin warns about its configuration", "summary", d.Summary, "detail", d.Detail)
	}
	return p, nil
}

// supervise keeps a process running until the backend is closed.
func (b *Backend) supervise(p *process) {
	defer close(b.stopped)
	backoff := &backoff{timing: b.host.options.timing}
	for p != nil {
		reason := b.watch(p)
		if reason == "" {
			p.stop(context.Background())
			return
		}
		p.stop(context.Background()) // dead or as good as: collects its output
		b.log.logger.Error("plugin died", "reason", reason)
		p = b.restart(backoff, reason)
	}
}

// watch waits until the process is dead, and kills it when it no longer
// answers pings. The reason is empty when the backend is closed first.
func (b *Backend) watch(p *process) (reason string) {
	timing := b.host.options.timing
	tick := time.NewTicker(timing.ping)
	defer tick.Stop()
	unanswered := make(chan string, 1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go b.pingAll(ctx, p, tick.C, unanswered)
	select {
	case <-b.halt:
		return ""
	case <-p.runner.exited:
		return p.runner.ended()
	case reason := <-unanswered:
		p.kill()
		return reason
	}
}

// pingAll pings at every tick and reports when three pings in a row had no
// answer.
func (b *Backend) pingAll(ctx context.Context, p *process, tick <-chan time.Time, unanswered chan<- string) {
	for misses := 0; misses < 3; {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		misses++
		if p.ping(ctx, b.host.options.timing.pingWait) == nil {
			misses = 0
		}
	}
	unanswered <- "it does not answer"
}

// restart starts the process again, as often as it takes. It returns nil when
// the backend is closed.
func (b *Backend) restart(backoff *backoff, reason string) *process {
	for {
		wait, open := backoff.crashed(time.Now())
		b.set(state{reason: reason, open: open, until: time.Now().Add(wait)})
		if open {
			b.log.logger.Error("plugin crashes again and again", "next_start_in", wait)
		}
		select {
		case <-b.halt:
			return nil
		case <-time.After(wait):
		}
		ctx, cancel := until(context.Background(), b.halt)
		p, err := b.start(ctx)
		cancel()
		if err == nil {
			b.log.logger.Info("plugin restarted")
			b.set(state{proc: p})
			return p
		}
		if isClosed(b.halt) {
			return nil
		}
		reason = err.Error()
		b.log.logger.Error("plugin does not start", "error", reason)
	}
}

// set changes the state and wakes who waits for it. Closing is for good.
func (b *Backend) set(s state) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.closing = b.state.closing
	b.state = s
	close(b.changed)
	b.changed = make(chan struct{})
}

// acquire returns the running process, and waits for a restart a little.
func (b *Backend) acquire(ctx context.Context) (p *process, release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, b.host.options.timing.patience)
	defer cancel()
	for {
		b.mu.Lock()
		s, changed := b.state, b.changed
		if !s.closing && s.proc != nil && s.proc.alive() {
			b.running++
			b.mu.Unlock()
			return s.proc, b.release, nil
		}
		b.mu.Unlock()
		if s.closing || s.open {
			return nil, nil, b.unavailable(s)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, nil, b.unavailable(s)
		}
	}
}

func (b *Backend) unavailable(s state) error {
	err := &UnavailableError{Backend: b.spec.Backend, Reason: s.reason, RetryAfter: max(0, time.Until(s.until))}
	switch {
	case s.closing:
		err.Reason, err.RetryAfter = "it is being stopped", 0
	case err.Reason == "":
		err.Reason = "it died just now"
	}
	return err
}

func (b *Backend) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running--
	if b.running == 0 && b.state.closing {
		close(b.idle)
	}
}

// Close refuses new calls, lets the running ones end until ctx does, cuts off
// the rest, and stops the process, which takes up to five seconds more. It
// returns when the process is gone. Of several calls the first whose ctx ends
// cuts off.
func (b *Backend) Close(ctx context.Context) {
	b.mu.Lock()
	first := !b.state.closing
	b.state.closing = true
	if first && b.running == 0 {
		close(b.idle)
	}
	close(b.changed)
	b.changed = make(chan struct{})
	b.mu.Unlock()
	select {
	case <-b.idle:
	case <-b.halt:
	case <-ctx.Done():
	}
	b.cutOff()
	<-b.stopped
	b.host.forget(b)
}

// cutOff ends what still runs.
func (b *Backend) cutOff() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if isClosed(b.halt) {
		return
	}
	if b.running > 0 {
		b.log.logger.Warn("running calls are cut off")
	}
	close(b.halt)
}

// forget drops a backend that stops by itself.
func (h *Host) forget(b *Backend) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.all, b)
}

// String names the backend.
func (b *Backend) String() string { return fmt.Sprintf("backend %s", b.spec.Backend) }
