package config

import (
	"slices"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
)

// Config is a checked configuration. It never changes and may be used by any
// number of goroutines.
type Config struct {
	Gateway   Gateway
	Store     Store
	Keyring   []Key     // empty: no keyring block
	Backends  []Backend // in the order of the files
	Addons    []Addon   // in the order of the files
	Mounts    []Mount
	Providers []Provider // in the order of the files
	Summary   Summary

	addons    map[string]*addon
	providers map[string]*provider
	rents     map[string]bool // platforms that provider blocks are for, whether or not there is one
	backends  map[string]*loadedBackend
	renames   []gateway.Rename
	former    map[formerName]string // the same, to look up
	secrets   []secret.Value
	now       func() time.Time

	development bool
}

// Secrets returns every secret text that the files hold or name, for a
// redactor.
func (c *Config) Secrets() []secret.Value { return slices.Clone(c.secrets) }
