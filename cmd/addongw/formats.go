package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// The formats of every command, those of commands whose result are
// diagnostics, and those of commands whose result are tests.
var (
	plainFormats      = []string{"text", "json"}
	annotationFormats = []string{"text", "json", "github", "sarif"}
	testFormats       = []string{"text", "json", "junit"}
)

// annotates is the annotation of commands with annotationFormats.
const annotates = "annotates"

// tests is the annotation of commands with testFormats.
const tests = "tests"

func withAnnotations() map[string]string { return map[string]string{annotates: "true"} }

// checkFormat refuses a format that the command does not have. The refusal is
// text: nobody reads an annotation or a log of a command that did not run.
func (c *command) checkFormat(cmd *cobra.Command) error {
	formats := plainFormats
	if cmd.Annotations[annotates] != "" {
		formats = annotationFormats
	}
	if cmd.Annotations[tests] != "" {
		formats = testFormats
	}
	if slices.Contains(formats, c.format) {
		return nil
	}
	wrong := c.format
	c.format = "text"
	hint := "Formats: " + strings.Join(formats, ", ") + "."
	if slices.Contains(annotationFormats, wrong) || slices.Contains(testFormats, wrong) {
		return usage(fmt.Errorf("%s has no format %q", cmd.CommandPath(), wrong), hint)
	}
	return usage(fmt.Errorf("there is no format %q", wrong), hint)
}

// printReport prints diagnostics to standard output in a format for programs.
func (c *command) printReport(verb string, diags hcl.Diagnostics, o diagnostic.Options) error {
	switch c.format {
	case "github":
		return diagnostic.WriteGitHub(c.out, diags, o)
	case "sarif":
		return diagnostic.WriteSARIF(c.out, version, diags, o)
	}
	return diagnostic.WriteJSON(c.out, verb, diags, o)
}
