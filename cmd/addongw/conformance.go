package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/all"
	"github.com/addongw/addongw/gateway/secret"
)

// conformanceFlags are what the flags of "addongw conformance" say.
type conformanceFlags struct {
	target  targetFlags
	only    []string
	keep    bool
	strict  bool
	verbose bool
	timeout time.Duration
	listen  string
}

func newConformance(c *command) *cobra.Command {
	var o conformanceFlags
	cmd := &cobra.Command{
		Use:   "conformance PLATFORM",
		Short: "Act as a platform against any provider, and check its answers",
		Long: "Sends what a platform (" + strings.Join(conformancePlatforms(), ", ") + ") would send to a provider of add-ons, whoever wrote it, and checks\n" +
			"the answers: orders, repeats, plan changes, sign-ons good and forged, removals. For each rule that is broken it says\n" +
			"what the platform would do. It removes what it made, also after Ctrl-C.\n\n" +
			"The provider is found by its manifest (--manifest; its test environment, where it has one), or by --url with\n" +
			"--username. Password and salt can come from the environment, and without a manifest must: ADDONGW_PASSWORD and\n" +
			"ADDONGW_SSO_SALT.\n\n" +
			"Exit code 1 when a rule was broken that a platform relies on (must); with --strict, also one that careful providers\n" +
			"keep (should).",
		Example:     "  addongw conformance clevercloud --manifest addon-manifest.json --plan basic,premium",
		Args:        cobra.ExactArgs(1),
		ValidArgs:   conformancePlatforms(),
		Annotations: map[string]string{tests: "true"},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.conformance(cmd.Context(), args[0], o)
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
	f.StringVar(&o.listen, "listen", "", "serve a stand-in of the platform's own API on this address, for the provider to call")
	return cmd
}

func (c *command) conformance(ctx context.Context, name string, o conformanceFlags) error {
	p, err := findConformancePlatform(name)
	if err != nil {
		return err
	}
	provider, problems, err := c.target(p, o.target)
	if err != nil {
		return err
	}
	options := conformance.Options{Only: o.only, Keep: o.keep, Timeout: o.timeout, Progress: c.progress()}
	if o.listen != "" {
		standIn, stop, err := c.serveStandIn(p, provider, o.listen)
		if err != nil {
			return err
		}
		defer stop()
		options.StandIn = standIn
	}
	report, err := conformance.Run(ctx, p, provider, problems, options)
	c.endProgress()
	if unknown := new(conformance.UnknownCheckError); errors.As(err, &unknown) {
		return usage(err, "There are: "+strings.Join(unknown.Known, ", ")+".")
	}
	if err != nil {
		return failed(err)
	}
	if err := c.printConformance(report, o); err != nil {
		return failed(err)
	}
	switch {
	case report.Interrupted:
		return &exitError{code: exitInterrupted}
	case !report.Passed(o.strict):
		return &exitError{code: exitFailed}
	default:
		return nil
	}
}

func (c *command) printConformance(r *conformance.Report, o conformanceFlags) error {
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
		ASCII: !c.utf8(), Verbose: o.verbose, Strict: o.strict, Width: min(max(columns, 60), 120),
	})
}

// completeChecks completes the last of several names behind --only.
func completeChecks(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	if len(args) == 0 {
		return nil, directive
	}
	p, ok := all.Find(args[0])
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

func (c *command) endProgress() {
	if c.format == "text" && isTerminal(c.err) {
		fmt.Fprint(c.err, "\r\x1b[K")
	}
}

func conformancePlatforms() []string {
	var names []string
	for _, p := range all.Platforms() {
		names = append(names, p.Name())
	}
	return names
}

func findConformancePlatform(name string) (conformance.Platform, error) {
	p, ok := all.Find(name)
	if !ok {
		return nil, usage(fmt.Errorf("there is no platform %q", name), "Platforms: "+strings.Join(conformancePlatforms(), ", ")+".")
	}
	return p, nil
}

// targetFlags say which provider is meant. Secrets are no flags: everybody on
// the machine can read those.
type targetFlags struct {
	manifest, url, ssoURL, username, region string
	plans                                   []string
	production                              bool
}

func (o *targetFlags) add(cmd *cobra.Command) {
	o.addProvider(cmd)
	cmd.Flags().StringSliceVar(&o.plans, "plan", nil, "slugs of plans, with commas between: orders are of the first, changes to the second")
}

// addProvider adds the flags for commands that choose plans otherwise.
func (o *targetFlags) addProvider(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.manifest, "manifest", "", "the provider's manifest; - reads standard input")
	f.StringVar(&o.url, "url", "", "the provider's base_url, in place of the manifest's")
	f.StringVar(&o.ssoURL, "sso-url", "", "the provider's sso_url, in place of the manifest's")
	f.StringVar(&o.username, "username", "", "the user name of calls, in place of the manifest's")
	f.StringVar(&o.region, "region", "", "the region of orders, in place of the manifest's")
	f.BoolVar(&o.production, "production", false, "the manifest's production environment, in place of test")
	_ = cmd.MarkFlagFilename("manifest", "json") // the flag exists
}

