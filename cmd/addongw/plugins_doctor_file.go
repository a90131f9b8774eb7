package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// checkPermissions is about who may replace what the gateway runs.
func (p *patient) checkPermissions() bool {
	info, err := os.Stat(p.Path)
	if err != nil {
		p.add("permissions", stepFailed, err.Error(), "")
		return false
	}
	owner, trusted := ownerOf(info)
	detail := fmt.Sprintf("mode %04o%s", info.Mode().Perm(), owner)
	folder := openFolder(p.Path)
	switch {
	case info.Mode().Perm()&0o002 != 0:
		p.add("permissions", stepFailed, detail+": everybody may write to it", "Make sure that it is still the plugin, then: chmod o-w "+shellQuote(p.Path))
	case folder != "":
		p.add("permissions", stepFailed, detail+"; everybody may replace it: "+folder+" is writable by all", "Make sure that it is still the plugin, then: chmod o-w "+shellQuote(folder))
	case !trusted:
		p.add("permissions", stepWarning, detail, "Its owner can replace what the gateway runs: let it belong to root or to the gateway's user.")
	case info.Mode().Perm()&0o020 != 0 && !ourGroup(info):
		p.add("permissions", stepWarning, detail, "Its group can replace what the gateway runs: chmod g-w "+shellQuote(p.Path))
	default:
		p.add("permissions", stepOK, detail, "")
	}
	return true
}

// ownerOf tells a file's owner, and whether that is root or we.
func ownerOf(info os.FileInfo) (text string, trusted bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", true
	}
	id := strconv.FormatUint(uint64(stat.Uid), 10)
	if u, err := user.LookupId(id); err == nil {
		id = u.Username
	}
	return ", owner " + id, stat.Uid == 0 || int(stat.Uid) == os.Geteuid()
}

// ourGroup reports whether a file's group is root's or ours, which many systems
// give to each user alone.
func ourGroup(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || stat.Gid == 0 || int(stat.Gid) == os.Getegid()
}

// openFolder is a folder above the file, or above what a link there leads to, in
// which everybody may put something else in its place; empty where there is none.
func openFolder(path string) string {
	paths := []string{path}
	if real, err := filepath.EvalSymlinks(path); err == nil && real != path {
		paths = append(paths, real)
	}
	for _, path := range paths {
		for folder := filepath.Dir(path); ; folder = filepath.Dir(folder) {
			info, err := os.Stat(folder)
			if err == nil && info.Mode().Perm()&0o002 != 0 && info.Mode()&os.ModeSticky == 0 {
				return folder
			}
			if folder == filepath.Dir(folder) {
				break
			}
		}
	}
	return ""
}

// shownPath is a path, with what a link there leads to.
func shownPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil && real != path {
		return path + ", a link to " + real
	}
	return path
}

// notAFile says what there is in the place of a plugin's file; empty where there is
// nothing.
func notAFile(paths []string) string {
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err != nil {
			continue
		}
		if to, err := os.Readlink(path); err == nil {
			return fmt.Sprintf("%s is a link to %s, which is no file", path, to)
		}
		if !info.Mode().IsRegular() {
			return path + " is no file"
		}
	}
	return ""
}

// unstartable is what to do about a file that can't be started; empty where it does
// not show why.
func unstartable(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	head := make([]byte, 256)
	n, _ := file.Read(head)
	head, _, _ = bytes.Cut(head[:n], []byte("\n"))
	line, script := bytes.CutPrefix(head, []byte("#!"))
	switch {
	case n == 0:
		return "It is empty: install it again."
	case script && bytes.HasSuffix(line, []byte("\r")):
		return "Its first line ends with a carriage return, which counts as a part of the interpreter's name: write the file with the ends of line of Unix."
	case script:
		return interpreterMissing(strings.Fields(string(line)))
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		return otherMachine(path)
	}
	return "It is no program for this machine, and no script: a script's first line names its interpreter, such as #!/usr/bin/python3."
}

func interpreterMissing(words []string) string {
	if len(words) == 0 {
		return "Its first line names no interpreter."
	}
	if _, err := os.Stat(words[0]); err == nil {
		return ""
	}
	return "Install " + words[0] + ", which its first line names, or name another interpreter by its whole path."
}

func otherMachine(path string) string {
	theirs, err := elf.Open(path)
	if err != nil {
		return "It is broken: install it again."
	}
	defer func() { _ = theirs.Close() }()
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	ours, err := elf.Open(self)
	if err != nil {
		return ""
	}
	defer func() { _ = ours.Close() }()
	if theirs.Machine == ours.Machine && theirs.Class == ours.Class {
		return ""
	}
	name := func(m elf.Machine) string { return strings.TrimPrefix(m.String(), "EM_") }
	return fmt.Sprintf("It is a program for %s, and this machine is %s: install the one that is made for it.", name(theirs.Machine), name(ours.Machine))
}
