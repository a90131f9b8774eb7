package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// awkward has a character that every form escapes differently.
const awkward = `p@ss\w"rd <&> é/+=` + "\ttab"

func TestEveryFormOfASecretIsRedacted(t *testing.T) {
	asJSON, err := json.Marshal(awkward)
	if err != nil {
		t.Fatal(err)
	}
	address := url.URL{Scheme: "postgres", Host: "db.example", User: url.UserPassword("ann", awkward), RawQuery: url.Values{"p": {awkward}}.Encode()}
	for name, text := range map[string]string{
		"raw":         "before " + awkward + " after",
		"twice":       awkward + awkward,
		"go":          fmt.Sprintf("connect with %q", awkward),
		"go ascii":    strconv.QuoteToASCII(awkward),
		"json":        string(asJSON),
		"query":       "?p=" + url.QueryEscape(awkward) + "&x=1",
		"path":        "/a/" + url.PathEscape(awkward) + "/b",
		"lower case":  regexp.MustCompile(`%[0-9A-F]{2}`).ReplaceAllStringFunc(url.QueryEscape(awkward), strings.ToLower),
		"url":         address.String(),
		"base64":      base64.StdEncoding.EncodeToString([]byte(awkward)),
		"base64 url":  base64.URLEncoding.EncodeToString([]byte(awkward)),
		"base64 raw":  base64.RawURLEncoding.EncodeToString([]byte(awkward)),
		"basic auth":  "Basic " + base64.StdEncoding.EncodeToString([]byte("ann:"+awkward)),
		"basic auth2": "Basic " + base64.StdEncoding.EncodeToString([]byte("anna:"+awkward+"\n")),
		"basic auth3": "Basic " + base64.StdEncoding.EncodeToString([]byte("annie:"+awkward)),
	} {
		t.Run(name, func(t *testing.T) {
			got := NewRedactor(awkward).Redact(text)
			if !strings.Contains(got, "[redacted]") || strings.Contains(got, "ss") && name != "json" {
				t.Errorf("got %q of %q", got, text)
			}
			for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				for _, word := range strings.Fields(got) {
					if plain, _ := encoding.DecodeString(strings.TrimRight(word, "=")); strings.Contains(string(plain), `ss\w`) {
						t.Errorf("got %q, which holds the secret", got)
					}
				}
			}
		})
	}
}

func TestTextWithoutASecretIsReturnedAsItIs(t *testing.T) {
	r := NewRedactor("hunter2-secret", "another-secret")
	text := "provisioned acme-db for hunter in 12 ms, another one"
	if got := r.Redact(text); got != text {
		t.Errorf("got %q", got)
	}
	if allocs := testing.AllocsPerRun(100, func() { r.Redact(text) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	if got := (&Redactor{}).Redact(text); got != text {
		t.Errorf("the zero Redactor gives %q", got)
	}
}

func TestShortValuesAreNotRedacted(t *testing.T) {
	r := NewRedactor("", "a", "éèà", "abcd")
	if got := r.Redact("a éèà abcd"); got != "a éèà [redacted]" {
		t.Errorf("got %q", got)
	}
}

func TestTheLongestSecretWins(t *testing.T) {
	for _, values := range [][]string{{"secret", "secret-long"}, {"secret-long", "secret"}} {
		if got := NewRedactor(values...).Redact("secret-long secret"); got != "[redacted] [redacted]" {
			t.Errorf("%v: got %q", values, got)
		}
	}
}

func TestLinesOfASecretAreRedactedOneByOne(t *testing.T) {
	key := "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA7\r\n}\n-----END KEY-----\n"
	if got := NewRedactor(key).Redact("line: MIIEowIBAAKCAQEA7 }"); got != "line: [redacted] }" {
		t.Errorf("got %q", got)
	}
}

func TestARedactorMayBeUsedFromManyGoroutines(t *testing.T) {
	r := NewRedactor("first-secret")
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for j := range 100 {
				value := fmt.Sprintf("secret-%d-%d", i, j)
				r.Add(value)
				if got := r.Redact("x " + value + " first-secret"); got != "x [redacted] [redacted]" {
					t.Errorf("got %q", got)
				}
			}
		})
	}
	wait.Wait()
}

func FuzzRedact(f *testing.F) {
	f.Add(awkward, "before ", " after")
	f.Add("aaaa", "aaa", "a")
	f.Fuzz(func(t *testing.T, value, before, after string) {
		if utf8.RuneCountInString(value) < shortest {
			t.Skip()
		}
		got := NewRedactor(value).Redact(before + value + after)
		for _, piece := range strings.Split(got, redacted) {
			if strings.Contains(piece, value) {
				t.Errorf("Redact(%q) = %q", before+value+after, got)
			}
		}
	})
}

type printer struct{ Field, Other string }

func TestLogRecordsAreCleanedAtEveryDepth(t *testing.T) {
	const secret = "hunter2-secret"
	r := NewRedactor(secret)
	for name, newHandler := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			log := slog.New(RedactingHandler(newHandler(&out), r)).With("with", secret).WithGroup("group-" + secret).With(slog.Group("g", "v", secret))
			log.Info("message with "+secret, "text", "a "+secret, "error", fmt.Errorf("wrapped: %w", errors.New(secret)), "bytes", []byte(secret),
				"struct", printer{secret, "kept"}, "pointer", &printer{secret, "kept"}, "map", map[string]any{"k": []string{secret}}, "raw", json.RawMessage(`{"k":"`+secret+`"}`),
				slog.Group("deep", slog.Group("deeper", "v", secret, secret, 1)), "lazy", lazy(secret), "joined", errors.Join(errors.New(secret), errors.New("x")),
				"number", 7, "took", time.Second, "url", "https://a/?p="+url.QueryEscape(secret))
			log.Error("second", "value", New(secret), "plain", printer{"a", "b"})
			if got := out.String(); strings.Contains(got, "hunter2") {
				t.Errorf("got %s", got)
			}
			for _, kept := range []string{"number", "7", "took", "message with [redacted]", "kept", "second"} {
				if !strings.Contains(out.String(), kept) {
					t.Errorf("%q is missing in %s", kept, out.String())
				}
			}
		})
	}
}

type lazy string

func (l lazy) LogValue() slog.Value { return slog.GroupValue(slog.String("v", string(l))) }

func TestTheRedactingHandlerAsksForTheLevel(t *testing.T) {
	h := RedactingHandler(slog.NewTextHandler(&bytes.Buffer{}, &slog.HandlerOptions{Level: slog.LevelWarn}), NewRedactor())
	if h.Enabled(t.Context(), slog.LevelInfo) || !h.Enabled(t.Context(), slog.LevelError) {
		t.Error("the level of the next handler does not hold")
	}
}

func BenchmarkRedactNothing(b *testing.B) {
	r := NewRedactor()
	for range 200 {
		r.Add(Password(40))
	}
	line := strings.Repeat("provisioned acme-db for resource res_7fk2m in 12 ms ", 4)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		r.Redact(line)
	}
}
