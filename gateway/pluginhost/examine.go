package pluginhost

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/addongw/addongw/plugins/backend"
)

// Binary is a file that is named as a plugin's binary is.
type Binary struct {
	Name       string // the plugin's
	Path       string
	Executable bool
	Used       bool // it is the one that Find finds
}

// Binaries lists the plugins in the folders that are searched, by name; of one
// name the one that is used comes first where there is one.
func (h *Host) Binaries() []Binary {
	var list []Binary
	for _, dir := range h.searched() {
		entries, _ := os.ReadDir(dir) // a folder that is not there has no plugins
		for _, entry := range entries {
			name, ok := strings.CutPrefix(entry.Name(), binaryPrefix)
			path := filepath.Join(dir, entry.Name())
			info, err := os.Stat(path)
			if !ok || !ValidName(name) || err != nil || !info.Mode().IsRegular() ||
				slices.ContainsFunc(list, func(b Binary) bool { return b.Path == path }) {
				continue
			}
			isUsed := func(b Binary) bool { return b.Name == name && b.Used }
			b := Binary{Name: name, Path: path, Executable: executable(path)}
			b.Used = b.Executable && !slices.ContainsFunc(list, isUsed)
			list = append(list, b)
		}
	}
	slices.SortStableFunc(list, func(a, b Binary) int {
		if a.Name == b.Name && a.Used != b.Used {
			if a.Used {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}

var validName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// ValidName reports whether a plugin can have that name: lower-case letters,
// digits and dashes.
func ValidName(name string) bool { return validName.MatchString(name) }

// Checksum gives the checksum of a binary as Spec.Checksum takes it.
func Checksum(path string) (string, error) { return checksum(path) }

// Examination is what one short life of a plugin shows.
type Examination struct {
	Path        string
	Description backend.Description
	Protocol    int           // the version that was agreed on
	SaysMore    bool          // Description has not all of what it said: it is made for a later version of addongw
	Started     time.Duration // from nothing to a description
	Stopped     time.Duration // from being asked to stop to its end
	Killed      bool          // it did not stop when asked
}

// Suits checks the plugin's version against that of spec. The error is a
// *VersionError where the versions can be compared.
func (e Examination) Suits(spec Spec) error {
	return checkVersion(spec, e.Path, e.Description.Version)
}

// Examine starts the plugin in a process of its own, lets it describe itself,
// and stops it. Errors are those of Open.
func (h *Host) Examine(ctx context.Context, spec Spec) (Examination, error) {
	if err := h.beginLaunch(); err != nil {
		return Examination{}, err
	}
	defer h.launching.Done()
	began := time.Now()
	p, err := h.start(ctx, spec, h.newLog(spec, newMasker(h.options.Redact, nil)))
	if err != nil {
		return Examination{}, err
	}
	e := Examination{Path: p.path, Description: p.description, Protocol: p.client.NegotiatedVersion(), SaysMore: p.saysMore.Load(), Started: time.Since(began)}
	began = time.Now()
	p.stop(context.WithoutCancel(ctx)) // it has a limit of its own
	e.Stopped, e.Killed = time.Since(began), p.alive() || p.runner.wasKilled()
	return e, nil
}

// wasKilled reports whether SIGKILL ended the process, which must be dead.
func (r *pluginRunner) wasKilled() bool {
	var exit *exec.ExitError
	if !errors.As(r.status, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}
