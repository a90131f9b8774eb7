package main

import (
	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/admin"
)

func newResourcesPush(c *command) *cobra.Command {
	return &cobra.Command{
		Use:   "push ID",
		Short: "Send a resource's config vars to its platform",
		Long: "Renders the config vars of a resource as the configuration says now, and has them sent to its platform's own\n" +
			"API in place of those it knows. The call is made by the gateway; it is repeated until it succeeds.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(c, "resources_push", c.printOperation, func(client *admin.Client) (admin.Operation, error) {
				return client.Push(cmd.Context(), args[0])
			})
		},
	}
}
