package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/admin"
)

func newOperations(c *command) *cobra.Command {
	operations := &cobra.Command{
		Use:   "operations",
		Short: "Look at the operations of a running gateway",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	operations.AddCommand(newOperationsList(c), newOperationsShow(c))
	return operations
}

func newOperationsList(c *command) *cobra.Command {
	var f gateway.OperationFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List operations, newest first",
		Long: "Lists operations, newest first. One that waits for somebody says so in place of its state: for you (it is parked, and\n" +
			"goes on after \"addongw resources retry\"), for its caller's credentials, for its backend, or for its platform.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.State == stateWaiting {
				f.State, f.Waiting = "", true
			}
			return ask(c, "operations_list", c.printOperationsPage, func(client *admin.Client) (admin.Operations, error) {
				return client.Operations(cmd.Context(), f)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.ResourceID, "resource", "", "only of this resource")
	flags.StringVar((*string)(&f.State), "state", "", "only in this state: pending, running, done, failed or cancelled; or waiting")
	flags.BoolVar(&f.Waiting, "waiting", false, "only those that wait for somebody: --state waiting")
	flags.IntVar(&f.Limit, "limit", 0, "at most so many (default 100)")
	flags.StringVar(&f.After, "after", "", "the id of the last operation of the page before")
	return cmd
}

// stateWaiting stands for every operation that waits for somebody: it is
// pending, to the engine.
const stateWaiting = "waiting"

func newOperationsShow(c *command) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show one operation",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(c, "operations_show", c.printOperation, func(client *admin.Client) (admin.Operation, error) {
				return client.Operation(cmd.Context(), args[0])
			})
		},
	}
}

func (c *command) printOperationsPage(page admin.Operations) error {
	if len(page.Operations) == 0 {
		fmt.Fprintln(c.err, "No operations.")
		return nil
	}
	if err := c.printOperations(page.Operations); err != nil {
		return err
	}
	if page.Next != "" {
		c.printNext("operations", page.Next)
	}
	return nil
}

func (c *command) printOperations(ops []admin.Operation) error {
	rows := [][]string{{"OPERATION", "RESOURCE", "VERB", "STATE", "ATTEMPT", "STEP", "CREATED", "ERROR"}}
	for _, o := range ops {
		rows = append(rows, []string{
			o.ID, o.ResourceID, verbText(o), stateText(o), strconv.Itoa(o.Attempt), o.Step, c.when(o.CreatedAt), presentError(o),
		})
	}
	return table(c.out, rows)
}

func (c *command) printOperation(o admin.Operation) error {
	facts := [][]string{
		{"id", o.ID}, {"resource", o.ResourceID}, {"verb", verbText(o)}, {"state", stateText(o)},
		{"attempt", strconv.Itoa(o.Attempt)}, {"step", o.Step}, {"plan", o.Plan}, {"error", presentError(o)}, {"earlier error", earlierError(o)},
		{"due", c.optionalWhen(o.RunAt)}, {"created", c.when(o.CreatedAt)}, {"finished", c.optionalWhen(o.FinishedAt)},
	}
	return table(c.out, told(facts))
}

// presentError is the last error as long as it explains what is to be seen: why an
// operation waits, is tried again, or has failed. Later it misleads.
func presentError(o admin.Operation) string {
	switch gateway.OperationState(o.State) {
	case gateway.OperationPending, gateway.OperationFailed:
		return o.Error
	}
	return ""
}

// earlierError is the last error where it is history.
func earlierError(o admin.Operation) string {
	if presentError(o) != "" {
		return ""
	}
	return o.Error
}

func (c *command) optionalWhen(t *time.Time) string {
	if t == nil {
		return ""
	}
	return c.when(*t)
}

// verbText names the action where the operation is one, and tells the purge of data that a removal has kept, and when it is due.
func verbText(o admin.Operation) string {
	if o.Action != "" {
		return o.Action
	}
	if o.Mode != "purge" {
		return o.Verb
	}
	text := o.Verb + " (" + o.Mode
	if o.RunAt != nil && o.RunAt.After(time.Now()) {
		text += " due " + o.RunAt.UTC().Format(time.RFC3339)
	}
	return text + ")"
}

// stateText shows an operation that is not due as what it waits for.
func stateText(o admin.Operation) string {
	switch o.WaitingFor {
	case "":
		return o.State
	case "human":
		return "parked, waiting for you"
	case "backend":
		return "waiting for its backend"
	case "platform":
		return "waiting for its platform"
	case "credentials":
		return "waiting for its caller's credentials"
	}
	return "waiting for " + o.WaitingFor
}
