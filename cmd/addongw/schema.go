package main

import (
	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/platform/all"
	"github.com/addongw/addongw/gateway/reference"
)

func newSchema(c *command) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the language as JSON",
		Long: "Prints the whole language as one JSON object, for editors and programs that write files: blocks, settings with\n" +
			"types, defaults and phases, names, functions, codes of errors and reserved words. Its shape is stable and\n" +
			"described in spec/language/json.md.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			document := reference.New(all.Dialects(), all.Providers())
			return failed(c.printJSON(envelope{kind: "schema", body: struct {
				Version string `json:"version"`
				reference.Document
			}{version, document}}))
		},
	}
}
