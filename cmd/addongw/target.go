package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/all"
	"github.com/addongw/addongw/gateway/secret"
)

func conformancePlatforms() []string {
	var names []string
	for _, p := range all.Tested() {
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
		why := fmt.Sprintf("%s's manifest names no plans, and an order needs one", p.Title())
		if provider.Manifest == nil {
			why = "without a manifest nobody says which plans there are, and an order needs one"
		}
		return provider, nil, usage(errors.New(why),
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
