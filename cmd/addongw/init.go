package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/scaffold"
)

func newInit(c *command) *cobra.Command {
	var o scaffold.Options
	var force bool
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write the files of a new configuration directory",
		Long: "Writes a configuration that works, with generated secrets, what keeps them out of git, and what checks the files\n" +
			"in a pre-commit hook and on GitHub. On a terminal it asks for what the flags leave open.\n\n" +
			"Templates: shell (scripts of yours; runs at once), postgres (databases on a server of yours), redis (a server for each\n" +
			"customer; runs at once where redis-server is), http (accounts at an HTTP API of yours), nanobox (servers for rent, made by\n" +
			"scripts; runs at once), blank.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.dirArgument(cmd, args); err != nil {
				return err
			}
			o.Revision = revision(version)
			if err := c.completeInit(cmd.Context(), &o); err != nil {
				return err
			}
			return c.scaffold(o, force)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Template, "template", "", "what makes the real thing: "+strings.Join(scaffold.Templates(), ", "))
	f.StringVar(&o.Addon, "addon", "", "id of the add-on, or of the provider of servers (default: the name of the directory)")
	f.StringSliceVar(&o.Platforms, "platform", nil, "where it is sold: "+strings.Join(scaffold.Platforms(), ", "))
	f.BoolVar(&force, "force", false, "overwrite files, save for the secrets in "+scaffold.Vars)
	return cmd
}

// revision is what others can get this version of addongw by: its tag, or the
// branch that it was built from.
func revision(version string) string {
	if regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
		return "v" + version
	}
	return "main"
}

// completeInit settles what the flags left open: it asks at a terminal, and
// takes the defaults elsewhere.
func (c *command) completeInit(ctx context.Context, o *scaffold.Options) error {
	ask := c.newPrompt(ctx)
	templates, platforms := scaffold.Templates(), scaffold.Platforms()
	err := ask.choose("What makes the real thing?", templates, "template", &o.Template)
	if err != nil {
		return err
	}
	what := "an add-on"
	if scaffold.Rents(o.Template) {
		what = "a provider"
	}
	check := func(id string) error {
		if !config.ValidAddonID(id) {
			return usage(fmt.Errorf("%q can't be the id of %s", id, what), "Use 3 to 40 of a-z, 0-9, - and _, beginning with a letter; customers see the name.")
		}
		return nil
	}
	if err := ask.text("Id of the "+strings.Fields(what)[1], c.addonID(), check, &o.Addon); err != nil {
		return err
	}
	if scaffold.Rents(o.Template) {
		if len(o.Platforms) > 0 {
			return usage(errors.New("--platform says where an add-on is sold, and servers are rented here"), "Leave it out.")
		}
		o.Platforms = []string{}
		return nil
	}
	if len(o.Platforms) == 0 {
		o.Platforms = platforms[:1]
		if len(platforms) > 1 {
			var one string
			err := ask.choose("Where is it sold?", platforms, "platform", &one)
			if err != nil {
				return err
			}
			o.Platforms = []string{one}
		}
	}
	for _, name := range o.Platforms {
		if err := oneOf(name, platforms, "platform"); err != nil {
			return err
		}
	}
	slices.Sort(o.Platforms)
	o.Platforms = slices.Compact(o.Platforms)
	return nil
}

// addonID makes an id of the directory's name where it can.
func (c *command) addonID() string {
	whole, err := filepath.Abs(c.dir)
	if err != nil {
		return "my-addon"
	}
	id := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(filepath.Base(whole)), "-"), "-")
	if !config.ValidAddonID(id) {
		return "my-addon"
	}
	return id
}

func oneOf(value string, known []string, what string) error {
	if slices.Contains(known, value) {
		return nil
	}
	return usage(fmt.Errorf("there is no %s %q", what, value), "There is: "+strings.Join(known, ", ")+".")
}

func (c *command) scaffold(o scaffold.Options, force bool) error {
	files, err := scaffold.Files(o)
	if err != nil {
		return failed(err)
	}
	written, err := scaffold.Write(c.dir, files, force)
	var conflict *scaffold.ConflictError
	if errors.As(err, &conflict) {
		return c.conflict(conflict)
	}
	if err != nil {
		return failed(err)
	}
	return failed(c.printInit(o, written))
}

// conflict lists what is in the way.
func (c *command) conflict(e *scaffold.ConflictError) error {
	var paths []string
	for _, p := range e.Paths {
		paths = append(paths, filepath.Join(c.dir, p))
	}
	if c.format == "text" {
		for _, p := range paths {
			fmt.Fprintf(c.err, "  exists  %s\n", p)
		}
		return &exitError{
			code: exitFailed, err: fmt.Errorf("%w; nothing was written", e),
			hint: "Name another directory, or overwrite with --force; " + scaffold.Vars + " is kept even then.",
		}
	}
	_ = c.printJSON(envelope{"init", map[string]any{"files": []any{}, "conflicts": paths}})
	return &exitError{code: exitFailed}
}

type initFile struct {
	Path   string `json:"path"`
	Action string `json:"action"` // "create" or "keep"
}

func (c *command) printInit(o scaffold.Options, written []scaffold.Written) error {
	var files []initFile
	for _, w := range written {
		f := initFile{filepath.Join(c.dir, w.Path), "create"}
		if w.Kept {
			f.Action = "keep"
		}
		files = append(files, f)
	}
	if c.format == "json" {
		return c.printJSON(envelope{"init", map[string]any{
			"template": o.Template, "addon": o.Addon, "platforms": o.Platforms, "files": files,
		}})
	}
	for _, f := range files {
		note := ""
		if filepath.Base(f.Path) == scaffold.Vars {
			note = "    (secrets; in .gitignore)"
		}
		fmt.Fprintf(c.out, "  %-6s  %s%s\n", f.Action, f.Path, note)
	}
	fmt.Fprintln(c.out, "\nNext:")
	for _, step := range c.nextSteps(o) {
		fmt.Fprintln(c.out, strings.TrimRight(fmt.Sprintf("  %-22s  %s", step[0], step[1]), " "))
	}
	return nil
}

// nextSteps is what to type after init.
func (c *command) nextSteps(o scaffold.Options) [][2]string {
	var steps [][2]string
	step := func(do, why string) { steps = append(steps, [2]string{do, why}) }
	if here, err := os.Getwd(); err != nil || !sameFolder(here, c.dir) {
		step("cd "+shellQuote(c.dir), "")
	}
	switch o.Template {
	case "postgres":
		step("edit "+scaffold.Vars, "db_admin_url: who makes the databases, and where")
	case "http":
		step("edit addongw.hcl", "base_url, and what your API is asked for each verb")
		step("edit "+scaffold.Vars, "api_token: what we call your API with")
	case "blank":
		step("edit addongw.hcl", "name the backend that makes the real thing")
		step("addongw validate", "says what is missing, with file and line")
		return steps
	}
	step("addongw dev", "try it, on a throw-away store")
	step("addongw validate", "check the files")
	return steps
}

func sameFolder(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
