package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"

	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/gateway/secret"
)

// ownVars is the file of values that is read without being asked for.
const ownVars = "addongw.vars.hcl"

// Files is what was read, and how much of it was checked.
type Files struct {
	Summary Summary

	// Gateway and Store are what these blocks say, as far as they could be
	// read: a mistake elsewhere does not keep one from finding the gateway that
	// runs on these files.
	Gateway Gateway
	Store   Store

	// Uses are the backend blocks that could be read, also those whose plugin
	// gave no answer.
	Uses []Use

	secrets []secret.Value

	parsed map[string]*hcl.File
	dirs   []string                // the directories that were read, in order
	merged []string                // the files that make up the configuration, in order
	from   map[string]string       // the directory of each of them
	broken map[string]map[int]bool // files that could not be read, and the lines that show it
}

// Use is a backend block as far as it is about its plugin.
type Use struct {
	Backend string // "postgres.main"
	Plugin  Plugin
	In      string // how diagnostics name the block
}

// Summary counts what was checked.
type Summary struct {
	Files     int
	Addons    int
	Platforms int // platform blocks
	Providers int // provider blocks
	Plans     int
	Regions   int
	Values    int // evaluations of config vars, messages and live settings
}

func newFiles() *Files {
	return &Files{parsed: map[string]*hcl.File{}, from: map[string]string{}, broken: map[string]map[int]bool{}}
}

// Map returns the parsed files by the name that ranges use, the broken ones
// and the files of values too.
func (f *Files) Map() map[string]*hcl.File { return maps.Clone(f.parsed) }

// Dirs returns the directories whose files make up the configuration: the
// configuration directory itself, and then those that it includes.
func (f *Files) Dirs() []string { return slices.Clone(f.dirs) }

// Secrets returns every secret text that was read or that the files hold, for
// redactors: of diagnostics' excerpts, logs and what plugins say.
func (f *Files) Secrets() []secret.Value { return slices.Clone(f.secrets) }

// enclosing names the top-level block that a range lies in: addon "acme-db".
func (f *Files) enclosing(at hcl.Range) string {
	file := f.parsed[at.Filename]
	if file == nil {
		return ""
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return ""
	}
	for _, b := range body.Blocks {
		if header := b.DefRange(); b.Range().ContainsPos(at.Start) && !header.ContainsPos(at.Start) {
			return title(&schema.Content{Block: &schema.Block{Type: b.Type}, Labels: labels(b.Labels)})
		}
	}
	return ""
}

func labels(texts []string) []schema.Label {
	var list []schema.Label
	for _, text := range texts {
		list = append(list, schema.Label{Text: text})
	}
	return list
}

func (f *Files) isBroken(name string) bool { return f.broken[name] != nil }

// onBrokenLine reports whether d is about a line that has a syntax error. What
// was read of it is not what was meant.
func (f *Files) onBrokenLine(d *hcl.Diagnostic) bool {
	return d.Subject != nil && f.broken[d.Subject.Filename][d.Subject.Start.Line]
}

func (f *Files) anyBroken() bool { return len(f.broken) > 0 }

// body is the union of all files of the configuration.
func (f *Files) body() hcl.Body {
	files := make([]*hcl.File, 0, len(f.merged))
	for _, name := range f.merged {
		if file := f.parsed[name]; file != nil && file.Body != nil {
			files = append(files, file)
		}
	}
	return hcl.MergeFiles(files)
}

// readFiles parses every file of the directory and of those that it includes.
func (l *loader) readFiles() {
	entries, err := os.ReadDir(l.options.Dir)
	if err != nil {
		l.add(unreadable("configuration directory "+l.options.Dir, err))
		l.files.broken[l.options.Dir] = map[int]bool{}
		return
	}
	r := &includeReader{loader: l, known: map[string]bool{}}
	r.read(l.options.Dir, entries)
	l.files.Summary.Files = len(l.files.merged)
}

// readDirectory parses the files of one directory and returns their names. One
// that is broken does not keep the others from being checked.
func (l *loader) readDirectory(dir string, entries []fs.DirEntry) []string {
	l.files.dirs = append(l.files.dirs, dir)
	var paths []string
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || !isConfiguration(name) {
			continue
		}
		path := filepath.Join(dir, name)
		paths = append(paths, path)
		l.files.from[path] = dir
		l.parse(path)
	}
	l.files.merged = append(l.files.merged, paths...)
	return paths
}

// isConfiguration tells the configuration from files of values, tests, and
// what editors leave behind.
func isConfiguration(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") {
		return false
	}
	bare := strings.TrimSuffix(name, ".json")
	if strings.HasSuffix(bare, ".vars.hcl") || strings.HasSuffix(bare, ".test.hcl") {
		return false
	}
	return strings.HasSuffix(bare, ".hcl")
}

// parse reads one file and returns it, or nil when there is nothing to read.
func (l *loader) parse(path string) *hcl.File {
	text, err := os.ReadFile(path)
	if err != nil {
		l.add(unreadable(path, err))
		l.files.broken[path] = map[int]bool{}
		return nil
	}
	var file *hcl.File
	var diags hcl.Diagnostics
	if strings.HasSuffix(path, ".json") {
		file, diags = json.Parse(text, path)
	} else {
		file, diags = hclsyntax.ParseConfig(text, path, hcl.InitialPos)
	}
	if file == nil {
		file = &hcl.File{Bytes: text, Body: hcl.EmptyBody()}
	}
	l.files.parsed[path] = file
	if diags.HasErrors() {
		l.files.broken[path] = map[int]bool{}
	}
	for _, d := range diags {
		if d.Subject != nil {
			l.files.broken[path][d.Subject.Start.Line] = true
		}
	}
	l.syntax = append(l.syntax, diags...)
	return file
}

func unreadable(what string, err error) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  fmt.Sprintf("%s can't be read", what),
		Extra:    diagnostic.Info{Code: "AG210", Hint: reason(err)},
	}
}

// reason is what the system said, without the path.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return err.Error()
}

// checkSyntax looks through whole files for what no evaluation would show.
func (l *loader) checkSyntax() {
	known := slices.Sorted(maps.Keys(l.scope.Functions))
	for _, name := range l.files.merged {
		file := l.files.parsed[name]
		if file == nil {
			continue
		}
		body, ok := file.Body.(*hclsyntax.Body)
		if !ok {
			continue
		}
		refs, diags := configvar.CheckSyntax(body, known)
		l.add(diags...)
		l.refs = append(l.refs, refs...)
	}
}
