package pluginhost

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

func TestSecretsAreMaskedHoweverTheyAreWritten(t *testing.T) {
	m := newMasker(strings.ToUpper, []string{`p"a&s/s`, "pem line one\npem line two", "abc", "longer-secret", "longer-secret-still"})
	for text, want := range map[string]string{
		`is p"a&s/s here`:        "IS [REDACTED] HERE",
		`{"p":"p\"a\u0026s/s"}`:  `{"P":"[REDACTED]"}`,
		"db://u:p%22a%26s%2Fs@h": "DB://U:[REDACTED]@H",
		"db://u:p%22a&s%2Fs@h":   "DB://U:[REDACTED]@H",
		"got pem line two":       "GOT [REDACTED]",
		"abc is short":           "ABC IS SHORT",
		"longer-secret-still":    "[REDACTED]",
	} {
		if got := m.mask(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestASecretOfDigitsIsFoundAmongNumbers(t *testing.T) {
	logged := &syncBuffer{}
	log := &pluginLog{logger: slog.New(slog.NewJSONHandler(logged, nil)), masker: newMasker(nil, []string{"1234567890123456789"})}
	log.print("stderr", line{text: `{"msg":"x","n":1234567890123456789}`})
	if !strings.Contains(logged.String(), `"n":"[redacted]"`) {
		t.Errorf("got %s", logged)
	}
}

func TestACutLineDoesNotEndInHalfASecret(t *testing.T) {
	m := newMasker(nil, []string{"correct horse"})
	if got := m.maskCut("the password is correct ho"); got != "the password is " {
		t.Errorf("got %q", got)
	}
	if got := m.maskCut("the password is correct horse"); got != "the password is [redacted]" {
		t.Errorf("got %q", got)
	}
}

func TestSecretsOfACallStayMaskedForAWhile(t *testing.T) {
	m := newMasker(nil, nil)
	first := m.add([]string{"secret-1"})
	second := m.add([]string{"secret-1", "secret-2"})
	second()
	first()
	if got := m.mask("secret-1 secret-2"); got != "[redacted] [redacted]" {
		t.Errorf("right after the call: %s", got)
	}
	for range remembered {
		m.add([]string{time.Now().String()})()
	}
	if got := m.mask("secret-1"); got != "secret-1" {
		t.Error("secrets pile up")
	}
}

func TestEverySecretOfACallIsFound(t *testing.T) {
	secret := func(text string) backend.Value {
		return backend.NewValue(cty.ObjectVal(map[string]cty.Value{
			"public": cty.StringVal("public"),
			"deep":   cty.ListVal([]cty.Value{cty.StringVal(text)}).Mark(backend.Sensitive),
			"odd":    cty.UnknownVal(cty.String).Mark(backend.Sensitive),
		}))
	}
	got := secretsOf(backend.Op{
		Secrets:    map[string]string{"p": "1"},
		Credential: map[string]string{"c": "2"},
		Config:     secret("3"),
		Options:    secret("4"),
		Outputs:    secret("5"),
		Plan:       backend.Plan{Params: secret("6")},
		Region:     backend.Region{Data: secret("7")},
	})
	slices.Sort(got)
	if diff := cmp.Diff([]string{"1", "2", "3", "4", "5", "6", "7"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTheBackoffGrowsOpensTheBreakerAndForgets(t *testing.T) {
	b := &backoff{timing: timing{}.withDefaults()}
	now := time.Unix(1700000000, 0)
	within := func(got, want time.Duration) {
		t.Helper()
		if got < want*3/4 || got > want*5/4 {
			t.Errorf("waits %v, want about %v", got, want)
		}
	}
	for _, want := range []time.Duration{100, 200, 400, 800} {
		wait, open := b.crashed(now)
		within(wait, want*time.Millisecond)
		if open {
			t.Error("open too early")
		}
		now = now.Add(wait)
	}
	wait, open := b.crashed(now)
	within(wait, 30*time.Second)
	if !open {
		t.Error("not open after five crashes")
	}
	if _, open := b.crashed(now.Add(wait)); !open {
		t.Error("the trial failed, and it is not open again")
	}
	wait, open = b.crashed(now.Add(10 * time.Minute))
	within(wait, 100*time.Millisecond)
	if open {
		t.Error("it never forgets")
	}
	slow := &backoff{timing: timing{crashes: 1000}.withDefaults()}
	for range 100 {
		wait, _ = slow.crashed(now)
	}
	within(wait, 30*time.Second)
}

func TestALongLineIsCutAndNotKept(t *testing.T) {
	var lines []string
	w := &lineWriter{line: func(text string, cut bool) {
		if cut {
			text = "cut"
		}
		lines = append(lines, text)
	}}
	for range 1000 {
		if _, err := w.Write([]byte(strings.Repeat("x", 1000))); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.pending) > maxLine+1 {
		t.Errorf("keeps %d bytes", len(w.pending))
	}
	if _, err := w.Write([]byte("\nnext\n")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"cut", "next"}, lines); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func FuzzPrintedLinesNeverPanic(f *testing.F) {
	for _, seed := range []string{
		`{"@level":1}`, `{"level":{},"msg":[]}`, `{"msg":"x","a":{"b":[1,null,"correct horse"]}}`, "[]", "null", "{", "\x00\xff",
		strings.Repeat("[", 2000), `{"a":1e999}`, `{"time":"x","correct horse":"correct horse"}`,
	} {
		f.Add([]byte(seed + "\n"))
	}
	f.Fuzz(func(t *testing.T, printed []byte) {
		logged := &syncBuffer{}
		log := &pluginLog{logger: slog.New(slog.NewJSONHandler(logged, nil)), masker: newMasker(nil, []string{"correct horse"})}
		stream := log.stream("stderr")
		for _, half := range [][]byte{printed[:len(printed)/2], printed[len(printed)/2:]} {
			if _, err := stream.Write(half); err != nil {
				t.Fatal(err)
			}
		}
		stream.flush()
		if strings.Contains(logged.String(), "correct horse") {
			t.Errorf("%q shows the secret: %s", printed, logged)
		}
	})
}
