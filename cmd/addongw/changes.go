package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/config"
)

// digest names the contents of all files of a configuration.
func (l loaded) digest() string {
	sum := sha256.New()
	files := l.files.Map()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%s\x00%d\x00", name, len(files[name].Bytes))
		_, _ = sum.Write(files[name].Bytes) // a hash takes everything
	}
	return hex.EncodeToString(sum.Sum(nil)[:6])
}

// changes says what an edit has changed, a line each: files, and what is sold
// and made.
func changes(before, after loaded) []string {
	lines := changedFiles(before.files.Map(), after.files.Map())
	had, have := offered(before.Config), offered(after.Config)
	for _, name := range have {
		if !slices.Contains(had, name) {
			lines = append(lines, "+ "+name)
		}
	}
	for _, name := range had {
		if !slices.Contains(have, name) {
			lines = append(lines, "- "+name)
		}
	}
	for _, now := range after.Backends {
		for _, old := range before.Backends {
			if old.Name == now.Name && !sameProcess(old, now) {
				lines = append(lines, "~ backend "+now.Name+": a new process")
			}
		}
	}
	return lines
}

// changedFiles compares file by file.
func changedFiles(before, after map[string]*hcl.File) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		old, known := before[name]
		switch {
		case !known:
			lines = append(lines, "+ file "+filepath.Base(name))
		case !bytes.Equal(old.Bytes, after[name].Bytes):
			lines = append(lines, "~ file "+filepath.Base(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, kept := after[name]; !kept {
			lines = append(lines, "- file "+filepath.Base(name))
		}
	}
	return lines
}

// offered names everything that customers can choose from, and what makes it.
func offered(c *config.Config) []string {
	var names []string
	for _, b := range c.Backends {
		names = append(names, "backend "+b.Name)
	}
	for _, a := range c.Addons {
		names = append(names, "addon "+a.ID)
		for _, r := range a.Regions {
			names = append(names, "region "+a.ID+"/"+r.ID)
		}
		for _, p := range a.Plans {
			names = append(names, "plan "+a.ID+"/"+p.ID)
		}
		for _, p := range a.Platforms {
			names = append(names, "platform "+p+" of "+a.ID)
		}
	}
	for _, p := range c.Providers {
		names = append(names, "provider "+p.Scope().Addon+" of "+p.Scope().Platform)
	}
	return names
}

// needRestart names the settings that differ and that a running gateway cannot
// change.
func needRestart(before, after *config.Config) []string {
	var names []string
	for name, same := range map[string]bool{
		"gateway.listen":       before.Gateway.Listen == after.Gateway.Listen,
		"gateway.admin.listen": before.Gateway.AdminListen == after.Gateway.AdminListen,
		"gateway.log":          before.Gateway.LogFormat == after.Gateway.LogFormat && before.Gateway.LogLevel == after.Gateway.LogLevel,
		"gateway.drain":        before.Gateway.Drain == after.Gateway.Drain,
		"gateway.plugin_dirs":  slices.Equal(before.Gateway.PluginDirs, after.Gateway.PluginDirs),
		"store":                before.Store == after.Store,
		"keyring":              reflect.DeepEqual(before.Keyring, after.Keyring),
	} {
		if !same {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
