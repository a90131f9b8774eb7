package pluginhost

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

func TestAPluginThatIsNowhereIsNotFoundWithWhatIsInstalled(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"absent", "../testing", ""} {
		_, err := r.host.Open(t.Context(), Spec{Name: name, TLS: true})
		var notFound *NotFoundError
		if !errors.As(err, &notFound) {
			t.Fatalf("open %q: %v", name, err)
		}
		if diff := cmp.Diff([]string{"testing"}, notFound.Installed); diff != "" {
			t.Errorf("installed (-want +got):\n%s", diff)
		}
		if !slices.Contains(notFound.Searched, os.Getenv(pluginDirEnv)) {
			t.Errorf("searched: %v", notFound.Searched)
		}
	}
}

func TestAnOpenedPluginChecksAndDoesNothingElse(t *testing.T) {
	r := newRig(t)
	b, err := r.host.Open(t.Context(), Spec{Name: "testing", TLS: true, Version: "~> 1.2"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := b.Describe(t.Context(), backend.DescribeRequest{})
	if err != nil || d.Version != "1.2.3" {
		t.Fatalf("describe: %v %v", d, err)
	}
	unknown := backend.NewValue(cty.ObjectVal(map[string]cty.Value{"password": cty.UnknownVal(cty.String)}))
	resp, err := b.ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: unknown})
	if err != nil || len(resp.Diagnostics) != 1 {
		t.Errorf("validate with an unknown password: %v %v", resp, err)
	}
	if _, err := b.Provision(t.Context(), backend.ProvisionRequest{}, nil); err == nil {
		t.Error("an unconfigured plugin provisioned")
	}
}

func TestOneUnconfiguredProcessServesAllAndIsStartedAgainWhenItDied(t *testing.T) {
	r := newRig(t)
	one, err1 := r.host.Open(t.Context(), Spec{Name: "testing", TLS: true})
	two, err2 := r.host.Open(t.Context(), Spec{Name: "testing", TLS: true})
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if one != two {
		t.Error("two processes for one binary")
	}
	crash := backend.ValidateConfigRequest{Config: config("crash_validate", "")}
	if _, err := one.ValidateConfig(t.Context(), crash); err == nil {
		t.Fatal("the crash went unnoticed")
	}
	await(t, "a new process", func() bool {
		_, err := two.ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: config("", "")})
		return err == nil
	})
}

func TestAnotherVersionIsRefused(t *testing.T) {
	r := newRig(t)
	var version *VersionError
	if _, err := r.host.Open(t.Context(), Spec{Name: "testing", TLS: true, Version: "~> 2.0"}); !errors.As(err, &version) {
		t.Errorf("open: %v", err)
	}
	s := spec()
	s.Version = ">= 1.3"
	if _, err := r.host.Launch(t.Context(), s, config("", ""), nil); !errors.As(err, &version) {
		t.Errorf("launch: %v", err)
	}
}

func TestThePinnedChecksumIsCheckedAtEveryStart(t *testing.T) {
	r := newRig(t)
	sum, err := checksum(filepath.Join(os.Getenv(pluginDirEnv), binaryPrefix+"testing"))
	if err != nil {
		t.Fatal(err)
	}
	s := spec()
	s.Checksum = sum
	b, err := r.host.Launch(t.Context(), s, config("", ""), nil)
	if err != nil {
		t.Fatalf("with the right checksum: %v", err)
	}
	if _, err := r.run(b, call("crash")); err == nil {
		t.Fatal("the crash went unnoticed")
	}
	r.mustRun(b, "") // the second start matches too

	for _, wrong := range []string{"sha256:" + strings.Repeat("0", 64), "sha256:12", "md5:" + sum, sum[7:]} {
		s.Checksum = wrong
		var mismatch *ChecksumError
		if _, err := r.host.Launch(t.Context(), s, config("", ""), nil); !errors.As(err, &mismatch) {
			t.Errorf("launch with %s: %v", wrong, err)
		}
		if _, err := r.host.Open(t.Context(), s); !errors.As(err, &mismatch) {
			t.Errorf("open with %s: %v", wrong, err)
		}
	}
}

