package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/plugins/redis/redistest"
)

// readmeCommand is a line "$ command" of the README and what it shows below.
type readmeCommand struct{ line, shown string }

var (
	consoleBlock  = regexp.MustCompile("(?ms)^ *```console\n(.*?)^ *```$")
	hclBlock      = regexp.MustCompile("(?s)```hcl\n(.*?)```")
	printsNothing = regexp.MustCompile(`--check|^sed | > |^kill |/-/misbehave$`) // commands that print nothing
	assignment    = regexp.MustCompile(`^(?:export )?([A-Z_]+)=`)
)

func readmeCommands(text string) []readmeCommand {
	var commands []readmeCommand
	for _, block := range consoleBlock.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(block[1]) {
			if command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ "); ok {
				commands = append(commands, readmeCommand{line: command})
			} else if len(commands) > 0 {
				commands[len(commands)-1].shown += line
			}
		}
	}
	return commands
}

// reader is a person who follows the README in a fresh clone.
type reader struct {
	t       *testing.T
	dir     string
	env     []string
	gateway *process
	saas    string // where Mailwind is, once it runs
}

// TestEveryCommandOfTheReadmeWorks runs them in order, on a real server.
func TestEveryCommandOfTheReadmeWorks(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	server := postgresServer(t)
	r := &reader{t: t, dir: clone(t, string(text)), env: []string{"LANG=C.UTF-8", "ACME_ADMIN_URL=" + server.ProvisionerURL}}
	redistest.Guard(t, filepath.Join(r.dir, "examples/redis/redis"))
	commands := readmeCommands(string(text))
	if len(commands) < 15 {
		t.Fatalf("found %d commands: has the README another form now?", len(commands))
	}
	for _, c := range commands {
		r.follow(c)
	}
	if r.gateway == nil {
		t.Fatal("the README serves nothing")
	}
}

// ordersWent looks at what became of a whole life that the README plays by hand.
func (r *reader) ordersWent() {
	r.t.Helper()
	log := r.gateway.Log()
	for _, part := range []string{`"method":"POST"`, `"method":"PUT"`, `"method":"DELETE"`} {
		if !strings.Contains(log, part) {
			r.t.Errorf("the gateway has not seen %s", part)
		}
	}
	if strings.Contains(log, `"status":4`) || strings.Contains(log, `"status":5`) {
		r.t.Errorf("a request of the README failed:\n%s", log)
	}
}

// clone lays out what the README finds: bin/, examples/, and the folder
// "broken" with the README's own file and two slips in it.
func clone(t *testing.T, readme string) string {
	t.Helper()
	dir := tempDir(t)
	if err := os.Chmod(dir, 0o755); err != nil { // Redis servers have a user of their own
		t.Fatal(err)
	}
	if err := os.Symlink(binaries(t), filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS(filepath.Join(root(t), "examples"))); err != nil {
		t.Fatal(err)
	}
	file := hclBlock.FindStringSubmatch(readme)[1]
	slips := strings.NewReplacer("price  = 0", "prices = 0", "output.username", "output.usrname").Replace(file)
	for name, content := range map[string]string{"complete": file, "broken": slips} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "addongw.hcl"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, errOut, code := addongw(t, dir, nil, "validate", "complete"); code != 0 {
		t.Errorf("the README's file is wrong:\n%s%s", out, errOut)
	}
	if _, _, code := addongw(t, dir, nil, "fmt", "--check", "complete"); code != 0 {
		t.Error("the README's file is not formatted")
	}
	return dir
}

func (r *reader) follow(c readmeCommand) {
	r.t.Helper()
	name := assignment.FindStringSubmatch(c.line)
	switch {
	case strings.HasPrefix(c.line, "export ACME_ADMIN_URL="), strings.HasPrefix(c.line, "export MAILWIND_PARTNER_TOKEN="): // the test's servers have others
	case name != nil:
		out, _ := r.shell(c.line+`; printf %s "$`+name[1]+`"`, 0)
		r.env = append(r.env, name[1]+"="+out)
	case strings.HasPrefix(c.line, "go run ./examples/saas-http/saas"):
		r.saas = startSaaS(r.t)
		r.env = append(r.env, "MAILWIND_PARTNER_TOKEN="+partnerToken, "ADDONGW_VAR_api="+r.saas+"/v2")
	case strings.HasPrefix(c.line, "make "):
		cmd := exec.Command("make", "-n", strings.TrimPrefix(c.line, "make "))
		cmd.Dir = root(r.t)
		if out, err := cmd.CombinedOutput(); err != nil {
			r.t.Errorf("%s: %v\n%s", c.line, err, out)
		}
	case strings.Contains(c.line, "addongw dev"):
		r.develop(c)
	case strings.Contains(c.line, "addongw serve"):
		words := strings.Fields(c.line)
		if strings.Contains(c.line, "examples/everywhere") {
			r.ordersWent() // of the chapter before
		}
		r.gateway = start(r.t, r.dir, append(words[1:], "--listen", "127.0.0.1:0"), r.env...)
	default:
		r.run(c)
	}
}

