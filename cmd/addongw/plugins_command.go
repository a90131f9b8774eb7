package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/pluginhost"
)

// pluginPatience is how long a plugin that is looked at may take to describe
// itself. The gateway has more of it.
const pluginPatience = 10 * time.Second

func newPlugins(c *command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugins",
		Short: "Look at backend plugins",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPluginsList(c), newPluginsSchema(c), newPluginsDoctor(c))
	return cmd
}

// bench is where plugins are looked at: those beside addongw, and those of a
// configuration directory where there is one.
type bench struct {
	host  *pluginhost.Host
	dir   bool // there are files
	files *config.Files
	sound bool // the files have no mistake that shows without plugins
}

// openBench reads the files, without secrets and plugins. A mistake in them is
// no reason not to look at plugins.
func (c *command) openBench(cmd *cobra.Command) (*bench, error) {
	b := &bench{files: &config.Files{}, sound: true}
	found, _ := filepath.Glob(filepath.Join(c.dir, "*.hcl")) // the pattern is well-formed, or there is no such folder
	b.dir = len(found) > 0 || cmd.Flags().Changed("dir") || c.dir != "."
	if b.dir {
		if err := c.checkDir(); err != nil {
			return nil, err
		}
		options, err := c.loadOptions()
		if err != nil {
			return nil, err
		}
		var cfg *config.Config
		cfg, b.files, _ = config.Load(cmd.Context(), options)
		b.sound = cfg != nil
	}
	var err error
	b.host, err = newHost(pluginhost.Options{Dirs: b.files.Gateway.PluginDirs, Logger: slog.New(slog.DiscardHandler)})
	return b, failed(err)
}

// close ends what is still running.
func (b *bench) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = b.host.Close(ctx) // only its socket folder could be left, and that is temporary
}

// warnOfFaultyFiles says on standard error where files were only read in part.
func (c *command) warnOfFaultyFiles(b *bench) {
	if !b.sound {
		fmt.Fprintf(c.err, "The files in %s have mistakes, and may name more plugins: addongw validate %s\n", c.dir, shellQuote(c.dir))
	}
}

// forAll does something about several plugins, a few at a time: one that hangs
// keeps nobody but itself waiting.
func forAll[T any](names []string, do func(name string) T) []T {
	results := make([]T, len(names))
	slots := make(chan struct{}, 4)
	var group sync.WaitGroup
	for i, name := range names {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			results[i] = do(name)
		})
	}
	group.Wait()
	return results
}

// uses are the backends of the directory that use a plugin.
func (b *bench) uses(name string) []config.Use {
	return slices.DeleteFunc(slices.Clone(b.files.Uses), func(u config.Use) bool { return u.Plugin.Name != name })
}

// names are those of all plugins that were found, and of those that a backend
// uses.
func (b *bench) names() []string {
	var names []string
	for _, binary := range b.host.Binaries() {
		names = append(names, binary.Name)
	}
	for _, u := range b.files.Uses {
		names = append(names, u.Plugin.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func backendNames(uses []config.Use) []string {
	names := make([]string, 0, len(uses))
	for _, u := range uses {
		names = append(names, u.Backend)
	}
	return names
}

// examine starts a plugin as the first of the backends that use it does. One
// that nobody uses may be one that knows no TLS: then withoutTLS is true.
func (b *bench) examine(ctx context.Context, name string) (e pluginhost.Examination, withoutTLS bool, err error) {
	uses := b.uses(name)
	tls := len(uses) == 0 || uses[0].Plugin.TLS
	e, err = b.examineOnce(ctx, pluginhost.Spec{Name: name, TLS: tls})
	var start *pluginhost.StartError
	if len(uses) > 0 || !errors.As(err, &start) || errors.Is(err, context.DeadlineExceeded) ||
		start.Stage != pluginhost.StageHandshake && start.Stage != pluginhost.StageDescribe {
		return e, !tls, err
	}
	if plain, err := b.examineOnce(ctx, pluginhost.Spec{Name: name}); err == nil {
		return plain, true, nil
	}
	return e, false, err
}

func (b *bench) examineOnce(ctx context.Context, spec pluginhost.Spec) (pluginhost.Examination, error) {
	ctx, cancel := context.WithTimeout(ctx, pluginPatience)
	defer cancel()
	return b.host.Examine(ctx, spec)
}

// pluginReason says in one line why a plugin can't be used.
func pluginReason(err error) string {
	text := err.Error()
	var start *pluginhost.StartError
	if errors.As(err, &start) {
		text = start.Cause.Error()
		if errors.Is(err, context.DeadlineExceeded) {
			text = "it gave no answer in time"
		}
		if start.Stderr != "" {
			text += "; its last words: " + start.Stderr
		}
	}
	var missing *pluginhost.NotFoundError
	if errors.As(err, &missing) {
		text = fmt.Sprintf("there is no executable addongw-plugin-%s in %s", missing.Name, strings.Join(missing.Searched, ", "))
	}
	return strings.Join(strings.Fields(text), " ")
}

// noPlugin is how a command about one plugin ends that is not there.
func noPlugin(name, dir string, err error) error {
	var missing *pluginhost.NotFoundError
	if !errors.As(err, &missing) {
		return &exitError{code: exitFailed, err: fmt.Errorf("the plugin %s can't be used: %s", name, pluginReason(err)), hint: cmp.Or(remedy(err), askTheDoctor(name, dir)+".")}
	}
	return &exitError{code: exitFailed, err: fmt.Errorf("there is no plugin %q: %s", name, pluginReason(err)), hint: whereElse(name, missing)}
}

// whereElse is what to do about a plugin that is not there.
func whereElse(name string, missing *pluginhost.NotFoundError) string {
	if !pluginhost.ValidName(name) {
		return "A plugin's name is of lower-case letters, digits and dashes: addongw-plugin-NAME without the beginning."
	}
	if near := diagnostic.DidYouMean(name, missing.Installed); near != "" {
		return near
	}
	return "Put it into one of these folders, or name its folder in gateway { plugin_dirs } and the directory with --dir."
}
