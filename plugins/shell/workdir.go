package shell

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// workDirPrefix begins the names of work folders.
const workDirPrefix = "addongw-shell-"

// workDir is the private folder of one call: HOME, TMPDIR and working
// directory of the script. It is locked as long as the call runs, so that
// [removeAbandoned] can tell a folder in use from one whose plugin was killed.
type workDir struct {
	path string
	lock *os.File
}

func makeWorkDir(owner *account) (*workDir, error) {
	d, err := makeLockedFolder()
	if err != nil || owner == nil {
		return d, err
	}
	if err := os.Chown(d.path, int(owner.credential.Uid), int(owner.credential.Gid)); err != nil {
		_ = d.remove()
		return nil, fmt.Errorf("hand over the work folder: %w", err)
	}
	return d, nil
}

// makeLockedFolder tries again when another plugin, cleaning up as it starts,
// sees the folder before it is locked.
func makeLockedFolder() (*workDir, error) {
	for range 100 {
		path, err := os.MkdirTemp("", workDirPrefix) // 0700
		if err != nil {
			return nil, fmt.Errorf("make a work folder: %w", err)
		}
		if lock := lockFolder(path); lock != nil {
			return &workDir{path: path, lock: lock}, nil
		}
		_ = os.Remove(path)
	}
	return nil, fmt.Errorf("make a work folder: %s/%s* can't be locked", os.TempDir(), workDirPrefix)
}

// remove deletes the folder with everything that the script left in it.
func (d *workDir) remove() error {
	defer func() { _ = d.lock.Close() }()
	return removeTree(d.path)
}

// removeAbandoned deletes the work folders of plugins that were killed, as far
// as we may.
func removeAbandoned() {
	folders, _ := filepath.Glob(filepath.Join(os.TempDir(), workDirPrefix+"*"))
	for _, path := range folders {
		lock := lockFolder(path)
		if lock == nil {
			continue
		}
		_ = removeTree(path)
		_ = lock.Close()
	}
}

// lockFolder locks a folder, or returns nil when somebody has it, or when it
// is not a folder of ours.
func lockFolder(path string) *os.File {
	folder, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil
	}
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil || !sameFolder(folder, path) {
		_ = folder.Close()
		return nil
	}
	return folder
}

// sameFolder reports whether path still names the open folder: between making
// and locking, somebody else's clean-up may have removed it.
func sameFolder(folder *os.File, path string) bool {
	open, err := folder.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(open, named)
}

// removeTree is os.RemoveAll that also gets past folders whose owner locked
// himself out of them.
func removeTree(path string) error {
	err := os.RemoveAll(path)
	if err == nil || os.Geteuid() == 0 {
		return err // root is not locked out, and must not follow where others may lead
	}
	_ = filepath.WalkDir(path, func(name string, entry os.DirEntry, err error) error {
		if entry != nil && entry.IsDir() {
			_ = os.Chmod(name, 0o700)
		}
		return nil
	})
	return os.RemoveAll(path)
}
