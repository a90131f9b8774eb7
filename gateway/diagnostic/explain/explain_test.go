package explain_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway/diagnostic/explain"
)

// announced lists pages of codes that the design names and nothing produces
// yet.
var announced = []string{"AG226"}

var code = regexp.MustCompile(`"(AG\d{3})"`)

// used finds the codes that the program can print, with one place each.
func used(t *testing.T) map[string]string {
	t.Helper()
	const root = "../../.."
	codes := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range code.FindAllStringSubmatch(string(text), -1) {
			codes[m[1]] = strings.TrimPrefix(path, root+"/")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(codes) < 55 {
		t.Fatalf("only %d codes in the sources: are they written in another way now?", len(codes))
	}
	return codes
}

func TestEveryCodeHasAPageAndEveryPageACode(t *testing.T) {
	codes := used(t)
	for code, where := range codes {
		if _, ok := explain.Find(code); !ok {
			t.Errorf("%s is used in %s and has no page", code, where)
		}
	}
	for _, p := range explain.Pages() {
		if _, ok := codes[p.Code]; !ok && !slices.Contains(announced, p.Code) {
			t.Errorf("%s has a page, and nothing produces it", p.Code)
		}
	}
}

func TestEveryPageHasTheSameParts(t *testing.T) {
	for _, p := range explain.Pages() {
		if !strings.HasPrefix(p.Text, "# "+p.Code+": ") || p.Title == "" || strings.HasSuffix(p.Title, ".") {
			t.Errorf("%s begins with %q", p.Code, p.Title)
		}
		if !strings.Contains(p.Text, "\n## What to do\n\n") || !strings.HasSuffix(p.Means(), ".") {
			t.Errorf("%s does not say what it means and what to do", p.Code)
		}
		if (p.Example("Wrong") == "") != (p.Example("Right") == "") {
			t.Errorf("%s has one example only", p.Code)
		}
		if strings.Count(p.Text, "```hcl") != strings.Count(p.Text, "```")/2 {
			t.Errorf("%s has a fence that nobody checks", p.Code)
		}
	}
}

func TestTheTerminalSeesNoMarkdown(t *testing.T) {
	page, ok := explain.Find("AG302")
	if !ok {
		t.Fatal("the page is gone")
	}
	plain := page.Plain()
	for _, want := range []string{"AG302: A value has no part of that name\n\nThe reference", "\nWrong\n\n    addon \"acme-db\" {\n      # …\n\n      config_vars", "\nWhat to do\n\nTake"} {
		if !strings.Contains(plain, want) {
			t.Errorf("%q is missing in\n%s", want, plain)
		}
	}
	if strings.Contains(plain, "```") || strings.Contains(plain, "## ") {
		t.Error(plain)
	}
}

func TestACodeIsFoundHoweverItIsWritten(t *testing.T) {
	for written, want := range map[string]string{"AG302": "AG302", "ag302": "AG302", "302": "AG302", "AG999": "", "": "", "../explain": "", "AG302.md": ""} {
		if page, ok := explain.Find(written); page.Code != want || ok != (want != "") {
			t.Errorf("%q finds %q", written, page.Code)
		}
	}
}
