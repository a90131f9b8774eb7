package redis

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// cgroups is a hierarchy of control groups that can limit memory.
type cgroups struct {
	root  string // where it is mounted
	limit string // the file that takes a number of bytes
	v2    bool
}

// hierarchies are the places where version 2 and version 1 are mounted on every
// distribution that we know.
func hierarchies() []cgroups {
	return []cgroups{
		{root: "/sys/fs/cgroup", limit: "memory.max", v2: true},
		{root: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes"},
	}
}

// cgroupFolder is below the root of a hierarchy, and the groups are below it.
const cgroupFolder = "addongw-redis"

// findCgroups makes the folder of our groups where this machine lets us. The
// error says why it does not.
func findCgroups(candidates []cgroups) (cgroups, error) {
	var problems []error
	for _, c := range candidates {
		err := c.prepare()
		if err == nil {
			return c, nil
		}
		problems = append(problems, err)
	}
	return cgroups{}, errors.Join(problems...)
}

func (c cgroups) folder() string { return filepath.Join(c.root, cgroupFolder) }

func (c cgroups) prepare() error {
	mark := filepath.Join(c.root, "cgroup.procs")
	if c.v2 {
		mark = filepath.Join(c.root, "cgroup.controllers")
	}
	if _, err := os.Stat(mark); err != nil {
		return fmt.Errorf("%s is no cgroup hierarchy", c.root)
	}
	if err := os.Mkdir(c.folder(), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := tryFolder(c.folder()); err != nil {
		return err
	}
	if !c.v2 {
		return nil
	}
	for _, folder := range []string{c.root, c.folder()} { // groups inherit the right to limit memory
		if err := writeControl(filepath.Join(folder, "cgroup.subtree_control"), "+memory"); err != nil {
			return err
		}
	}
	return nil
}

// tryFolder finds out whether we may make groups there: an earlier gateway, as
// another user, may have made the folder.
func tryFolder(path string) error {
	try, err := os.MkdirTemp(path, "try-*")
	if denied, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("make a group in %s: %w", path, denied.Err)
	}
	if err != nil {
		return err
	}
	return os.Remove(try)
}

// set limits the group called name, which it makes.
func (c cgroups) set(name string, bytes int64) error {
	group := filepath.Join(c.folder(), name)
	if err := os.Mkdir(group, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if c.v2 { // where there is swap, a server would go there instead of ending
		if err := writeControl(filepath.Join(group, "memory.swap.max"), "0"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return writeControl(filepath.Join(group, c.limit), strconv.FormatInt(bytes, 10))
}

// admit moves a process into a group; its children follow it.
func (c cgroups) admit(name string, pid int) error {
	return writeControl(filepath.Join(c.folder(), name, "cgroup.procs"), strconv.Itoa(pid))
}

// remove removes a group. The folder stays: somebody may be about to use it. A
// process that ends lets go of its files, and so of its lock, a moment before it
// leaves its group.
func (c cgroups) remove(ctx context.Context, name string) error {
	for {
		err := removeFile(filepath.Join(c.folder(), name))
		if !errors.Is(err, syscall.EBUSY) {
			return err
		}
		if pause(ctx, lockPoll) != nil {
			return err
		}
	}
}

func writeControl(path, value string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(value)
	return errors.Join(err, file.Close())
}

// confine puts a server into a group of its own.
func confine(name string, l limits, pid int) error {
	c, err := findCgroups(hierarchies())
	if err != nil {
		return err
	}
	if err := c.set(name, l.kernelLimit()); err != nil {
		return err
	}
	return c.admit(name, pid)
}

// sentence makes one line of a joined error.
func sentence(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
