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

	"github.com/addongw/addongw/gateway"
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
		Long: "Prints the manifest of an add-on for one platform (" + strings.Join(platformNames(), ", ") + "), or what a platform reads of\n" +
			"a provider of servers (" + strings.Join(providerNames(), ", ") + "). Where there is only one, neither need be named. Password and salt are left out unless\n" +
			"asked for: a manifest in a CI log is the commonest leak there is.\n\n" +
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
			found, err := findManifests(manifestsOf(l.Config), args)
			if err == nil && o.testURL != "" && !slices.ContainsFunc(found, manifest.ofAddon) {
				err = usage(errors.New("a provider of servers has no test environment"), "Leave --test-url out; a tester is told where to call with --url.")
			}
			if err != nil {
				return err
			}
			return c.manifest(l, found, o)
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

// manifest is a document that a platform imports.
type manifest struct {
	of   gateway.Scope
	text func(withSecrets bool) ([]byte, error)
}

// ofAddon tells what a platform imports of an add-on from what it reads of a
// provider.
func (m manifest) ofAddon() bool { return !slices.Contains(providerNames(), m.of.Platform) }

// manifestsOf lists those of a configuration. What a platform reads of a provider
// of servers has no secrets.
func manifestsOf(cfg *config.Config) (list []manifest) {
	for _, m := range cfg.Mounts {
		list = append(list, manifest{m.Mount.Scope(), m.Mount.Manifest})
	}
	for _, p := range cfg.Providers {
		list = append(list, manifest{p.Scope(), func(bool) ([]byte, error) { return p.Manifest() }})
	}
	return list
}

func (c *command) manifest(l loaded, list []manifest, o manifestFlags) error {
	if o.out != "" {
		return c.writeManifests(list, o)
	}
	if len(list) > 1 {
		var choices []string
		for _, m := range list {
			choices = append(choices, m.of.Platform+" "+m.of.Addon)
		}
		return usage(fmt.Errorf("there are %d manifests", len(list)), "Name one: "+strings.Join(choices, ", ")+"; or write all with --out DIR.")
	}
	text, err := list[0].text(o.withSecrets)
	if err != nil {
		return failed(err)
	}
	if o.check != "" {
		return c.checkManifest(l, list[0], text, o)
	}
	_, err = c.out.Write(text)
	return failed(err)
}

// writeManifests writes each into a file of its own, for the owner alone where
// there are secrets in it.
func (c *command) writeManifests(list []manifest, o manifestFlags) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return failed(err)
	}
	mode := os.FileMode(0o644)
	if o.withSecrets {
		mode = 0o600
	}
	files := []string{}
	for _, m := range list {
		text, err := m.text(o.withSecrets)
		if err != nil {
			return failed(err)
		}
		path := filepath.Join(o.out, m.of.Platform+"-"+m.of.Addon+".json")
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

// findManifests finds what the arguments name: a platform, and an add-on or a
// provider on it.
func findManifests(list []manifest, args []string) ([]manifest, error) {
	known := append(platformNames(), providerNames()...)
	if len(args) > 0 && !slices.Contains(known, args[0]) {
		return nil, usage(fmt.Errorf("there is no platform %q", args[0]), "Platforms: "+strings.Join(known, ", ")+".")
	}
	var found []manifest
	var addons []string
	for _, m := range list {
		if len(args) > 0 && m.of.Platform != args[0] {
			continue
		}
		addons = append(addons, m.of.Addon)
		if len(args) < 2 || m.of.Addon == args[1] {
			found = append(found, m)
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case len(addons) > 0:
		what, all := "add-on", "Add-ons"
		if slices.Contains(providerNames(), args[0]) {
			what, all = "provider", "Providers"
		}
		return nil, &exitError{
			code: exitFailed, err: fmt.Errorf("there is no %s %q on %s", what, args[1], args[0]),
			hint: all + " on " + args[0] + ": " + strings.Join(addons, ", ") + ".",
		}
	}
	hint := `No add-on has a block platform "NAME", and there is no provider.`
	switch {
	case len(args) > 0 && slices.Contains(providerNames(), args[0]):
		hint = fmt.Sprintf("There is no block provider %q.", args[0])
	case len(args) > 0:
		hint = fmt.Sprintf("No add-on has a block platform %q.", args[0])
	}
	return nil, &exitError{code: exitFailed, err: errors.New("there is no such manifest"), hint: hint}
}
