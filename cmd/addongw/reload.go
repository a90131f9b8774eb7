package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/admin"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/server"
)

// retireLimit bounds how long a replaced backend's running calls may go on.
const retireLimit = 10 * time.Minute

func newReload(c *command) *cobra.Command {
	var allowOrphans bool
	cmd := &cobra.Command{
		Use:   "reload [DIR]",
		Short: "Have the running gateway read its configuration again",
		Long: "Has the gateway that runs on DIR check its files and, when they are right, put them into effect all at once. On any\n" +
			"error it serves on as before. What living resources need and the files no longer have blocks it (exit code 3).\n" +
			"Secrets are read again. Sending the gateway SIGHUP does the same and tells the outcome in its log.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.dirArgument(cmd, args); err != nil {
				return err
			}
			client, err := c.adminClient()
			if err != nil {
				return err
			}
			answer, err := client.Reload(cmd.Context(), allowOrphans)
			if err != nil {
				return c.adminFailed(err)
			}
			return c.printReload(answer)
		},
	}
	cmd.Flags().BoolVar(&allowOrphans, "allow-orphans", false, "reload although living resources lose what they need: they can only be removed then")
	return cmd
}

func (c *command) printReload(r admin.Reload) error {
	ends := map[admin.Outcome]error{
		admin.ReloadInvalid: &exitError{code: exitFailed},
		admin.ReloadBlocked: &exitError{code: exitBlocked},
		admin.ReloadFailed:  &exitError{code: exitFailed},
	}
	if c.format == "json" {
		text := r.Text
		r.Text = "" // the diagnostics say it
		if err := c.printJSON(envelope{"reload", r}); err != nil {
			return failed(err)
		}
		r.Text = text
		return ends[r.Outcome]
	}
	fmt.Fprint(c.err, r.Text)
	for _, name := range r.Restart {
		fmt.Fprintf(c.err, "warning: %s takes effect at the next start only\n", name)
	}
	if r.Outcome != admin.ReloadDone {
		if r.Message != "" {
			fmt.Fprintf(c.err, "%s %s\n", c.paint(c.err, "error:"), r.Message)
		}
		fmt.Fprintf(c.err, "not reloaded: the gateway serves on as before (%s)\n", r.Directory)
		return ends[r.Outcome]
	}
	fmt.Fprintf(c.out, "reloaded  %s\n", r.Directory)
	for _, change := range r.Changes {
		fmt.Fprintf(c.out, "  %s\n", change)
	}
	if len(r.Changes) == 0 {
		fmt.Fprintln(c.out, "  the files are as before")
	}
	return nil
}

// source is where the configuration of a running gateway comes from.
type source struct {
	dir          string           // absolute
	allowOrphans bool             // start although living resources lose what they need
	watch        bool             // reload when files change
	hangUps      <-chan os.Signal // reload at each; nil: at none
	load         func(context.Context) (loaded, error)
}

// Reload reads the configuration again and, if it may, makes it the active
// one. Everything that can fail comes before anything changes.
func (g *running) Reload(ctx context.Context, allowOrphans bool) admin.Reload {
	g.reloading.Lock()
	defer g.reloading.Unlock()
	before := g.active.Load()
	answer := admin.Reload{Outcome: admin.ReloadFailed, Directory: g.source.dir, Digest: before.digest()}
	next, err := g.source.load(ctx)
	g.learn(next)
	if err == nil {
		err = g.renew(ctx, before, &next, allowOrphans)
	}
	var orphans *orphansError
	var broken unlaunched
	switch {
	case errors.As(err, &orphans):
		answer.Outcome, next.diags = admin.ReloadBlocked, append(next.diags, orphans.diags...)
	case errors.As(err, &broken) && ctx.Err() == nil:
		answer.Message, next.diags = "not every backend can be started", append(next.diags, broken.problems(next.Config, g.source.dir)...)
	case err != nil:
		answer.Message = g.redactor.Redact(err.Error())
	case next.diags.HasErrors():
		answer.Outcome = admin.ReloadInvalid
	default:
		answer.Outcome, answer.Digest = admin.ReloadDone, next.digest()
		answer.Changes, answer.Restart = changes(before.loaded, next), needRestart(g.first, next.Config)
	}
	tell(&answer, next)
	g.logReload(answer, next)
	return answer
}

// learn keeps the secrets of files out of the log from now on.
func (g *running) learn(l loaded) {
	if l.files == nil {
		return // there was no directory to read
	}
	for _, v := range l.files.Secrets() {
		g.redactor.Add(v.Reveal())
	}
}

// renew makes next the active configuration, unless its files have errors.
func (g *running) renew(ctx context.Context, before *active, next *loaded, allowOrphans bool) error {
	if next.diags.HasErrors() {
		return nil
	}
	if err := g.protect(ctx, next, allowOrphans); err != nil {
		return err
	}
	bind := func(s gateway.Scope) platform.Lifecycle { return g.engine.For(s) }
	rent := func(s gateway.Scope) platform.Servers { return g.engine.Servers(s) }
	if _, err := server.New(server.Options{Mounts: mountsOf(next.Config), Lifecycle: bind, Servers: rent}); err != nil {
		return err
	}
	started, err := launch(ctx, g.host, next.Config, before.backends)
	if err != nil {
		return err
	}
	if _, err := g.engine.Rename(ctx, next.Config.Renames()); err != nil {
		started.retire(ctx, before.backends)
		return err
	}
	if err := g.rememberServed(ctx, next); err != nil {
		started.retire(ctx, before.backends)
		return err
	}
	g.engine.Activate(next.Config, started, platforms{next.Config})
	if err := g.server.Swap(mountsOf(next.Config)); err != nil { // it was proven above
		return err
	}
	now := &active{loaded: *next, backends: started, since: time.Now()}
	g.active.Store(now)
	time.AfterFunc(stragglers, func() { g.renameStragglers(now) })
	go g.beginProviders(context.WithoutCancel(ctx), next.Config)
	go func() { // what is left of them when the gateway stops the plugin host ends
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), retireLimit)
		defer cancel()
		before.backends.retire(ending, started)
	}()
	return nil
}

