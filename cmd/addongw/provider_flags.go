package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/secret"
)

// The environment variables with a provider's secrets: neither is ever a flag.
const (
	passwordVariable = "ADDONGW_PASSWORD"
	saltVariable     = "ADDONGW_SSO_SALT"
)

// manifestFiles are where a manifest is looked for.
var manifestFiles = []string{"manifest.json", "addon-manifest.json"}

// providerFlags say whom to call.
type providerFlags struct {
	manifest, url, ssoURL, username string
	production                      bool
}

func (f *providerFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.manifest, "manifest", "", "the provider's manifest, - for standard input (default: "+strings.Join(manifestFiles, ", else ")+")")
	flags.StringVar(&f.url, "url", "", "base_url, instead of the manifest's")
	flags.StringVar(&f.ssoURL, "sso-url", "", "sso_url, instead of the manifest's")
	flags.StringVar(&f.username, "username", "", "user name, where there is no manifest; password and salt are then in "+passwordVariable+" and "+saltVariable)
	flags.BoolVar(&f.production, "production", false, "call the manifest's production addresses, not those for tests")
}

// manifestError lists what is wrong with a manifest.
type manifestError []conformance.Problem

// Error is what people read.
func (e manifestError) Error() string {
	lines := []string{"Errors in the manifest:"}
	for _, p := range e {
		lines = append(lines, "  → "+p.Text)
	}
	return strings.Join(lines, "\n")
}

// findProvider finds out whom to call: from a manifest, or else from flags and the
// environment.
func (c *command) findProvider(p conformance.Platform, f providerFlags) (conformance.Provider, error) {
	text, err := c.readManifest(f)
	if err != nil {
		return conformance.Provider{}, err
	}
	var provider conformance.Provider
	if text == nil {
		provider, err = c.unlistedProvider(f)
	} else {
		provider, err = c.listedProvider(p, f, text)
	}
	if err != nil {
		return conformance.Provider{}, err
	}
	for flag, address := range map[string]string{"--url": f.url, "--sso-url": f.ssoURL} {
		if address != "" && !conformance.IsAddress(address) {
			return conformance.Provider{}, usage(fmt.Errorf("%s is no address", flag), "Write it as https://addons.example.com/resources.")
		}
	}
	provider.BaseURL = cmp.Or(strings.TrimRight(f.url, "/"), provider.BaseURL)
	provider.SSOURL = cmp.Or(f.ssoURL, provider.SSOURL)
	return provider, nil
}

// readManifest returns nil where flags say it all.
func (c *command) readManifest(f providerFlags) ([]byte, error) {
	switch {
	case f.manifest == "-":
		text, err := io.ReadAll(io.LimitReader(c.in, 4<<20))
		return text, failed(err)
	case f.manifest != "":
		text, err := os.ReadFile(f.manifest)
		if err != nil {
			return nil, usage(err, "Name the provider's manifest with --manifest FILE.")
		}
		return text, nil
	case f.username != "":
		return nil, nil
	}
	for _, name := range manifestFiles {
		text, err := os.ReadFile(name)
		if !errors.Is(err, os.ErrNotExist) {
			return text, failed(err)
		}
	}
	return nil, usage(errors.New("there is no manifest here"),
		"Name it with --manifest FILE, or the provider with --url and --username, and its password in "+passwordVariable+".")
}

// listedProvider is the one of a manifest. What the manifest leaves out so that
// it may be shown is taken from the environment.
func (c *command) listedProvider(p conformance.Platform, f providerFlags, text []byte) (conformance.Provider, error) {
	env := conformance.Test
	if f.production {
		env = conformance.Production
	}
	provider, problems := p.ReadManifest(text, env)
	for _, problem := range problems {
		if problem.Fatal {
			return provider, c.refuseManifest(problems)
		}
	}
	return provider, nil
}

// refuseManifest prints what is wrong with a manifest that nobody can be called
// by.
func (c *command) refuseManifest(problems manifestError) error {
	if c.format == "json" {
		texts := []string{}
		for _, p := range problems {
			texts = append(texts, p.Text)
		}
		_ = c.printJSON(envelope{"error", map[string]any{"message": "errors in the manifest", "problems": texts, "exit_code": exitFailed}})
	} else {
		fmt.Fprintln(c.err, c.signs(problems.Error()))
	}
	return &exitError{code: exitFailed}
}

// signs writes arrows so that the terminal can show them.
func (c *command) signs(text string) string {
	if c.utf8() {
		return text
	}
	return strings.ReplaceAll(text, "→", "->")
}

// unlistedProvider is one without a manifest.
func (c *command) unlistedProvider(f providerFlags) (conformance.Provider, error) {
	password, _ := c.getenv(passwordVariable)
	salt, _ := c.getenv(saltVariable)
	provider := conformance.Provider{Name: f.username, Username: f.username, Password: secret.New(password), Salt: secret.New(salt)}
	switch {
	case f.url == "":
		return provider, usage(errors.New("nobody says where the provider is"), "Name its base_url with --url, or its manifest with --manifest FILE.")
	case password == "":
		return provider, usage(errors.New(passwordVariable+" is not set"), "Put the password of --username into it; it is never a flag.")
	}
	return provider, nil
}
