package redis

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/addongw/addongw/plugins/backend"
)

// directory is the folder of all dedicated servers of a backend block:
//
//	SHORTID/         a server: see [instance]
//	.new-SHORTID/    one in the making, without a port
//	.gone-SHORTID/   one that is being deleted, and does not run
//	.locks/          held while a resource, or the ports, are worked on
//	.runner/         of the runner: see [runner]
type directory struct{ path string }

func (d directory) instance(t target) instance { return instance{filepath.Join(d.path, t.short)} }
func (d directory) fresh(t target) instance    { return instance{filepath.Join(d.path, ".new-"+t.short)} }
func (d directory) gone(t target) instance     { return instance{filepath.Join(d.path, ".gone-"+t.short)} }

func (d directory) lockOf(t target) string { return filepath.Join(d.path, ".locks", t.short) }
func (d directory) portsLock() string      { return filepath.Join(d.path, ".locks", "ports") }

func (d directory) runnerFile(name string) string { return filepath.Join(d.path, ".runner", name) }
func (d directory) runnerLock() string            { return d.runnerFile("lock") }
func (d directory) wakeFile() string              { return d.runnerFile("wake") }
func (d directory) settingsFile() string          { return d.runnerFile("settings.json") }

// foreign reports whether the folder is there for something else: a wrong path,
// such as /var/lib itself, must not have its mode changed.
func (d directory) foreign() (bool, error) {
	entries, err := os.ReadDir(d.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	ours, err := exists(d.runnerFile("."))
	return !ours, err
}

// prepare makes what every call expects.
func (d directory) prepare(s runnerSettings) error {
	mode := os.FileMode(0o700)
	if s.User != "" {
		mode = 0o711 // servers of another user must get through to their own folders
	}
	if err := os.MkdirAll(d.path, mode); err != nil {
		return err
	}
	if err := os.Chmod(d.path, mode); err != nil {
		return err
	}
	for _, name := range []string{".runner", ".locks"} { // foreign looks for the first
		if err := os.MkdirAll(filepath.Join(d.path, name), 0o700); err != nil {
			return err
		}
	}
	if err := syscall.Mkfifo(d.wakeFile(), 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(d.settingsFile(), text, 0o600)
}

// instances are all servers, in no order.
func (d directory) instances() ([]instance, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, err
	}
	var list []instance
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			list = append(list, instance{filepath.Join(d.path, e.Name())})
		}
	}
	return list, nil
}

// busy reports whether a server is to run, as far as can be told.
func (d directory) busy() bool {
	all, err := d.instances()
	if err != nil {
		return true
	}
	return slices.ContainsFunc(all, func(i instance) bool {
		r, err := readRecord(i)
		return err == nil && r.Phase == phaseOn || err != nil && !errors.Is(err, fs.ErrNotExist)
	})
}

// find reads the record of a resource's server. A folder of its name that is
// somebody else's is a Conflict.
func (d directory) find(t target) (r record, found bool, err error) {
	i := d.instance(t)
	r, err = readRecord(i)
	switch {
	case err == nil && r.Resource != t.resource:
		return record{}, false, backend.Failf(backend.Conflict, "%s belongs to the resource %s", i.folder, r.Resource)
	case err == nil:
		return r, true, nil
	case !errors.Is(err, fs.ErrNotExist):
		return record{}, false, backend.Failf(backend.Retryable, "look at the server: %v", err)
	}
	there, err := exists(i.folder)
	if err == nil && there {
		if r, err := readRecord(i); err == nil && r.Resource == t.resource { // made since the first look
			return r, true, nil
		}
		return record{}, false, backend.Failf(backend.Conflict, "%s is there and has no instance.json: it is not ours", i.folder)
	}
	return record{}, false, err
}

// reserve makes the folder of a new server, with a port that no other has and
// nobody listens on. The folder appears whole, so that a port is taken by a
// record or not at all.
func (d directory) reserve(ctx context.Context, t target, r record, s settings, who *account) (record, error) {
	held, err := lock(ctx, d.portsLock())
	if err != nil {
		return r, err
	}
	defer func() { _ = held.Close() }()
	if r.Port, err = d.freePort(s, 0); err != nil {
		return r, err
	}
	fresh := d.fresh(t)
	if err := os.RemoveAll(fresh.folder); err != nil {
		return r, err
	}
	if err := who.makeFolder(fresh); err != nil {
		return r, err
	}
	if err := writeFile(fresh.adminFile(), []byte(rand.Text()+rand.Text()+"\n"), 0o600); err != nil {
		return r, err
	}
	if err := fresh.save(r); err != nil {
		return r, err
	}
	return r, rename(fresh.folder, d.instance(t).folder)
}

// move gives a server another port, because a stranger listens on its own.
func (d directory) move(ctx context.Context, t target, r record, s settings) (record, error) {
	held, err := lock(ctx, d.portsLock())
	if err != nil {
		return r, err
	}
	defer func() { _ = held.Close() }()
	if r.Port, err = d.freePort(s, r.Port); err != nil {
		return r, err
	}
	return r, d.instance(t).save(r)
}

// freePort must be called with the ports' lock held.
func (d directory) freePort(s settings, but int) (int, error) {
	taken := map[int]bool{but: true}
	all, err := d.instances()
	if err != nil {
		return 0, err
	}
	for _, i := range all {
		r, err := readRecord(i)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, backend.Failf(backend.Retryable, "look for a free port: %v", err)
		}
		taken[r.Port] = true
	}
	for port := s.ports.first; port <= s.ports.last; port++ {
		if !taken[port] && !occupied(s.bind, port) {
			return port, nil
		}
	}
	return 0, &backend.Failure{
		Class:    backend.Quota,
		Message:  fmt.Sprintf("all ports from %d to %d are taken: widen port_range, or use another machine", s.ports.first, s.ports.last),
		Customer: "There is no room for another server at the moment.",
	}
}

// occupied reports whether somebody listens on a port, at one of the addresses.
func occupied(addresses []string, port int) bool {
	for _, address := range addresses {
		listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
		if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EACCES) {
			return true
		}
		if err == nil {
			_ = listener.Close()
		}
	}
	return false
}