// target finds the provider, and everything that is wrong with its manifest.
func (c *command) target(p conformance.Platform, o targetFlags) (conformance.Provider, []conformance.Problem, error) {
	provider, problems, err := c.targetProvider(p, o)
	if err != nil {
		return provider, nil, err
	}
	if len(o.plans) > 0 {
		provider.Plans = o.plans
	}
	if len(provider.Plans) == 0 && !fatal(problems) {
		return provider, nil, usage(fmt.Errorf("%s's manifest names no plans, and an order needs one", p.Title()),
			"Name their slugs, as orders carry them: --plan FIRST,SECOND. The second is for plan changes.")
	}
	return provider, problems, nil
}

// targetProvider is the provider of the manifest, as far as flags say nothing
// else.
func (c *command) targetProvider(p conformance.Platform, o targetFlags) (conformance.Provider, []conformance.Problem, error) {
	provider, problems, err := c.readTarget(p, o)
	if err != nil {
		return provider, nil, err
	}
	for _, override := range []struct {
		given string
		field *string
	}{
		{strings.TrimRight(o.url, "/"), &provider.BaseURL},
		{o.ssoURL, &provider.SSOURL},
		{o.username, &provider.Username},
		{o.region, &provider.Region},
	} {
		if override.given != "" {
			*override.field = override.given
		}
	}
	return provider, problems, nil
}

func fatal(problems []conformance.Problem) bool {
	for _, problem := range problems {
		if problem.Fatal {
			return true
		}
	}
	return false
}

// readTarget reads the manifest, or makes do without.
func (c *command) readTarget(p conformance.Platform, o targetFlags) (conformance.Provider, []conformance.Problem, error) {
	for flag, address := range map[string]string{"--url": o.url, "--sso-url": o.ssoURL} {
		if address != "" && !conformance.IsAddress(address) {
			return conformance.Provider{}, nil, usage(fmt.Errorf("%s is no address", flag), "Write it as https://addons.example.com/resources.")
		}
	}
	password, salt := c.secretFrom(conformance.PasswordVariable), c.secretFrom(conformance.SaltVariable)
	if o.manifest == "" {
		provider := conformance.Provider{Name: o.username, Username: o.username, Password: password, Salt: salt}
		return provider, nil, knownWithoutManifest(provider, o)
	}
	text, err := c.readFileOrInput(o.manifest)
	if err != nil {
		return conformance.Provider{}, nil, failed(err)
	}
	how := conformance.Reading{Environment: conformance.Test, Password: password, Salt: salt}
	if o.production {
		how.Environment = conformance.Production
	}
	provider, problems := p.ReadManifest(text, how)
	return provider, problems, nil
}

// knownWithoutManifest checks that the flags say what a manifest would.
func knownWithoutManifest(provider conformance.Provider, o targetFlags) error {
	switch {
	case o.url == "":
		return usage(errors.New("which provider?"), "Name its manifest with --manifest FILE, or its base_url with --url URL.")
	case o.username == "":
		return usage(errors.New("--url needs the user name that the platform calls with"), "Name it with --username; a manifest (--manifest) would say it, too.")
	case provider.Password.Empty():
		return usage(errors.New("--url needs the password that the platform calls with"),
			"Put it into the environment as "+conformance.PasswordVariable+", and the salt as "+conformance.SaltVariable+"; a manifest (--manifest) would say them, too.")
	}
	return nil
}

func (c *command) secretFrom(name string) secret.Value {
	value, _ := c.getenv(name)
	return secret.New(value)
}

func (c *command) readFileOrInput(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(c.in)
	}
	return os.ReadFile(name)
}
