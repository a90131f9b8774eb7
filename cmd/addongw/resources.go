package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/admin"
	"github.com/addongw/addongw/gateway/conformance"
)

func newResources(c *command) *cobra.Command {
	resources := &cobra.Command{
		Use:   "resources",
		Short: "Look at the resources of a running gateway",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	resources.AddCommand(newResourcesList(c), newResourcesShow(c), newResourcesRetry(c), newResourcesSuspend(c), newResourcesResume(c), newResourcesRotate(c), newResourcesPush(c), newResourcesReconcile(c))
	return resources
}

func newResourcesList(c *command) *cobra.Command {
	var f gateway.ResourceFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List resources",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(c, "resources_list", c.printResources, func(client *admin.Client) (admin.Resources, error) {
				return client.Resources(cmd.Context(), f)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar((*string)(&f.Kind), "kind", "", "only of this kind: addon, server or ssh_key")
	flags.StringVar(&f.Addon, "addon", "", "only of this add-on")
	flags.StringVar(&f.Plan, "plan", "", "only of this plan")
	flags.StringVar(&f.Platform, "platform", "", "only of this platform")
	flags.StringVar(&f.Region, "region", "", "only of this region")
	flags.StringVar((*string)(&f.State), "state", "", "only in this state, such as active or failed")
	flags.IntVar(&f.Limit, "limit", 0, "at most so many (default 100)")
	flags.StringVar(&f.After, "after", "", "the id of the last resource of the page before")
	return cmd
}

func (c *command) printResources(page admin.Resources) error {
	if len(page.Resources) == 0 {
		fmt.Fprintln(c.err, "No resources.")
		return nil
	}
	rows := [][]string{{"ID", "ADD-ON", "PLAN", "REGION", "PLATFORM", "PLATFORM ID", "STATE", "CREATED"}}
	isRented := func(r admin.Resource) bool { return r.Kind != string(gateway.KindAddon) }
	if slices.ContainsFunc(page.Resources, isRented) {
		rows = [][]string{{"ID", "KIND", "OF", "PLAN OR SIZE", "REGION", "PLATFORM", "NAME OR PLATFORM ID", "STATE", "CREATED"}}
	}
	for _, r := range page.Resources {
		row := []string{r.ID, r.Addon, r.Plan, r.Region, r.Platform, r.ExternalID, r.State, c.when(r.CreatedAt)}
		if len(rows[0]) > len(row) {
			if isRented(r) {
				row[5] = r.Name // they have no other id on their platform than ours
			}
			row = slices.Insert(row, 1, r.Kind)
		}
		rows = append(rows, row)
	}
	if err := table(c.out, rows); err != nil {
		return err
	}
	if page.Next != "" {
		c.printNext("resources", page.Next)
	}
	return nil
}

// printNext says how to see the next page.
func (c *command) printNext(what, after string) {
	where := "--dir " + shellQuote(c.dir)
	if c.admin != "" {
		where = "--admin " + shellQuote(c.admin)
	}
	fmt.Fprintf(c.err, "There may be more: addongw %s list %s --after %s\n", what, where, after)
}

func newResourcesShow(c *command) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show a resource and its operations",
		Long:  "Shows a resource and its operations. ID is ours, the platform's, or a unique beginning of ours.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(c, "resources_show", c.printResource, func(client *admin.Client) (admin.ResourceDetail, error) {
				return client.Resource(cmd.Context(), args[0])
			})
		},
	}
}

func newResourcesRetry(c *command) *cobra.Command {
	return &cobra.Command{
		Use:   "retry ID",
		Short: "Try what waits of a resource again, now",
		Long: "Tries the operations of a resource again, now, that wait for an operator or for their next attempt. Their backend is\n" +
			"told what the files say today: mend them, reload, retry.\n\n" +
			"Work on a server may wait for its caller's credentials: they are never written down, so that a restart forgets them.\n" +
			"It goes on by itself at the caller's next call. Retry does not wait for that and calls the backend without credentials:\n" +
			"right where it needs none for this work, such as for removing a server whose customer has gone.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(c, "resources_retry", c.printOperation, func(client *admin.Client) (admin.Operation, error) {
				return client.Retry(cmd.Context(), args[0])
			})
		},
	}
}

// lockedOutText says whether a suspension is more than recorded.
func lockedOutText(r admin.Resource) string {
	if r.State != string(gateway.Suspended) {
		return ""
	}
	return yesNo(r.LockedOut)
}

func (c *command) printResource(d admin.ResourceDetail) error {
	r := d.Resource
	kind, of, plan, sent := "", "add-on", "plan", yesNo(r.Delivered)
	if r.Kind != string(gateway.KindAddon) {
		kind, of, plan, sent = r.Kind, "provider", "size", "" // it has no config vars
	}
	facts := [][]string{
		{"id", r.ID}, {"kind", kind}, {of, r.Addon}, {plan, r.Plan}, {"next plan", r.DesiredPlan}, {"region", r.Region},
		{"platform", r.Platform}, {"platform id", r.ExternalID}, {"name", r.Name}, {"application", r.App}, {"owner", ownerText(r.Owner)},
		{"owner's e-mails", emailsText(r.Owner)},
		{"options", optionsText(r.Options)}, {"backend", r.Backend}, {"state", r.State}, {"reason", r.Reason}, {"locked out", lockedOutText(r)}, {"last error", r.LastError},
		{"config vars sent", sent}, {"rotation", rotationText(r)}, {"credentials rotated", c.optionalWhen(r.RotatedAt)},
	}
	facts = append(facts, c.serverFacts(d)...)
	facts = append(facts, [][]string{
		{"created", c.when(r.CreatedAt)}, {"updated", c.when(r.UpdatedAt)},
		{"promised", promiseText(r)},
	}...)
	if r.DeletedAt != nil {
		facts = append(facts, []string{"deprovisioned", c.when(*r.DeletedAt)})
	}
	if err := table(c.out, told(facts)); err != nil {
		return err
	}
	fmt.Fprintln(c.out)
	return c.printOperations(d.Operations)
}

