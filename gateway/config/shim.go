package config

import (
	"github.com/addongw/addongw/gateway"
	"github.com/hashicorp/hcl/v2"
	"path/filepath"
)

func (c *Config) Renames() []gateway.Rename               { return nil }
func (c *Config) Orphans([]gateway.InUse) hcl.Diagnostics { return nil }
func (f *Files) Dirs() []string {
	m := map[string]bool{}
	for _, n := range f.merged {
		m[filepath.Dir(n)] = true
	}
	var d []string
	for k := range m {
		d = append(d, k)
	}
	return d
}
