package redis

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/attribute"
	"github.com/zclconf/go-cty/cty"
)

// oldestVersion is the first with access rules for subcommands.
const oldestVersion = 7

func wrongAt(name, summary, remedy string) backend.Diagnostics {
	return backend.Diagnostics{attribute.Wrong(cty.GetAttrPath(name), summary, remedy)}
}

// examine makes the directory ready and lets the runner begin, which starts
// what is to run: after a reboot, for one.
func (d *dedicated) examine(ctx context.Context) (backend.Diagnostics, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.examined {
		return nil, nil
	}
	for _, check := range []func(context.Context) backend.Diagnostics{d.findAccount, d.tryPorts, d.prepare, d.tryProgram, d.tryCertificate, d.findArchive, d.findCage} {
		if found := check(ctx); found != nil {
			return found, nil
		}
	}
	if err := d.wakeLocked(); err != nil {
		return nil, err
	}
	d.watch()
	d.examined = true
	return nil, nil
}

func (d *dedicated) findAccount(context.Context) backend.Diagnostics {
	who, problem := lookUpAccount(d.settings.user)
	if problem != nil {
		return backend.Diagnostics{*problem}
	}
	d.who = who
	return nil
}

// tryPorts refuses what servers may not listen on. Who must be root for it is not
// served by a gateway that is: servers never are.
func (d *dedicated) tryPorts(context.Context) backend.Diagnostics {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if err != nil {
		return nil // an old kernel; the first server will tell
	}
	if least, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && d.settings.ports.first < least {
		return wrongAt("port_range", fmt.Sprintf("Ports below %d are for root alone on this machine", least), "Servers never run as root. Write higher ones, such as \"7000-7999\".")
	}
	return nil
}

// prepare makes the directory, and writes down what the runner has to know.
func (d *dedicated) prepare(context.Context) backend.Diagnostics {
	program, found := findProgram(d.settings.program)
	if found != nil {
		return found
	}
	settings := runnerSettings{Program: program, Bind: d.settings.bind, User: d.settings.user, TLS: d.settings.tls, Cgroup: d.settings.cgroup, Runner: d.settings.runner}
	if d.who != nil {
		settings.User = d.userName()
	}
	if foreign, err := d.directory.foreign(); err == nil && foreign {
		return wrongAt("directory", "The directory holds other things", fmt.Sprintf("Write a folder that only this backend uses, such as %s.", filepath.Join(d.directory.path, "addongw-redis")))
	}
	if err := d.directory.prepare(settings); err != nil {
		return wrongAt("directory", "The directory can't be used", err.Error()+". Write a folder that the gateway may make and write to.")
	}
	d.settings.program = program
	return nil
}

// findProgram is the absolute path of redis-server.
func findProgram(configured string) (string, backend.Diagnostics) {
	if configured != "" {
		return configured, nil
	}
	for _, name := range []string{"redis-server", "/usr/bin/redis-server", "/usr/local/bin/redis-server"} {
		if path, err := exec.LookPath(name); err == nil {
			if path, err = filepath.Abs(path); err == nil {
				return path, nil
			}
		}
	}
	return "", wrongAt("redis_server", "This machine has no redis-server",
		"On Debian: apt-get install redis-server, then systemctl disable --now redis-server, since every customer gets a server of his own. Or write the path of the program.")
}

// tryProgram runs the program as servers will run: as their user, and from
// inside the directory.
func (d *dedicated) tryProgram(ctx context.Context) backend.Diagnostics {
	program := d.settings.program
	said, err := d.asUser(ctx, program, "--version").Output()
	if errors.Is(err, os.ErrPermission) {
		return wrongAt("directory", "The servers' user can't reach the directory",
			fmt.Sprintf("User %q must be able to enter every folder above %s (chmod o+x), and to run %s.", d.userName(), d.directory.path, program))
	}
	if err != nil {
		return wrongAt("redis_server", "The program can't be run", fmt.Sprintf("%s --version: %v. Write the path of redis-server, or remove redis_server.", program, err))
	}
	version := regexp.MustCompile(`v=(\d+)\.`).FindSubmatch(said)
	if version == nil {
		return wrongAt("redis_server", "This is no redis-server", fmt.Sprintf("%s --version says %q. Write the path of redis-server, or remove redis_server.", program, bytes.TrimSpace(said)))
	}
	if major, _ := strconv.Atoi(string(version[1])); major < oldestVersion {
		return wrongAt("redis_server", fmt.Sprintf("Redis %s is too old", version[1]), fmt.Sprintf("Version %d is the oldest that works.", oldestVersion))
	}
	return nil
}

// asUser is a program that runs as servers do.
func (d *dedicated) asUser(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, arguments...)
	cmd.Dir = d.directory.path
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: d.who.credential()}
	return cmd
}

