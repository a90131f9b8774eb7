package pluginhost

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-plugin"
)

// binaryPrefix and a plugin's name make the name of its binary.
const binaryPrefix = "addongw-plugin-"

// Find returns the absolute path of the binary of the plugin called name: from
// the folder of the gateway's own binary, else from the first of the
// configured folders that has it. The error is a *NotFoundError or, where there
// is a file that is not executable, a *NotExecutableError.
func (h *Host) Find(name string) (string, error) {
	var locked *NotExecutableError
	for _, path := range h.Candidates(name) {
		if executable(path) {
			return path, nil
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && locked == nil {
			locked = &NotExecutableError{Name: name, Path: path}
		}
	}
	if locked != nil {
		return "", locked
	}
	notFound := &NotFoundError{Name: name, Searched: h.searched()}
	for _, dir := range notFound.Searched {
		notFound.Installed = append(notFound.Installed, installed(dir)...)
	}
	slices.Sort(notFound.Installed)
	notFound.Installed = slices.Compact(notFound.Installed)
	return "", notFound
}

// Candidates are the paths at which Find looks, in order; none for what is no name.
func (h *Host) Candidates(name string) []string {
	var paths []string
	if ValidName(name) {
		for _, dir := range h.searched() {
			paths = append(paths, filepath.Join(dir, binaryPrefix+name))
		}
	}
	return paths
}

// searched lists the folders in which plugins are looked for.
func (h *Host) searched() []string {
	var dirs []string
	if own, err := os.Executable(); err == nil {
		dirs = append(dirs, filepath.Dir(own))
	}
	for _, dir := range h.options.Dirs {
		if absolute, err := filepath.Abs(dir); err == nil {
			dirs = append(dirs, absolute)
		}
	}
	return dirs
}

func installed(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // a folder that is not there has no plugins
	}
	var names []string
	for _, entry := range entries {
		name, ok := strings.CutPrefix(entry.Name(), binaryPrefix)
		if ok && executable(filepath.Join(dir, entry.Name())) {
			names = append(names, name)
		}
	}
	return names
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// checksum gives the checksum of a binary as it is pinned: "sha256:…".
func checksum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read plugin binary: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("read plugin binary: %w", err)
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil)), nil
}

// verify compares a binary with the checksum pinned for it, if there is one. It
// takes a new hash every time: a used one never matches again.
func verify(name, path, pinned string) error {
	if pinned == "" {
		return nil
	}
	digits, _ := strings.CutPrefix(pinned, "sha256:")
	want, err := hex.DecodeString(digits)
	if err != nil || len(want) != sha256.Size || !strings.HasPrefix(pinned, "sha256:") {
		return &ChecksumError{Name: name, Path: path, Want: pinned}
	}
	secure := plugin.SecureConfig{Checksum: want, Hash: sha256.New()}
	ok, err := secure.Check(path)
	if err != nil {
		return fmt.Errorf("read plugin binary: %w", err)
	}
	if ok {
		return nil
	}
	got, err := checksum(path)
	if err != nil {
		return err
	}
	return &ChecksumError{Name: name, Path: path, Want: pinned, Got: got}
}
