package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway/diagnostic/explain"
)

func TestExplainPrintsThePageOfACode(t *testing.T) {
	dir := t.TempDir()
	out, errOut, code := addongw(t, dir, []string{"LANG=C.UTF-8"}, "explain", "ag302")
	if code != 0 || errOut != "" || !strings.HasPrefix(out, "AG302: ") || !strings.Contains(out, "\nWrong\n\n    addon \"acme-db\" {\n      # …\n") {
		t.Errorf("exit %d, stderr %q\n%s", code, errOut, out)
	}
	if out, _, _ := addongw(t, dir, nil, "explain", "AG302"); strings.Contains(out, "…") || !strings.Contains(out, "# ...") {
		t.Errorf("a terminal without UTF-8 gets\n%s", out)
	}
	out, _, code = addongw(t, dir, nil, "explain", "AG302", "--json")
	var page struct{ Type, Code, Title, Wrong, Right, Markdown string }
	if err := json.Unmarshal([]byte(out), &page); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s", code, err, out)
	}
	if page.Type != "explain" || page.Code != "AG302" || page.Title == "" || !strings.Contains(page.Wrong, "usrname") || page.Right == "" || page.Markdown == "" {
		t.Errorf("%+v", page)
	}
}

func TestExplainListsAllCodesInOneLineEach(t *testing.T) {
	out, _, code := addongw(t, t.TempDir(), nil, "explain")
	if n := strings.Count(out, "\n"); code != 0 || n != len(explain.Codes()) || !strings.Contains(out, "\nAG302  A value has no part of that name\n") {
		t.Errorf("exit %d, %d lines\n%s", code, n, out)
	}
	out, _, _ = addongw(t, t.TempDir(), nil, "explain", "--json")
	var list struct {
		Type  string
		Codes []struct{ Code, Title, Means string }
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil || list.Type != "explain_list" || len(list.Codes) != len(explain.Codes()) || list.Codes[0].Means == "" {
		t.Errorf("%v: %s", err, out)
	}
}

func TestExplainOffersTheNearestCodeForOneThatDoesNotExist(t *testing.T) {
	_, errOut, code := addongw(t, t.TempDir(), nil, "explain", "AG3O2")
	if code != exitUsage || !strings.Contains(errOut, `there is no code "AG3O2"`) || !strings.Contains(errOut, "Did you mean AG302? addongw explain lists all codes.") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

func TestSchemaPrintsTheLanguageAsJSON(t *testing.T) {
	out, errOut, code := addongw(t, t.TempDir(), nil, "schema")
	var language struct {
		FormatVersion string `json:"format_version"`
		Type, Version string
		Blocks        []struct {
			Type       string
			Attributes []struct {
				Name, Type, Phase string
				Default           *string
			}
		}
		Platforms, Names, Functions, Codes, Phases []struct{ Name, Code string }
		Reserved                                   []string
	}
	if err := json.Unmarshal([]byte(out), &language); err != nil || code != 0 || errOut != "" {
		t.Fatalf("exit %d, %v, stderr %q", code, err, errOut)
	}
	if language.FormatVersion != "1.0" || language.Type != "schema" || language.Version == "" {
		t.Errorf("head: %q %q %q", language.FormatVersion, language.Type, language.Version)
	}
	gateway := language.Blocks[0]
	if listen := gateway.Attributes[0]; gateway.Type != "gateway" || listen.Name != "listen" || listen.Type != "string" || listen.Phase != "load" || *listen.Default != `"127.0.0.1:8080"` {
		t.Errorf("the first block: %+v", gateway)
	}
	for what, n := range map[string]int{
		"platforms": len(language.Platforms), "names": len(language.Names), "functions": len(language.Functions),
		"codes": len(language.Codes), "phases": len(language.Phases), "reserved words": len(language.Reserved),
	} {
		if n == 0 {
			t.Errorf("no %s", what)
		}
	}
	if strings.Contains(out, `\u003e`) {
		t.Error("signs are escaped as for HTML")
	}
}
