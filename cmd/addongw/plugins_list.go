package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/pluginhost"
)

// listedPlugin is one line of plugins list.
type listedPlugin struct {
	Name         string   `json:"name"`
	OK           bool     `json:"ok"`
	Problem      string   `json:"problem"` // why it can't be used; empty when it can
	Version      string   `json:"version"`
	Protocol     int      `json:"protocol"` // 0 where it did not come to that
	TLS          bool     `json:"tls"`      // false: a backend with it needs tls = false
	Capabilities []string `json:"capabilities"`
	Actions      []string `json:"actions"`
	Path         string   `json:"path"`     // empty: it is missing
	Checksum     string   `json:"checksum"` // as a backend block's checksum is written
	Backends     []string `json:"backends"` // of the directory, that use it

	shown *pluginhost.Examination // nil: it could not be started
	err   error                   // the problem
}

func newPluginsList(c *command) *cobra.Command {
	return &cobra.Command{
		Use:   "list [DIR]",
		Short: "List the plugins that are found",
		Long: "Lists the plugins beside addongw and in the plugin_dirs of a configuration directory, where there is one, and which\n" +
			"backends use them. Each is started for a moment, without configuration and secrets. One that can't be used is listed\n" +
			"with the reason; exits with 1 where a backend uses such a one.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.dirArgument(cmd, args); err != nil {
				return err
			}
			b, err := c.openBench(cmd)
			if err != nil {
				return err
			}
			defer b.close()
			list := forAll(b.names(), func(name string) listedPlugin { return b.look(cmd.Context(), name) })
			if err := cmd.Context().Err(); err != nil {
				return failed(err)
			}
			return c.printPlugins(b, list)
		},
	}
}

// look finds out what is to be told of one plugin. A file that is not the one
// that a backend pins is not started.
func (b *bench) look(ctx context.Context, name string) listedPlugin {
	uses := b.uses(name)
	p := listedPlugin{Name: name, TLS: true, Capabilities: []string{}, Actions: []string{}, Backends: backendNames(uses)}
	p.err = func() (err error) {
		if p.Path, err = b.host.Find(name); err != nil {
			return err
		}
		if p.Checksum, err = pluginhost.Checksum(p.Path); err != nil {
			return err
		}
		for _, u := range uses {
			if pin := u.Plugin.Checksum; pin != "" && pin != p.Checksum {
				return fmt.Errorf("backend %s pins another checksum, %s", u.Backend, pin)
			}
		}
		e, withoutTLS, err := b.examine(ctx, name)
		if err != nil {
			return err
		}
		p.shown = &e
		p.Version, p.Protocol, p.TLS = e.Description.Version, e.Protocol, !withoutTLS
		p.Actions = append(p.Actions, e.Description.Actions...)
		for _, can := range e.Description.Capabilities {
			p.Capabilities = append(p.Capabilities, string(can))
		}
		for _, u := range uses {
			if err := e.Suits(pluginhost.Spec{Name: name, Version: u.Plugin.Version}); err != nil {
				return fmt.Errorf("backend %s needs another version, %s", u.Backend, u.Plugin.Version)
			}
		}
		return nil
	}()
	if p.OK = p.err == nil; !p.OK {
		p.Problem = pluginReason(p.err)
	}
	return p
}

func (c *command) printPlugins(b *bench, list []listedPlugin) error {
	var broken []string
	for _, p := range list {
		if !p.OK && len(p.Backends) > 0 {
			broken = append(broken, p.Name)
		}
	}
	if c.format == "json" {
		err := c.printJSON(envelope{"plugins_list", struct {
			Valid   bool           `json:"valid"`       // every plugin that a backend uses can be used
			Whole   bool           `json:"files_valid"` // false: the files have mistakes, and may name more
			Plugins []listedPlugin `json:"plugins"`
		}{len(broken) == 0, b.sound, list}})
		if err == nil && len(broken) > 0 {
			return &exitError{code: exitFailed}
		}
		return failed(err)
	}
	c.warnOfFaultyFiles(b)
	if len(list) == 0 {
		fmt.Fprintln(c.err, "No plugins.")
		return nil
	}
	if err := table(c.out, pluginRows(list)); err != nil {
		return err
	}
	if len(broken) == 0 {
		return nil
	}
	return &exitError{
		code: exitFailed, err: fmt.Errorf("backends use what can't be used: %s", strings.Join(broken, ", ")),
		hint: askTheDoctor(broken[0], c.dir) + ".",
	}
}

func pluginRows(list []listedPlugin) [][]string {
	rows := [][]string{{"NAME", "VERSION", "PROTOCOL", "CAN", "ACTIONS", "BACKENDS", "PATH", "CHECKSUM"}}
	problems := slices.ContainsFunc(list, func(p listedPlugin) bool { return !p.OK })
	if problems {
		rows[0] = append(rows[0], "PROBLEM")
	}
	for _, p := range list {
		protocol, actions := "", ""
		if p.Protocol > 0 {
			protocol, actions = strconv.Itoa(p.Protocol), strconv.Itoa(len(p.Actions))
		}
		if p.Protocol > 0 && !p.TLS {
			protocol += ", tls = false"
		}
		row := []string{p.Name, p.Version, protocol, strings.Join(p.Capabilities, ", "), actions, strings.Join(p.Backends, ", "), p.Path, p.Checksum}
		for i, cell := range row {
			if cell == "" {
				row[i] = "-"
			}
		}
		if problems {
			row = append(row, p.Problem)
		}
		rows = append(rows, row)
	}
	return rows
}
