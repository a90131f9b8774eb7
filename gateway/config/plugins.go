package config

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/semver"
	"github.com/addongw/addongw/plugins/backend"
)

// Plugins is what the loader asks of backend plugins. The calls are pure and
// need no network; they arrive concurrently. Errors are *PluginError where
// there is something to tell an operator.
type Plugins interface {
	Describe(ctx context.Context, plugin Plugin) (backend.Description, error)
	ValidateConfig(ctx context.Context, plugin Plugin, config backend.Value) (backend.ValidateConfigResponse, error)
	ValidatePlan(ctx context.Context, plugin Plugin, config backend.Value, plan backend.Plan) (backend.ValidatePlanResponse, error)
}

// openPlugins gets ready to ask, unless there is nobody to ask about.
func (l *loader) openPlugins(backends int) {
	if l.options.Plugins == nil || backends == 0 {
		return
	}
	plugins, err := l.options.Plugins(l.config.Gateway.PluginDirs)
	if err != nil {
		l.add(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Plugins can't be started here", Extra: diagnostic.Info{
			Code: "AG604", Hint: err.Error(),
		}})
		return
	}
	l.plugins = plugins
}

// Plugin is what a backend block says of its plugin.
type Plugin struct {
	Name     string // "postgres"
	Version  string // a constraint such as "~> 1.0"; empty: any
	Checksum string // "sha256:…"; empty: not checked
	TLS      bool   // whether the gateway and the plugin talk over TLS
}

// PluginError says why a plugin gave no answer.
type PluginError struct {
	Missing   bool     // there is no such plugin: AG601
	Searched  []string // where it was looked for
	Installed []string // which ones are there
	LastWords string   // what it wrote before it stopped: AG604; no secrets
	Hint      string   // what to do about it, where that is known
	Err       error    // the cause

	// Said is what the plugin said to its configuration when it was started with
	// it: AG603.
	Said backend.Diagnostics
}

// Error describes the failure.
func (e *PluginError) Error() string {
	if e.Missing {
		return "there is no such plugin"
	}
	return fmt.Sprintf("the plugin gave no answer: %v", e.Err)
}

// Unwrap returns the cause.
func (e *PluginError) Unwrap() error { return e.Err }

// pluginProblem puts an error of a plugin into words.
func pluginProblem(plugin Plugin, at hcl.Range, in string, err error) *hcl.Diagnostic {
	var failure *PluginError
	if !errors.As(err, &failure) {
		failure = &PluginError{Err: err}
	}
	if failure.Missing {
		info := diagnostic.Info{Code: "AG601", In: in, Hint: diagnostic.DidYouMean(plugin.Name, failure.Installed)}
		if len(failure.Searched) > 0 {
			info.Notes = append(info.Notes, "searched: "+strings.Join(failure.Searched, ", "))
		}
		if list := diagnostic.List(failure.Installed); list != "" {
			info.Notes = append(info.Notes, "installed: "+list)
		}
		return diagnostic.New(fmt.Sprintf("There is no plugin %q", plugin.Name), at, info)
	}
	info := diagnostic.Info{Code: "AG604", In: in, Hint: failure.Hint}
	if failure.Err != nil {
		info.Notes = append(info.Notes, failure.Err.Error())
	}
	if failure.LastWords != "" {
		info.Notes = append(info.Notes, "its last words: "+failure.LastWords)
	}
	return diagnostic.New(fmt.Sprintf("The plugin %q can't be used", plugin.Name), at, info)
}

// BackendProblem puts into words why a backend could not be started, each word of
// its plugin at the place in the files that it is about. Errors are those of
// Plugins.
func (c *Config) BackendProblem(name string, err error) hcl.Diagnostics {
	b := c.backends[name]
	var failure *PluginError
	if errors.As(err, &failure) && failure.Said.HasErrors() {
		return b.says(failure.Said)
	}
	return hcl.Diagnostics{pluginProblem(b.Plugin, b.content.LabelRange(0), title(b.content), err)}
}

// says turns what the plugin says about its config block into ours.
func (b *loadedBackend) says(found backend.Diagnostics) hcl.Diagnostics {
	return pluginSays(b.Plugin.Name, title(b.content), found, func(d backend.Diagnostic) hcl.Range { return b.body.Place(d.Path) })
}

// versionProblem compares a plugin's version with what the block asks for.
func versionProblem(b *loadedBackend) *hcl.Diagnostic {
	if b.Plugin.Version == "" {
		return nil
	}
	at := b.content.ValueRange("version")
	constraint, err := semver.Parse(b.Plugin.Version)
	if err != nil {
		return wrong(`"version" is no version constraint`, at, `write it as "~> 1.0"`)
	}
	if constraint.Admits(b.Description.Version) {
		return nil
	}
	return diagnostic.New(fmt.Sprintf("backend.%s needs %s; installed is %s", b.Name, b.Plugin.Version, b.Description.Version), at,
		diagnostic.Info{Code: "AG602", In: title(b.content)})
}

// pluginSays turns a plugin's diagnostics into ours, each at the place that
// its path leads to.
func pluginSays(kind, in string, found backend.Diagnostics, place func(backend.Diagnostic) hcl.Range) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, f := range found {
		d := diagnostic.New(kind+": "+f.Summary, place(f), diagnostic.Info{Code: "AG603", In: in, Hint: f.Detail})
		if f.Severity == backend.SeverityWarning {
			d.Severity = hcl.DiagWarning
		}
		diags = append(diags, d)
	}
	return diags
}

// inParallel runs n tasks, a few at a time: each may wait for a plugin.
func inParallel(n int, task func(i int)) {
	var group sync.WaitGroup
	slots := make(chan struct{}, 4*runtime.GOMAXPROCS(0))
	for i := range n {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			task(i)
		})
	}
	group.Wait()
}
