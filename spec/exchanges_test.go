package spec

import (
	"regexp"
	"strings"
	"testing"
)

// exchangesByPlatform returns the exchanges of every platform there is.
func exchangesByPlatform(t *testing.T) map[string][]Exchange {
	t.Helper()
	platforms, err := Platforms()
	if err != nil {
		t.Fatal(err)
	}
	if len(platforms) == 0 {
		t.Fatal("there is no platform")
	}
	all := make(map[string][]Exchange, len(platforms))
	for _, platform := range platforms {
		if all[platform], err = Exchanges(platform); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// A rule that the documents state quotes its sentence; one of ours says so.
func TestEveryExchangeSaysWhereItComesFrom(t *testing.T) {
	for _, exchanges := range exchangesByPlatform(t) {
		for _, e := range exchanges {
			if e.Level == Must && (e.Says == "" || e.Platform == "") {
				t.Errorf("%s is a must, but quotes nothing, or does not say what the platform would do", e.Name)
			}
			if e.Level == Should && e.Platform == "" {
				t.Errorf("%s does not say what the platform would do", e.Name)
			}
			for _, s := range e.Steps {
				if s.Title == "" {
					t.Errorf("%s:%d: the step has no title", e.Name, s.Line)
				}
			}
		}
	}
	if _, err := Exchanges("no-such-platform"); err == nil {
		t.Error("a platform without exchanges is accepted")
	}
	if _, err := File("clevercloud", "no-such-file"); err == nil {
		t.Error("a missing file is found")
	}
}

var idPattern = regexp.MustCompile(`^[A-Z]{2}-[A-Z][1-9][0-9]*$`)

// People quote ids, and pipelines name them: they are unique, and an exchange
// that needs another one names one that exists.
func TestEveryExchangeHasAnIDOfItsOwn(t *testing.T) {
	for _, exchanges := range exchangesByPlatform(t) {
		ids, names := map[string]string{}, map[string]bool{}
		for _, e := range exchanges {
			if !idPattern.MatchString(e.ID) || ids[e.ID] != "" {
				t.Errorf("%s has the id %q, which is none or is that of %q, too", e.Name, e.ID, ids[e.ID])
			}
			ids[e.ID], names[e.ShortName()] = e.Name, true
		}
		for _, e := range exchanges {
			for _, needed := range e.Needs {
				if !names[needed] || needed == e.ShortName() {
					t.Errorf("%s needs %q, which is no other exchange", e.Name, needed)
				}
			}
		}
	}
}

var factPattern = regexp.MustCompile("`([a-z]+(?:-[a-z]+)*)(\\*?)`")

// A fact that names an exchange which is gone proves nothing.
func TestEveryExchangeThatAFactNamesIsThere(t *testing.T) {
	for platform, exchanges := range exchangesByPlatform(t) {
		facts, err := File(platform, "facts.md")
		if err != nil {
			t.Fatal(err)
		}
		names, groups := map[string]bool{}, map[string]bool{}
		for _, e := range exchanges {
			group, _, _ := strings.Cut(e.ShortName(), "-")
			names[e.ShortName()], groups[group] = true, true
		}
		for _, match := range factPattern.FindAllStringSubmatch(string(facts), -1) {
			group, _, long := strings.Cut(match[1], "-")
			if groups[group] && long && match[2] == "" && !names[match[1]] {
				t.Errorf("the facts of %s name %s, which is no exchange", platform, match[1])
			}
		}
	}
}

// A check that cannot fail is a defect: a provider that is broken altogether
// breaks every rule, in every step that is about it.
func TestEveryExchangeCanFail(t *testing.T) {
	for _, exchanges := range exchangesByPlatform(t) {
		for _, e := range exchanges {
			judged := 0
			for _, s := range e.Steps {
				if s.Given {
					continue
				}
				if judged++; len(s.Check(Answer{Status: 599}, Vars{})) == 0 {
					t.Errorf("%s:%d: no answer would be wrong", e.Name, s.Line)
				}
			}
			if judged == 0 {
				t.Errorf("%s judges no answer", e.Name)
			}
		}
	}
}
