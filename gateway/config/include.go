package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

func includeTable() *schema.Block {
	return &schema.Block{
		Type: "include", Labels: []string{"directory"}, Repeats: true, // two teams may need the same third
		Doc: `Reads the files of another local directory as if they stood here. ` +
			"The path begins at the directory of the file that says so, and may lead anywhere; a directory is read once, however often it is included. " +
			"Files of values, such as addongw.vars.hcl, are not read there: variables get their values from the configuration directory. " +
			"Relative paths in its files, also those of file() and templatefile(), begin at the included directory.",
		Example: includeExample,
	}
}

// includeReader reads a directory and those that it includes.
type includeReader struct {
	*loader
	known map[string]bool // directories read, by their real path
	path  []includeStep   // from the configuration directory to the present one
}

// includeStep is a directory on the way, and the block that leads there.
type includeStep struct {
	dir  string
	real string
	at   hcl.Range // empty: the configuration directory
}

// read parses the files of a directory, whose entries are at hand, and goes on
// with what they include.
func (r *includeReader) read(dir string, entries []fs.DirEntry) {
	real := realPath(dir)
	r.known[real] = true
	if len(r.path) == 0 {
		r.path = []includeStep{{dir: dir, real: real}}
	}
	table := &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "include", LabelNames: []string{"directory"}}}}
	for _, name := range r.readDirectory(dir, entries) {
		file := r.files.parsed[name]
		if file == nil || file.Body == nil {
			continue
		}
		found, _, _ := file.Body.PartialContent(table) // its problems are reported with the top level
		for _, b := range found.Blocks {
			r.include(dir, b.Labels[0], b.LabelRanges[0])
		}
	}
}

func (r *includeReader) include(from, label string, at hcl.Range) {
	dir := label
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(from, label)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || label == "" {
		r.missing(label, dir, at, err)
		return
	}
	step := includeStep{dir: dir, real: realPath(dir), at: at}
	if start := slices.IndexFunc(r.path, func(s includeStep) bool { return s.real == step.real }); start >= 0 {
		r.cycle(append(slices.Clone(r.path[start:]), step))
		return
	}
	if r.known[step.real] {
		return
	}
	if !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !e.IsDir() && isConfiguration(e.Name()) }) {
		r.add(diagnostic.New(fmt.Sprintf("There are no *.hcl files in %s", dir), at, diagnostic.Info{
			Code: "AG210", Hint: "name the directory that has them, or remove the block",
		}))
		return
	}
	r.path = append(r.path, step)
	r.read(dir, entries)
	r.path = r.path[:len(r.path)-1]
}

// missing reports a directory that can't be read. What its files define is
// then no surprise to miss.
func (r *includeReader) missing(label, dir string, at hcl.Range, err error) {
	r.files.broken[dir] = map[int]bool{}
	info := diagnostic.Info{Code: "AG210", Notes: []string{"looked for " + absolute(dir, ".")}}
	summary := fmt.Sprintf("There is no directory %q", label)
	switch {
	case label == "":
		summary, info.Notes = "This include names no directory", nil
		info.Hint = `write include "../team" {}`
	case errors.Is(err, fs.ErrNotExist):
		info.Hint = "the path begins at the directory of this file"
	case errors.Is(err, syscall.ENOTDIR):
		summary = fmt.Sprintf("%q is no directory", label)
		info.Hint = "all *.hcl files of a directory are included together; name the directory"
	default:
		summary = fmt.Sprintf("The directory %q can't be read", label)
		info.Hint = reason(err)
	}
	r.add(diagnostic.New(summary, at, info))
}

// cycle reports directories that include each other. The first and the last
// step are the same directory.
func (r *includeReader) cycle(steps []includeStep) {
	var names []string
	for _, s := range steps {
		names = append(names, s.dir)
	}
	last := steps[len(steps)-1]
	info := diagnostic.Info{Code: "AG306", Hint: "remove one of the blocks", Notes: []string{strings.Join(names, " → ")}}
	for _, s := range steps[1 : len(steps)-1] {
		info.Also = append(info.Also, diagnostic.Place{Range: s.at, Text: "includes " + s.dir})
	}
	summary := "These directories include each other"
	if len(steps) == 2 {
		summary = "This directory includes itself"
	}
	r.add(diagnostic.New(summary, last.at, info))
}

func realPath(dir string) string {
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return dir
}

// includes looks for settings in include blocks: they take none.
func (l *loader) includes(blocks []*schema.Content) {
	for _, c := range blocks {
		l.decode(c)
	}
}

// dirOf is the directory that relative paths written at a place begin at.
func (f *Files) dirOf(at hcl.Range) string {
	if dir, ok := f.from[at.Filename]; ok || len(f.dirs) == 0 {
		return dir
	}
	return f.dirs[0]
}

// scopeAt is the scope for what stands at a place: file() and templatefile()
// read below the directory of the file that calls them.
func (l *loader) scopeAt(at hcl.Range) *hcl.EvalContext {
	dir := l.files.dirOf(at)
	if dir == "" || dir == l.options.Dir {
		return l.scope
	}
	if scope, made := l.scopes[dir]; made {
		return scope
	}
	scope := l.scope.NewChild()
	all := functions(l.options, dir, l.secrets)
	scope.Functions = map[string]function.Function{"file": all["file"], "templatefile": all["templatefile"]}
	l.scopes[dir] = scope
	return scope
}
