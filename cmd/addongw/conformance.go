package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/all"
	"github.com/addongw/addongw/gateway/diagnostic"
)

// conformanceFlags are what the flags of "addongw conformance" say.
type conformanceFlags struct {
	target  targetFlags
	only    []string
	keep    bool
	strict  bool
	verbose bool
	timeout time.Duration
	wait    time.Duration
	listen  string
}

func newConformance(c *command) *cobra.Command {
	var o conformanceFlags
	cmd := &cobra.Command{
		Use:   "conformance PLATFORM",
		Short: "Act as a platform against any provider, and check its answers",
		Long: "Sends what a platform (" + strings.Join(conformancePlatforms(), ", ") + ") would send to a provider, whoever wrote it, and checks\n" +
			"the answers: orders, repeats, plan changes, sign-ons good and forged, removals. For each rule that is broken it says\n" +
			"what the platform would do. It removes what it made, also after Ctrl-C.\n\n" +
			"The provider is found by its manifest (--manifest; its test environment, where it has one), or by --url with\n" +
			"--username. Password and salt can come from the environment, and without a manifest must: ADDONGW_PASSWORD and\n" +
			"ADDONGW_SSO_SALT.\n\n" +
			"Providers of servers (nanobox) are found by --url, or by the endpoint in --manifest, and say themselves which credentials\n" +
			"they take. Those of a customer come from the environment, such as ADDONGW_CREDENTIAL_ACCESS_TOKEN for access-token, and\n" +
			"those of a second one, who must see nothing of the first, from ADDONGW_CREDENTIAL2_ACCESS_TOKEN. About ten servers of the\n" +
			"default size are ordered, one or two at a time.\n\n" +
			"Exit code 1 when a rule was broken that a platform relies on (must); with --strict, also one that careful providers\n" +
			"keep (should).",
		Example:     "  addongw conformance clevercloud --manifest addon-manifest.json --plan basic,premium",
		Args:        cobra.ExactArgs(1),
		ValidArgs:   conformancePlatforms(),
		Annotations: map[string]string{tests: "true"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("only") && len(nonEmpty(o.only...)) == 0 {
				return usage(errors.New("--only names no check"), "Leave it out to run all, or name groups and ids: --only provision,sso,CC-D3")
			}
			return c.conformance(cmd, args[0], o)
		},
	}
	f := cmd.Flags()
	o.target.add(cmd)
	f.StringSliceVar(&o.only, "only", nil, "groups or ids of checks, with commas between: provision,sso,CC-D3")
	_ = cmd.RegisterFlagCompletionFunc("only", completeChecks) // the flag exists
	f.BoolVar(&o.keep, "keep", false, "do not remove what was made; list it")
	f.BoolVar(&o.strict, "strict", false, "exit 1 for a broken should, too")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show every check with what went over the wire, secrets masked")
	f.DurationVar(&o.timeout, "timeout", conformance.DefaultTimeout, "how long to wait for one answer")
	f.DurationVar(&o.wait, "wait", conformance.DefaultWait, "how long a server may take until it can be used")
	f.StringVar(&o.listen, "listen", "", "serve a stand-in of the platform's own API on this address, for the provider to call")
	return cmd
}

func (c *command) conformance(cmd *cobra.Command, name string, o conformanceFlags) error {
	if p, ok := all.FindServers(name); ok {
		return c.conformanceOfServers(cmd, p, o)
	}
	p, err := findConformancePlatform(name)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("wait") {
		return usage(fmt.Errorf("--wait says nothing to %s", p.Title()), "Nobody waits for servers there.")
	}
	provider, problems, err := c.target(p, o.target)
	if err != nil {
		return err
	}
	options := o.options(c)
	if o.listen != "" {
		standIn, stop, err := c.serveStandIn(p, provider, o.listen)
		if err != nil {
			return err
		}
		defer stop()
		options.StandIn = standIn
	}
	return c.runConformance(cmd.Context(), p, provider, problems, options, o)
}

