package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/secret"
)

func newKeys(c *command) *cobra.Command {
	keys := &cobra.Command{
		Use:   "keys",
		Short: "Keys that seal secrets in the store",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	keys.AddCommand(&cobra.Command{
		Use:   "generate",
		Short: "Print a new key for a keyring block",
		Long: "Prints a new key: base64 of 32 random bytes, as the last line of the output.\n" +
			"It also serves as password or sso_salt of a platform block.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			key := secret.Generate()
			if c.format == "json" {
				return c.printJSON(map[string]any{"format_version": "1.0", "type": "keys_generate", "key": key})
			}
			fmt.Fprintln(c.err, "Keep it where secret(\"…\") finds it, never in a file under version control.")
			fmt.Fprintln(c.out, key)
			return nil
		},
	})
	return keys
}
