package pluginhost

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
)

// newHostileRig makes a host that finds the hostile plugin under any of the
// names.
func newHostileRig(t *testing.T, names []string, change ...func(*Options)) *rig {
	t.Helper()
	dir := linked(t, "hostile", names)
	// Pings are patient here: a busy machine is not a dead plugin.
	change = append([]func(*Options){func(o *Options) {
		o.Dirs = append(o.Dirs, dir)
		o.timing.ping, o.timing.pingWait = time.Second, 5*time.Second
	}}, change...)
	return newRig(t, change...)
}

// linked makes a folder in which one test plugin has these names.
func linked(t *testing.T, program string, names []string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range names {
		if err := os.Symlink(filepath.Join(os.Getenv(pluginDirEnv), program), filepath.Join(dir, binaryPrefix+name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (r *rig) launchHostile(mode, dir string) *Backend {
	r.t.Helper()
	b, err := r.host.Launch(r.t.Context(), Spec{Name: "hostile", TLS: true, Backend: "hostile.main"}, config(mode, dir), nil)
	if err != nil {
		r.t.Fatalf("launch: %v", err)
	}
	return b
}

// mustAnswer makes a call that must succeed, soon.
func (r *rig) mustAnswer(b *Backend) {
	r.t.Helper()
	started := time.Now()
	if _, err := r.run(b, call("good")); err != nil {
		r.t.Errorf("an ordinary call: %v", err)
	}
	if took := time.Since(started); took > 5*time.Second {
		r.t.Errorf("an ordinary call took %v", took)
	}
}

func isUnknown(err error) bool {
	var failure *backend.Failure
	return err != nil && !errors.As(err, &failure)
}

func TestAPluginThatFailsBeforeItsConfigurationIsAStartError(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"exit-at-once":         "",
		"not-a-handshake":      "hello there",
		"endless-handshake":    "",
		"wrong-core":           "core API version",
		"wrong-version":        "it speaks protocol 7 and no older one",
		"net-rpc":              "unsupported plugin protocol",
		"no-socket":            "",
		"closed-stdout":        "",
		"odd-network":          "",
		"unasked-certificate":  "",
		"exit-after-handshake": "",
		"mute":                 "",
		"exit-in-describe":     "",
		"panic-in-describe":    "",
		"twice":                "config.mode is there twice",
		"bad-type":             "decode plan.do",
		"no-type":              "the attribute has no type",
		"bad-name":             `name "../../etc/passwd"`,
		"bad-action":           `action "../../provision"`,
		"many-actions":         "200000 actions",
		"million":              "too many attributes",
		"too-large":            "larger than max",
		"not-utf8":             "UTF-8",
	} {
		for _, tls := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, TLS %v", name, tls), func(t *testing.T) {
				t.Parallel()
				r := newHostileRig(t, []string{name})
				started := time.Now()
				_, err := r.host.Open(t.Context(), Spec{Name: name, TLS: tls})
				var start *StartError
				if !errors.As(err, &start) || !strings.Contains(err.Error(), want) {
					t.Errorf("open: %v, want %q", err, want)
				}
				if took := time.Since(started); took > 20*time.Second {
					t.Errorf("it took %v", took)
				}
				if len(fmt.Sprint(err)) > 10_000 {
					t.Errorf("an error of %d bytes", len(err.Error()))
				}
			})
		}
	}
}

func TestAPluginThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"hang-in-describe", "hang-in-validate", "hostile"}, func(o *Options) { o.timing.check = 200 * time.Millisecond })
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := r.host.Open(ctx, Spec{Name: "hang-in-describe", TLS: true}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Describe: %v", err)
	}
	b, err := r.host.Open(t.Context(), Spec{Name: "hang-in-validate", TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.ValidateConfig(t.Context(), backend.ValidateConfigRequest{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ValidateConfig: %v", err)
	}
	if _, err := b.ValidatePlan(t.Context(), backend.ValidatePlanRequest{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ValidatePlan: %v", err)
	}
	if _, err := r.host.Launch(t.Context(), Spec{Name: "hostile", TLS: true}, config("hang", t.TempDir()), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Configure: %v", err)
	}
}

func TestClosingTheHostEndsAPluginThatHangsInConfigure(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"hostile"})
	dir := t.TempDir()
	failed := make(chan error, 1)
	go func() {
		_, err := r.host.Launch(t.Context(), Spec{Name: "hostile", TLS: true}, config("hang", dir), nil)
		failed <- err
	}()
	var pid int
	await(t, "Configure", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "pid"))
		pid, _ = strconv.Atoi(string(text))
		return pid > 0
	})
	started := time.Now()
	if err := r.host.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(started); took > startTimeout/2 {
		t.Errorf("it took %v", took)
	}
	if lives(pid) {
		t.Error("the plugin lives on after Close")
	}
	if err := <-failed; err == nil {
		t.Error("it was launched")
	}
}