// options are what every run has.
func (o conformanceFlags) options(c *command) conformance.Options {
	return conformance.Options{Only: o.only, Keep: o.keep, Timeout: o.timeout, Wait: o.wait, Progress: c.progress(), Waiting: c.waiting()}
}

// runConformance runs the checks and prints what came of them.
func (c *command) runConformance(ctx context.Context, p conformance.Tested, provider conformance.Provider, problems []conformance.Problem,
	options conformance.Options, o conformanceFlags) error {
	report, err := conformance.Run(ctx, p, provider, problems, options)
	c.endProgress()
	if unknown, ok := errors.AsType[*conformance.UnknownCheckError](err); ok {
		return usage(err, unknownCheckHint(unknown))
	}
	if err != nil {
		return failed(err)
	}
	return c.printConformance(report, o)
}

func unknownCheckHint(e *conformance.UnknownCheckError) string {
	hint := "Groups: " + strings.Join(e.Groups, ", ") + ". Ids are those of a report, such as " + e.IDs[0] + "."
	if near := diagnostic.Nearest(e.Name, append(e.Groups, e.IDs...)); near != "" {
		return fmt.Sprintf("Did you mean %s? %s", near, hint)
	}
	return hint
}

// printConformance prints a report and returns how the command ends.
func (c *command) printConformance(report *conformance.Report, o conformanceFlags) error {
	err := c.writeConformance(report, o)
	switch {
	case err != nil:
		return failed(err)
	case report.Interrupted:
		if c.format == "text" {
			fmt.Fprintln(c.err, afterInterruption(report, o.keep))
		}
		return &exitError{code: exitInterrupted}
	case !report.Passed(o.strict):
		return &exitError{code: exitFailed}
	default:
		return nil
	}
}

// afterInterruption says what became of the resources of a run that somebody
// ended. Those that are left are listed in the report.
func afterInterruption(r *conformance.Report, keep bool) string {
	switch {
	case len(r.Left) == 0:
		return "Nothing is left of what it made: it was removed."
	case keep:
		return "What it made was kept: " + count(len(r.Left), "resource") + ", listed above."
	}
	return "What it made was removed, but for " + count(len(r.Left), "resource") + ", listed above."
}

func (c *command) writeConformance(r *conformance.Report, o conformanceFlags) error {
	switch c.format {
	case "json":
		return c.printJSON(envelope{"conformance", r.Record(o.strict, o.verbose)})
	case "junit":
		return r.WriteJUnit(c.out, o.strict)
	}
	columns := width(c.out)
	if columns == 0 {
		columns = 100
	}
	return r.WriteText(c.out, conformance.TextOptions{
		ASCII: !c.utf8(), Verbose: o.verbose, Width: min(max(columns, 60), 120),
	})
}

// completeChecks completes the last of several names behind --only.
func completeChecks(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	if len(args) == 0 {
		return nil, directive
	}
	p, ok := all.FindTested(args[0])
	if !ok {
		return nil, directive
	}
	names, err := conformance.Names(p)
	if err != nil {
		return nil, directive
	}
	before, last := typed[:strings.LastIndex(typed, ",")+1], typed[strings.LastIndex(typed, ",")+1:]
	var found []cobra.Completion
	for _, name := range names {
		if strings.HasPrefix(name, last) {
			found = append(found, before+name)
		}
	}
	return found, directive
}

// progress shows on a terminal which check is running.
func (c *command) progress() func(conformance.Head, int, int) {
	if c.format != "text" || !isTerminal(c.err) {
		return nil
	}
	return func(h conformance.Head, number, of int) {
		fmt.Fprintf(c.err, "\r\x1b[K%d/%d  %s  %.60s", number, of, h.ID, h.Title)
	}
}

// waiting says on standard error what a run waits for, where nothing else moves
// there: in a log.
func (c *command) waiting() func(string) {
	if c.format != "text" || isTerminal(c.err) {
		return nil
	}
	return func(what string) { fmt.Fprintln(c.err, c.signs("waiting for "+what+" …")) }
}

func (c *command) endProgress() {
	if c.format == "text" && isTerminal(c.err) {
		fmt.Fprint(c.err, "\r\x1b[K")
	}
}
