package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/admin"
)

func newResourcesRotate(c *command) *cobra.Command {
	var order gateway.RotateOrder
	var grace time.Duration
	var undo, wait bool
	cmd := &cobra.Command{
		Use:   "rotate ID",
		Short: "Replace a resource's credentials, without a moment in which none work",
		Long: "Has the backend make new credentials beside the old ones, and the platform told of them. Once it has them, the old ones go on\n" +
			"working for a grace (the plan's rotate_grace, 15m unless told) and then end, with the sessions that use them.\n\n" +
			"What the platform is never told would lock its customer out: where it can't be, rotate is refused without --force. With it,\n" +
			"the grace begins at once, and you tell the customer. While both work, --undo gives the platform the old ones again.",
		Example: "  addongw resources rotate res_06h1 --wait\n  addongw resources rotate res_06h1 --undo",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("grace") {
				order.Grace = &grace
			}
			return ask(c, "resources_rotate", c.printRotated, func(client *admin.Client) (admin.Resource, error) {
				var r admin.Resource
				var err error
				if undo {
					r, err = client.UndoRotation(cmd.Context(), args[0])
				} else {
					r, err = client.Rotate(cmd.Context(), args[0], order)
				}
				if err != nil || !wait {
					return r, err
				}
				return rotated(cmd.Context(), client, r)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&order.Force, "force", false, "also where the platform can't be told")
	flags.DurationVar(&grace, "grace", 0, "how long the old credentials go on working once the platform has the new ones, such as 1h; 0s: not at all (default the plan's)")
	flags.BoolVar(&undo, "undo", false, "give the old credentials out again, and end the new ones")
	flags.BoolVar(&wait, "wait", false, "wait until only one of the two works")
	cmd.MarkFlagsMutuallyExclusive("undo", "force")
	cmd.MarkFlagsMutuallyExclusive("undo", "grace")
	return cmd
}

// rotated waits until a rotation is over.
func rotated(ctx context.Context, client *admin.Client, r admin.Resource) (admin.Resource, error) {
	often := time.NewTicker(200 * time.Millisecond)
	defer often.Stop()
	for r.Rotation != nil {
		select {
		case <-ctx.Done():
			return r, errors.New("the waiting was interrupted; the rotation goes on")
		case <-often.C:
		}
		d, err := client.Resource(ctx, r.ID)
		if err != nil {
			return r, err
		}
		r = d.Resource
	}
	return r, nil
}

// printRotated tells how far a rotation is.
func (c *command) printRotated(r admin.Resource) error {
	text := rotationText(r)
	if text == "" {
		text = "one of both credentials is in use, and the other has ended"
	}
	_, err := fmt.Fprintf(c.out, "%s: %s\n", r.ID, text)
	return err
}

// rotationText says which credentials work, while that is more than one pair.
func rotationText(r admin.Resource) string {
	if r.Rotation == nil {
		return ""
	}
	these, others := "the new ones", "the old ones"
	switch gateway.RotationPhase(r.Rotation.Phase) {
	case gateway.Staging:
		return "the old credentials are in use, new ones are being made"
	case gateway.Reverting:
		these, others = others, these
	}
	switch {
	case r.Rotation.Sure:
		return fmt.Sprintf("both credentials work; %s end once %s has confirmed %s", others, r.Platform, these)
	case r.Rotation.Due == nil:
		return fmt.Sprintf("both credentials work; %s end %s after %s has %s", others, r.Rotation.Grace, r.Platform, these)
	}
	return fmt.Sprintf("both credentials work; %s end at %s", others, r.Rotation.Due.Format(time.RFC3339))
}
