package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shop is a quickstart with rules of its own, served.
type shop struct{ *process }

// openShop puts words into the add-on of the quickstart, and makes its script
// keep what it is told.
func openShop(t *testing.T, words string, oldnew ...string) shop {
	t.Helper()
	dir := changedExample(t, "quickstart", append(oldnew, "  config_vars = {", words+"\n  config_vars = {")...)
	script := filepath.Join(dir, "scripts", "provision")
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	keep := strings.Replace(string(text), "\nanswer", "\nprintf '%s' \"$document\" | put \"$share/document\"\nanswer", 1)
	if err := os.WriteFile(script, []byte(keep), 0o755); err != nil {
		t.Fatal(err)
	}
	return shop{startQuickstart(t, dir)}
}

func (s shop) resources() string { return s.URL + "/clevercloud/tinyfiles/resources" }

// order orders as owner; more is put into the body.
func (s shop) order(id, owner, plan, more string) call {
	body := fmt.Sprintf(`{"addon_id":%q,"owner_id":%q,"plan":%q,"region":"EU"%s}`, id, owner, plan, more)
	return call{"POST", s.resources(), "tinyfiles", password, body}
}

func (s shop) change(id, plan string) call {
	return call{"PUT", s.resources() + "/" + id, "tinyfiles", password, fmt.Sprintf(`{"plan":%q}`, plan)}
}

func (s shop) remove(t *testing.T, id string) {
	t.Helper()
	call{"DELETE", s.resources() + "/" + id, "tinyfiles", password, ""}.must(t, 200)
}

// says fails unless a refusal is one sentence.
func says(t *testing.T, a answer, sentence string) {
	t.Helper()
	var body map[string]string
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil {
		t.Fatalf("%v: %s", err, a.Body)
	}
	if diff := cmp.Diff(map[string]string{"message": sentence}, body); diff != "" {
		t.Errorf("refusal (-want +got):\n%s", diff)
	}
}

// tally sorts answers: those that were given, and the sentences of the others.
func tally(t *testing.T, results []result) (given []answer, refused map[string]int) {
	t.Helper()
	refused = map[string]int{}
	for _, r := range results {
		switch {
		case r.err != nil || r.Status != 200 && r.Status != 422:
			t.Errorf("%v %d %s", r.err, r.Status, r.Body)
		case r.Status == 200:
			given = append(given, r.answer)
		default:
			refused[r.Body]++
		}
	}
	return given, refused
}

func TestAQuotaIsExactHoweverManyOrderAtOnce(t *testing.T) {
	s := openShop(t, `
  quota {
    resources           = 10
    resources_per_owner = 6
    per_plan            = { large = 2 }
  }
`)
	// Of the whole add-on.
	given, refused := tally(t, parallel(40, func(i int) (answer, error) {
		return s.order(fmt.Sprint("addon_", i), fmt.Sprint("orga_", i), "small", "").do()
	}))
	if len(given) != 10 || len(refused) != 1 {
		t.Fatalf("%d orders were given, refused %v", len(given), refused)
	}
	full := s.order("addon_more", "orga_more", "small", "")
	says(t, full.must(t, 422), "There is no place left for this service at the moment. Please try again later.")
	s.remove(t, given[0].ID)
	full.must(t, 200)
	full.must(t, 200) // a repeat is no second one
	s.order("addon_last", "orga_last", "small", "").must(t, 422)
	for _, a := range given[1:] {
		s.remove(t, a.ID)
	}

	// Of one owner, beside one of somebody else.
	given, refused = tally(t, parallel(20, func(i int) (answer, error) {
		return s.order(fmt.Sprint("addon_of_ann_", i), "orga_ann", "small", "").do()
	}))
	if len(given) != 6 || len(refused) != 1 {
		t.Fatalf("%d orders of one owner were given, refused %v", len(given), refused)
	}
	s.order("addon_of_bob", "orga_bob", "small", "").must(t, 200)

	// Of a plan, by changes that lead to it.
	changed, refused := tally(t, parallel(6, func(i int) (answer, error) { return s.change(given[i].ID, "large").do() }))
	if len(changed) != 2 || len(refused) != 1 {
		t.Fatalf("%d changes were made, refused %v", len(changed), refused)
	}
	s.order("addon_large", "orga_cleo", "large", "").must(t, 422)
	var large []string
	for _, a := range given {
		if s.plan(t, a.ID) == "large" {
			large = append(large, a.ID)
		}
	}
	if len(large) != 2 {
		t.Fatalf("%d have the plan, want 2", len(large))
	}
	s.change(large[0], "small").must(t, 200)
	s.order("addon_large", "orga_cleo", "large", "").must(t, 200)
	says(t, s.change(large[0], "large").must(t, 422), "There is no place left on this plan at the moment. Please try again later or choose another plan.")
	s.remove(t, large[1])
	s.change(large[0], "large").must(t, 200)
}

// plan is the plan that a resource has.
func (s shop) plan(t *testing.T, id string) string {
	t.Helper()
	out, errOut, code := addongw(t, s.dir, nil, "resources", "show", id, "--json", "--dir", s.dir)
	var d struct{ Resource struct{ Plan string } }
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errOut)
	}
	return d.Resource.Plan
}

const wordsOfOptions = `
  option "version" {
    type     = number
    values   = [15, 16, 17]
    required = true
  }
  option "backups" {
    type    = bool
    default = false
  }
  option "label" {}
`

