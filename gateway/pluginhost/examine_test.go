package pluginhost

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAnExaminationShowsHowAPluginLivesAndEnds(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"stubborn"})
	e, err := r.host.Examine(t.Context(), Spec{Name: "testing", TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	if e.Protocol != 1 || e.Description.Name != "testing" || e.Killed || e.Path == "" || e.Started <= 0 {
		t.Errorf("%+v", e)
	}
	var wrong *VersionError
	if err := e.Suits(Spec{Name: "testing", Version: "> 99"}); !errors.As(err, &wrong) {
		t.Errorf("version: %v", err)
	}
	e, err = r.host.Examine(t.Context(), Spec{Name: "stubborn", TLS: true})
	if err != nil || !e.Killed || e.Stopped > 5*time.Second {
		t.Errorf("one that does not end: %+v, %v", e, err)
	}
}

func TestAStartErrorSaysHowFarThePluginCame(t *testing.T) {
	t.Parallel()
	want := map[string]Stage{
		"exit-at-once": StageHandshake, "not-a-handshake": StageHandshake, "wrong-version": StageHandshake,
		"exit-in-describe": StageDescribe, "bad-name": StageCheck, "script": StageStart,
	}
	r := newHostileRig(t, []string{"exit-at-once", "not-a-handshake", "wrong-version", "exit-in-describe", "bad-name"}, func(o *Options) {
		o.Dirs = append(o.Dirs, t.TempDir())
		script := filepath.Join(o.Dirs[len(o.Dirs)-1], binaryPrefix+"script")
		if err := os.WriteFile(script, []byte("#!/nonexistent\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	})
	for name, stage := range want {
		_, err := r.host.Examine(t.Context(), Spec{Name: name, TLS: true})
		var start *StartError
		if !errors.As(err, &start) || start.Stage != stage {
			t.Errorf("%s: %v, want a failure at %q", name, err, stage)
		}
	}
}

func TestBinariesTellsWhichFileOfANameIsUsed(t *testing.T) {
	t.Parallel()
	first, second := t.TempDir(), t.TempDir()
	for path, mode := range map[string]os.FileMode{
		filepath.Join(first, binaryPrefix+"a"): 0o644, filepath.Join(second, binaryPrefix+"a"): 0o755,
		filepath.Join(first, binaryPrefix+"b"): 0o755, filepath.Join(second, binaryPrefix+"b"): 0o755,
		filepath.Join(first, binaryPrefix+"c.old"): 0o755, filepath.Join(first, "other"): 0o755,
	} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	r := newRig(t, func(o *Options) { o.Dirs = []string{first, second, first} })
	want := []Binary{
		{"a", filepath.Join(second, binaryPrefix+"a"), true, true}, {"a", filepath.Join(first, binaryPrefix+"a"), false, false},
		{"b", filepath.Join(first, binaryPrefix+"b"), true, true}, {"b", filepath.Join(second, binaryPrefix+"b"), true, false},
	}
	if diff := cmp.Diff(want, r.host.Binaries()); diff != "" {
		t.Error(diff)
	}
	for _, b := range want {
		if path, err := r.host.Find(b.Name); b.Used && (err != nil || path != b.Path) {
			t.Errorf("%s: found %s, %v", b.Name, path, err)
		}
	}
}
