package pluginhost

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// socketDirMax keeps the address of a socket under the 108 bytes of sun_path:
// go-plugin appends two names with ten digits each.
const socketDirMax = 107 - len("/plugin-dir4294967295/plugin4294967295")

// socketDir is the folder of this host's sockets, 0700. A lock on a file
// inside tells other hosts that somebody lives here.
type socketDir struct {
	path string
	lock *os.File
}

// openSocketDir makes a folder inside base, and removes those of hosts that
// were killed: plugins that die with their host leave socket files behind.
// Without a base it makes one for temporary files.
func openSocketDir(base string) (*socketDir, error) {
	if base == "" {
		return newSocketDir(os.TempDir())
	}
	if err := os.MkdirAll(base, 0o700); err != nil {
		return nil, fmt.Errorf("make socket folder: %w", err)
	}
	info, err := os.Stat(base)
	if err != nil {
		return nil, fmt.Errorf("look at socket folder: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 && info.Mode()&os.ModeSticky == 0 {
		return nil, fmt.Errorf("socket folder %s: others may write to it", base)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() && owner.Uid != 0 {
		return nil, fmt.Errorf("socket folder %s: it belongs to another user", base)
	}
	turn, err := lockFile(filepath.Join(base, "lock"), syscall.LOCK_EX)
	if err != nil {
		return nil, fmt.Errorf("lock socket folder: %w", err)
	}
	defer turn.Close()
	if err := removeDead(base); err != nil {
		return nil, err
	}
	return newSocketDir(base)
}

func newSocketDir(base string) (*socketDir, error) {
	path, err := os.MkdirTemp(base, "addongw-")
	if err != nil {
		return nil, fmt.Errorf("make socket folder: %w", err)
	}
	if len(path) > socketDirMax {
		return nil, errors.Join(
			fmt.Errorf("socket folder %s: the path is too long for sockets, choose a shorter one (at most %d bytes)", base, socketDirMax-len("/addongw-4294967295")),
			os.Remove(path))
	}
	lock, err := lockFile(filepath.Join(path, "lock"), syscall.LOCK_EX)
	if err != nil {
		return nil, fmt.Errorf("lock socket folder: %w", err)
	}
	return &socketDir{path: path, lock: lock}, nil
}

// removeDead removes the folders of hosts that no longer hold their lock.
func removeDead(base string) error {
	dirs, err := filepath.Glob(filepath.Join(base, "addongw-*"))
	if err != nil {
		return fmt.Errorf("list socket folder: %w", err)
	}
	for _, dir := range dirs {
		lock, err := lockFile(filepath.Join(dir, "lock"), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != nil {
			continue // somebody lives here, or it is not a folder of ours
		}
		err = os.RemoveAll(dir)
		lock.Close()
		if err != nil {
			return fmt.Errorf("remove dead socket folder: %w", err)
		}
	}
	return nil
}

func lockFile(path string, how int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), how); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func (d *socketDir) remove() error {
	defer d.lock.Close()
	return os.RemoveAll(d.path)
}
