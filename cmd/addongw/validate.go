package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
)

func newValidate(c *command) *cobra.Command {
	return &cobra.Command{
		Use:   "validate [DIR]",
		Short: "Check a configuration directory, without secrets, network or store",
		Long: "Checks every file of a configuration directory: its blocks, the settings of its plugins, and each config var\n" +
			"for every add-on, platform, plan and region. Reads no secrets, no store and no network.\n" +
			"With --format github or sarif, problems appear beside the lines of a change.",
		Args:        cobra.MaximumNArgs(1),
		Annotations: withAnnotations(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.dirArgument(cmd, args); err != nil {
				return err
			}
			l, err := c.load(cmd.Context(), func(*config.Options) {})
			if err != nil {
				return err
			}
			return c.printValidation(l)
		},
	}
}

func (c *command) printValidation(l loaded) error {
	report := diagnostic.NewReport("validate", l.diags, l.writing())
	end := error(nil)
	if !report.Valid {
		end = &exitError{code: exitFailed}
	}
	if c.format != "text" {
		return cmp.Or(failed(c.printReport("validate", l.diags, l.writing())), end)
	}
	c.printDiagnostics(l.diags, l.writing())
	s := l.files.Summary
	checked := counted(s)
	if !report.Valid {
		fmt.Fprintf(c.err, "%s%s (%s)\n", count(report.ErrorCount, "error"), warnings(report.WarningCount), checked)
		return end
	}
	fmt.Fprintf(c.out, "ok  %s%s\n", checked, warnings(report.WarningCount))
	return nil
}

// counted says what was checked.
func counted(s config.Summary) string {
	parts := []string{count(s.Files, "file")}
	if s.Addons > 0 || s.Providers == 0 {
		parts = append(parts, count(s.Addons, "add-on"), count(s.Platforms, "platform"))
	}
	if s.Providers > 0 {
		parts = append(parts, count(s.Providers, "provider"))
	}
	return strings.Join(parts, ", ") + ", " + count(s.Values, "value") + " checked"
}

func warnings(n int) string {
	if n == 0 {
		return ""
	}
	return ", " + count(n, "warning")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
