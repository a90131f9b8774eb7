package redis

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// archive writes the data of a server that does not run into a file of a
// folder, and returns its path once it is whole and on the disk. A repeat
// writes it anew.
func (i instance) archive(ctx context.Context, folder string) (string, error) {
	path := filepath.Join(folder, "redis-"+i.name()+".tar.gz")
	file, err := os.OpenFile(filepath.Join(folder, ".redis-"+i.name()+".unfinished"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", fmt.Errorf("begin the archive: %w", err)
	}
	defer func() { _ = file.Close() }()
	if err := errors.Join(writeArchive(ctx, file, i.data()), file.Sync()); err != nil {
		return "", fmt.Errorf("write the archive: %w", err)
	}
	return path, rename(file.Name(), path)
}

// writeArchive takes files and folders alone: neither the socket nor what a
// server that somebody broke into may have put there, such as a link to a file
// of the machine.
func writeArchive(ctx context.Context, to io.Writer, data string) error {
	compressed := gzip.NewWriter(to)
	archive := tar.NewWriter(compressed)
	root, err := os.OpenRoot(data)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	err = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil || path == "." || !entry.Type().IsRegular() && !entry.IsDir() {
			return err
		}
		return add(archive, root, path, entry)
	})
	return errors.Join(err, archive.Close(), compressed.Close())
}

func add(archive *tar.Writer, root *os.Root, path string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	header, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	header.Name = path
	if err := archive.WriteHeader(header); err != nil || entry.IsDir() {
		return err
	}
	file, err := root.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, err = io.Copy(archive, file)
	return err
}
