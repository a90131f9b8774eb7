package shell

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// script is a verb's program in a directory.
type script struct {
	verb     backend.Verb
	required bool
}

func scripts() []script {
	return []script{
		{backend.VerbProvision, true}, {backend.VerbDeprovision, true},
		{backend.VerbChangePlan, false}, {backend.VerbSuspend, false}, {backend.VerbResume, false},
		{backend.VerbRotate, false}, {backend.VerbRead, false},
	}
}

// checkScripts checks a directory and every script in it. With actions, and no
// script that makes or removes an add-on, the actions are all that there is.
func checkScripts(directory string, actions []string) backend.Diagnostics {
	path := cty.GetAttrPath("directory")
	if why, remedy := checkFolder(directory); why != "" {
		return backend.Diagnostics{problem(path, why, remedy)}
	}
	var problems backend.Diagnostics
	absent := map[backend.Verb]bool{}
	actionsOnly := len(actions) > 0 && !makesAddons(directory)
	for _, s := range scripts() {
		why, remedy, err := checkScript(filepath.Join(directory, string(s.verb)))
		if errors.Is(err, fs.ErrNotExist) {
			absent[s.verb] = true
			if s.required && !actionsOnly {
				missing := missingScript(directory, s.verb)
				if s.verb == backend.VerbProvision && !makesAddons(directory) {
					missing.Detail += orActions(directory)
				}
				problems = append(problems, missing)
			}
			continue
		}
		if why != "" {
			problems = append(problems, problem(path, why, remedy))
		}
	}
	if absent[backend.VerbResume] && !absent[backend.VerbSuspend] {
		problems = append(problems, problem(path, fmt.Sprintf("There is a script %q in %s, and no %q", backend.VerbSuspend, directory, backend.VerbResume),
			"Write both: who is locked out and pays would stay outside."))
	}
	return append(problems, checkActionScripts(directory, actions)...)
}

// lacks are the abilities whose scripts are not there. Without suspend there is
// still something to do: the gateway records it. Of a folder that is not known
// yet nothing is said.
func lacks(directory string) (list []backend.Capability) {
	if directory == "" {
		return nil
	}
	for _, can := range []backend.Capability{backend.CanChangePlan, backend.CanRotate, backend.CanRead} {
		if _, err := os.Stat(filepath.Join(directory, string(can))); errors.Is(err, fs.ErrNotExist) {
			list = append(list, can)
		}
	}
	return list
}

// missingScript looks for what the operator may have meant.
func missingScript(directory string, verb backend.Verb) backend.Diagnostic {
	detail := fmt.Sprintf("Write an executable file %s; it receives one JSON document on standard input and prints another.",
		filepath.Join(directory, string(verb)))
	found, _ := filepath.Glob(filepath.Join(directory, string(verb)+".*"))
	if len(found) > 0 {
		detail = fmt.Sprintf("Is it %q? Scripts are called by the verb alone: rename it.", filepath.Base(found[0]))
	}
	return problem(cty.GetAttrPath("directory"), fmt.Sprintf("There is no script %q in %s", verb, directory), detail)
}

// orActions is for who has no add-on to sell and has not said what else.
func orActions(directory string) string {
	list := "[…]"
	if names := actionsIn(directory); len(names) > 0 && len(names) < 16 {
		list = `["` + strings.Join(names, `", "`) + `"]`
	}
	return " Or declare the actions that the scripts serve, in this config block: actions = " + list
}

// checkFolder says what is wrong with a directory of scripts, and what to do.
func checkFolder(directory string) (why, remedy string) {
	info, err := os.Stat(directory)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("There is no directory %s", directory), "A relative path begins at the configuration directory."
	case err != nil:
		return fmt.Sprintf("The directory %s can't be looked at: %v", directory, reason(err)), ""
	case !info.IsDir():
		return fmt.Sprintf("%s is not a directory", directory), "Name the folder that holds the scripts."
	}
	return checkWriters(directory, info)
}

// checkScript says what is wrong with a script, and what to do. The error is
// fs.ErrNotExist when there is none.
func checkScript(path string) (why, remedy string, err error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Sprintf("%s can't be looked at: %v", path, reason(err)), "", err
	}
	info, err := os.Stat(target)
	if err != nil {
		return fmt.Sprintf("%s can't be looked at: %v", path, reason(err)), "", err
	}
	if why, remedy = checkProgram(target, info); why != "" {
		return why, remedy, nil
	}
	if why, remedy = checkWriters(target, info); why != "" {
		return why, remedy, nil
	}
	why, remedy = checkFolder(filepath.Dir(target)) // a link may lead elsewhere
	return why, remedy, nil
}

func checkProgram(path string, info fs.FileInfo) (why, remedy string) {
	if !info.Mode().IsRegular() {
		return path + " is not a file", ""
	}
	if info.Mode()&0o111 == 0 {
		return path + " is not executable", "chmod +x " + path
	}
	file, err := os.Open(path)
	if err != nil {
		return "", "" // executable but not readable: a program may be so
	}
	defer func() { _ = file.Close() }()
	line, _ := bufio.NewReaderSize(file, 256).ReadSlice('\n')
	if !strings.HasPrefix(string(line), "#!") {
		if isText(line) {
			return path + " does not say which program runs it", "Begin it with a line such as #!/bin/sh"
		}
		return "", ""
	}
	if strings.HasSuffix(string(line), "\r\n") {
		return path + " has Windows line ends, which the system takes for part of the interpreter's name",
			"sed -i 's/\\r$//' " + path
	}
	return "", ""
}

// isText tells a script without its first line from a compiled program.
func isText(line []byte) bool {
	return !strings.ContainsFunc(string(line), func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' })
}

// checkWriters refuses what other people may change: they could run programs
// as the gateway. A group that is the owner's alone is nobody else.
func checkWriters(path string, info fs.FileInfo) (why, remedy string) {
	mode := info.Mode()
	if mode&0o022 == 0 {
		return "", ""
	}
	if mode&0o002 != 0 {
		return path + " may be changed by everybody", "chmod go-w " + path
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if ok && isPrivateGroup(owner.Uid, owner.Gid) {
		return "", ""
	}
	return path + " may be changed by its group", "chmod g-w " + path
}

// isPrivateGroup reports whether a group was made for one user, as many
// distributions do, whose files are then group-writable by default. Root has
// no such excuse.
func isPrivateGroup(uid, gid uint32) bool {
	if uid == 0 {
		return false
	}
	owner, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	if err != nil || owner.Gid != strconv.FormatUint(uint64(gid), 10) {
		return false
	}
	group, err := user.LookupGroupId(owner.Gid)
	return err == nil && group.Name == owner.Username
}

// reason is an error without the operation and path that led to it.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