// tryCertificate reads the files that servers will read.
func (d *dedicated) tryCertificate(ctx context.Context) backend.Diagnostics {
	files := d.settings.tls
	if !files.on() {
		return nil
	}
	if _, err := tls.LoadX509KeyPair(files.Cert, files.Key); err != nil {
		return wrongAt("tls_cert_file", "The certificate can't be used", err.Error()+". Write the paths of a certificate and of its own key, both as PEM.")
	}
	for attribute, path := range map[string]string{"tls_cert_file": files.Cert, "tls_key_file": files.Key} {
		if err := d.asUser(ctx, "/bin/cat", path).Run(); err != nil { // which goes nowhere
			return wrongAt(attribute, "The servers' user can't read the certificate",
				fmt.Sprintf("User %q must be able to read %s and to enter the folders above it: give it a copy, or rights by setfacl.", d.userName(), path))
		}
	}
	return nil
}

func (d *dedicated) findArchive(context.Context) backend.Diagnostics {
	if d.settings.archive == "" {
		return nil
	}
	if err := os.MkdirAll(d.settings.archive, 0o700); err != nil {
		return wrongAt("archive", "The archive can't be used", err.Error()+". Write a folder that the gateway may make and write to.")
	}
	return nil
}

func (d *dedicated) userName() string {
	if d.settings.user == "" {
		return defaultUser
	}
	return d.settings.user
}

// findCage finds out whether the kernel can limit memory.
func (d *dedicated) findCage(context.Context) backend.Diagnostics {
	if d.settings.cgroup == cgroupOff {
		return nil
	}
	c, err := findCgroups(hierarchies())
	if err == nil {
		d.cgroups = &c
		return nil
	}
	d.uncaged = sentence(err)
	if d.settings.cgroup == cgroupRequired {
		return wrongAt("cgroup", "This machine does not let us limit memory", d.uncaged+`. Write cgroup = "auto" to do without: maxmemory alone is a limit that a script can pass.`)
	}
	backend.Logger().Info("the kernel does not limit the memory of servers, only Redis itself does", "why", d.uncaged)
	return nil
}

// starter remembers the runner that was started last.
type starter struct {
	ended chan struct{}
}

// wake lets the runner look now, and starts one if there is none.
func (d *dedicated) wake() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wakeLocked()
}

func (d *dedicated) wakeLocked() error {
	awake, err := d.directory.poke()
	if err != nil || awake || locked(d.directory.runnerLock()) { // one that is locked is about to look
		return err
	}
	if d.settings.runner == runnerService {
		return backend.Failf(backend.Retryable, "no runner works on %s: start the service that runs \"addongw-plugin-redis run %s\"", d.directory.path, d.directory.path)
	}
	if d.starter.ended != nil {
		select {
		case <-d.starter.ended:
		default:
			return nil // it has not come so far yet
		}
	}
	return d.startRunner()
}

// startRunner starts this program as the runner, in a session of its own: it
// outlives us. If somebody else does so too, one of the two ends.
func (d *dedicated) startRunner() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if _, err := os.Stat(program); err != nil {
		program = "/proc/self/exe" // the file was replaced by another version
	}
	log, err := openLog(d.directory.runnerFile("log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(program, "run", d.directory.path)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	keepFiles()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the runner: %w", err)
	}
	ended := make(chan struct{})
	d.starter.ended = ended
	go func() {
		_ = cmd.Wait() // its log tells
		close(ended)
	}()
	return nil
}

// keepFiles keeps what this process was given open, by whoever started it, from
// the processes that it starts: they would hold it for as long as they live.
func keepFiles() {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return // no Linux, no dedicated mode
	}
	for _, file := range open {
		if fd, err := strconv.Atoi(file.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}

// watchPause is the time between two looks at whether there is a runner.
const watchPause = time.Second

// watch starts another runner when one dies that is needed, as long as this process lives.
func (d *dedicated) watch() {
	if d.watching != nil || d.settings.runner == runnerService {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	d.watching = cancel
	go func() {
		var once sync.Once
		for pause(ctx, watchPause) == nil {
			if locked(d.directory.runnerLock()) || !d.directory.busy() {
				continue
			}
			if err := d.wake(); err != nil {
				once.Do(func() { backend.Logger().Error("there is no runner", "error", err) })
			}
		}
	}()
}

// health tells of servers that should run and do not, and of what is not
// limited.
func (d *dedicated) health(context.Context) (string, error) {
	if err := d.wake(); err != nil {
		return "", err
	}
	all, err := d.directory.instances()
	if err != nil {
		return "", err
	}
	on, down := 0, 0
	for _, i := range all {
		r, err := readRecord(i)
		if errors.Is(err, fs.ErrNotExist) || err == nil && r.Phase != phaseOn {
			continue
		}
		on++
		if err != nil || !i.runs() {
			down++
		}
	}
	detail := fmt.Sprintf("servers: %d", on)
	if down > 0 {
		detail += fmt.Sprintf(", not running: %d (see %s)", down, d.directory.runnerFile("log"))
	}
	if d.uncaged != "" {
		detail += "; the kernel does not limit their memory: " + d.uncaged
	}
	return detail, nil
}
