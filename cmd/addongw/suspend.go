package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/admin"
	"github.com/addongw/addongw/plugins/backend"
)

func newResourcesSuspend(c *command) *cobra.Command {
	var reason, follows string
	cmd := &cobra.Command{
		Use:   "suspend ID",
		Short: "Take a resource out of its customer's hands for a while",
		Long: "Locks the customer of a resource out; nothing of it is lost. It is recorded at once, and the backend follows: the\n" +
			"postgres backend by the login, the redis backend by stopping the server, the shell and http backends by their script or block\n" +
			"suspend; one that can't keeps the recorded state, and you are told.\n" +
			"Where the platform suspends and resumes, too, it has the last word when it does so later.",
		Example: `  addongw resources suspend res_06h1 --reason "The invoice of October is open."`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			said := func(r admin.Resource) error { return c.printTurned(r, follows) }
			return ask(c, "resources_suspend", said, func(client *admin.Client) (r admin.Resource, err error) {
				if r, err = client.Suspend(cmd.Context(), args[0], reason); err == nil {
					follows, err = follow(cmd.Context(), client, r)
				}
				return r, err
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
			said := func(r admin.Resource) error { return c.printTurned(r, "") }
			return ask(c, "resources_resume", said, func(client *admin.Client) (admin.Resource, error) {
				return client.Resume(cmd.Context(), args[0])
			})
		},
	}
}

// follow says what the backend does about a suspension that it has not carried out;
// "" of one that it has.
func follow(ctx context.Context, client *admin.Client, r admin.Resource) (string, error) {
	if r.LockedOut {
		return "", nil
	}
	d, err := client.Resource(ctx, r.ID)
	if err != nil {
		return "", err
	}
	for _, op := range d.Operations {
		if op.Verb == string(backend.VerbSuspend) && (op.State == string(gateway.OperationPending) || op.State == string(gateway.OperationRunning)) {
			return fmt.Sprintf("The customer is locked out once %s has done it: addongw resources show %s", r.Backend, r.ID), nil
		}
	}
	return fmt.Sprintf("It is only recorded: %s can't lock the customer out.", r.Backend), nil
}

// printTurned tells what became of a suspension or its end, and what follows.
func (c *command) printTurned(r admin.Resource, follows string) error {
	text := r.ID + " is " + r.State
	if r.Reason != "" {
		text += ": " + r.Reason
	}
	if follows != "" {
		text += "\n" + follows
	}
	_, err := fmt.Fprintln(c.out, text)
	return err
}
