package diagnostic

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
)

// files makes files out of texts, by name.
func files(texts map[string]string) map[string]*hcl.File {
	out := map[string]*hcl.File{}
	for name, text := range texts {
		out[name] = &hcl.File{Bytes: []byte(text)}
	}
	return out
}

// find returns the range of part in a one-line text.
func find(t *testing.T, name, text, part string) hcl.Range {
	t.Helper()
	at := strings.Index(text, part)
	if at < 0 {
		t.Fatalf("%q is not in %q", part, text)
	}
	line, start := 1+strings.Count(text[:at], "\n"), strings.LastIndexByte(text[:at], '\n')+1
	pos := func(b int) hcl.Pos { return hcl.Pos{Line: line, Column: len([]rune(text[start:b])) + 1, Byte: b} }
	return hcl.Range{Filename: name, Start: pos(at), End: pos(at + len(part))}
}

func written(t *testing.T, o Options, diags ...*hcl.Diagnostic) string {
	t.Helper()
	var b strings.Builder
	if err := WriteText(&b, diags, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextHasTheShapeOfTheManual(t *testing.T) {
	source := strings.Repeat("\n", 47) + "    ACME_DB_URL = \"postgres://${output.usrname}:${urlencode(output.password)}\"\n"
	d := New(`"output" has no value named "usrname"`, find(t, "acme-db.hcl", source, "usrname"), Info{
		Code: "AG302", In: `addon "acme-db"`, Hint: `did you mean "username"?`,
		Notes: []string{"backend.postgres.main offers: database, password, port, username"},
	})
	want := `error[AG302]: "output" has no value named "usrname"
  --> acme-db.hcl:48:40, in addon "acme-db"
   |
48 |     ACME_DB_URL = "postgres://${output.usrname}:${urlencode(output.password)}"
   |                                        ^^^^^^^ did you mean "username"?
   = backend.postgres.main offers: database, password, port, username
   = help: addongw explain AG302

`
	if diff := cmp.Diff(want, written(t, Options{Files: files(map[string]string{"acme-db.hcl": source})}, d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEveryPlaceOfAProblemIsShown(t *testing.T) {
	a, b := "addon \"acme-db\" {\n}\n", "\n\n\n\n\n\n\n\n\naddon \"acme-db\" {\n}\n"
	d := New(`addon "acme-db" is defined twice`, find(t, "b.hcl", b, `"acme-db"`), Info{
		Code: "AG207", Also: []Place{{find(t, "a.hcl", a, `"acme-db"`), "first defined here"}},
	})
	want := `error[AG207]: addon "acme-db" is defined twice
  --> b.hcl:10:7
   |
10 | addon "acme-db" {
   |       ^^^^^^^^^
   |
  ::: a.hcl:1:7
   |
 1 | addon "acme-db" {
   |       --------- first defined here
   = help: addongw explain AG207

`
	if diff := cmp.Diff(want, written(t, Options{Files: files(map[string]string{"a.hcl": a, "b.hcl": b})}, d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAWarningWithoutAFileKeepsItsHint(t *testing.T) {
	r := hcl.Range{Filename: "gone.hcl", Start: hcl.Pos{Line: 3, Column: 5, Byte: 40}, End: hcl.Pos{Line: 3, Column: 9, Byte: 44}}
	want := "warning[AG217]: Plans from a map are offered in alphabetical order\n  --> gone.hcl:3:5\n  = use a list to choose the order\n  = help: addongw explain AG217\n\n"
	got := written(t, Options{}, Warn("Plans from a map are offered in alphabetical order", r, Info{Code: "AG217", Hint: "use a list to choose the order"}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestADiagnosticWithoutARangeIsStillPrinted(t *testing.T) {
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "There is no add-on in .", Detail: "First line.\nSecond line.", Extra: Info{Code: "AG210", Hint: "addongw init makes a first one"}}
	want := "error[AG210]: There is no add-on in .\n  = First line.\n    Second line.\n  = addongw init makes a first one\n  = help: addongw explain AG210\n\n"
	if diff := cmp.Diff(want, written(t, Options{}, d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHelpIsOfferedOnceForEachCode(t *testing.T) {
	source := "a = nme\nb = nme\nc = nme\n"
	o := Options{Files: files(map[string]string{"a.hcl": source})}
	at := find(t, "a.hcl", source, "nme")
	got := written(t, o, New("one", at, Info{Code: "AG301"}), New("two", at, Info{Code: "AG301"}), New("three", at, Info{Code: "AG302"}), New("four", at, Info{}))
	for _, code := range []string{"AG301", "AG302"} {
		if n := strings.Count(got, " = help: addongw explain "+code+"\n"); n != 1 {
			t.Errorf("help for %s is offered %d times:\n%s", code, n, got)
		}
	}
}

func TestColourOnlySurroundsTheWords(t *testing.T) {
	source := "name = nme\n"
	d := New("Nothing is called so", find(t, "a.hcl", source, "nme"), Info{Code: "AG301", Hint: "no", Notes: []string{"note"}})
	o := Options{Files: files(map[string]string{"a.hcl": source})}
	plain := written(t, o, d)
	o.Color = true
	colored := written(t, o, d)
	if !strings.Contains(colored, "\x1b[1;31merror[AG301]\x1b[0m") || !strings.Contains(colored, "\x1b[1;31m^^^ no\x1b[0m") {
		t.Errorf("no colour in %q", colored)
	}
	for _, code := range []string{"\x1b[1;31m", "\x1b[1m", "\x1b[34m", "\x1b[0m"} {
		colored = strings.ReplaceAll(colored, code, "")
	}
	if diff := cmp.Diff(plain, colored); diff != "" {
		t.Errorf("colour changes words (-plain +colored):\n%s", diff)
	}
}

func TestASCIIModeUsesNoOtherSigns(t *testing.T) {
	source := strings.Repeat("a", 300) + " nme " + strings.Repeat("b", 300)
	d := New("Too long …", find(t, "a.hcl", source, "nme"), Info{Code: "AG301", Hint: "write x = …", Notes: []string{"a → b"}})
	got := written(t, Options{Files: files(map[string]string{"a.hcl": source}), ASCII: true, Width: 60}, d)
	for _, r := range got {
		if r > 127 {
			t.Errorf("%q is in\n%s", r, got)
		}
	}
}

func TestTheCaretStandsUnderTheRangeWhateverStandsBefore(t *testing.T) {
	for name, before := range map[string]string{
		"tabs": "\t\tx = ", "wide": "x = \"東京\" + ", "combined": "x = \"e\u0301\" + ", "family": "x = \"👨‍👩‍👧\" + ", "nothing": "",
		"long": strings.Repeat("word ", 80), "carriage": "",
	} {
		t.Run(name, func(t *testing.T) {
			source := before + "nme" + "\r\nnext"
			d := New("s", find(t, "a.hcl", source, "nme"), Info{Code: "AG301"})
			got := strings.Split(written(t, Options{Files: files(map[string]string{"a.hcl": source}), Width: 40}, d), "\n")
			code, caret := got[3], got[4]
			if at := column(code[:strings.Index(code, "nme")]); at != column(caret[:strings.Index(caret, "^")]) || !strings.HasSuffix(caret, "^^^") {
				t.Errorf("the caret is elsewhere:\n%s\n%s", code, caret)
			}
		})
	}
}

// column counts columns as a terminal does, with stops every eight.
func column(text string) int {
	n := 0
	for _, c := range cells(text) {
		if c.text == "\t" {
			n += 8 - n%8
			continue
		}
		n += c.columns
	}
	return n
}

func TestAFileCanNotSteerTheTerminal(t *testing.T) {
	source := "a = \"\x1b[2J\u202e\" nme\n"
	d := New("bad \x1b[2J\nsummary", find(t, "a.hcl", source, "nme"), Info{Code: "AG100", Hint: "h\x07"})
	got := written(t, Options{Files: files(map[string]string{"a.hcl": source})}, d)
	if strings.ContainsAny(got, "\x1b\x07\u202e") || !strings.HasPrefix(got, "error[AG100]: bad ?[2J summary\n") {
		t.Errorf("got %q", got)
	}
}

func TestEveryWriterRedactsEverything(t *testing.T) {
	const canary = "hunter2-canary"
	source := "x = \"" + canary + "\" + nme + \"" + canary + "\"\n"
	redact := func(s string) string { return strings.ReplaceAll(s, canary, "[redacted]") }
	inside := find(t, "a.hcl", source, "nme")
	across := find(t, "a.hcl", source, canary[5:]+"\" + nme")
	for _, r := range []hcl.Range{inside, across, find(t, "a.hcl", source, canary[3:6])} {
		d := New("summary "+canary, r, Info{
			Code: "AG100", In: "addon " + canary, Hint: canary, Notes: []string{canary}, Also: []Place{{r, canary}},
		})
		d.Detail = canary
		for width := range 60 {
			o := Options{Files: files(map[string]string{"a.hcl": source}), Redact: redact, Width: width}
			assertNoPart(t, written(t, o, d), canary)
		}
		var b strings.Builder
		if err := WriteJSON(&b, "validate", hcl.Diagnostics{d}, Options{Files: files(map[string]string{"a.hcl": source}), Redact: redact}); err != nil {
			t.Fatal(err)
		}
		assertNoPart(t, b.String(), canary)
		for name, write := range map[string]func(io.Writer, hcl.Diagnostics, Options) error{"github": WriteGitHub, "sarif": sarif} {
			var b strings.Builder
			if err := write(&b, hcl.Diagnostics{d}, Options{Files: files(map[string]string{"a.hcl": source}), Redact: redact}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(b.String(), "AG100") {
				t.Errorf("%s says nothing", name)
			}
			assertNoPart(t, b.String(), canary)
		}
	}
}

func sarif(w io.Writer, diags hcl.Diagnostics, o Options) error {
	return WriteSARIF(w, "0.1.0", diags, o)
}

// assertNoPart fails when as little as half of the secret shows.
func assertNoPart(t *testing.T, got, secret string) {
	t.Helper()
	for i := 0; i+len(secret)/2 <= len(secret); i++ {
		if part := secret[i : i+len(secret)/2]; strings.Contains(got, part) {
			t.Fatalf("%q shows in\n%s", part, got)
		}
	}
}

func TestJSONHasTerraformsPropertiesAndOurs(t *testing.T) {
	source := "addon \"acme-db\" {\n  name = nme\n}\n"
	subject := find(t, "a.hcl", source, "nme")
	error1 := New("Nothing is called \"nme\" here", subject, Info{
		Code: "AG301", In: `addon "acme-db"`, Hint: `did you mean "name"?`, Notes: []string{"one", "two"},
		Also: []Place{{find(t, "a.hcl", source, "name"), "for this"}},
	})
	warning := &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Careful"}
	var b strings.Builder
	if err := WriteJSON(&b, "validate", hcl.Diagnostics{error1, warning}, Options{Files: files(map[string]string{"a.hcl": source})}); err != nil {
		t.Fatal(err)
	}
	want := `{
  "format_version": "1.0",
  "type": "validate",
  "valid": false,
  "error_count": 1,
  "warning_count": 1,
  "diagnostics": [
    {
      "severity": "error",
      "code": "AG301",
      "summary": "Nothing is called \"nme\" here",
      "detail": "one\ntwo",
      "hint": "did you mean \"name\"?",
      "range": {
        "filename": "a.hcl",
        "start": {
          "line": 2,
          "column": 10,
          "byte": 27
        },
        "end": {
          "line": 2,
          "column": 13,
          "byte": 30
        }
      },
      "snippet": {
        "context": "addon \"acme-db\"",
        "code": "  name = nme",
        "start_line": 2,
        "highlight_start_offset": 9,
        "highlight_end_offset": 12,
        "values": []
      },
      "also_at": [
        {
          "text": "for this",
          "range": {
            "filename": "a.hcl",
            "start": {
              "line": 2,
              "column": 3,
              "byte": 20
            },
            "end": {
              "line": 2,
              "column": 7,
              "byte": 24
            }
          }
        }
      ]
    },
    {
      "severity": "warning",
      "summary": "Careful",
      "detail": ""
    }
  ]
}
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestJSONWithoutProblemsHasAnEmptyList(t *testing.T) {
	var b strings.Builder
	if err := WriteJSON(&b, "validate", nil, Options{}); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"format_version": "1.0", "type": "validate", "valid": true, "error_count": 0.0, "warning_count": 0.0, "diagnostics": []any{}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
