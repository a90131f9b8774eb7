package shell

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
)

func TestScriptsAreChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  []string
	}{
		"absent":              {func(t *testing.T, dir string) { remove(t, dir, "deprovision") }, []string{`no script "deprovision"`, "Write an executable file"}},
		"called otherwise":    {func(t *testing.T, dir string) { rename(t, dir, "provision", "provision.sh") }, []string{`no script "provision"`, `Is it "provision.sh"?`}},
		"not executable":      {func(t *testing.T, dir string) { chmod(t, dir+"/provision", 0o644) }, []string{"is not executable", "chmod +x"}},
		"optional and not ok": {func(t *testing.T, dir string) { chmod(t, dir+"/read", 0o644) }, []string{"read is not executable"}},
		"writable by all":     {func(t *testing.T, dir string) { chmod(t, dir+"/provision", 0o757) }, []string{"may be changed by everybody", "chmod go-w"}},
		"folder writable":     {func(t *testing.T, dir string) { chmod(t, dir, 0o757) }, []string{"may be changed by everybody"}},
		"sticky folder":       {func(t *testing.T, dir string) { chmod(t, dir, 0o777|os.ModeSticky) }, []string{"may be changed by everybody"}},
		"only half a pair":    {func(t *testing.T, dir string) { rename(t, dir, "read", "suspend") }, []string{`no "resume"`, "Write both"}},
		"a folder":            {func(t *testing.T, dir string) { remove(t, dir, "read"); mkdir(t, dir+"/read") }, []string{"is not a file"}},
		"no first line":       {func(t *testing.T, dir string) { overwrite(t, dir+"/read", "echo hello\n") }, []string{"does not say which program runs it", "#!/bin/sh"}},
		"empty":               {func(t *testing.T, dir string) { overwrite(t, dir+"/read", "") }, []string{"does not say which program runs it"}},
		"from Windows":        {func(t *testing.T, dir string) { overwrite(t, dir+"/read", "#!/bin/sh\r\necho\r\n") }, []string{"Windows line ends", "sed -i"}},
		"a dangling link":     {func(t *testing.T, dir string) { remove(t, dir, "provision"); link(t, "/nowhere", dir+"/provision") }, []string{`no script "provision"`}},
		"a circle":            {func(t *testing.T, dir string) { remove(t, dir, "read"); link(t, "read", dir+"/read") }, []string{"can't be looked at"}},
		"link to open folder": {func(t *testing.T, dir string) { moveToOpenFolder(t, dir, "read") }, []string{"may be changed by everybody"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := scriptDir(t, scriptsWith(map[string]string{"read": "exit 0"}))
			c.spoil(t, dir)
			resp := validate(t, attributes{"directory": cty.StringVal(dir)}.value())
			wantProblem(t, resp.Diagnostics, cty.GetAttrPath("directory"), c.want...)
		})
	}
}

func TestGroupWritableIsRefusedUnlessTheGroupIsTheOwnersAlone(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	for name, c := range map[string]struct {
		uid, gid int
		refused  bool
	}{"root": {0, 0, true}, "daemon's own": {1, 1, false}, "another's": {1, 2, true}, "root's": {1, 0, true}} {
		dir := scriptDir(t, scriptsWith(nil))
		path := filepath.Join(dir, "provision")
		chmod(t, path, 0o775)
		if err := os.Chown(path, c.uid, c.gid); err != nil {
			t.Fatal(err)
		}
		found := validate(t, attributes{"directory": cty.StringVal(dir)}.value()).Diagnostics
		if found.HasErrors() != c.refused {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func TestDirectoryIsChecked(t *testing.T) {
	t.Parallel()
	file := filepath.Join(scriptDir(t, map[string]string{"file": ""}), "file")
	for path, want := range map[string]string{
		"scripts/files":           "is not absolute",
		"/nowhere/at/all":         "There is no directory",
		file:                      "is not a directory",
		filepath.Join(file, "in"): "can't be looked at",
	} {
		resp := validate(t, attributes{"directory": cty.StringVal(path)}.value())
		wantProblem(t, resp.Diagnostics, cty.GetAttrPath("directory"), want)
	}
}

func TestLinksToOneScriptForAllVerbsAreFine(t *testing.T) {
	t.Parallel()
	dir := scriptDir(t, map[string]string{"all": `echo '{"status":"done","message":"'"$1 $(basename "$0")"'"}'`})
	for _, verb := range []string{"provision", "deprovision"} {
		link(t, "all", filepath.Join(dir, verb))
	}
	_, r := mustProvision(t, configuredIn(t, dir, nil), someOp(t))
	if diff := cmp.Diff([]string{"provision provision"}, r.progress); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, dir, from, to string) {
	t.Helper()
	if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func moveToOpenFolder(t *testing.T, dir, name string) {
	t.Helper()
	open := filepath.Join(dir, "open")
	mkdir(t, open)
	if err := os.Rename(filepath.Join(dir, name), filepath.Join(open, name)); err != nil {
		t.Fatal(err)
	}
	chmod(t, open, 0o777)
	link(t, filepath.Join("open", name), filepath.Join(dir, name))
}
