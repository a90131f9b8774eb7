package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/config"
)

func newManifest(c *command) *cobra.Command {
	var withSecrets bool
	cmd := &cobra.Command{
		Use:   "manifest PLATFORM ADDON",
		Short: "Print the manifest that a platform imports",
		Long: "Prints the manifest of an add-on for one platform (" + strings.Join(platformNames(), ", ") + ").\n" +
			"Password and salt are left out unless asked for: a manifest in a CI log is the commonest leak there is.",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := c.loadFaultless(cmd.Context(), func(o *config.Options) { o.Secrets = withSecrets })
			if err != nil {
				return err
			}
			mount, err := findMount(l.Mounts, args[0], args[1])
			if err != nil {
				return err
			}
			text, err := mount.Mount.Manifest(withSecrets)
			if err != nil {
				return failed(err)
			}
			_, err = c.out.Write(text)
			return failed(err)
		},
	}
	cmd.Flags().BoolVar(&withSecrets, "with-secrets", false, "print password and salt")
	return cmd
}

// findMount finds an add-on on a platform.
func findMount(mounts []config.Mount, platformName, addon string) (config.Mount, error) {
	var addons []string
	for _, m := range mounts {
		scope := m.Mount.Scope()
		if scope.Platform != platformName {
			continue
		}
		if scope.Addon == addon {
			return m, nil
		}
		addons = append(addons, scope.Addon)
	}
	if !slices.Contains(platformNames(), platformName) {
		return config.Mount{}, usage(fmt.Errorf("there is no platform %q", platformName), "Platforms: "+strings.Join(platformNames(), ", ")+".")
	}
	hint := "No add-on has a platform \"" + platformName + "\" block."
	if len(addons) > 0 {
		hint = "Add-ons on " + platformName + ": " + strings.Join(addons, ", ") + "."
	}
	return config.Mount{}, &exitError{code: exitFailed, err: fmt.Errorf("there is no add-on %q on %s", addon, platformName), hint: hint}
}
