package main

import (
	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/conformance"
)

// completeSimulate completes a platform, a verb, and the id of what simulate
// remembers.
func (c *command) completeSimulate(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	lists := []candidates{words(actedPlatforms()...), words(simulateVerbs()...), rememberedCandidates}
	if len(args) >= len(lists) {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.find(lists[len(args)], cmd, args), cobra.ShellCompDirectiveNoFileComp
}

// rememberedCandidates are what a verb can be done to: resources of the
// platform, of any provider.
func rememberedCandidates(q *asking) (list []cobra.Completion) {
	if verb := q.args[1]; verb == doProvision || verb == doList {
		return nil
	}
	dir, _ := q.cmd.Flags().GetString("state")
	resources, err := memory{dir}.read()
	if err != nil {
		return nil
	}
	for _, r := range resources {
		if r.Platform == q.args[0] {
			list = append(list, cobra.CompletionWithDesc(printable(r.ID), printable(r.Plan+", "+r.BaseURL)))
		}
	}
	return list
}

// completeManifestPlan completes the plans that the manifest names.
func (c *command) completeManifestPlan(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return c.find(func(*asking) (list []cobra.Completion) {
		if len(args) == 0 {
			return nil
		}
		platform, err := findPlatform(args[0])
		if err != nil {
			return nil
		}
		manifest, _ := cmd.Flags().GetString("manifest")
		if manifest == "-" {
			return nil
		}
		text, err := c.readManifest(providerFlags{manifest: manifest})
		if err != nil {
			return nil
		}
		provider, _ := platform.ReadManifest(text, conformance.Test)
		return provider.Plans
	}, cmd, args), cobra.ShellCompDirectiveNoFileComp
}
