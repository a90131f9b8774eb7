package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/secret"
)

// The variables of the environment that customers' credentials come from, with
// the key of one behind it. A flag would show them to everybody on the machine.
const (
	credentialVariable  = "ADDONGW_CREDENTIAL_"
	credentialVariable2 = "ADDONGW_CREDENTIAL2_" // of a second customer
)

// variableOf is the variable of a credential: ACCESS_TOKEN for access-token.
func variableOf(prefix, key string) string {
	return prefix + strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(key))
}

// conformanceOfServers checks a provider of servers.
func (c *command) conformanceOfServers(cmd *cobra.Command, p conformance.ServerPlatform, o conformanceFlags) error {
	if err := addOnFlags(cmd, p); err != nil {
		return err
	}
	if o.wait <= 0 {
		return usage(errors.New("--wait leaves no time"), "Write it as 10m.")
	}
	provider, problems, err := c.serverTarget(p, o.target)
	if err != nil {
		return err
	}
	if !fatal(problems) {
		if provider, err = c.credentials(cmd.Context(), p, provider, o.timeout); err != nil {
			return err
		}
	}
	return c.runConformance(cmd.Context(), p, provider, problems, o.options(c), o)
}

// addOnFlags refuses flags that are for add-ons.
func addOnFlags(cmd *cobra.Command, p conformance.ServerPlatform) error {
	for _, flag := range []string{"sso-url", "username", "plan", "production", "listen"} {
		if f := cmd.Flags().Lookup(flag); f != nil && f.Changed {
			return usage(fmt.Errorf("--%s says nothing to %s", flag, p.Title()), "It is for platforms that sell add-ons.")
		}
	}
	return nil
}

// serverTarget finds a provider of servers: by a document, or by an address.
func (c *command) serverTarget(p conformance.ServerPlatform, o targetFlags) (provider conformance.Provider, problems []conformance.Problem, err error) {
	switch {
	case o.url != "" && !conformance.IsAddress(o.url):
		return provider, nil, usage(errors.New("--url is no address"), "Write it as https://servers.example.com/nanobox/acme.")
	case o.manifest == "" && o.url == "":
		return provider, nil, usage(errors.New("which provider?"),
			"Name its address with --url URL, or with --manifest FILE the document that addongw manifest "+p.Name()+" writes.")
	case o.manifest != "":
		text, err := c.readFileOrInput(o.manifest)
		if err != nil {
			return provider, nil, failed(err)
		}
		provider, problems = p.ReadManifest(text, conformance.Reading{})
	}
	if o.url != "" {
		provider.BaseURL = strings.TrimRight(o.url, "/")
	}
	provider.Region = o.region
	return provider, problems, nil
}

// credentials asks the provider which credentials it takes, and finds them in
// the environment.
func (c *command) credentials(ctx context.Context, p conformance.ServerPlatform, provider conformance.Provider, timeout time.Duration) (conformance.Provider, error) {
	provider = p.Discover(ctx, provider, timeout)
	second := slices.Clone(provider.Credentials)
	given, err := c.fill(credentialVariable, provider.Credentials)
	if err == nil && len(provider.Credentials) > 0 && !given {
		var names []string
		for _, field := range provider.Credentials {
			names = append(names, variableOf(credentialVariable, field.Key))
		}
		err = usage(errors.New("nobody says with which credentials to call"),
			"The provider takes them from its customers. Put one's into the environment, as "+strings.Join(names, ", ")+".")
	}
	if err != nil {
		return provider, err
	}
	if given, err = c.fill(credentialVariable2, second); !given {
		return provider, err
	}
	if slices.EqualFunc(second, provider.Credentials, sameValue) {
		return provider, usage(errors.New("both customers have the same credentials"),
			"Give those of another account in "+variableOf(credentialVariable2, second[0].Key)+", or leave it out: some checks are skipped then.")
	}
	provider.Others = second
	return provider, nil
}

func sameValue(a, b conformance.Credential) bool { return a.Value.Reveal() == b.Value.Reveal() }

// fill gives credentials the values that the environment has. Those that it has
// not are sent without a value, as a field that somebody leaves blank. given
// reports whether there is any.
func (c *command) fill(prefix string, credentials []conformance.Credential) (given bool, err error) {
	for i := range credentials {
		name := variableOf(prefix, credentials[i].Key)
		value, set := c.getenv(name)
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return false, usage(fmt.Errorf("%s holds a line break or another sign that no header can", name),
				"Encode it as the provider's instructions say.")
		}
		credentials[i].Value = secret.New(value)
		given = given || set
	}
	return given, nil
}

// signedCurl is a request as a command of a shell that has the customer's
// credentials in its environment. curl reads them from its standard input: its
// arguments can be seen by everybody on the machine, those of printf, which is
// part of the shell, by nobody.
func signedCurl(r conformance.Request, credentials []conformance.Credential) string {
	if !r.Signed || len(credentials) == 0 {
		return curl(r, "", "")
	}
	format, values := "", ""
	for _, c := range credentials {
		format += c.Header + `: %s\n`
		values += ` "$` + variableOf(credentialVariable, c.Key) + `"`
	}
	return "printf " + shellQuote(format) + values + " | " + curl(r, "", "", "-H @-")
}
