package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/admin"
)

func newStatus(c *command) *cobra.Command {
	return &cobra.Command{
		Use:   "status [DIR]",
		Short: "Show how the running gateway is",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.dirArgument(cmd, args); err != nil {
				return err
			}
			return ask(c, "status", c.printStatus, func(client *admin.Client) (admin.Status, error) {
				return client.Status(cmd.Context())
			})
		},
	}
}

func (c *command) printStatus(s admin.Status) error {
	ready := "yes"
	if !s.Ready {
		ready = "no: " + s.Reason
	}
	return table(c.out, told([][]string{
		{"version", s.Version}, {"ready", ready}, {"started", c.when(s.StartedAt)}, {"listens on", s.Listen},
		{"configuration", s.Directory}, {"digest", s.Digest}, {"loaded", c.when(s.LoadedAt)},
		{"add-ons", strings.Join(s.Addons, ", ")}, {"providers", strings.Join(s.Providers, ", ")}, {"backends", strings.Join(s.Backends, ", ")},
	}))
}
