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
			"the grace begins at once, and you tell the customer. Where it should have been told and does not answer, the rotation waits,\n" +
			"and rotate --force, once more, has it go on. A rotation whose end keeps failing gives way to another one with --force, too.\n\n" +
			"While both work, --undo gives the platform the old ones again.",
		Example: "  addongw resources rotate res_06h1 --wait\n  addongw resources rotate res_06h1 --undo",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("grace") {
				order.Grace = &grace
			}
			return ask(c, "resources_rotate", func(r admin.Resource) error { return c.printRotated(r, undo) }, func(client *admin.Client) (admin.Resource, error) {
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
				return rotated(cmd.Context(), client, r, undo, func(text string) { fmt.Fprintln(c.err, text) })
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&order.Force, "force", false, "also where the platform can't be told; of a rotation that waits for the platform, or can't be ended: go on")
	flags.DurationVar(&grace, "grace", 0, "how long the old credentials go on working once the platform has the new ones, such as 1h; 0s: not at all (default the plan's)")
	flags.BoolVar(&undo, "undo", false, "give the old credentials out again, and end the new ones")
	flags.BoolVar(&wait, "wait", false, "wait until only one of the two works")
	cmd.MarkFlagsMutuallyExclusive("undo", "force")
	cmd.MarkFlagsMutuallyExclusive("undo", "grace")
	return cmd
}

// rotated waits until a rotation is over, and tells how far it is whenever that
// changes. One that nobody has undone and that has replaced nothing has failed.
func rotated(ctx context.Context, client *admin.Client, r admin.Resource, undo bool, tell func(string)) (admin.Resource, error) {
	often := time.NewTicker(200 * time.Millisecond)
	defer often.Stop()
	told := ""
	for begun := r; r.Rotation != nil; {
		select {
		case <-ctx.Done():
			return r, errors.New("the waiting was interrupted; the rotation goes on")
		case <-often.C:
		}
		d, err := client.Resource(ctx, r.ID)
		if err != nil {
			return r, err
		}
		if r = d.Resource; r.Rotation == nil && !undo && !replaced(begun, r) {
			return r, fmt.Errorf("the credentials of %s were not replaced: addongw operations list --resource %s tells why", r.ID, r.ID)
		}
		if text := progress(d); text != "" && text != told {
			told = text
			tell(text)
		}
	}
	return r, nil
}

// progress is how far a rotation is, and what keeps its platform from being told.
func progress(d admin.ResourceDetail) string {
	text, r := rotationText(d.Resource), d.Resource.Rotation
	if r == nil || r.Due != nil || r.Forced {
		return text // the platform is not waited for
	}
	for _, op := range d.Operations {
		if op.Verb == "push" && op.State == string(gateway.OperationPending) && op.Error != "" {
			return text + " (" + op.Error + "); rotate --force goes on without it"
		}
	}
	return text
}

// replaced reports whether credentials were replaced between two looks.
func replaced(before, after admin.Resource) bool {
	return after.RotatedAt != nil && (before.RotatedAt == nil || after.RotatedAt.After(*before.RotatedAt))
}

// printRotated tells how far a rotation is.
func (c *command) printRotated(r admin.Resource, undo bool) error {
	text := rotationText(r)
	if text == "" {
		in, ended := "new", "old"
		if undo {
			in, ended = ended, in
		}
		text = fmt.Sprintf("the %s credentials are in use, and the %s ones have ended", in, ended)
	}
	_, err := fmt.Fprintf(c.out, "%s: %s\n", r.ID, text)
	return err
}

// rotationText says which credentials work, while that is more than one pair.
func rotationText(r admin.Resource) string {
	if r.Rotation == nil {
		return ""
	}
	these, others, due := "the new ones", "the old ones", r.Rotation.Due
	switch gateway.RotationPhase(r.Rotation.Phase) {
	case gateway.Staging:
		if r.Rotation.Sure {
			return "the old credentials are in use, what was begun of new ones is removed"
		}
		return "the old credentials are in use, new ones are being made"
	case gateway.Reverting:
		these, others = others, these
	}
	switch {
	case r.Rotation.Sure && due != nil && due.After(time.Now()):
		return fmt.Sprintf("%s are in use; %s could not be ended, which is tried again at %s", these, others, due.Format(time.RFC3339))
	case r.Rotation.Sure && (due != nil || r.Rotation.Forced):
		return fmt.Sprintf("%s are in use; %s end now", these, others)
	case r.Rotation.Sure:
		return fmt.Sprintf("%s are in use; %s end once %s has confirmed %s", these, others, r.Platform, these)
	case due == nil:
		return fmt.Sprintf("both credentials work; %s end %s after %s has %s", others, r.Rotation.Grace, r.Platform, these)
	}
	return fmt.Sprintf("both credentials work; %s end at %s", others, due.Format(time.RFC3339))
}
