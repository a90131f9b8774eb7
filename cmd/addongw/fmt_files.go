package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// hclFiles lists the files named by paths and the *.hcl files in the
// directories named by them: directly, or recursively. Hidden files and
// directories are not looked at.
func hclFiles(paths []string, recursive bool) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("there is no file or directory %s", path)
		case err != nil:
			return nil, err
		case !info.IsDir():
			files = append(files, path)
			continue
		}
		found, err := hclFilesIn(path, recursive)
		if err != nil {
			return nil, fmt.Errorf("read the directory %s: %w", path, err)
		}
		files = append(files, found...)
	}
	return files, nil
}

func hclFilesIn(dir string, recursive bool) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(d.Name(), ".") && path != dir
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && (hidden || !recursive):
			return fs.SkipDir
		case !d.IsDir() && !hidden && strings.HasSuffix(path, ".hcl"):
			files = append(files, path)
		}
		return nil
	})
	return files, err
}

// replaceFile swaps the content of a file, keeping its mode.
func replaceFile(path string, content []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return putFile(path, content, info.Mode().Perm())
}

// putFile writes a file in one step, so that a crash never leaves half of it.
func putFile(path string, content []byte, mode fs.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".addongw-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already after the rename
	_, err = tmp.Write(content)
	if err == nil {
		err = tmp.Chmod(mode)
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
