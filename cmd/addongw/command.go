package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// streams is the world a command runs in.
type streams struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) (string, bool)
}

// command is what all commands share: streams and global flags.
type command struct {
	*streams
	dir      string
	vars     []string
	varFiles []string
	format   string // "text", "json"; where diagnostics are the result also "github" and "sarif"
	asJSON   bool
	color    string // "auto", "always" or "never"
	admin    string
}

func newRoot(c *command) *cobra.Command {
	root := &cobra.Command{
		Use:   "addongw",
		Short: "Sell a service on PaaS marketplaces from HCL files",
		Long: "addongw turns a directory of HCL files into the provider APIs of PaaS marketplaces.\n" +
			"Start with: addongw dev DIR",
		Version:           version,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              cobra.NoArgs,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if completes(cmd) {
				return nil
			}
			return c.checkGlobals(cmd)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := root.PersistentFlags()
	f.StringVarP(&c.dir, "dir", "C", c.envOr("ADDONGW_DIR", "."), "configuration directory")
	f.StringArrayVar(&c.vars, "var", nil, "value of a variable, NAME=VALUE")
	f.StringArrayVar(&c.varFiles, "var-file", nil, "file with values of variables")
	f.StringVar(&c.format, "format", c.format, "text or json; validate and fmt also: github, sarif; conformance also: junit")
	f.BoolVar(&c.asJSON, "json", false, "the same as --format json")
	f.StringVar(&c.color, "color", "auto", "auto, always or never")
	f.StringVar(&c.admin, "admin", c.envOr("ADDONGW_ADMIN", ""), "admin address of a running gateway, unix:PATH (default: as in the configuration)")
	root.AddCommand(
		newInit(c), newServe(c), newReload(c), newStatus(c), newDev(c), newValidate(c), newFmt(c), newManifest(c), newConformance(c),
		newSimulate(c), newSSO(c), newResources(c), newOperations(c), newPlugins(c), newKeys(c), newConsole(c), newExplain(c), newSchema(c), newCompletion(c), newVersion(c),
	)
	c.addCompletions(root)
	return root
}

func (s *streams) envOr(name, fallback string) string {
	if v, ok := s.getenv(name); ok && v != "" {
		return v
	}
	return fallback
}

func (c *command) checkGlobals(cmd *cobra.Command) error {
	if c.asJSON {
		if other := c.format; other != "json" && cmd.Flags().Changed("format") {
			c.format = "text"
			return usage(fmt.Errorf("two formats: --json and --format %s", other), "Name one of them.")
		}
		c.format = "json"
	}
	if err := c.checkFormat(cmd); err != nil {
		return err
	}
	if c.color != "auto" && c.color != "always" && c.color != "never" {
		return usage(fmt.Errorf("there is no colour setting %q", c.color), "Settings: auto, always, never.")
	}
	return nil
}

// formatBeforeParsing finds the output format by hand, so that a wrong flag is
// reported in it too.
func formatBeforeParsing(args []string, getenv func(string) (string, bool)) string {
	format := "text"
	if v, ok := getenv("ADDONGW_FORMAT"); ok && v != "" {
		format = v
	}
	for i, a := range args {
		switch {
		case a == "--":
			return format
		case a == "--json":
			format = "json"
		case a == "--format" && i+1 < len(args):
			format = args[i+1]
		case strings.HasPrefix(a, "--format="):
			format = strings.TrimPrefix(a, "--format=")
		}
	}
	return format
}

// dirArgument takes the directory from the only argument, else from --dir.
func (c *command) dirArgument(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.Flags().Changed("dir") {
		return usage(fmt.Errorf("two directories: %s and --dir %s", args[0], c.dir), "Name one of them.")
	}
	c.dir = args[0]
	return nil
}

// printError says why a command ends, in the chosen format.
func (c *command) printError(e *exitError) {
	if e.err == nil {
		return
	}
	if c.format == "json" {
		_ = c.printJSON(map[string]any{
			"format_version": "1.0", "type": "error", "message": e.err.Error(), "hint": e.hint, "exit_code": e.code,
		})
		return
	}
	fmt.Fprintf(c.err, "%s %s\n", c.paint(c.err, "error:"), e.err)
	if e.hint != "" {
		fmt.Fprintf(c.err, "  = %s\n", e.hint)
	}
}

// printJSON prints a command's result as one indented object.
func (c *command) printJSON(v any) error {
	enc := json.NewEncoder(c.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// envelope puts format_version and type before the fields of a result.
type envelope struct {
	kind string
	body any
}

// MarshalJSON writes one object: {"format_version", "type", …fields of body}.
func (e envelope) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // ">= 0.1" is for people too
	if err := enc.Encode(e.body); err != nil {
		return nil, err
	}
	body := bytes.TrimSpace(text.Bytes())
	head := fmt.Appendf(nil, `{"format_version":"1.0","type":%q`, e.kind)
	if len(body) > len("{}") {
		head = append(head, ',')
	}
	return append(head, body[1:]...), nil
}

func (c *command) paint(w io.Writer, text string) string {
	if !c.colored(w) {
		return text
	}
	return "\x1b[1;31m" + text + "\x1b[0m"
}

// colored decides whether w gets colours: --color, then NO_COLOR, then
// CLICOLOR_FORCE, then whether it is a terminal.
func (c *command) colored(w io.Writer) bool {
	switch c.color {
	case "always":
		return true
	case "never":
		return false
	}
	if v, ok := c.getenv("NO_COLOR"); ok && v != "" {
		return false
	}
	if v, ok := c.getenv("CLICOLOR_FORCE"); ok && v != "" && v != "0" {
		return true
	}
	if v, _ := c.getenv("TERM"); v == "dumb" {
		return false
	}
	return isTerminal(w)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
