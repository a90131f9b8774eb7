package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/term"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform/all"
	"github.com/addongw/addongw/gateway/secret"
)

// loaded is a configuration and what was found in its files.
type loaded struct {
	*config.Config // nil when there are errors
	files          *config.Files
	diags          hcl.Diagnostics
}

// load reads the configuration directory with what the global flags say.
func (c *command) load(ctx context.Context, adjust func(*config.Options)) (loaded, error) {
	var l loaded
	if err := c.checkDir(); err != nil {
		return l, err
	}
	options, err := c.loadOptions()
	if err != nil {
		return l, err
	}
	asked := plugins{dir: c.dir}
	defer asked.close()
	options.Plugins = asked.open
	adjust(&options)
	l.Config, l.files, l.diags = config.Load(ctx, options)
	return l, failed(ctx.Err())
}

// loadFaultless is load for commands that go on only without errors: it prints
// what was found.
func (c *command) loadFaultless(ctx context.Context, adjust func(*config.Options)) (loaded, error) {
	return c.faultless(c.load(ctx, adjust))
}

// faultless passes on what was loaded; with errors in its files it prints them
// and fails.
func (c *command) faultless(l loaded, err error) (loaded, error) {
	if err != nil {
		return l, err
	}
	return l, c.report(l)
}

// report prints what was found in files, and fails when there are errors.
func (c *command) report(l loaded) error {
	if l.diags.HasErrors() && c.format == "json" {
		_ = diagnostic.WriteJSON(c.out, "diagnostics", l.diags, l.writing())
	} else {
		c.printDiagnostics(l.diags, l.writing())
	}
	if l.diags.HasErrors() {
		return &exitError{code: exitFailed}
	}
	return nil
}

func (c *command) checkDir() error {
	if info, err := os.Stat(c.dir); err != nil || !info.IsDir() {
		return usage(fmt.Errorf("there is no directory %s", c.dir), "Name the folder that holds your *.hcl files.")
	}
	return nil
}

func (c *command) loadOptions() (config.Options, error) {
	vars := map[string]string{}
	for _, v := range c.vars {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return config.Options{}, usage(fmt.Errorf("--var %s has no value", name), "Write --var NAME=VALUE.")
		}
		vars[name] = value
	}
	return config.Options{
		Dir: c.dir, Vars: vars, VarFiles: c.varFiles, Version: version, Environ: c.getenv, Dialects: all.Dialects(), Providers: all.Providers(),
	}, nil
}

// writing says how the diagnostics of these files are written: without the
// secrets that stand in them.
func (l loaded) writing() diagnostic.Options {
	return diagnostic.Options{Files: l.files.Map(), Redact: redactorOf(l.files.Secrets()).Redact}
}

func redactorOf(secrets []secret.Value) *secret.Redactor {
	redactor := secret.NewRedactor()
	for _, v := range secrets {
		redactor.Add(v.Reveal())
	}
	return redactor
}

// printDiagnostics prints diagnostics as text to standard error.
func (c *command) printDiagnostics(diags hcl.Diagnostics, o diagnostic.Options) {
	o.Color, o.ASCII, o.Width = c.colored(c.err), !c.utf8(), width(c.err)
	_ = diagnostic.WriteText(c.err, diags, o) // standard error is gone: nobody is left to tell
}

// utf8 reports whether the locale can show more than ASCII.
func (c *command) utf8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v, ok := c.getenv(name); ok && v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// width is how many columns of a source line fit on the terminal; 0 where
// nobody counts.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns < 40 {
		return 0
	}
	return columns - len("1234 | ")
}

func platformNames() []string {
	var names []string
	for _, d := range all.Dialects() {
		names = append(names, d.Name())
	}
	return names
}

// providerNames are the platforms that rent servers.
func providerNames() []string {
	var names []string
	for _, d := range all.Providers() {
		names = append(names, d.Name())
	}
	return names
}

// adminAddress is where the gateway of the configuration directory listens for
// the command line.
func (c *command) adminAddress() (string, error) {
	if err := c.checkDir(); err != nil {
		return "", err
	}
	options, err := c.loadOptions()
	if err != nil {
		return "", err
	}
	_, files, _ := config.Load(context.Background(), options)
	if files.Store.Path == "" {
		return "", &exitError{
			code: exitFailed, err: fmt.Errorf("the configuration in %s does not say where its gateway listens", c.dir),
			hint: "Name the directory of the running gateway with --dir, or its socket with --admin unix:PATH.",
		}
	}
	return adminListen(files.Gateway, files.Store), nil
}

// adminListen is the admin address of a configuration: a socket beside the
// store unless the file names another.
func adminListen(g config.Gateway, s config.Store) string {
	if g.AdminListen != "" {
		return g.AdminListen
	}
	return "unix:" + filepath.Join(filepath.Dir(s.Path), "admin.sock")
}