// serverFacts are what is known of a server beside its row. Its password is not
// for operators.
func (c *command) serverFacts(d admin.ResourceDetail) [][]string {
	s := d.Server
	if s == nil {
		return nil
	}
	doing := ""
	switch {
	case s.Doing != "" && s.Begun:
		doing = s.Doing
	case s.Doing != "":
		doing = s.Doing + ", not begun yet"
	}
	ref := s.Ref
	if ref == d.Resource.ID {
		ref = "" // the backend has no id of its own
	}
	return [][]string{
		{"backend's id", ref}, {"status", s.Status}, {"external ip", s.ExternalIP}, {"internal ip", s.InternalIP},
		{"being done", doing}, {"looked at", c.optionalWhen(s.LookedAt)},
	}
}

// promiseText says what became of the promise to a platform that was answered
// before the resource was there; empty where none is of interest.
func promiseText(r admin.Resource) string {
	switch {
	case !r.Accepted || r.State == string(gateway.Deprovisioning) || r.State == string(gateway.Deprovisioned):
		return ""
	case r.State == string(gateway.Failed):
		return "its platform still waits for it, and cannot be told that it failed"
	case r.Delivered:
		return "its platform was told that it is there"
	}
	return "its platform was answered before it was there, and is told when it is"
}

func ownerText(o *admin.Owner) string {
	if o == nil {
		return ""
	}
	return strings.Join(nonEmpty(o.ID, o.Name, o.Email), ", ")
}

// emailsText lists the addresses of an owner that has several.
func emailsText(o *admin.Owner) string {
	if o == nil || len(o.Emails) < 2 {
		return ""
	}
	return strings.Join(o.Emails, ", ")
}

func optionsText(options map[string]string) string {
	var parts []string
	for k, v := range options {
		parts = append(parts, k+"="+v)
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}

func nonEmpty(texts ...string) []string {
	var kept []string
	for _, t := range texts {
		if t != "" {
			kept = append(kept, t)
		}
	}
	return kept
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// ask makes one admin call and prints its answer: as JSON of that kind, or by
// print.
func ask[T any](c *command, kind string, print func(T) error, call func(*admin.Client) (T, error)) error {
	client, err := c.adminClient()
	if err != nil {
		return err
	}
	answer, err := call(client)
	if err != nil {
		return c.adminFailed(err)
	}
	if c.format == "json" {
		return c.printJSON(envelope{kind, answer})
	}
	return print(answer)
}

// told leaves out the facts that nobody has told: names without a value.
func told(facts [][]string) [][]string {
	return slices.DeleteFunc(facts, func(f []string) bool { return f[1] == "" })
}

// adminClient makes a client for --admin, else for the address in the
// configuration.
func (c *command) adminClient() (*admin.Client, error) {
	address := c.admin
	if address == "" {
		found, err := c.adminAddress()
		if err != nil {
			return nil, err
		}
		address = found
	}
	path, err := admin.SocketPath(address)
	if err != nil {
		return nil, usage(err, "")
	}
	return admin.NewClient(path), nil
}

// adminFailed gives an admin call's error its exit code and the next step.
func (c *command) adminFailed(err error) error {
	if errors.Is(err, admin.ErrUnreachable) {
		return &exitError{
			code: exitUnreachable, err: err,
			hint: "Is it running (addongw serve DIR)? Name its socket with --admin unix:PATH or its directory with --dir DIR.",
		}
	}
	var e *gateway.Error
	if errors.As(err, &e) {
		return &exitError{code: exitFailed, err: errors.New(e.Message)}
	}
	return failed(err)
}

// when shows an instant: relative for a person at a terminal, else RFC 3339.
func (c *command) when(t time.Time) string {
	if !isTerminal(c.out) {
		return t.UTC().Format(time.RFC3339)
	}
	age := time.Since(t)
	switch {
	case age < time.Minute:
		return fmt.Sprintf("%ds ago", int(age.Seconds()))
	case age < time.Hour:
		return fmt.Sprintf("%dm ago", int(age.Minutes()))
	case age < 48*time.Hour:
		return fmt.Sprintf("%dh ago", int(age.Hours()))
	default:
		return fmt.Sprintf("%dd ago", int(age.Hours()/24))
	}
}

// table prints rows in columns. Names of owners and the like come from
// strangers: what would move a terminal's cursor is shown, not obeyed.
func table(w io.Writer, rows [][]string) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = conformance.Printable(cell)
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	return tw.Flush()
}
