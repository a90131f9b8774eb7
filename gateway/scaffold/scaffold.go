package scaffold

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/addongw/addongw/gateway/secret"
)

//go:embed templates
var embedded embed.FS

// secretLength is what password and salt have: Clever Cloud asks for 35 or
// more.
const secretLength = 40

// Vars is the file of values, which never gets into git.
const Vars = "addongw.vars.hcl"

// Options says what to make.
type Options struct {
	Template  string   // one of Templates
	Addon     string   // its id, or that of the provider of servers
	Platforms []string // some of Platforms; none where servers are rented
	Revision  string   // of addongw, for the tools that install it: a tag or branch
}

// File is one file to be written.
type File struct {
	Path string // below the directory, with slashes
	Mode fs.FileMode
	Text []byte
}

// Templates lists what can be made: by the kind of backend, or by the platform; the one that needs nothing first.
func Templates() []string { return []string{"shell", "postgres", "redis", "http", "nanobox", "blank"} }

// Rents reports whether a template rents servers: it sells no add-on then, and
// knows its platform.
func Rents(template string) bool { return template == "nanobox" }

// Platforms lists the marketplaces that there is a block for, in alphabetical
// order: those in templates/platforms that the gateway speaks.
func Platforms() []string { return []string{"clevercloud", "scalingo", "xervo"} }

func templates() fs.FS {
	below, err := fs.Sub(embedded, "templates")
	if err != nil {
		panic(err) // it is part of the binary
	}
	return below
}

// Files makes the files of a configuration, with fresh secrets.
func Files(o Options) ([]File, error) {
	if !slices.Contains(Templates(), o.Template) {
		return nil, fmt.Errorf("there is no template %q", o.Template)
	}
	for _, name := range o.Platforms {
		if !slices.Contains(Platforms(), name) {
			return nil, fmt.Errorf("there is no template for the platform %q", name)
		}
	}
	w, err := newWords(o)
	if err != nil {
		return nil, err
	}
	var files []File
	err = fs.WalkDir(templates(), o.Template, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		below := name[len(o.Template)+1:]
		text, err := w.fill(name)
		files = append(files, File{Path: below, Mode: mode(below), Text: text})
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, f := range []struct{ text, path string }{
		{"gitignore", ".gitignore"}, {"pre-commit-config.yaml", ".pre-commit-config.yaml"}, {"github-actions.yml", ".github/workflows/addongw.yml"},
	} {
		text, err := w.fill("common/" + f.text)
		if err != nil {
			return nil, err
		}
		files = append(files, File{Path: f.path, Mode: 0o644, Text: text})
	}
	return files, nil
}

// mode makes the verbs of a script folder executable: they have no suffix.
func mode(name string) fs.FileMode {
	switch {
	case name == Vars:
		return 0o600
	case path.Dir(name) == "scripts" && path.Ext(name) == "":
		return 0o755
	}
	return 0o644
}

// newSecret is what the texts call secret.
func newSecret() string { return secret.Password(secretLength) }
