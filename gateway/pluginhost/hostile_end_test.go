package pluginhost

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

func TestGrandchildrenOfAllKindsHoldUpNothing(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"hostile"})
	for name, end := range map[string]func(*Backend){
		"closing": func(b *Backend) { b.Close(t.Context()) },
		"killing": func(b *Backend) {
			p, release, err := b.acquire(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
			p.kill()
			<-p.runner.exited
		},
	} {
		b := r.launchHostile("", "")
		pids := r.mustRun(b, "children")
		near, far := int(pids["near"].(float64)), int(pids["far"].(float64))
		defer func() { _ = syscall.Kill(far, syscall.SIGKILL) }()
		if !lives(near) || !lives(far) {
			t.Fatal("there are no grandchildren")
		}
		started := time.Now()
		end(b)
		if name == "killing" {
			r.mustAnswer(b) // the next process
			b.Close(t.Context())
		}
		if took := time.Since(started); took > 12*time.Second {
			t.Errorf("%s took %v:\n%s", name, took, r.logs)
		}
		if strings.Contains(r.logs.String(), "plugin does not end") {
			t.Errorf("%s: %s", name, r.logs)
		}
		await(t, "the death of the plugin and of its group", func() bool { return !lives(int(pids["pid"].(float64))) && !lives(near) })
	}
}

func TestAPluginThatDoesNotWantToEndIsKilled(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"stubborn", "no-output", "stopped", "hanging"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			r := newHostileRig(t, []string{"hostile"})
			b := r.launchHostile(how, "")
			pid := int(r.mustRun(b, "good")["pid"].(float64))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			switch how {
			case "stopped":
				if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
					t.Fatal(err)
				}
			case "hanging":
				_, _ = b.Run(ctx, call("hang"), func(string, []byte) { cancel() })
			}
			started := time.Now()
			b.Close(t.Context())
			if took := time.Since(started); took > stopTimeout+4*time.Second || lives(pid) {
				t.Errorf("closing took %v; it lives: %v", took, lives(pid))
			}
		})
	}
}

func TestAHangingCallEndsWithItsContextInEveryVerb(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"hostile"})
	b := r.launchHostile("", "")
	for _, verb := range []backend.Verb{backend.VerbProvision, backend.VerbDeprovision, backend.VerbInvoke, backend.VerbRead} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := b.Run(ctx, lifecycle.Call{Verb: verb, Action: "perform", Op: call("hang").Op}, nil)
		cancel()
		if !isUnknown(err) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", verb, err)
		}
		r.mustAnswer(b)
	}
}

func TestTheBreakerOpensOverStartsThatFailAndRecovers(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"hostile"}, func(o *Options) { o.timing.patience = 50 * time.Millisecond })
	dir := t.TempDir()
	b, healthy := r.launchHostile("exit-while-marked", dir), r.launch("")
	marker := filepath.Join(dir, "marker")
	if err := os.WriteFile(marker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _ = r.run(b, call("exit-in-stream"))
	await(t, "the breaker", func() bool {
		_, err := r.run(b, call("good"))
		var unavailable *UnavailableError
		return errors.As(err, &unavailable) && strings.Contains(r.logs.String(), "crashes again and again")
	})
	r.mustAnswer(healthy)
	if err := os.Remove(marker); err != nil {
		t.Fatal(err)
	}
	await(t, "the recovery", func() bool {
		_, err := r.run(b, call("good"))
		return err == nil
	})
}

func TestABinaryThatWasReplacedIsNotStartedAgain(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, nil, func(o *Options) { o.timing.patience = 200 * time.Millisecond })
	dir := r.host.options.Dirs[len(r.host.options.Dirs)-1]
	path := filepath.Join(dir, binaryPrefix+"hostile")
	original, err := os.ReadFile(filepath.Join(os.Getenv(pluginDirEnv), "hostile"))
	if err != nil {
		t.Fatal(err)
	}
	replace := func(content []byte) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path+".new", content, 0o755), os.Rename(path+".new", path)); err != nil {
			t.Fatal(err)
		}
	}
	replace(original)
	sum, err := checksum(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.host.Launch(t.Context(), Spec{Name: "hostile", TLS: true, Checksum: sum, Backend: "hostile.main"}, config("", ""), nil)
	if err != nil {
		t.Fatal(err)
	}
	replace(append(original, "and more"...))
	r.mustAnswer(b) // the running one is the one that was checked
	if _, err := r.run(b, call("exit-in-stream")); err == nil {
		t.Fatal("the crash went unnoticed")
	}
	await(t, "the refusal", func() bool {
		_, err := r.run(b, call("good"))
		var unavailable *UnavailableError
		return errors.As(err, &unavailable) && strings.Contains(err.Error(), "has checksum sha256:") && strings.Contains(err.Error(), "not "+sum)
	})
	replace(original)
	await(t, "a start of the right one", func() bool {
		_, err := r.run(b, call("good"))
		return err == nil
	})
}