func TestABinaryThatIsNoPluginFailsToStartWithItsLastWords(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\necho no plugin at all >&2\nexit 1\n"
	if err := os.WriteFile(filepath.Join(dir, binaryPrefix+"script"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(o *Options) { o.Dirs = append(o.Dirs, dir) })
	_, err := r.host.Open(t.Context(), Spec{Name: "script", TLS: true})
	var start *StartError
	if !errors.As(err, &start) || !strings.Contains(start.Stderr, "no plugin at all") {
		t.Errorf("open: %v", err)
	}
}

func TestAPluginThatNeverSpeaksIsKilledWhenTheCallerGivesUp(t *testing.T) {
	dir := t.TempDir()
	pidFile := filepath.Join(dir, "pid")
	script := "#!/bin/sh\necho $$ > " + pidFile + "\nexec sleep 300\n"
	if err := os.WriteFile(filepath.Join(dir, binaryPrefix+"silent"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(o *Options) { o.Dirs = append(o.Dirs, dir) })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		_, err := r.host.Open(ctx, Spec{Name: "silent", TLS: true})
		failed <- err
	}()
	var pid int
	await(t, "the silent plugin", func() bool {
		text, _ := os.ReadFile(pidFile)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 0
	})
	cancel()
	select {
	case err := <-failed:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("open: %v", err)
		}
	case <-time.After(startTimeout / 2):
		t.Fatal("nobody tells the caller")
	}
	await(t, "its death", func() bool { return !lives(pid) })
}

func TestClosingTheHostLeavesNoProcessAndNoSocket(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	pid := int(r.mustRun(b, "")["pid"].(float64))
	if _, err := r.host.Open(t.Context(), Spec{Name: "testing", TLS: true}); err != nil {
		t.Fatal(err)
	}
	if err := r.host.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lives(pid) {
		t.Error("the plugin lives on")
	}
	left, err := filepath.Glob(filepath.Join(r.host.options.SocketDir, "addongw-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	var unavailable *UnavailableError
	if _, err := r.run(b, call("")); !errors.As(err, &unavailable) {
		t.Errorf("a call after the end: %v", err)
	}
	if _, err := r.host.Launch(t.Context(), spec(), config("", ""), nil); err == nil {
		t.Error("a closed host launched")
	}
}

func TestAKilledHostLeavesNoPluginAndTheNextOneNoSockets(t *testing.T) {
	sockets, err := os.MkdirTemp("/tmp", "ph-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(sockets)
	host := exec.Command(os.Args[0])
	host.Env = append(os.Environ(), hostMode+"="+sockets)
	stdout, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var pid, child int
	if _, err := fmt.Sscan(line, &pid, &child); err != nil || !lives(pid) || !lives(child) {
		t.Fatalf("the host says %q: %v", line, err)
	}
	defer func() { _ = syscall.Kill(child, syscall.SIGKILL) }()
	if err := host.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait() // it was killed
	await(t, "the death of the plugin and of its child", func() bool { return !lives(pid) && !lives(child) })

	newRig(t, func(o *Options) { o.SocketDir = sockets })
	left, err := filepath.Glob(filepath.Join(sockets, "addongw-*"))
	if err != nil || len(left) != 1 {
		t.Errorf("folders after the next start: %v %v, want one", left, err)
	}
}

// actAsHost launches a plugin, prints the process ids of it and of a child of
// it, and waits to be killed.
func actAsHost() int {
	host, err := New(Options{Dirs: []string{os.Getenv(pluginDirEnv)}, SocketDir: os.Getenv(hostMode), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	b, err := host.Launch(context.Background(), spec(), config("", ""), nil)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	result, err := b.Run(context.Background(), call("child"), nil)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	var pids struct{ Pid, Child int }
	if err := json.Unmarshal(result.State, &pids); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(pids.Pid, pids.Child)
	select {}
}

func TestTheSocketFolderOfALivingHostIsLeftAlone(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	newRig(t, func(o *Options) { o.SocketDir = r.host.options.SocketDir })
	if _, err := r.run(b, call("crash")); err == nil {
		t.Fatal("the crash went unnoticed")
	}
	r.mustRun(b, "") // needs its folder to start again
}

func TestSocketFoldersThatAreUnfitAreRefused(t *testing.T) {
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 80))
	for name, dir := range map[string]string{"others may write": open, "too long": long} {
		if _, err := New(Options{SocketDir: dir}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
