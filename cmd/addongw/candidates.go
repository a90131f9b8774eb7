package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/admin"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/diagnostic/explain"
	"github.com/addongw/addongw/gateway/pluginhost"
	"github.com/addongw/addongw/gateway/scaffold"
)

// How long a person waits for a completion: for a gateway, and for all of it.
const (
	gatewayPatience = 300 * time.Millisecond
	patience        = time.Second
)

// candidates lists what may stand in a place. What the shell shows beside a
// word follows it behind a tab.
type candidates func(*asking) []cobra.Completion

// argumentCandidates are found by an argument's word in the Use line; ID goes
// by the command that its verb stands below.
func argumentCandidates() map[string]candidates {
	return map[string]candidates{
		"PLATFORM": platformCandidates, "ADDON": addonCandidates,
		"resources ID": resourceCandidates, "RESOURCE": resourceCandidates,
		"operations ID": operationCandidates, "OPERATION": operationCandidates,
		"CODE": words(explain.Codes()...), "NAME": pluginCandidates,
	}
}

// flagCandidates are found by a flag's name.
func flagCandidates() map[string]candidates {
	return map[string]candidates{
		"addon": addonCandidates, "plan": planCandidates, "region": regionCandidates, "platform": platformCandidates,
		"resource": resourceCandidates, "state": stateCandidates, "kind": kindCandidates, "format": words("text", "json", "github", "sarif", "junit"), "color": words("auto", "always", "never"),
		"template": words(scaffold.Templates()...),
	}
}

func words(list ...string) candidates {
	return func(*asking) []cobra.Completion { return list }
}

// asking is one question of a shell.
type asking struct {
	*command
	ctx  context.Context
	cmd  *cobra.Command
	args []string
	read bool
	cfg  *config.Config // see files
}

// files are read once somebody asks; nil where they have mistakes.
func (q *asking) files() *config.Config {
	if !q.read {
		q.read = true
		if options, err := q.loadOptions(); err == nil {
			q.cfg, _, _ = config.Load(q.ctx, options)
		}
	}
	return q.cfg
}

// find answers within a second or not at all, and without a word of complaint:
// a shell is in the middle of somebody's line. It reads no secrets and starts
// no plugins.
func (c *command) find(list candidates, cmd *cobra.Command, args []string) []cobra.Completion {
	if list == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	found := make(chan []cobra.Completion, 1)
	go func() { found <- list(&asking{command: c, ctx: ctx, cmd: cmd, args: args}) }()
	select {
	case list := <-found:
		return list
	case <-ctx.Done():
		return nil
	}
}

func stateCandidates(q *asking) (list []cobra.Completion) {
	if q.cmd.Parent().Name() == "operations" {
		for _, s := range gateway.OperationStates() {
			list = append(list, string(s))
		}
		return append(list, stateWaiting)
	}
	for _, s := range gateway.States() {
		list = append(list, string(s))
	}
	return list
}

func kindCandidates(*asking) (list []cobra.Completion) {
	for _, k := range gateway.ResourceKinds() {
		list = append(list, string(k))
	}
	return list
}

