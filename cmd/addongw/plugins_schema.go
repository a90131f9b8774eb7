package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/pluginhost"
	"github.com/addongw/addongw/gateway/reference"
)

func newPluginsSchema(c *command) *cobra.Command {
	return &cobra.Command{
		Use:   "schema NAME",
		Short: "Print what a plugin takes and gives",
		Long: "Prints what a plugin says of itself, as Markdown: the settings of its config block, the params of a plan, options,\n" +
			"outputs, abilities and actions. Outputs and actions that depend on the configuration are not among them. With --json\n" +
			"the same as one object, for editors and programs that write files.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := c.openBench(cmd)
			if err != nil {
				return err
			}
			defer b.close()
			name := args[0]
			p := b.look(cmd.Context(), name)
			if p.shown == nil {
				return noPlugin(name, c.dir, p.err)
			}
			return c.printPluginSchema(*p.shown)
		},
	}
}

func (c *command) printPluginSchema(e pluginhost.Examination) error {
	if c.format == "json" {
		return failed(c.printJSON(envelope{"plugins_schema", struct {
			Protocol int `json:"protocol"`
			reference.Plugin
		}{e.Protocol, reference.NewPlugin(e.Description)}}))
	}
	for line := range strings.Lines(reference.PluginText(e.Description)) {
		if _, err := fmt.Fprintln(c.out, conformance.Printable(strings.TrimSuffix(line, "\n"))); err != nil {
			return failed(err)
		}
	}
	return nil
}
