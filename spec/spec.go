package spec

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed clevercloud nanobox scalingo xervo
var files embed.FS

// extension ends the name of every exchange file.
const extension = ".exchange"

// Platforms lists the folders.
func Platforms() ([]string, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, fmt.Errorf("list platforms: %w", err)
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

// Exchanges returns the exchanges of a platform, by file name.
func Exchanges(platform string) ([]Exchange, error) {
	names, err := fs.Glob(files, path.Join(platform, "*"+extension))
	if err != nil {
		return nil, fmt.Errorf("list exchanges of %s: %w", platform, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there are no exchanges of %q", platform)
	}
	exchanges := make([]Exchange, 0, len(names))
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read exchange: %w", err)
		}
		e, err := Parse(name, string(text))
		if err != nil {
			return nil, err
		}
		exchanges = append(exchanges, e)
	}
	return exchanges, nil
}

// File returns another file of a platform, such as "manifest.schema.json".
func File(platform, name string) ([]byte, error) {
	content, err := fs.ReadFile(files, path.Join(platform, name))
	if err != nil {
		return nil, fmt.Errorf("read specification: %w", err)
	}
	return content, nil
}

// shortName turns "clevercloud/provision.exchange" into "clevercloud/provision".
func shortName(file string) string { return strings.TrimSuffix(file, extension) }
