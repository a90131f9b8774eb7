package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
)

func newFmt(c *command) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "fmt [PATH…]",
		Short: "Format HCL files in place",
		Long: "Formats *.hcl files, or those in directories, in place and prints the names of changed ones.\n" +
			"\"-\" formats standard input. A file that does not parse is left alone and reported.",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] == "-" {
				return c.formatStdin()
			}
			if len(args) == 0 {
				args = []string{c.dir}
			}
			return c.formatPaths(args, check)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "change nothing; exit 2 and print the names if a file is not formatted")
	return cmd
}

func (c *command) formatStdin() error {
	src, err := io.ReadAll(c.in)
	if err != nil {
		return failed(fmt.Errorf("read standard input: %w", err))
	}
	formatted, diags := config.Format("<stdin>", src)
	if diags.HasErrors() {
		c.printDiagnostics(diags, diagnostic.Options{Files: map[string]*hcl.File{"<stdin>": {Bytes: src}}})
		return &exitError{code: exitFailed}
	}
	_, err = c.out.Write(formatted)
	return failed(err)
}

func (c *command) formatPaths(paths []string, check bool) error {
	files, err := hclFiles(paths)
	if err != nil {
		return failed(err)
	}
	sources := map[string]*hcl.File{}
	var diags hcl.Diagnostics
	var changed []string
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			return failed(fmt.Errorf("read %s: %w", file, err))
		}
		sources[file] = &hcl.File{Bytes: src}
		formatted, d := config.Format(file, src)
		diags = append(diags, d...)
		if d.HasErrors() || bytes.Equal(formatted, src) {
			continue
		}
		changed = append(changed, file)
		if !check {
			if err := replaceFile(file, formatted); err != nil {
				return failed(err)
			}
		}
	}
	if err := c.printFormatted(changed, diags, sources); err != nil {
		return failed(err)
	}
	if diags.HasErrors() {
		return &exitError{code: exitFailed}
	}
	if check && len(changed) > 0 {
		return &exitError{code: exitDifference}
	}
	return nil
}

// printFormatted prints the names of changed files, and what kept others from
// being formatted.
func (c *command) printFormatted(changed []string, diags hcl.Diagnostics, sources map[string]*hcl.File) error {
	if c.format == "json" {
		report := diagnostic.NewReport("fmt", diags, diagnostic.Options{Files: sources})
		return c.printJSON(struct {
			diagnostic.Report
			Changed []string `json:"changed"`
		}{report, append([]string{}, changed...)})
	}
	c.printDiagnostics(diags, diagnostic.Options{Files: sources})
	for _, file := range changed {
		fmt.Fprintln(c.out, file)
	}
	return nil
}

// hclFiles lists the files named by paths and the *.hcl files directly in the
// directories named by them.
func hclFiles(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("there is no file or directory %s", path)
		case err != nil:
			return nil, err
		case !info.IsDir():
			files = append(files, path)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, fmt.Errorf("read the directory %s: %w", path, err)
		}
		for _, e := range entries {
			if !e.IsDir() && strings.HasSuffix(e.Name(), ".hcl") && !strings.HasPrefix(e.Name(), ".") {
				files = append(files, filepath.Join(path, e.Name()))
			}
		}
	}
	return files, nil
}

// replaceFile swaps the content of a file, keeping its mode.
func replaceFile(path string, content []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return putFile(path, content, info.Mode().Perm())
}

// putFile writes a file in one step, so that a crash never leaves half of it.
func putFile(path string, content []byte, mode fs.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".addongw-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already after the rename
	_, err = tmp.Write(content)
	if err == nil {
		err = tmp.Chmod(mode)
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
