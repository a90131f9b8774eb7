package main

import (
	"encoding/json"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// pluginBlock is code of plugins/backend/README.md: a file, or what is added to
// one below a certain line.
type pluginBlock struct{ file, below, text string }

var (
	pluginCode  = regexp.MustCompile("(?ms)^\\*\\*`([^`]+)`\\*\\*(?:, below `([^`]+)`)?\n\n```(?:go|hcl)\n(.*?)^```$")
	anyCode     = regexp.MustCompile("(?m)^```(?:go|hcl)$")
	moduleLine  = regexp.MustCompile(`(?m)^module (.*)$`)
	commentTail = regexp.MustCompile(`\s+# .*$`)
)

func pluginBlocks(t *testing.T, readme string) []pluginBlock {
	t.Helper()
	var blocks []pluginBlock
	for _, b := range pluginCode.FindAllStringSubmatch(readme, -1) {
		blocks = append(blocks, pluginBlock{file: b[1], below: b[2], text: b[3]})
	}
	if all := len(anyCode.FindAllString(readme, -1)); len(blocks) != all || all == 0 {
		t.Fatalf("%d blocks of code, %d of them with a file's name above: the others would not be compiled", all, len(blocks))
	}
	return blocks
}

// author is somebody who writes a plugin in a module of their own.
type author struct {
	t   *testing.T
	dir string
}

// newAuthor has an empty module that uses this one, with the versions that this
// one has: what "go mod tidy" would find in a network.
func newAuthor(t *testing.T) author {
	t.Helper()
	a := author{t, tempDir(t)}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root(t), name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "go.mod" {
			ours := moduleLine.FindStringSubmatch(string(text))[1]
			text = moduleLine.ReplaceAll(text, []byte("module example.com/addongw-plugin-folders"))
			text = fmt.Appendf(text, "\nrequire %s v0.0.0\n\nreplace %[1]s => %s\n", ours, root(t))
		}
		write(t, filepath.Join(a.dir, name), string(text))
	}
	return a
}

// put does with a block what the README says.
func (a author) put(b pluginBlock) {
	a.t.Helper()
	path, text := filepath.Join(a.dir, b.file), b.text
	if b.below != "" {
		old, err := os.ReadFile(path)
		if err != nil {
			a.t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(string(old)) {
			lines = append(lines, line)
			if strings.HasPrefix(strings.TrimSpace(line), b.below) {
				lines = append(lines, text)
			}
		}
		text = strings.Join(lines, "")
		if len(text) != len(old)+len(b.text) {
			a.t.Fatalf("%s: want one line that begins with %q", b.file, b.below)
		}
	}
	if formatted, err := format.Source([]byte(text)); strings.HasSuffix(b.file, ".go") && (err != nil || b.below == "" && string(formatted) != text) {
		a.t.Errorf("%s of the README is not formatted, %v", b.file, err)
	}
	write(a.t, path, text)
}

// run runs a command in a shell and returns what it prints.
func (a author) run(line string) string {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), "sh", "-c", line)
	cmd.Dir = a.dir
	cmd.Env = append(os.Environ(), "PATH="+binaries(a.t)+":"+os.Getenv("PATH"), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		a.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// TestThePluginOfTheAuthorsReadmeIsSold builds the plugin that plugins/backend/README.md
// shows, first as it begins and then with all that the page adds, runs its own
// test, and sells it on Clever Cloud.
func TestThePluginOfTheAuthorsReadmeIsSold(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), "plugins/backend/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthor(t)
	first := map[string]bool{"main.go": true, "main_test.go": true, "addongw.hcl": true}
	var later []pluginBlock
	for _, b := range pluginBlocks(t, string(text)) {
		if first[b.file] && b.below == "" {
			a.put(b)
		} else {
			later = append(later, b)
		}
	}
	a.follow(string(text))
	if out, errOut, code := addongw(t, a.dir, nil, "fmt", "--check", "."); code != 0 {
		t.Errorf("the README's file is not formatted:\n%s%s", out, errOut)
	}
	t.Run("as it begins", func(t *testing.T) {
		s := newFolderShop(t, a.dir, "first_")
		s.surviveKills()
		s.change("large", 422)
		s.leave()
	})
	for _, b := range later {
		a.put(b)
	}
	a.run("go vet . && go test . && go build -o plugins/addongw-plugin-folders .")
	t.Run("with all that is added", func(t *testing.T) {
		s := newFolderShop(t, a.dir, "later_")
		s.surviveKills()
		s.notices()
		s.change("large", 200)
		s.suspend()
		s.leave()
	})
}

// follow runs the page's commands but those that need a network or never end.
func (a author) follow(readme string) {
	a.t.Helper()
	ran := 0
	for _, c := range readmeCommands(readme) {
		if strings.HasPrefix(c.line, "go mod ") || c.line == "addongw dev" {
			continue
		}
		out := a.run(commentTail.ReplaceAllString(c.line, ""))
		if c.shown != "" && out != c.shown {
			a.t.Errorf("%s prints\n%s\nand the README shows\n%s", c.line, out, c.shown)
		}
		ran++
	}
	if ran < 4 {
		a.t.Fatalf("found %d commands: has the README another form now?", ran)
	}
}

