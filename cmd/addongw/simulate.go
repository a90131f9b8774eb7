package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/all"
	"github.com/addongw/addongw/gateway/diagnostic"
)

// The verbs of simulate.
const (
	doProvision   = "provision"
	doChangePlan  = "change_plan"
	doDeprovision = "deprovision"
	doSuspend     = "suspend"
	doResume      = "resume"
	doSignOn      = "sso"
	doList        = "list"
)

func simulateVerbs() []string {
	return []string{doProvision, doChangePlan, doDeprovision, doSuspend, doResume, doSignOn, doList}
}

// otherWords are what other tools call the verbs.
var otherWords = map[string]string{
	"update": doChangePlan, "change": doChangePlan, "change-plan": doChangePlan, "plan": doChangePlan, "create": doProvision, "order": doProvision,
	"delete": doDeprovision, "remove": doDeprovision, "destroy": doDeprovision, "login": doSignOn, "sign_on": doSignOn, "ls": doList,
}

// onlyFor says which flags are for some verbs only.
var onlyFor = map[string][]string{
	"plan": {doProvision, doChangePlan}, "option": {doProvision, doChangePlan}, "region": {doProvision}, "app": {doProvision},
	"email": {doSignOn}, "age": {doSignOn}, "future": {doSignOn},
}

// maxRepeat is how often a request is sent at most: this is no load generator.
const maxRepeat = 1000

// simulateFlags are what the flags of "addongw simulate" say.
type simulateFlags struct {
	whom                 targetFlags
	plan, app, id, email string
	options              []string
	bends                bends
	age, future, timeout time.Duration
	curl, quiet          bool
	repeat               int
	state                string
	server               serverFlags
}

const simulateHelp = `Makes one call to a provider, ours or anybody's, as a platform makes it, and shows both halves of it. The last
line says whether the platform takes the answer for success: exit code 0 or 1.

  provision          orders a resource; without --plan with the first plan of the manifest, where that names plans
  change_plan [ID]   asks for the plan of --plan
  suspend [ID], resume [ID], deprovision [ID]
  sso [ID]           signs a customer on as a browser does, and does not follow where it leads
  list               lists what provision has made: it is remembered in .addongw/

  Of servers, on nanobox: meta, catalog, verify; key, show-key ID, delete-key ID; order, show ID, poll ID (until it is active),
  cancel ID, reboot ID, rename ID, install-key ID; list. The customer's credentials come from the environment, such as
  ADDONGW_CREDENTIAL_ACCESS_TOKEN for access-token.

ID is what the provider has answered; it may be left out while only one resource is remembered. For provision it is the
platform's own id of the order, which is drawn otherwise: to order the same thing twice.

The provider is that of ./manifest.json, else ./addon-manifest.json, or the one of --url and --username. Its password
comes from ADDONGW_PASSWORD and its salt from ADDONGW_SSO_SALT, else from the manifest. Its addresses for tests are
called, where it has some.

--set and --omit bend the body of the request, or the fields of a sign-on: --set options.version=17 --omit region. What
--set sets is JSON if it can be, else text.

Config vars are shown: they are what one looks for. Passwords, salts, and what would sign anybody on are not: tokens,
signatures, cookies, and the query of the address that a sign-on leads to. The line of --curl must hold a sign-on's
proof, which works for some minutes; the password it takes from ADDONGW_PASSWORD.`

func newSimulate(c *command) *cobra.Command {
	var f simulateFlags
	cmd := &cobra.Command{
		Use:   "simulate PLATFORM VERB [ID]",
		Short: "Make one call to a provider as a platform makes it, and show it",
		Long:  simulateHelp,
		Example: `  addongw simulate scalingo provision --plan premium
  addongw simulate clevercloud change_plan --plan large
  addongw simulate clevercloud sso --age 10m`,
		Args:              cobra.RangeArgs(2, 3),
		ValidArgsFunction: c.completeSimulate,
		RunE: func(cmd *cobra.Command, args []string) error {
			if p, ok := all.FindServers(args[0]); ok {
				return c.rent(cmd, p, args, f)
			}
			s, err := c.newSimulation(cmd, args, f)
			if err != nil {
				return err
			}
			return s.run(cmd.Context())
		},
	}
	f.whom.addProvider(cmd)
	f.add(cmd)
	// These fail for flags that are not there. Regions of requests are not ours.
	_ = cmd.RegisterFlagCompletionFunc("plan", c.completeManifestPlan)
	_ = cmd.RegisterFlagCompletionFunc("region", cobra.NoFileCompletions)
	return cmd
}

func (f *simulateFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.plan, "plan", "", "plan, as the platform names it")
	flags.StringVar(&f.app, "app", "", "the platform's id of the customer's application, where it has such")
	flags.StringVar(&f.id, "id", "", "the same as ID")
	flags.StringArrayVar(&f.options, "option", nil, "option of the order, NAME=VALUE; repeatable")
	flags.StringArrayVar(&f.bends.set, "set", nil, "replace or add a member, PATH=VALUE; repeatable")
	flags.StringArrayVar(&f.bends.omit, "omit", nil, "leave a member out, PATH; repeatable")
	flags.StringVar(&f.email, "email", "", "e-mail of the customer who signs on")
	flags.DurationVar(&f.age, "age", 0, "sign on with a proof that is so old")
	flags.DurationVar(&f.future, "future", 0, "sign on with a proof from so far ahead")
	flags.IntVar(&f.repeat, "repeat", 1, fmt.Sprintf("send the same request so often, one after another, at most %d", maxRepeat))
	flags.BoolVar(&f.curl, "curl", false, "print the command line that makes the call, and send nothing")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show the last line only")
	flags.DurationVar(&f.timeout, "timeout", conformance.DefaultTimeout, "how long to wait for an answer")
	flags.StringVar(&f.state, "state", ".addongw", "folder in which to remember what was made")
	_ = cmd.MarkFlagDirname("state")
	f.server.add(cmd)
}

