package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func newVersion(c *command) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if c.format == "json" {
				return c.printJSON(map[string]any{
					"format_version": "1.0", "type": "version", "version": version, "go": runtime.Version(),
					"plugin_protocol": 1, "platforms": append(platformNames(), providerNames()...),
				})
			}
			fmt.Fprintf(c.out, "addongw %s (%s)\n", version, runtime.Version())
			return nil
		},
	}
}
