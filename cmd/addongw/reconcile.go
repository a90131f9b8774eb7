package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/admin"
	"github.com/addongw/addongw/gateway/conformance"
)

func newResourcesReconcile(c *command) *cobra.Command {
	var platform, addon string
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Compare what platforms list with the gateway's resources",
		Long: "Asks every platform that lists its add-ons, and compares with the gateway's resources both ways. Nothing is\n" +
			"changed, here or there. Exit code: 0 when all agree, 2 when they differ, 1 when a listing could not be had.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var found admin.Reconciliation
			err := ask(c, "resources_reconcile", c.printReconciliation, func(client *admin.Client) (_ admin.Reconciliation, err error) {
				found, err = client.Reconcile(cmd.Context(), platform, addon)
				return found, err
			})
			if err != nil {
				return err
			}
			return verdict(found)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&addon, "addon", "", "only of this add-on")
	flags.StringVar(&platform, "platform", "", "only of this platform")
	return cmd
}

// verdict turns what was printed into the exit code. A listing that is missing
// outweighs differences: there may be more.
func verdict(found admin.Reconciliation) error {
	for _, one := range found.Compared {
		if one.Error != "" {
			return &exitError{code: exitFailed}
		}
	}
	if len(found.Differences) > 0 {
		return &exitError{code: exitDifference}
	}
	return nil
}

// differences says what a kind of difference is to an operator, and what to do
// about it.
var differences = map[string]struct{ what, next string }{
	string(gateway.UnknownHere): {"listed there, never ordered here",
		"Nothing is behind it: have the platform remove it."},
	string(gateway.EndedHere): {"listed there, ended here",
		"Nothing is behind it any more: have the platform remove it."},
	string(gateway.UnknownThere): {"living here, not listed there",
		"Nobody pays for it: when the platform agrees that it is gone, have it call deprovision once more."},
	string(gateway.OtherPlan): {"another plan there",
		"Have the platform change the plan once more, to the one that the customer has ordered."},
}

func (c *command) printReconciliation(found admin.Reconciliation) error {
	for _, one := range found.Compared {
		if one.Error != "" {
			c.printError(&exitError{err: errors.New(one.Platform + ", " + one.Addon + ": no listing: " + conformance.Printable(one.Error))})
			continue
		}
		fmt.Fprintf(c.err, "%s, %s: %d listed there, %d living here\n", one.Platform, one.Addon, one.Listed, one.Living)
	}
	if len(found.Differences) == 0 {
		return nil
	}
	said := map[string]bool{}
	rows := [][]string{{"DIFFERENCE", "PLATFORM", "ADD-ON", "PLATFORM ID", "PLAN THERE", "RESOURCE", "PLAN", "STATE", "CONFIG VARS SENT", "CREATED"}}
	for _, d := range found.Differences {
		kind := differences[d.Difference]
		row := []string{kind.what, d.Platform, d.Addon, platformID(d), orNone(d.PlatformPlan)}
		if r := d.Resource; r != nil {
			row = append(row, r.ID, r.Plan, r.State, yesNo(r.Delivered), c.when(r.CreatedAt))
		} else {
			row = append(row, "-", "-", "-", "-", "-")
		}
		rows = append(rows, row)
		if !said[d.Difference] {
			said[d.Difference] = true
			fmt.Fprintf(c.err, "%s: %s\n", kind.what, kind.next)
		}
	}
	return table(c.out, rows)
}

// platformID is by what an operator finds an add-on on its platform.
func platformID(d admin.Difference) string {
	if d.ExternalID == "" && d.App != "" {
		return "app " + d.App
	}
	return d.ExternalID
}

func orNone(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
