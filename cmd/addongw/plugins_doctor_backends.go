package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/pluginhost"
	"github.com/addongw/addongw/plugins/backend"
)

// soundPlugins asks those plugins only that the doctor found well: others would
// keep everybody waiting once more.
type soundPlugins struct {
	config.Plugins
	sound map[string]bool
}

// Describe refuses what is not to be asked; then the loader asks it nothing
// else.
func (p soundPlugins) Describe(ctx context.Context, plugin config.Plugin) (backend.Description, error) {
	if !p.sound[plugin.Name] {
		return backend.Description{}, &config.PluginError{Err: errors.New("it was not asked")}
	}
	return p.Plugins.Describe(ctx, plugin)
}

// diagnoseBackends adds the steps about the backends that use the plugins.
func (c *command) diagnoseBackends(ctx context.Context, b *bench, patients []patient, how doctorMode) error {
	sound, asked := map[string]bool{}, false
	for i := range patients {
		p := &patients[i]
		sound[p.Name] = !p.failed()
		asked = asked || sound[p.Name] && len(p.Backends) > 0
	}
	var l loaded
	if asked {
		var err error
		l, err = c.load(ctx, func(o *config.Options) {
			o.Secrets = how.live
			open := o.Plugins
			o.Plugins = func(dirs []string) (config.Plugins, error) {
				all, err := open(dirs)
				return soundPlugins{all, sound}, err
			}
		})
		if err != nil {
			return err
		}
	}
	for i := range patients {
		p := &patients[i]
		for _, u := range b.uses(p.Name) {
			if !sound[p.Name] {
				p.Steps = append(p.Steps, doctorStep{Step: "config", Backend: u.Backend, Status: stepSkipped, Detail: "the plugin can't be asked"})
				continue
			}
			step := c.configStep(l, u)
			p.Steps = append(p.Steps, step)
			if how.live && step.Status != stepFailed {
				p.Steps = append(p.Steps, c.liveSteps(ctx, l, u, how.roundTrip)...)
			}
		}
	}
	return failed(ctx.Err())
}

// configStep tells what was found in a backend block.
func (c *command) configStep(l loaded, u config.Use) doctorStep {
	step := doctorStep{Step: "config", Backend: u.Backend, Status: stepOK, Detail: "the plugin takes it"}
	var about hcl.Diagnostics
	for _, d := range l.diags {
		if info, _ := diagnostic.Of(d); info.In == u.In {
			about = append(about, d)
		}
	}
	if about.HasErrors() {
		step.Status, step.Detail = stepFailed, l.inOneLine(about)
		step.Next = "addongw validate " + shellQuote(c.dir) + " shows the places."
	}
	return step
}

// inOneLine are the errors among diagnostics, each with its line and what to do.
func (l loaded) inOneLine(diags hcl.Diagnostics) string {
	var problems []string
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		info, _ := diagnostic.Of(d)
		text := d.Summary
		if d.Subject != nil {
			text = fmt.Sprintf("%s:%d: %s", d.Subject.Filename, d.Subject.Start.Line, text)
		}
		text = strings.Join(append([]string{text}, info.Notes...), ", ")
		problems = append(problems, strings.TrimSuffix(text+": "+info.Hint, ": "))
	}
	return l.writing().Redact(strings.Join(problems, "; "))
}

// liveSteps starts a backend as serve does, asks how it is, and plays a round trip
// with it where that is wanted and makes sense.
func (c *command) liveSteps(ctx context.Context, l loaded, u config.Use, roundTrip bool) []doctorStep {
	step := doctorStep{Step: "health", Backend: u.Backend, Status: stepFailed}
	if l.Config == nil {
		step.Detail, step.Next = "the files have mistakes elsewhere, or a secret is missing", "addongw validate "+shellQuote(c.dir)+" shows mistakes, addongw serve also which secrets it misses."
		for _, d := range l.diags {
			if d.Severity == hcl.DiagError {
				step.Detail += "; the first: " + l.writing().Redact(d.Summary)
				break
			}
		}
		return []doctorStep{step}
	}
	i := slices.IndexFunc(l.Backends, func(b config.Backend) bool { return b.Name == u.Backend })
	if i < 0 {
		step.Detail = "the backend is gone from the files"
		return []doctorStep{step}
	}
	var steps []doctorStep
	err := c.withBackend(ctx, l, l.Backends[i], func(b runningBackend) {
		health := b.Health(ctx)
		if !health.OK {
			step.Detail, step.Next = "not well: "+health.Detail, "Orders would wait for it. Look at what it connects to."
		} else {
			step.Status, step.Detail = stepOK, strings.TrimSuffix("well: "+health.Detail, ": ")
		}
		if steps = append(steps, step); health.OK && roundTrip {
			steps = append(steps, c.roundStep(ctx, l, b))
		}
	})
	if err != nil {
		step.Detail = pluginReason(err)
		var refused *pluginhost.ConfigureError
		var broken unlaunched
		if errors.As(err, &refused) && errors.As(err, &broken) {
			step.Detail = l.inOneLine(broken.problems(l.Config, c.dir))
		}
		step.Next = "It refuses its configuration, or stops over it: see its config block and what it connects to."
		steps = append(steps, step)
	}
	return steps
}

// withBackend starts a backend for as long as use takes.
func (c *command) withBackend(ctx context.Context, l loaded, b config.Backend, use func(runningBackend)) error {
	host, err := newHost(pluginhost.Options{Dirs: l.Gateway.PluginDirs, Logger: slog.New(slog.DiscardHandler), Redact: l.writing().Redact})
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = host.Close(closing) // only its socket folder could be left, and that is temporary
	}()
	starting, cancel := context.WithTimeout(ctx, 2*pluginPatience)
	defer cancel()
	alone := *l.Config
	alone.Backends = []config.Backend{b}
	started, err := launch(starting, host, &alone, nil)
	if err != nil {
		return err
	}
	use(started[b.Name])
	return nil
}
