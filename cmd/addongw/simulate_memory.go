package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// memory is a folder in which simulate remembers what providers have made for
// it. No secret is in it.
type memory struct{ dir string }

// made is a resource that a provider has made.
type made struct {
	Platform   string    `json:"platform"`
	BaseURL    string    `json:"base_url"` // the provider's
	ID         string    `json:"id"`       // as the provider calls it
	PlatformID string    `json:"platform_id"`
	Plan       string    `json:"plan"`
	App        string    `json:"app,omitempty"`
	MadeAt     time.Time `json:"made_at"`
	Kind       string    `json:"kind,omitempty"` // "server" or "key"; empty: a resource of an add-on
}

// remembered is the whole file.
type remembered struct {
	FormatVersion string `json:"format_version"`
	Resources     []made `json:"resources"`
}

func (m memory) file() string { return filepath.Join(m.dir, "simulate.json") }

func (m memory) read() ([]made, error) {
	text, err := os.ReadFile(m.file())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, failed(err)
	}
	var all remembered
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, &exitError{
			code: exitFailed, err: fmt.Errorf("%s cannot be read: %w", m.file(), err),
			hint: "Remove it to forget what was made; the resources themselves stay where they are.",
		}
	}
	return all.Resources, nil
}

// of returns what one provider has made for a platform, oldest first.
func (m memory) of(platform, baseURL string) ([]made, error) {
	all, err := m.read()
	return slices.DeleteFunc(all, func(r made) bool { return r.Platform != platform || r.BaseURL != baseURL }), err
}

// change edits what is remembered, while no other command does.
func (m memory) change(edit func([]made) []made) error {
	if err := m.prepare(); err != nil {
		return failed(fmt.Errorf("remember what was made: %w", err))
	}
	lock, err := os.OpenFile(filepath.Join(m.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return failed(err)
	}
	defer func() { _ = lock.Close() }() // and so unlock
	for err = syscall.EINTR; errors.Is(err, syscall.EINTR); {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		return failed(fmt.Errorf("lock %s: %w", lock.Name(), err))
	}
	all, err := m.read()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(remembered{"1.0", edit(all)}, "", "  ")
	if err != nil {
		return failed(err)
	}
	return failed(putFile(m.file(), append(text, '\n'), 0o600))
}

// prepare makes the folder, out of git's sight.
func (m memory) prepare() error {
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return err
	}
	ignore, err := os.OpenFile(filepath.Join(m.dir, ".gitignore"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = ignore.WriteString("*\n")
	return errors.Join(err, ignore.Close())
}

// sameResource tells resources apart: providers may use the same ids.
func sameResource(a, b made) bool {
	return a.Platform == b.Platform && a.BaseURL == b.BaseURL && a.Kind == b.Kind && a.ID == b.ID
}

// remember adds a resource, or replaces what was known of it.
func (m memory) remember(r made) error {
	return m.change(func(all []made) []made {
		i := slices.IndexFunc(all, func(other made) bool { return sameResource(other, r) })
		if i < 0 {
			return append(all, r)
		}
		r.MadeAt = all[i].MadeAt
		all[i] = r
		return all
	})
}

func (m memory) forget(r made) error {
	return m.change(func(all []made) []made {
		return slices.DeleteFunc(all, func(other made) bool { return sameResource(other, r) })
	})
}
