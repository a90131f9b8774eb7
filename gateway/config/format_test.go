package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// formatFixtures returns the inputs in testdata/format; beside each NAME.in.hcl
// is NAME.out.hcl. ADDONGW_UPDATE=1 writes the outputs anew.
func formatFixtures(t testing.TB) []string {
	t.Helper()
	inputs, err := filepath.Glob("testdata/format/*.in.hcl")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs in testdata/format: %v", err)
	}
	return inputs
}

func TestFormatGivesTheLayoutOfTheFixtures(t *testing.T) {
	for _, input := range formatFixtures(t) {
		t.Run(filepath.Base(input), func(t *testing.T) {
			output := strings.TrimSuffix(input, ".in.hcl") + ".out.hcl"
			got := format(t, input, read(t, input))
			if os.Getenv("ADDONGW_UPDATE") == "1" {
				if err := os.WriteFile(output, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(read(t, output), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", output, diff)
			}
		})
	}
}

func TestFormattingTwiceChangesNothing(t *testing.T) {
	for _, input := range formatFixtures(t) {
		once := format(t, input, read(t, input))
		if diff := cmp.Diff(once, format(t, input, once)); diff != "" {
			t.Errorf("%s (-once +twice):\n%s", input, diff)
		}
	}
}

func TestFormattingKeepsCommentsHeredocsAndMeaning(t *testing.T) {
	for _, input := range formatFixtures(t) {
		before := read(t, input)
		if diff := cmp.Diff(essence(t, before), essence(t, format(t, input, before))); diff != "" {
			t.Errorf("%s (-before +after):\n%s", input, diff)
		}
	}
}

func TestAFileThatDoesNotParseIsNotFormatted(t *testing.T) {
	got, diags := Format("broken.hcl", []byte("addon \"a\" {\n  name = \"x\n}\n"))
	if got != nil {
		t.Errorf("got %q, want nothing", got)
	}
	if len(diags) != 1 {
		t.Fatalf("got %d diagnostics, want 1: %v", len(diags), diags)
	}
	if info, _ := diagnostic.Of(diags[0]); info.Code != "AG101" || diags[0].Subject.Start.Line != 2 {
		t.Errorf("got code %s at line %d, want AG101 at line 2", info.Code, diags[0].Subject.Start.Line)
	}
}

func TestAnEmptyFileStaysEmpty(t *testing.T) {
	for _, src := range []string{"", "\n", "\n\n \n", "\uFEFF"} {
		if got := format(t, "empty.hcl", src); got != "" {
			t.Errorf("Format(%q) = %q, want nothing", src, got)
		}
	}
}

func FuzzFormat(f *testing.F) {
	for _, input := range formatFixtures(f) {
		f.Add(read(f, input))
	}
	f.Fuzz(func(t *testing.T, src string) {
		once, diags := Format("fuzz.hcl", []byte(src))
		if diags.HasErrors() {
			return
		}
		twice, diags := Format("fuzz.hcl", once)
		if diags.HasErrors() {
			t.Fatalf("the result does not parse: %v\n%q", diags, once)
		}
		if diff := cmp.Diff(string(once), string(twice)); diff != "" {
			t.Errorf("formatting twice (-once +twice):\n%s", diff)
		}
		if diff := cmp.Diff(essence(t, src), essence(t, string(once))); diff != "" {
			t.Errorf("meaning (-before +after):\n%s", diff)
		}
	})
}

func format(t testing.TB, name, src string) string {
	t.Helper()
	out, diags := Format(name, []byte(src))
	if diags.HasErrors() {
		t.Fatalf("format %s: %v", name, diags)
	}
	return string(out)
}

func read(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// essence is what formatting must keep: every token but spacing, the marks of
// comments, commas, and the strings around lone references.
func essence(t testing.TB, src string) []string {
	t.Helper()
	src = strings.ReplaceAll(strings.TrimPrefix(src, "\uFEFF"), "\r\n", "\n")
	tokens, _ := hclsyntax.LexConfig([]byte(src), "", hcl.InitialPos)
	var out []string
	for _, token := range tokens {
		switch token.Type {
		case hclsyntax.TokenNewline, hclsyntax.TokenEOF, hclsyntax.TokenComma,
			hclsyntax.TokenOQuote, hclsyntax.TokenCQuote, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateSeqEnd:
		case hclsyntax.TokenComment:
			text := strings.TrimLeft(string(token.Bytes), "/#")
			out = append(out, "# "+strings.TrimSpace(text))
		default:
			out = append(out, string(token.Bytes))
		}
	}
	return out
}