func TestOptionsAreJudgedAndReachTheScriptsWithTheirTypes(t *testing.T) {
	s := openShop(t, wordsOfOptions, "TINYFILES_QUOTA_MB = plan.params.quota_mb", `TINYFILES_VERSION = "v${resource.options.version + 1}"`)
	for options, sentence := range map[string]string{
		`{"version":"16","colour":"red"}`:  `There is no option "colour"; possible: version, backups, label.`,
		`{"backups":"true"}`:               `The option "version" is missing; it must be one of 15, 16, 17.`,
		`{"version":"14"}`:                 `The option "version" must be one of 15, 16, 17.`,
		`{"version":"canary"}`:             `The option "version" must be one of 15, 16, 17.`,
		`{"version":"16","backups":"yes"}`: `The option "backups" must be true or false.`,
	} {
		says(t, s.order("addon_1", "orga_1", "small", `,"options":`+options).must(t, 422), sentence)
	}
	s.order("addon_1", "orga_1", "small", "").must(t, 422)
	s.order("addon_1", "orga_1", "small", `,"options":{"version":16}`).must(t, 400)

	made := s.order("addon_1", "orga_1", "small", `,"options":{"version":"16","backups":"true"}`).must(t, 200)
	if made.Config["TINYFILES_VERSION"] != "v17" {
		t.Errorf("the config vars are %v", made.Config)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "data", made.ID, "document"))
	if err != nil {
		t.Fatal(err)
	}
	var told struct{ Options map[string]any }
	if err := json.Unmarshal(text, &told); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"version": 16.0, "backups": true, "label": nil}, told.Options); diff != "" {
		t.Errorf("the script was told (-want +got):\n%s", diff)
	}
	s.order("addon_1", "orga_1", "small", `,"options":{"version":"17","backups":"true"}`).must(t, 409)
	s.order("addon_1", "orga_1", "small", `,"options":{"version":"16","backups":"true"}`).must(t, 200)
	if strings.Contains(s.Log(), "canary") {
		t.Error("the log repeats what a customer wrote")
	}
}

const wordsOfRules = `
  validate "words" {
    condition = request.owner.id != "orga_odd"
    message   = "The owner ${coalesce(request.owner.id, "nobody")} is written oddly."
    status    = 400
  }
  validate "twice" {
    condition = request.owner.id != "orga_twice"
    message   = "You have this at another place."
    status    = 409
  }
  validate "size" {
    condition = plan.id != "large" || request.owner.id == "orga_big"
    message   = "${plan.name} is for others, not for who comes from ${try(current.name, "nowhere")}."
  }
  region "us" {
    data = { host = "files.us.example.com" }
  }
  plan "secret" {
    hidden = true
    params = { quota_mb = 7 }
  }
  plan "old" {
    params = { quota_mb = 8 }
    deprecated { replacement = "small" }
  }
  plan "local" {
    params  = { quota_mb = 9 }
    regions = ["us"]
  }
`

func TestRulesAndPlansThatAreNotForEverybodyAtTheEdge(t *testing.T) {
	s := openShop(t, wordsOfRules, `regions  = { eu = "eu" } # their name = ours`, `regions = { eu = "eu", us = "us" }`)
	says(t, s.order("addon_1", "orga_odd", "small", "").must(t, 400), "The owner orga_odd is written oddly.")
	says(t, s.order("addon_1", "orga_twice", "small", "").must(t, 409), "You have this at another place.")
	says(t, s.order("addon_1", "orga_1", "large", "").must(t, 422), "Large is for others, not for who comes from nowhere.")
	small := s.order("addon_1", "orga_1", "small", "").must(t, 200)
	says(t, s.change(small.ID, "large").must(t, 422), "Large is for others, not for who comes from Small.")
	s.order("addon_2", "orga_big", "large", "").must(t, 200)

	says(t, s.order("addon_3", "orga_1", "old", "").must(t, 422), `The plan "Old" is no longer offered. Please choose "Small" instead.`)
	s.change(small.ID, "old").must(t, 422)
	s.change(small.ID, "secret").must(t, 200)
	s.order("addon_3", "orga_1", "secret", "").must(t, 200)
	s.order("addon_4", "orga_1", "local", "").must(t, 422)
	there := s.order("addon_4", "orga_1", "local", "")
	there.body = strings.Replace(there.body, `"EU"`, `"US"`, 1)
	there.must(t, 200)
	s.change(small.ID, "local").must(t, 422)

	s.retire(t)
	s.order("addon_5", "orga_1", "small", "").must(t, 422)
	s.order("addon_3", "orga_1", "secret", "").must(t, 200)
	s.change(small.ID, "small").must(t, 200)
	s.remove(t, small.ID)
}

// retire ends the sale by a reload.
func (s shop) retire(t *testing.T) {
	t.Helper()
	file := filepath.Join(s.dir, "addongw.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	retired := strings.Replace(string(text), `  currency    = "EUR"`, "  currency    = \"EUR\"\n  retired     = true", 1)
	if err := os.WriteFile(file, []byte(retired), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, errOut, code := addongw(t, s.dir, nil, "reload", s.dir); code != 0 || errOut != "" {
		t.Fatalf("exit %d: %s%s", code, out, errOut)
	}
}