// run runs a command that ends, and compares what it prints where the README
// shows it.
func (r *reader) run(c readmeCommand) {
	r.t.Helper()
	want := 0
	switch {
	case strings.Contains(c.shown, "AG701"):
		want = exitBlocked
	case strings.Contains(c.shown, "error["), strings.Contains(c.shown, "Errors in the manifest"):
		want = exitFailed
	}
	out, all := r.shell(c.line, want)
	if c.shown != "" {
		if diff := cmp.Diff(c.shown, r.settled(all)); diff != "" {
			r.t.Errorf("%s (-README +now):\n%s", c.line, diff)
		}
		return
	}
	if out == "" && !printsNothing.MatchString(c.line) {
		r.t.Errorf("%s prints nothing", c.line)
	}
}

// volatile is what a command prints differently each time; the README has "…"
// in its place.
var volatile = regexp.MustCompile(`(res_)[a-z0-9]{26}|(sftp://)[a-z0-9]+(:)[A-Za-z0-9]+(@)|(addongw )0\.[^ ]+|( in )[0-9.]+ m?s`)

func (r *reader) settled(text string) string {
	text = strings.ReplaceAll(text, r.dir, "…")
	if r.gateway != nil {
		text = strings.ReplaceAll(text, r.gateway.URL, "http://127.0.0.1:8080")
	}
	return volatile.ReplaceAllStringFunc(text, func(found string) string {
		switch parts := volatile.FindStringSubmatch(found); {
		case parts[1] != "":
			return "res_…"
		case parts[2] != "":
			return "sftp://…:…@"
		case parts[6] != "":
			return " in … s"
		}
		return "addongw …"
	})
}

// develop compares the beginning of dev's screen, and pastes its first and its
// last command.
func (r *reader) develop(c readmeCommand) {
	r.t.Helper()
	p := start(r.t, r.dir, append(strings.Fields(c.line)[1:], "--port", "0"), r.env...)
	await(r.t, "the whole screen", 10*time.Second, func() bool { return strings.Contains(p.Out(), "Ctrl-C ends it") })
	screen := strings.ReplaceAll(p.Out(), p.URL, "http://127.0.0.1:8080")
	if begin, _, _ := strings.Cut(c.shown, "\n…\n"); !strings.HasPrefix(r.settled(screen), begin) {
		r.t.Errorf("%s (-README +now):\n%s", c.line, cmp.Diff(begin, r.settled(screen)))
	}
	pasted := regexp.MustCompile(`(?m)^  (ANSWER=.*|curl .*-X DELETE .*)$`).FindAllStringSubmatch(p.Out(), -1)
	if len(pasted) != 2 {
		r.t.Fatalf("the screen has %d of the two commands:\n%s", len(pasted), p.Out())
	}
	if _, all := r.shell(pasted[0][1]+"; "+pasted[1][1], 0); !strings.Contains(all, `"id":"res_`) || !strings.Contains(all, "is being removed") {
		r.t.Errorf("the pasted commands print %s", all)
	}
	p.Stop()
}

// shell runs a line, with the addresses that servers have here, and returns its
// standard output, and that with its standard error.
func (r *reader) shell(line string, want int) (out, all string) {
	r.t.Helper()
	if r.gateway != nil {
		line = strings.ReplaceAll(line, "http://127.0.0.1:8080", r.gateway.URL)
	}
	if r.saas != "" {
		line = strings.ReplaceAll(line, "http://127.0.0.1:9090", r.saas)
	}
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = r.dir
	cmd.Env = append(bareEnvironment(r.dir), r.env...)
	var mu sync.Mutex
	var stdout, both strings.Builder
	cmd.Stdout = writerFunc(func(b []byte) { mu.Lock(); stdout.Write(b); both.Write(b); mu.Unlock() })
	cmd.Stderr = writerFunc(func(b []byte) { mu.Lock(); both.Write(b); mu.Unlock() })
	_ = cmd.Run() // the exit code says it
	if code := cmd.ProcessState.ExitCode(); code != want {
		r.t.Errorf("%s: exit code %d, want %d\n%s", line, code, want, both.String())
	}
	return stdout.String(), both.String()
}