// folderShop is a gateway that sells folders, and its one customer.
type folderShop struct {
	t       *testing.T
	dir     string
	order   string // the platform's id of the order, without its number
	gateway *process
	made    answer
}

func newFolderShop(t *testing.T, dir, order string) *folderShop {
	t.Helper()
	s := &folderShop{t: t, dir: dir, order: order}
	s.gateway = startQuickstart(t, dir)
	return s
}

func (s *folderShop) request(method, path, body string) call {
	return call{method, s.gateway.URL + "/clevercloud/acme-files/resources" + path, "acme-files", password, body}
}

// surviveKills orders while the gateway dies, and once more when it is back.
func (s *folderShop) surviveKills() {
	s.t.Helper()
	for round := range 4 {
		order := func() call {
			return s.request("POST", "", fmt.Sprintf(`{"addon_id":"%s%d","plan":"small","region":"EU"}`, s.order, round))
		}
		cut := make(chan struct{})
		doomed := order()
		go func() {
			defer close(cut)
			_, _ = doomed.do() // with or without an answer
		}()
		<-time.After(time.Duration(round) * 3 * time.Millisecond) // the instant is the experiment
		s.gateway.Kill()
		<-cut
		s.gateway = startQuickstart(s.t, s.dir)
		made := order().must(s.t, 200)
		if again := order().must(s.t, 200); again.Body != made.Body {
			s.t.Errorf("round %d: the repeat differs", round)
		}
		folders, err := filepath.Glob(filepath.Join(s.dir, "customers", "*"))
		if err != nil || len(folders) != 1 {
			s.t.Fatalf("round %d: one order made the folders %q, %v", round, folders, err)
		}
		s.made = made
		s.holds(100)
		if round < 3 {
			s.leave()
		}
	}
}

// holds compares the answer with what the file server finds.
func (s *folderShop) holds(quota int) {
	s.t.Helper()
	files, _ := filepath.Glob(filepath.Join(s.dir, "customers", "*", "account.json"))
	if len(files) != 1 {
		s.t.Fatalf("accounts: %q", files)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		s.t.Fatal(err)
	}
	var account struct {
		Password string
		Quota    int `json:"quota_mb"`
	}
	if err := json.Unmarshal(text, &account); err != nil {
		s.t.Fatal(err)
	}
	name := filepath.Base(filepath.Dir(files[0]))
	if want := "sftp://" + name + ":" + account.Password + "@files.acme.example/"; len(account.Password) != 32 || s.made.Config["ACME_FILES_URL"] != want {
		s.t.Error("the customer's URL is not for the account that was made")
	}
	if account.Quota != quota {
		s.t.Errorf("the account has %d MB, want %d", account.Quota, quota)
	}
}

func (s *folderShop) change(plan string, status int) {
	s.t.Helper()
	s.request("PUT", "/"+s.made.ID, `{"addon_id":"`+s.order+`3","plan":"`+plan+`"}`).must(s.t, status)
	if status == 200 {
		s.holds(10240)
	} else {
		s.holds(100)
	}
}

// notices reads what the operator wants the customer to read.
func (s *folderShop) notices() {
	s.t.Helper()
	files, _ := filepath.Glob(filepath.Join(s.dir, "customers", "*", "NOTICE"))
	if len(files) != 1 {
		s.t.Fatalf("notices: %q", files)
	}
	name := filepath.Base(filepath.Dir(files[0]))
	text, err := os.ReadFile(files[0])
	if want := "Acme Files: 100 MB for " + strings.ToUpper(name[:1]) + name[1:] + "."; err != nil || string(text) != want {
		s.t.Errorf("the notice is %q, want %q: %v", text, want, err)
	}
}

func (s *folderShop) suspend() {
	s.t.Helper()
	for _, step := range []struct {
		words []string
		marks int
	}{{[]string{"suspend", s.made.ID, "--reason", "The invoice is open."}, 1}, {[]string{"resume", s.made.ID}, 0}} {
		args := append(append([]string{"resources"}, step.words...), "--admin", "unix:"+s.dir+"/admin.sock")
		if out, errOut, code := addongw(s.t, s.dir, nil, args...); code != 0 {
			s.t.Fatalf("%v: exit %d: %s%s", step.words, code, out, errOut)
		}
		await(s.t, step.words[0]+" carried out", 10*time.Second, func() bool {
			marks, err := filepath.Glob(filepath.Join(s.dir, "customers", "*", "suspended"))
			return err == nil && len(marks) == step.marks
		})
	}
}

// leave deprovisions, after which nothing is there.
func (s *folderShop) leave() {
	s.t.Helper()
	s.request("DELETE", "/"+s.made.ID, "").must(s.t, 200)
	await(s.t, "the customer's folder gone", 10*time.Second, func() bool {
		folders, err := filepath.Glob(filepath.Join(s.dir, "customers", "*"))
		return err == nil && len(folders) == 0
	})
}
