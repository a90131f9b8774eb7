package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/conformance"
)

// completeSimulate completes a platform, a verb, and the id of what simulate
// remembers.
func (c *command) completeSimulate(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	verbs := simulateVerbs()
	if len(args) > 0 && isServers(args[0]) {
		verbs = serverVerbs()
	}
	lists := []candidates{words(conformancePlatforms()...), words(verbs...), rememberedCandidates}
	if len(args) >= len(lists) {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.find(lists[len(args)], cmd, args), cobra.ShellCompDirectiveNoFileComp
}

// rememberedCandidates are what a verb can be done to: resources of the
// platform, of any provider.
func rememberedCandidates(q *asking) (list []cobra.Completion) {
	verb, kind := q.args[1], ""
	if isServers(q.args[0]) {
		kind = kindOf[verb]
	}
	if verb == doProvision || verb == doList || isServers(q.args[0]) && (kind == "" || makesOf(verb)) {
		return nil
	}
	dir, _ := q.cmd.Flags().GetString("state")
	resources, err := memory{dir}.read()
	if err != nil {
		return nil
	}
	for _, r := range resources {
		if r.Platform == q.args[0] && r.Kind == kind {
			list = append(list, cobra.CompletionWithDesc(conformance.Printable(r.ID), conformance.Printable(r.Plan+", "+r.BaseURL)))
		}
	}
	return list
}

// completeManifestPlan completes the plans that the manifest names.
func (c *command) completeManifestPlan(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	manifest, _ := cmd.Flags().GetString("manifest")
	unheard := &command{streams: &streams{in: c.in, out: io.Discard, err: io.Discard, getenv: c.getenv}}
	plans := func(*asking) []cobra.Completion {
		platform, err := findConformancePlatform(args[0])
		if err != nil {
			return nil
		}
		provider, err := unheard.simulated(platform, targetFlags{manifest: manifest})
		if err != nil {
			return nil
		}
		return provider.Plans
	}
	if len(args) == 0 || manifest == "-" {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.find(plans, cmd, args), cobra.ShellCompDirectiveNoFileComp
}
