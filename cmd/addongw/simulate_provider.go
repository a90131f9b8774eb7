package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/conformance"
)

// manifestFiles are where simulate looks for a manifest.
var manifestFiles = []string{"manifest.json", "addon-manifest.json"}

// simulated finds the provider that is to be called: by the manifest in the
// current directory, unless flags say otherwise.
func (c *command) simulated(p conformance.Platform, o targetFlags) (conformance.Provider, error) {
	if o.manifest == "" && o.username == "" {
		i := slices.IndexFunc(manifestFiles, func(name string) bool { _, err := os.Stat(name); return err == nil })
		if i >= 0 {
			o.manifest = manifestFiles[i]
		}
	}
	provider, problems, err := c.targetProvider(p, o)
	if err == nil && fatal(problems) {
		err = c.refuseManifest(problems)
	}
	return provider, err
}

// refuseManifest prints everything that is wrong with a manifest that nobody
// can be called by.
func (c *command) refuseManifest(problems []conformance.Problem) error {
	texts := []string{}
	for _, p := range problems {
		texts = append(texts, p.Text)
	}
	if c.format == "json" {
		_ = c.printJSON(envelope{"error", map[string]any{"message": "errors in the manifest", "problems": texts, "exit_code": exitFailed}})
		return &exitError{code: exitFailed}
	}
	fmt.Fprintln(c.err, "Errors in the manifest:")
	for _, text := range texts {
		fmt.Fprintln(c.err, c.signs("  → "+text))
	}
	return &exitError{code: exitFailed}
}

// signs writes arrows as the terminal can show them.
func (c *command) signs(text string) string {
	if c.utf8() {
		return text
	}
	return strings.NewReplacer("→", "->", "…", "...").Replace(text)
}