// platformCandidates are those of the files, or all of them: also for init,
// whose files are not there yet.
func platformCandidates(q *asking) []cobra.Completion {
	if q.files() == nil {
		return platformNames()
	}
	var list []cobra.Completion
	for _, name := range platformNames() {
		for _, a := range q.cfg.Addons {
			if slices.Contains(a.Platforms, name) && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	if q.cmd.Name() != "init" {
		for _, p := range q.cfg.Providers {
			if name := p.Scope().Platform; !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return list
}

// addons are those of the files, or those of them that a platform named before
// sells, or the one that a flag names.
func (q *asking) addons() []config.Addon {
	if q.files() == nil {
		return nil
	}
	named, _ := q.cmd.Flags().GetString("addon") // not every command has it
	return slices.DeleteFunc(slices.Clone(q.cfg.Addons), func(a config.Addon) bool {
		return named != "" && a.ID != named || len(q.args) > 0 && q.cmd.Name() == "manifest" && !slices.Contains(a.Platforms, q.args[0])
	})
}

func addonCandidates(q *asking) (list []cobra.Completion) {
	for _, a := range q.addons() {
		list = append(list, cobra.CompletionWithDesc(a.ID, a.Name))
	}
	if q.cfg == nil {
		return list
	}
	for _, p := range q.cfg.Providers {
		if scope := p.Scope(); q.cmd.Name() != "manifest" || len(q.args) == 0 || scope.Platform == q.args[0] {
			list = append(list, cobra.CompletionWithDesc(scope.Addon, "servers on "+scope.Platform))
		}
	}
	return list
}

func planCandidates(q *asking) (list []cobra.Completion) {
	for _, a := range q.addons() {
		for _, p := range a.Plans {
			list = append(list, cobra.CompletionWithDesc(p.ID, a.Name+", "+p.Name))
		}
	}
	return list
}

func regionCandidates(q *asking) (list []cobra.Completion) {
	for _, a := range q.addons() {
		for _, r := range a.Regions {
			list = append(list, cobra.CompletionWithDesc(r.ID, a.Name+", "+r.Title))
		}
	}
	return list
}

// pluginCandidates are the files that are named as plugins are, and what the
// backends of the files use.
func pluginCandidates(q *asking) (list []cobra.Completion) {
	files := &config.Files{}
	if options, err := q.loadOptions(); err == nil {
		_, files, _ = config.Load(q.ctx, options) // also those that have mistakes: somebody may be looking for them
	}
	host, err := newHost(pluginhost.Options{Dirs: files.Gateway.PluginDirs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil
	}
	defer func() { _ = host.Close(q.ctx) }()
	var names []string
	for _, b := range host.Binaries() {
		if !slices.Contains(names, b.Name) {
			names = append(names, b.Name)
			list = append(list, cobra.CompletionWithDesc(b.Name, conformance.Printable(b.Path)))
		}
	}
	for _, u := range files.Uses {
		if !slices.Contains(names, u.Plugin.Name) {
			names = append(names, u.Plugin.Name)
			list = append(list, cobra.CompletionWithDesc(u.Plugin.Name, "missing, used by backend "+u.Backend))
		}
	}
	return list
}

// client reaches the gateway of --admin, else that of the configuration, else
// the one beside files that have mistakes just now.
func (q *asking) client() (*admin.Client, error) {
	address := q.admin
	switch {
	case address != "":
	case q.files() != nil:
		address = adminListen(q.cfg.Gateway, q.cfg.Store)
	default:
		address = "unix:" + filepath.Join(q.dir, "admin.sock")
	}
	path, err := admin.SocketPath(address)
	if err != nil {
		return nil, err
	}
	return admin.NewClient(path), nil
}

func resourceCandidates(q *asking) (list []cobra.Completion) {
	page := fromGateway(q, func(ctx context.Context, client *admin.Client) (admin.Resources, error) {
		return client.Resources(ctx, gateway.ResourceFilter{Limit: 1000})
	})
	for _, r := range page.Resources {
		list = append(list, cobra.CompletionWithDesc(r.ID, conformance.Printable(r.Addon+", "+r.Plan+", "+r.State)))
	}
	return list
}

func operationCandidates(q *asking) (list []cobra.Completion) {
	page := fromGateway(q, func(ctx context.Context, client *admin.Client) (admin.Operations, error) {
		return client.Operations(ctx, gateway.OperationFilter{Limit: 1000})
	})
	for _, o := range page.Operations {
		list = append(list, cobra.CompletionWithDesc(o.ID, conformance.Printable(o.Verb+" of "+o.ResourceID+", "+stateText(o))))
	}
	return list
}

// fromGateway makes one call, and waits a moment for it; its answer is empty
// where none comes.
func fromGateway[T any](q *asking, call func(context.Context, *admin.Client) (T, error)) T {
	var none T
	client, err := q.client()
	if err != nil {
		return none
	}
	ctx, cancel := context.WithTimeout(q.ctx, gatewayPatience)
	defer cancel()
	answer, err := call(ctx, client)
	if err != nil {
		return none
	}
	return answer
}
