package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ConflictError says which files are there already; nothing was written.
type ConflictError struct{ Paths []string }

func (e *ConflictError) Error() string {
	if len(e.Paths) == 1 {
		return "one of the files exists already"
	}
	return fmt.Sprintf("%d of the files exist already", len(e.Paths))
}

// Written is what became of a file.
type Written struct {
	File
	Kept bool // it held secrets that may be in use, and was left as it is
}

// Write puts files into dir, all or none of them. Without force an existing
// file is a *ConflictError; with force it is overwritten, save for one with
// secrets: nobody else knows them.
func Write(dir string, files []File, force bool) ([]Written, error) {
	var plan []Written
	var conflict ConflictError
	for _, f := range files {
		exists, err := examine(filepath.Join(dir, f.Path))
		if err != nil {
			return nil, err
		}
		if exists && !force {
			conflict.Paths = append(conflict.Paths, f.Path)
		}
		plan = append(plan, Written{File: f, Kept: exists && f.Path == Vars})
	}
	if len(conflict.Paths) > 0 {
		return nil, &conflict
	}
	var made []string
	for _, w := range plan {
		if w.Kept {
			continue
		}
		path := filepath.Join(dir, w.Path)
		if err := write(path, w.File); err != nil {
			for _, p := range made {
				_ = os.Remove(p) // half a configuration would be in the way of the next try
			}
			return nil, err
		}
		made = append(made, path)
	}
	return plan, nil
}

// examine reports whether path exists as something that a file can replace.
func examine(path string) (exists bool, err error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.IsDir():
		return false, fmt.Errorf("%s is a directory", path)
	}
	return true, nil
}

func write(path string, f File) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.Mode)
	if err != nil {
		return err
	}
	_, err = file.Write(f.Text)
	return errors.Join(err, file.Close())
}
