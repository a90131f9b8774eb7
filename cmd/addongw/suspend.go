package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/admin"
)

func newResourcesSuspend(c *command) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "suspend ID",
		Short: "Take a resource out of its customer's hands for a while",
		Long: "Locks the customer of a resource out; nothing of it is lost. It is recorded at once, and the backend follows: the\n" +
			"postgres backend by the login, the shell backend by its script suspend; one that can't keeps the recorded state.\n" +
			"Where the platform suspends and resumes, too, it has the last word when it does so later.",
		Example: `  addongw resources suspend res_06h1 --reason "The invoice of October is open."`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(c, "resources_suspend", c.printTurned, func(client *admin.Client) (admin.Resource, error) {
				return client.Suspend(cmd.Context(), args[0], reason)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "a sentence for the customer, who reads it on the resource's page")
	return cmd
}

func newResourcesResume(c *command) *cobra.Command {
	return &cobra.Command{
		Use:   "resume ID",
		Short: "Give a suspended resource back to its customer",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(c, "resources_resume", c.printTurned, func(client *admin.Client) (admin.Resource, error) {
				return client.Resume(cmd.Context(), args[0])
			})
		},
	}
}

// printTurned tells what became of a suspension or its end.
func (c *command) printTurned(r admin.Resource) error {
	text := r.ID + " is " + r.State
	if r.Reason != "" {
		text += ": " + r.Reason
	}
	_, err := fmt.Fprintln(c.out, text)
	return err
}
