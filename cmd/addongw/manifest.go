package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/config"
)

// manifestFlags are what the flags of "addongw manifest" say.
type manifestFlags struct {
	withSecrets         bool
	testURL, check, out string
}

func newManifest(c *command) *cobra.Command {
	var o manifestFlags
	cmd := &cobra.Command{
		Use:   "manifest [PLATFORM] [ADDON]",
		Short: "Print, write or compare the manifest that a platform imports",
		Long: "Prints the manifest of an add-on for one platform (" + strings.Join(platformNames(), ", ") + "). Where there is only one, neither\n" +
			"need be named. Password and salt are left out unless asked for: a manifest in a CI log is the commonest leak there is.\n\n" +
			"--check compares with a file pulled from the platform, whatever the order of its keys, and exits 2 where they differ.",
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.sound(); err != nil {
				return err
			}
			l, err := c.loadFaultless(cmd.Context(), func(options *config.Options) {
				options.Secrets, options.TestURL = o.withSecrets, o.testURL
			})
			if err != nil {
				return err
			}
			mounts, err := findMounts(l.Mounts, args)
			if err != nil {
				return err
			}
			return c.manifest(l, mounts, o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.withSecrets, "with-secrets", false, "print, write or compare password and salt, too")
	f.StringVar(&o.testURL, "test-url", "", "base URL of another gateway, for the manifest's test environment")
	f.StringVar(&o.check, "check", "", "compare with this file and print each difference")
	f.StringVar(&o.out, "out", "", "write PLATFORM-ADDON.json into this directory, for all that match")
	return cmd
}

func (o manifestFlags) sound() error {
	if o.check != "" && o.out != "" {
		return usage(errors.New("--check compares and --out writes"), "Name one of them.")
	}
	if o.testURL == "" {
		return nil
	}
	u, err := url.Parse(o.testURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return usage(errors.New("--test-url is no base URL"), "Write it as https://staging.example.com; the paths of platform and add-on are added.")
	}
	return nil
}

func (c *command) manifest(l loaded, mounts []config.Mount, o manifestFlags) error {
	if o.out != "" {
		return c.writeManifests(mounts, o)
	}
	if len(mounts) > 1 {
		var choices []string
		for _, m := range mounts {
			choices = append(choices, m.Mount.Scope().Platform+" "+m.Mount.Scope().Addon)
		}
		return usage(fmt.Errorf("there are %d manifests", len(mounts)), "Name one: "+strings.Join(choices, ", ")+"; or write all with --out DIR.")
	}
	text, err := mounts[0].Mount.Manifest(o.withSecrets)
	if err != nil {
		return failed(err)
	}
	if o.check != "" {
		return c.checkManifest(l, mounts[0], text, o)
	}
	_, err = c.out.Write(text)
	return failed(err)
}

// writeManifests writes each into a file of its own, for the owner alone where
// there are secrets in it.
func (c *command) writeManifests(mounts []config.Mount, o manifestFlags) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return failed(err)
	}
	mode := os.FileMode(0o644)
	if o.withSecrets {
		mode = 0o600
	}
	files := []string{}
	for _, m := range mounts {
		text, err := m.Mount.Manifest(o.withSecrets)
		if err != nil {
			return failed(err)
		}
		path := filepath.Join(o.out, m.Mount.Scope().Platform+"-"+m.Mount.Scope().Addon+".json")
		if err := putFile(path, text, mode); err != nil {
			return failed(err)
		}
		files = append(files, path)
	}
	if c.format == "json" {
		return failed(c.printJSON(envelope{"manifest", map[string]any{"files": files}}))
	}
	for _, f := range files {
		fmt.Fprintf(c.out, "  create  %s\n", f)
	}
	return nil
}

// findMounts finds what the arguments name: a platform, and an add-on on it.
func findMounts(mounts []config.Mount, args []string) ([]config.Mount, error) {
	if len(args) > 0 && !slices.Contains(platformNames(), args[0]) {
		return nil, usage(fmt.Errorf("there is no platform %q", args[0]), "Platforms: "+strings.Join(platformNames(), ", ")+".")
	}
	var found []config.Mount
	var addons []string
	for _, m := range mounts {
		scope := m.Mount.Scope()
		if len(args) > 0 && scope.Platform != args[0] {
			continue
		}
		addons = append(addons, scope.Addon)
		if len(args) < 2 || scope.Addon == args[1] {
			found = append(found, m)
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case len(addons) > 0:
		return nil, &exitError{
			code: exitFailed, err: fmt.Errorf("there is no add-on %q on %s", args[1], args[0]),
			hint: "Add-ons on " + args[0] + ": " + strings.Join(addons, ", ") + ".",
		}
	}
	where := "NAME"
	if len(args) > 0 {
		where = args[0]
	}
	return nil, &exitError{
		code: exitFailed, err: errors.New("there is no such manifest"), hint: fmt.Sprintf("No add-on has a block platform %q.", where),
	}
}