func TestEveryBrokenCallIsAnUnknownOutcomeAndHarmsNoOther(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"hostile"})
	b := r.launchHostile("", "")
	healthy := r.launch("")
	for do, want := range map[string]string{
		"outputs null":               "output name is missing",
		"outputs {}":                 "output name is missing",
		"outputs []":                 "not an object",
		"outputs 17":                 "not an object",
		`outputs "hush-hush"`:        "not an object",
		`outputs {"name":17}`:        "output name is number, not string",
		`outputs {"name":["a"]}`:     "output name is tuple, not string",
		`outputs {"name":"a","b":1}`: "does not declare these outputs: b",
		`outputs {"name":1e99999}`:   "out of range",
		`outputs {"name":`:           "decode outputs",
		"huge-output":                "at most 262144",
		"huge-state":                 "at most 65536",
		"huge-checkpoint":            "at most 65536",
		"bad-state":                  "the state is not JSON",
		"huge-message":               "larger than max",
		"long-error":                 "outcome is unknown",
		"no-result":                  "ended without a result",
		"exit-in-stream":             "exit status 9",
		"panic-in-stream":            "exit status 2",
	} {
		_, err := r.run(b, call(do))
		if !isUnknown(err) || !strings.Contains(err.Error(), want) || len(err.Error()) > 3000 || strings.Contains(err.Error(), "hush-hush") {
			t.Errorf("%s: %v, want %q", do, err, want)
		}
		await(t, "the plugin after "+do, func() bool {
			_, err := r.run(b, call("good"))
			return err == nil
		})
		r.mustAnswer(healthy)
	}
}

func TestOnlyTheFirstResultCounts(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"hostile"})
	b := r.launchHostile("", "")
	for _, do := range []string{"two-results", "after-result"} {
		var steps []string
		result, err := b.Run(t.Context(), call(do), func(step string, _ []byte) { steps = append(steps, step) })
		if err != nil || string(result.State) != `{"first":1}` || steps != nil {
			t.Errorf("%s: %v %s, checkpoints %v", do, err, result.State, steps)
		}
	}
	_, err := r.run(b, call("failure"))
	var failure *backend.Failure
	if !errors.As(err, &failure) || failure.Class != backend.Internal || failure.RetryAfter > time.Hour {
		t.Errorf("a failure of a class of its own, to be repeated in ten thousand years: %#v", err)
	}
}

func TestMalformedOutputOfAllKindsDoesNoHarm(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"hostile"})
	b := r.launchHostile("", "")
	if _, err := r.run(b, call("malformed")); err != nil {
		t.Fatal(err)
	}
	await(t, "the line after the bad ones", func() bool { return strings.Contains(r.logs.String(), `"text":"still here"`) })
	for line := range strings.Lines(r.logs.String()) {
		if len(line) > 2*maxLine || strings.ContainsAny(line, "\x00\x1b\r") {
			t.Errorf("a line of %d bytes, or with control characters", len(line))
		}
	}
	r.mustAnswer(b)
}

func TestAFloodIsDroppedCountedAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"stderr", "endless", "stdout", "events"} {
		t.Run(how, func(t *testing.T) {
			r := newHostileRig(t, []string{"hostile"})
			b, healthy := r.launchHostile("", ""), r.launch("")
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			ended := make(chan error, 1)
			go func() {
				_, err := b.Run(ctx, call("flood "+how), nil)
				ended <- err
			}()
			flooded := func() bool { return strings.Contains(r.logs.String(), "lines dropped") }
			if how == "endless" {
				flooded = func() bool { return strings.Contains(r.logs.String(), "eeee") }
			}
			await(t, "the flood", flooded)
			before := heap()
			for range 20 {
				r.mustAnswer(healthy)
			}
			if grown := int64(heap()) - int64(before); grown > 32<<20 {
				t.Errorf("the host keeps %d MiB of it", grown>>20)
			}
			stop()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the call: %v", err)
			}
			if n := strings.Count(r.logs.String(), "flood flood flood flood flood flood flood flood flood flood flood "); n > lineBurst+3000 {
				t.Errorf("%d lines of the flood were logged", n)
			}
		})
	}
}

// heap measures what is in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

func TestAFloodOfCheckpointsIsSlowedDown(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"hostile"})
	b := r.launchHostile("", "")
	started := time.Now()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	taken := 0
	_, err := b.Run(ctx, call("many-checkpoints"), func(_ string, state []byte) {
		if string(state) != strconv.Itoa(taken) {
			t.Errorf("checkpoint %s, want %d", state, taken)
		}
		if taken++; taken == checkpointBurst+5 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the call: %v", err)
	}
	if took := time.Since(started); took < 4*checkpointEvery {
		t.Errorf("%d checkpoints took %v", taken, took)
	}
	r.mustAnswer(b)
}

func TestAnswersWithVeryManyPartsAreCutShort(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"hostile", "many-problems"})
	o, err := r.host.Open(t.Context(), Spec{Name: "many-problems", TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := o.ValidateConfig(t.Context(), backend.ValidateConfigRequest{})
	if err != nil || len(resp.Diagnostics) != maxDiagnostics+1 || !resp.Diagnostics[maxDiagnostics:].HasErrors() {
		t.Errorf("%d diagnostics: %v", len(resp.Diagnostics), err)
	}
	b := r.launchHostile("", "")
	c := call("drift")
	c.Verb = backend.VerbRead
	if _, err := r.run(b, c); err == nil {
		t.Error("outputs were missing")
	}
	if n := strings.Count(r.logs.String(), "backend log"); n > lineBurst+3000 {
		t.Errorf("%d lines about drift", n)
	}
}

func TestNoSecretIsShownHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"hostile"})
	b := r.launchHostile("", "")
	// The second ends in a failure, which is what the plugin makes of its name.
	secrets := []string{`gen "one"/&+é%`, `fail <two> \ 'x'`, "1234567890123456789"}
	shown := ""
	for _, secret := range secrets {
		c := call("leak")
		c.Op.Secrets["password"] = secret
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := b.Run(ctx, c, func(step string, _ []byte) { shown += step + "\n" })
		cancel()
		shown += fmt.Sprint(err) + "\n"
		var failure *backend.Failure
		if errors.As(err, &failure) {
			shown += failure.Customer + "\n"
		}
	}
	await(t, "the end of the leaks", func() bool { return strings.Count(r.logs.String(), "all told") == len(secrets) })
	for _, place := range []string{`"stream":"stdout"`, `"stream":"stderr"`, "backend log", "backend progress"} {
		if !strings.Contains(r.logs.String(), place) {
			t.Errorf("nothing of %s was logged", place)
		}
	}
	shown += r.logs.String()
	for _, secret := range append(secrets, canary) {
		for _, form := range forms(secret) {
			if i := strings.Index(shown, form); i >= 0 {
				t.Errorf("%q is shown: %s", form, shown[max(0, i-100):min(len(shown), i+100)])
			}
		}
	}
}

// forms are the spellings of a secret to look for, found without the masker.
func forms(secret string) []string {
	inLog := strings.ReplaceAll(strconv.Quote(secret), `\"`, `\\\"`)
	list := []string{secret, strings.Trim(inLog, `"`), strings.Trim(strconv.Quote(secret), `"`), url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret))}
	for before := range 3 {
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), secret...))
		list = append(list, text[4:len(text)-4], strings.NewReplacer("+", "-", "/", "_").Replace(text[4:len(text)-4]))
	}
	return list
}
