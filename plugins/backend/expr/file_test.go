package expr

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func readFile(path string) ([]byte, error) { return os.ReadFile(path) }

// writeFiles makes a directory with files.
func writeFiles(t testing.TB, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func symlink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreReadBelowTheConfigurationDirectoryOnly(t *testing.T) {
	outside := writeFiles(t, map[string]string{"passwd": "outside"})
	dir := writeFiles(t, map[string]string{"README.md": "inside", "sub/t.tpl": "Hello ${name}", "..data/real": "linked"})
	symlink(t, filepath.Join(outside, "passwd"), filepath.Join(dir, "escape"))
	symlink(t, outside, filepath.Join(dir, "escape-dir"))
	symlink(t, "..data/real", filepath.Join(dir, "mounted")) // as Kubernetes mounts files
	symlink(t, dir, filepath.Join(outside, "link-to-dir"))
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		`file("README.md")`: `inside`, `file("./sub/../README.md")`: `inside`, `file("mounted")`: `linked`, `file("` + dir + `/README.md")`: `inside`,
		`templatefile("sub/t.tpl", { name = "Ann" })`: `Hello Ann`,
		`file("../passwd")`:                           "no such file", `file("escape")`: "only files below the directory of this file", `file("escape-dir/passwd")`: "only files below",
		`file("` + outside + `/passwd")`: "only files below", `file("/etc/passwd")`: "only files below", `templatefile("escape", {})`: "only files below",
		`file("sub")`: "it is not a file", `file("fifo")`: "it is not a file", `file("missing")`: "no such file",
	} {
		for _, base := range []string{dir, filepath.Join(outside, "link-to-dir")} {
			t.Run(source, func(t *testing.T) {
				got, diags := evaluate(t, everything(base), nil, source)
				if diags.HasErrors() {
					if !strings.Contains(diags.Error(), want) {
						t.Errorf("got %v, want %q", diags, want)
					}
					return
				}
				if got.AsString() != want {
					t.Errorf("got %q, want %q", got.AsString(), want)
				}
			})
		}
	}
}

func TestWhatIsNoTextIsNotRead(t *testing.T) {
	dir := writeFiles(t, map[string]string{"binary": "\xff\xfe", "large": strings.Repeat("a", fileLimit+1), "limit": strings.Repeat("a", fileLimit)})
	for name, want := range map[string]string{"binary": "it is not UTF-8 text", "large": "1048577 bytes; 1048576 are allowed"} {
		if _, diags := evaluate(t, everything(dir), nil, `file("`+name+`")`); !strings.Contains(diags.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, diags, want)
		}
	}
	if _, diags := evaluate(t, everything(dir), nil, `file("limit")`); diags.HasErrors() {
		t.Error(diags)
	}
}