// stragglers is how long requests that began before a reload may go on.
const stragglers = 3 * time.Minute

// renameStragglers gives what such requests have recorded meanwhile the names
// of now, unless another configuration has come, which has its own.
func (g *running) renameStragglers(now *active) {
	g.reloading.Lock()
	defer g.reloading.Unlock()
	if g.active.Load() != now || g.engine.Ready() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := g.engine.Rename(ctx, now.Renames()); err != nil {
		g.log.Error("resources that were ordered during a reload keep their old names", "event", "config.rename_failed", "error", err)
	}
}

// workers reloads at SIGHUP and, where that is wanted, when files change,
// until ctx ends.
func (g *running) workers(ctx context.Context, on moments) {
	reload := func() {
		answer := g.Reload(ctx, g.source.allowOrphans)
		if on.reloaded != nil {
			on.reloaded(answer)
		}
	}
	go onHangUp(ctx, g.source.hangUps, reload)
	if !g.source.watch {
		return
	}
	dirs := func() []string { return g.active.Load().files.Dirs() }
	w, err := newWatcher(dirs(), g.log)
	if err != nil {
		g.log.Error("edits are not noticed", "event", "config.watch_failed", "error", err)
		return
	}
	go w.run(ctx, func() []string { reload(); return dirs() })
}

// catchHangUps is for the rest of the process's life: nobody wants a SIGHUP to
// kill a gateway that only just starts, or that drains.
func catchHangUps() <-chan os.Signal {
	hangUps := make(chan os.Signal, 1)
	signal.Notify(hangUps, syscall.SIGHUP)
	return hangUps
}

// onHangUp acts at every SIGHUP until ctx ends.
func onHangUp(ctx context.Context, hangUps <-chan os.Signal, act func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangUps:
			act()
		}
	}
}

// orphansError refuses a configuration that living resources cannot do with.
type orphansError struct{ diags hcl.Diagnostics }

func (e *orphansError) Error() string {
	return fmt.Sprintf("living resources need what the configuration no longer has: %s", e.diags[0].Summary)
}

// protect refuses a configuration with which living resources could not be
// served any more. What it lets pass it adds to the warnings, and tells the log.
func (g *running) protect(ctx context.Context, l *loaded, allowOrphans bool) error {
	inUse, err := g.engine.InUse(ctx)
	if err != nil {
		return err
	}
	diags := l.Orphans(inUse)
	if diags.HasErrors() && !allowOrphans {
		return &orphansError{diags}
	}
	g.warn(l, diags)
	return nil
}

// warn adds what was found in store and files together to the warnings, and tells
// the log.
func (g *running) warn(l *loaded, diags hcl.Diagnostics) {
	for _, d := range diags {
		d.Severity = hcl.DiagWarning
		info, _ := diagnostic.Of(d)
		g.log.Warn(d.Summary, "event", "config.warning", "code", info.Code, "at", pointed(d))
	}
	l.diags = append(l.diags, diags...)
}

// tell adds what was found in the files, for programs and for people.
func tell(answer *admin.Reload, l loaded) {
	if len(l.diags) == 0 {
		return
	}
	var text, report bytes.Buffer
	if diagnostic.WriteText(&text, l.diags, l.writing()) == nil {
		answer.Text = text.String()
	}
	if diagnostic.WriteJSON(&report, "reload", l.diags, l.writing()) == nil {
		answer.Diagnostics = report.Bytes()
	}
}

// logReload tells those who did not ask on the command line.
func (g *running) logReload(answer admin.Reload, l loaded) {
	if answer.Outcome == admin.ReloadDone {
		g.log.Info("configuration reloaded", "event", "config.reloaded", "digest", answer.Digest, "changes", answer.Changes)
		for _, name := range answer.Restart {
			g.log.Warn("a changed setting takes effect at the next start only", "event", "config.restart_needed", "setting", name)
		}
		return
	}
	for _, d := range l.diags {
		if info, _ := diagnostic.Of(d); d.Severity == hcl.DiagError {
			g.log.Error("mistake in the configuration", "event", "config.mistake", "code", info.Code, "at", pointed(d), "summary", d.Summary, "hint", info.Hint)
		}
	}
	log := g.log.With("event", "config.reload_failed", "outcome", answer.Outcome, "digest", answer.Digest)
	if answer.Message != "" {
		log = log.With("reason", answer.Message)
	}
	log.Error("configuration not reloaded: the gateway serves on as before")
}

// pointed is where a diagnostic points, as editors read it.
func pointed(d *hcl.Diagnostic) string {
	if d.Subject == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column)
}
