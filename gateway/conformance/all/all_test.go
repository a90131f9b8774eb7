package all_test

import (
	"slices"
	"testing"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/all"
	"github.com/addongw/addongw/spec"
)

// A folder of exchanges that nobody plays, and an id that means two rules, are
// easily made.
func TestEveryPlatformOfTheSpecificationIsActed(t *testing.T) {
	folders, err := spec.Platforms()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		p, ok := all.FindTested(folder)
		if !ok {
			t.Errorf("nobody acts %s", folder)
			continue
		}
		names, err := conformance.Names(p)
		if err != nil {
			t.Errorf("%s: %v", folder, err)
		}
		slices.Sort(names)
		if len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%s has an id twice: %q", folder, names)
		}
		for _, c := range p.Checks() {
			if c.Title == "" || c.Source == "" || c.Level != spec.May && c.Head.Platform == "" || c.Level == spec.Must && c.Says == "" {
				t.Errorf("%s lacks something", c.ID)
			}
			for _, needed := range c.Needs {
				exchanges, _ := spec.Exchanges(folder) // Names has read them
				if !slices.Contains(names, needed) && !slices.ContainsFunc(exchanges, func(e spec.Exchange) bool { return e.ShortName() == needed }) {
					t.Errorf("%s needs %s, which is not there", c.ID, needed)
				}
			}
		}
	}
	if _, ok := all.Find("nowhere"); ok {
		t.Error("a platform that is not there is found")
	}
	if _, ok := all.Find("nanobox"); ok {
		t.Error("nobody orders add-ons on nanobox")
	}
}
