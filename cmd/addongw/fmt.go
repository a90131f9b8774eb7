package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/secret"
)

// stdinName is what standard input is called in messages.
const stdinName = "<stdin>"

// formatting is one run of fmt.
type formatting struct {
	*command
	check, diff, recursive bool

	sources map[string]*hcl.File
	secrets []secret.Value // credentials that stand in the files
	diags   hcl.Diagnostics
	changed []change
}

// change is a file that is not formatted.
type change struct {
	name     string
	old, new []byte
}

func newFmt(c *command) *cobra.Command {
	f := &formatting{command: c, sources: map[string]*hcl.File{}}
	cmd := &cobra.Command{
		Use:   "fmt [PATH…]",
		Short: "Format HCL files in place",
		Long: "Formats *.hcl files, or those in directories, in place and prints the names of changed ones.\n" +
			"\"-\" formats standard input. A file that does not parse is left alone and reported.\n" +
			"--check and --diff change nothing: the one says by its exit code and by names which files are not\n" +
			"formatted, the other shows what would change, as a patch; together they do both.",
		Annotations: withAnnotations(),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := f.checkFlags(args); err != nil {
				return err
			}
			if err := f.read(args); err != nil {
				return failed(err)
			}
			return f.finish()
		},
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "change nothing; exit 2 and print the names if a file is not formatted")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "change nothing; print what would change, as a unified diff")
	cmd.Flags().BoolVarP(&f.recursive, "recursive", "r", false, "directories with everything below them")
	return cmd
}

// fromStdin reports whether the only file is standard input.
func fromStdin(args []string) bool { return len(args) == 1 && args[0] == "-" }

func (f *formatting) checkFlags(args []string) error {
	switch {
	case (f.format == "github" || f.format == "sarif") && !f.check:
		wrong := f.format
		f.format = "text"
		return usage(fmt.Errorf("the format %q is for fmt --check", wrong), "Add --check: annotations say which files are not formatted.")
	case fromStdin(args) && f.format == "json" && !f.check && !f.diff:
		return usage(errors.New("fmt - prints the formatted file, which is not JSON"), "Add --check or --diff, or leave the format out.")
	}
	return nil
}

// read formats everything that args name, in memory.
func (f *formatting) read(args []string) error {
	if fromStdin(args) {
		src, err := io.ReadAll(f.in)
		if err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
		f.add(stdinName, src)
		return nil
	}
	if len(args) == 0 {
		args = []string{f.dir}
	}
	files, err := hclFiles(args, f.recursive)
	if err != nil {
		return err
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		f.add(file, src)
	}
	return nil
}

func (f *formatting) add(name string, src []byte) {
	f.sources[name] = &hcl.File{Bytes: src}
	formatted, diags := config.Format(name, src)
	if diags.HasErrors() {
		f.diags = append(f.diags, diags...)
		f.secrets = append(f.secrets, config.LiteralSecrets(name, src)...)
		return
	}
	if !bytes.Equal(formatted, src) {
		f.changed = append(f.changed, change{name, src, formatted})
	}
}

// finish writes and prints what the flags ask for.
func (f *formatting) finish() error {
	writes := !f.check && !f.diff
	if _, ok := f.sources[stdinName]; ok && writes {
		return f.printStdin()
	}
	for _, c := range f.changed {
		if !writes {
			break
		}
		if err := replaceFile(c.name, c.new); err != nil {
			return failed(err)
		}
	}
	if err := f.print(); err != nil {
		return failed(err)
	}
	switch {
	case f.diags.HasErrors():
		return &exitError{code: exitFailed}
	case f.check && len(f.changed) > 0:
		return &exitError{code: exitDifference}
	}
	return nil
}

// printStdin prints standard input as it should be.
func (f *formatting) printStdin() error {
	if f.diags.HasErrors() {
		f.printDiagnostics(f.diags, f.writing())
		return &exitError{code: exitFailed}
	}
	text := f.sources[stdinName].Bytes
	for _, c := range f.changed {
		text = c.new
	}
	_, err := f.out.Write(text)
	return failed(err)
}

func (f *formatting) writing() diagnostic.Options {
	return diagnostic.Options{Files: f.sources, Redact: redactorOf(f.secrets).Redact}
}

// print prints what kept files from being formatted, and the others: their
// names, or how they change.
func (f *formatting) print() error {
	switch f.format {
	case "github", "sarif":
		return f.printReport("fmt", append(f.diags, f.unformatted()...), f.writing())
	case "json":
		return f.printJSON(f.report())
	}
	f.printDiagnostics(f.diags, f.writing())
	for _, c := range f.changed {
		text := []byte(c.name + "\n")
		if f.diff {
			text = c.patch()
		}
		if _, err := f.out.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// fmtReport is the result of fmt for programs.
type fmtReport struct {
	diagnostic.Report
	Changed []string `json:"changed"`        // names of files that were not formatted
	Diff    string   `json:"diff,omitempty"` // with --diff
}

func (f *formatting) report() fmtReport {
	r := fmtReport{Report: diagnostic.NewReport("fmt", f.diags, f.writing()), Changed: []string{}}
	for _, c := range f.changed {
		r.Changed = append(r.Changed, c.name)
		if f.diff {
			r.Diff += string(c.patch())
		}
	}
	return r
}

// patch is the change as a unified diff. Line ends that differ show as lines
// that differ.
func (c change) patch() []byte { return diff.Diff(c.name, c.old, c.name, c.new) }

// unformatted makes an annotation for each file that is not formatted, at the
// first line that would change.
func (f *formatting) unformatted() hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, c := range f.changed {
		at := hcl.Range{Filename: c.name, Start: hcl.InitialPos, End: hcl.InitialPos}
		at.Start.Line = c.firstLine()
		at.End.Line = at.Start.Line
		diags = append(diags, diagnostic.Warn("This file is not formatted", at, diagnostic.Info{Code: "AG110", Hint: "run addongw fmt"}))
	}
	return diags
}

// firstLine is the number of the first line that would change.
func (c change) firstLine() int {
	old, formatted := bytes.SplitAfter(c.old, []byte("\n")), bytes.SplitAfter(c.new, []byte("\n"))
	for i, line := range old {
		if i >= len(formatted) || !bytes.Equal(line, formatted[i]) {
			return i + 1
		}
	}
	return len(old)
}
