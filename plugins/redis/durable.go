package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// writeFile replaces a file such that every reader, also one after a power cut,
// finds the old text or the new one. A file that has the text already is left: on
// a full disk that is the difference between a server that starts and none.
func writeFile(path string, text []byte, mode os.FileMode) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
		return flush(filepath.Dir(path)) // who wrote it may have died before
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // when it has not been renamed
	_, err = file.Write(text)
	err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return rename(file.Name(), path)
}

// rename returns when the new name is on the disk.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return errors.Join(flush(filepath.Dir(to)), flush(filepath.Dir(from)))
}

// flush waits until a file or folder is on the disk.
func flush(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// lockPoll is the time between two looks at a lock that somebody else holds.
const lockPoll = 5 * time.Millisecond

// tryLock takes the lock of a file, which it makes where it is missing, and
// holds it until the file is closed: by us, and by every process that was given
// it. It returns nil while somebody else holds it.
func tryLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil && sameFile(file, path) {
		return file, nil
	}
	_ = file.Close()
	if err == nil || errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil // held, or removed by who held it a moment ago
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

func sameFile(file *os.File, path string) bool {
	ours, err := file.Stat()
	theirs, err2 := os.Stat(path)
	return err == nil && err2 == nil && os.SameFile(ours, theirs)
}

// locked reports whether somebody holds the lock of a file.
func locked(path string) bool {
	file, err := os.OpenFile(path, os.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	return errors.Is(syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// lock waits for the lock of a file until ctx ends.
func lock(ctx context.Context, path string) (*os.File, error) {
	for {
		file, err := tryLock(path)
		if file != nil || err != nil {
			return file, err
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, err
		}
	}
}

// pause waits for a while, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// removeFile removes a file that may be missing.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