// simulation is one call that somebody wants to see.
type simulation struct {
	*command
	acting
	simulateFlags
	whose  conformance.Tested // the platform, of either kind
	verb   string
	kind   string // of what the verb is about; empty: a resource of an add-on
	memory memory
}

func (c *command) newSimulation(cmd *cobra.Command, args []string, f simulateFlags) (*simulation, error) {
	platform, err := findConformancePlatform(args[0])
	if err != nil {
		return nil, err
	}
	s := &simulation{command: c, acting: acting{platform: platform}, whose: platform, simulateFlags: f, verb: args[1], memory: memory{f.state}}
	if err := s.sound(cmd, args[2:]); err != nil {
		return nil, err
	}
	if s.provider, err = c.simulated(platform, f.whom); err != nil {
		return nil, err
	}
	s.client = platform.Client(s.provider)
	return s, nil
}

// sound checks what was written on the command line.
func (s *simulation) sound(cmd *cobra.Command, id []string) error {
	if err := oneOfVerbs(s.verb, simulateVerbs(), otherWords); err != nil {
		return err
	}
	for _, flag := range serverOnlyFlags() {
		if cmd.Flags().Changed(flag) {
			return usage(fmt.Errorf("--%s says nothing to %s", flag, s.whose.Title()), "It is for platforms that rent servers.")
		}
	}
	if err := forSomeVerbs(cmd, onlyFor, s.verb); err != nil {
		return err
	}
	return s.possible(id)
}

// oneOfVerbs refuses a verb that there is not, and offers the one that was meant:
// others call them otherwise, and fingers slip.
func oneOfVerbs(verb string, verbs []string, others map[string]string) error {
	if slices.Contains(verbs, verb) {
		return nil
	}
	hint := "There is: " + strings.Join(verbs, ", ") + "."
	ours, known := others[verb]
	if !known {
		ours = diagnostic.Nearest(verb, verbs)
	}
	if ours != "" {
		hint = fmt.Sprintf("Did you mean %s? %s", ours, hint)
	}
	return usage(fmt.Errorf("there is no verb %q", verb), hint)
}

// commandFor is a command that calls the same provider.
func (s *simulation) commandFor(words string) string {
	line := "addongw simulate " + s.whose.Name() + " " + words
	if s.whom.url != "" {
		line += " --url " + shellQuote(s.whom.url)
	}
	if m := s.whom.manifest; m != "" && m != "-" && !slices.Contains(manifestFiles, m) {
		line += " --manifest " + shellQuote(m)
	}
	return line
}

// forSomeVerbs refuses flags that say nothing to a verb.
func forSomeVerbs(cmd *cobra.Command, only map[string][]string, verb string) error {
	for _, flag := range slices.Sorted(maps.Keys(only)) {
		if cmd.Flags().Changed(flag) && !slices.Contains(only[flag], verb) {
			return usage(fmt.Errorf("--%s says nothing to %s", flag, verb), "It is for "+strings.Join(only[flag], " and ")+".")
		}
	}
	return nil
}

// possible checks what flags say, and takes the id from the arguments.
func (s *simulation) possible(id []string) error {
	switch {
	case s.repeat < 1 || s.repeat > maxRepeat:
		return usage(fmt.Errorf("--repeat %d is not possible", s.repeat), fmt.Sprintf("Name a number from 1 to %d.", maxRepeat))
	case len(id) > 0 && s.id != "" && s.id != id[0]:
		return usage(fmt.Errorf("two ids: %s and --id %s", id[0], s.id), "Name one of them.")
	case s.age != 0 && s.future != 0:
		return usage(errors.New("--age and --future contradict each other"), "Name one of them.")
	case s.timeout <= 0:
		return usage(errors.New("--timeout leaves no time"), "Write it as 30s.")
	}
	if len(id) > 0 {
		s.id = id[0]
	}
	if s.id != "" && s.verb == doList {
		return usage(errors.New("list takes no id"), "")
	}
	return nil
}

func (s *simulation) run(ctx context.Context) error {
	if s.verb == doList {
		return s.list()
	}
	p, err := s.prepare()
	if err != nil {
		return err
	}
	if s.simulateFlags.curl {
		return s.printCurl(p.request)
	}
	return s.send(ctx, p)
}

// list lists what the provider has made.
func (s *simulation) list() error {
	resources, err := s.memory.of(s.whose.Name(), s.provider.BaseURL)
	if err != nil {
		return err
	}
	if s.format == "json" {
		return failed(s.printJSON(envelope{"simulate_list", map[string]any{"resources": append([]made{}, resources...)}}))
	}
	for _, r := range resources {
		line := r.ID + " → " + cmp.Or(r.Plan, "(no plan)")
		if r.Kind != "" {
			line = r.Kind + " " + line
		}
		fmt.Fprintf(s.out, "- %s\n", s.signs(conformance.Printable(line)))
	}
	if len(resources) == 0 {
		fmt.Fprintf(s.err, "Nothing is remembered of %s.\n", s.provider.BaseURL)
	}
	return nil
}
