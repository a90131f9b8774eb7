package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// keyFileID is the id of the key in a key file.
const keyFileID = "key-file"

// keyFileLimit is more than any key needs; what is longer is another file.
const keyFileLimit = 4096

// LoadOrCreateKeyFile reads the key file of a store that has no keyring. For a
// store that is new and has none yet it makes one, readable by the owner only
// and on the disk before it returns: rows sealed with a key that a power cut
// could take away would be lost.
//
// A store that exists without its key file is an error, because a new key
// would not open it.
func LoadOrCreateKeyFile(path string, storeIsNew bool) (Key, error) {
	key, err := loadKeyFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if !storeIsNew {
		return Key{}, fmt.Errorf("the store exists but its key file %s does not: put the file back from a backup; without it the store can not be read", path)
	}
	if err := createKeyFile(path); err != nil {
		return Key{}, fmt.Errorf("make the key file %s: %w", path, err)
	}
	return loadKeyFile(path)
}

func loadKeyFile(path string) (Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return Key{}, fmt.Errorf("read the key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Key{}, fmt.Errorf("read the key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Key{}, fmt.Errorf("the key file %s is not a file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return Key{}, fmt.Errorf("the key file %s can be read by others (mode %04o): run chmod 600 on it, and think about who may have read it", path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, keyFileLimit))
	if err != nil {
		return Key{}, fmt.Errorf("read the key file: %w", err)
	}
	key := Key{ID: keyFileID, Value: New(string(text)), Primary: true}
	if _, err := decodeKey(key.Value); err != nil {
		return Key{}, fmt.Errorf("the key file %s: %w", path, err)
	}
	return key, nil
}

// createKeyFile writes under another name first and links the file when it is
// complete, so that a crash leaves either no key file or a whole one. A link
// never replaces a file that somebody else made meanwhile.
func createKeyFile(path string) error {
	dir := filepath.Dir(path)
	draft := filepath.Join(dir, "."+filepath.Base(path)+"."+Password(8))
	if err := writeDurably(draft, Generate()+"\n"); err != nil {
		return err
	}
	err := os.Link(draft, path)
	if errors.Is(err, fs.ErrExist) {
		err = nil // made by another process a moment ago: that one holds
	}
	return errors.Join(err, os.Remove(draft), syncDir(dir))
}

func writeDurably(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
