package config_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/plugins/backend"
)

const tokenSecret = "a token secret of forty characters, yes."

var today = time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)

// words loads testdata/valid/words with its secrets, in January 2027.
func words(t *testing.T) (*config.Config, *config.Files) {
	t.Helper()
	c, files, diags := load(t, "testdata/valid/words/main", config.Options{
		Secrets: true, Dialects: completeDialects(), Now: func() time.Time { return today },
		Environ: func(name string) (string, bool) {
			text, ok := map[string]string{
				"PG_ADMIN_URL": adminURL, "PG_BIG_URL": adminURL, "CLEVER_PASSWORD": goodPassword, "CLEVER_SSO_SALT": goodPassword,
				"SSO_TOKEN_SECRET": tokenSecret,
			}[name]
			return text, ok
		},
	})
	return must(t, c, diags), files
}

// old is a resource as it is stored before anything is renamed.
func old() gateway.Resource {
	r := resource()
	r.Addon, r.Plan, r.Backend = "acme-pg", "dev", "postgres.old"
	return r
}

func TestRenamesNameAddOnsThenPlansThenBackends(t *testing.T) {
	c, _ := words(t)
	want := []gateway.Rename{
		{What: gateway.RenamedAddon, From: "acme-postgres", To: "acme-db"},
		{What: gateway.RenamedAddon, From: "acme-pg", To: "acme-db"},
		{What: gateway.RenamedPlan, Addon: "acme-db", From: "free", To: "hobby"},
		{What: gateway.RenamedPlan, Addon: "acme-db", From: "dev", To: "hobby"},
		{What: gateway.RenamedBackend, From: "postgres.old", To: "postgres.main"},
	}
	if diff := cmp.Diff(want, c.Renames()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAResourceIsServedBeforeItIsRenamed(t *testing.T) {
	c, _ := words(t)
	rendered, err := c.Render(old(), backend.VerbChangePlan, outputs())
	if err != nil || len(rendered.ConfigVars) != 2 || rendered.Message != "Acme Postgres is now on Hobby." {
		t.Errorf("%d config vars, message %q, error %v", len(rendered.ConfigVars), rendered.Message, err)
	}
	op, err := c.Op(old(), outputs(), null())
	if err != nil || op.Addon != "acme-db" || op.Plan.ID != "hobby" {
		t.Errorf("op of %s, plan %s, error %v", op.Addon, op.Plan.ID, err)
	}
	if comment := op.Config.Cty().GetAttr("comment").AsString(); comment != "of the main directory" {
		t.Errorf("comment = %q", comment)
	}
	if err := refusal(c, old(), "standard"); err != nil {
		t.Errorf("a plan change of a backend that is stored under its old name: %v", err)
	}
	if page, err := c.Page(old()); err != nil || page.Plan != "Hobby" {
		t.Errorf("page of plan %q, %v", page.Plan, err)
	}
}

func TestAPlanIsMadeByItsOwnBackendThenTheRegions(t *testing.T) {
	c, _ := words(t)
	for name, tc := range map[string]struct{ platform, plan, region, want string }{
		"the add-on's":    {"clevercloud", "standard", "eu", "postgres.main"},
		"the region's":    {"clevercloud", "standard", "us", "postgres.big"},
		"the plan's":      {"othercloud", "archive", "eu", "shell.files"},
		"a hidden plan's": {"clevercloud", "staff", "us", "postgres.big"},
		"a renamed one's": {"clevercloud", "free", "eu", "postgres.main"},
	} {
		t.Run(name, func(t *testing.T) {
			offer, err := c.Offer(tc.platform, "acme-db", tc.plan, tc.region)
			if err != nil || offer.Backend != tc.want {
				t.Errorf("%s, %v; want %s", offer.Backend, err, tc.want)
			}
		})
	}
}

func TestWhatDoesNotGoTogetherIsRefusedInAPlainSentence(t *testing.T) {
	c, _ := words(t)
	for name, tc := range map[string]struct{ platform, addon, plan, region, want string }{
		"plan and region":       {"clevercloud", "acme-db", "hobby", "us", `The plan "Hobby" is not offered in the region "United States".`},
		"plan and platform":     {"clevercloud", "acme-db", "archive", "eu", `There is no plan "archive".`},
		"a deprecated plan":     {"clevercloud", "acme-db", "legacy", "eu", `The plan "Legacy" is no longer offered. Please choose "Standard" instead.`},
		"one with own words":    {"clevercloud", "acme-db", "ancient", "eu", "The plan Ancient ended. Write to help@acme.example."},
		"of a retired add-on":   {"clevercloud", "acme-redis", "small", "eu", "Acme Redis is no longer offered."},
		"an add-on of old name": {"clevercloud", "acme-pg", "legacy", "eu", `The plan "Legacy" is no longer offered. Please choose "Standard" instead.`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Judge(gateway.Resource{Platform: tc.platform, Addon: tc.addon, Plan: tc.plan, Region: tc.region})
			if gateway.KindOf(err) != gateway.Refused || gateway.Message(err) != tc.want {
				t.Errorf("%v; want %s", err, tc.want)
			}
		})
	}
	if _, err := c.Judge(gateway.Resource{Platform: "clevercloud", Addon: "acme-db", Plan: "staff", Region: "eu"}); err != nil {
		t.Errorf("a hidden plan: %v", err)
	}
}

func TestADeprecatedPlanIsNoTargetOfAChangeButServesOn(t *testing.T) {
	c, _ := words(t)
	r := resource()
	err := refusal(c, r, "legacy")
	if gateway.KindOf(err) != gateway.Refused || !strings.Contains(gateway.Message(err), `"Standard"`) {
		t.Errorf("a change to it: %v", err)
	}
	r.Plan = "legacy"
	if err := refusal(c, r, "standard"); err != nil {
		t.Errorf("a change from it: %v", err)
	}
	if _, err := c.Op(r, outputs(), null()); err != nil {
		t.Errorf("an operation on it: %v", err)
	}
}

func TestARetiredAddOnLetsItsResourcesLive(t *testing.T) {
	c, _ := words(t)
	r := resource()
	r.Addon, r.Plan, r.Backend = "acme-redis", "small", "shell.redis"
	if _, err := c.Op(r, outputs(), null()); err != nil {
		t.Error(err)
	}
	if err := refusal(c, r, "large"); err == nil || strings.Contains(gateway.Message(err), "offered") {
		t.Errorf("the backend can't change plans, and that alone is the reason: %v", err)
	}
}

func TestHiddenAndDeprecatedPlansAreUnlisted(t *testing.T) {
	c, _ := words(t)
	unlisted := map[string]bool{}
	for _, p := range c.Mounts[0].Mount.(fakeMount).common.Plans {
		unlisted[p.ID] = p.Unlisted
	}
	want := map[string]bool{"hobby": false, "standard": false, "staff": true, "legacy": true, "ancient": true}
	if diff := cmp.Diff(want, unlisted); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"free", "standard"}, c.Mounts[0].Plans); diff != "" {
		t.Errorf("what can be ordered (-want +got)\n%s", diff)
	}
}

func TestABackendThatMadeAResourceServesItAlthoughOthersMakeNewOnes(t *testing.T) {
	c, _ := words(t)
	r := resource()
	r.Region, r.Plan, r.Backend = "us", "standard", "postgres.main" // before us had one of its own
	op, err := c.Op(r, outputs(), null())
	if err != nil {
		t.Fatal(err)
	}
	if comment := op.Config.Cty().GetAttr("comment"); comment.IsNull() {
		t.Error("the settings are those of another backend")
	}
	r.Plan, r.Backend = "archive", "postgres.main" // its params are for shell.files
	if _, err := c.Op(r, outputs(), null()); err == nil || gateway.KindOf(err) != gateway.Internal {
		t.Errorf("params that do not suit: %v", err)
	}
}

func TestAPlatformIsToldItsOwnAddressesAndTheAgeOfSignOns(t *testing.T) {
	c, _ := words(t)
	first, second := c.Mounts[0].Mount.(fakeMount).common, c.Mounts[1].Mount.(fakeMount).common
	if first.APIURL != "https://api.test.example/v2" || second.APIURL != "http://127.0.0.1:9999" || first.SSOMaxAge != 2*time.Minute {
		t.Errorf("API at %s and %s, sign-ons of %s", first.APIURL, second.APIURL, first.SSOMaxAge)
	}
	want := []string{"https://console.test.example", "https://console.test.example:8443"}
	if diff := cmp.Diff(want, first.FrameAncestors); diff != "" || second.FrameAncestors == nil || len(second.FrameAncestors) > 0 {
		t.Errorf("second %v, first (-want +got)\n%s", second.FrameAncestors, diff)
	}
	page, err := c.Page(resource())
	if diff := cmp.Diff(want, page.FrameAncestors); diff != "" || err != nil || page.Session != time.Hour {
		t.Errorf("session %s, %v, frame ancestors (-want +got)\n%s", page.Session, err, diff)
	}
}

func TestIncludedDirectoriesAreReadOnceAndKeepTheirOwnPaths(t *testing.T) {
	c, files := words(t)
	want := []string{"testdata/valid/words/main", "testdata/valid/words/team", "testdata/valid/words/shared"}
	if diff := cmp.Diff(want, files.Dirs()); diff != "" || files.Summary.Files != 3 {
		t.Errorf("%d files, directories (-want +got)\n%s", files.Summary.Files, diff)
	}
	for _, a := range c.Addons {
		if a.ID == "acme-redis" && a.Description != "A Redis of its own" || a.ID != "acme-db" && a.Summary != "A Redis of its own" {
			t.Errorf("%s: summary %q, description %q", a.ID, a.Summary, a.Description)
		}
	}
	for _, b := range c.Backends {
		dir := "main"
		if b.Name == "shell.redis" {
			dir = "team"
		}
		want, err := filepath.Abs("testdata/valid/words/" + dir + "/scripts")
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(b.Name, "shell.") && b.Config.Cty().GetAttr("directory").AsString() != want {
			t.Errorf("%s: %s", b.Name, b.Config.Cty().GetAttr("directory").AsString())
		}
	}
	r := resource()
	r.Addon, r.Plan, r.Backend = "acme-redis", "small", "shell.redis"
	rendered, err := c.Render(r, backend.VerbProvision, outputs())
	if err != nil || len(rendered.ConfigVars) != 2 || rendered.ConfigVars[0].Value.Reveal() != "A Redis of its own" {
		t.Errorf("config vars %v, %v", rendered.ConfigVars, err)
	}
	for _, m := range c.Mounts {
		if common := m.Mount.(fakeMount).common; common.Addon == "acme-team" && !strings.HasPrefix(common.Password.Reveal(), "no-secret") {
			t.Error("the secret is not that of the team's directory")
		}
	}
	r.Addon, r.Plan, r.Backend = "acme-team", "small", "postgres.main"
	op, err := c.Op(r, null(), null())
	if err != nil || op.Config.Cty().GetAttr("comment").AsString() != "of the main directory" {
		t.Errorf("a live setting reads beside the add-on, not beside its own file: %v", err)
	}
}

func TestALivingResourceWithoutConfigurationBlocks(t *testing.T) {
	c, files := words(t)
	row := func(addon, plan, region, made string, count int) gateway.InUse {
		return gateway.InUse{Platform: "clevercloud", Addon: addon, Plan: plan, Region: region, Backend: made, Count: count}
	}
	elsewhere := row("acme-db", "hobby", "eu", "postgres.main", 9)
	elsewhere.Platform = "heroku"
	tests := map[string]struct {
		rows []gateway.InUse
		want []string
	}{
		"nothing": {nil, nil},
		"what is there, and what was renamed": {[]gateway.InUse{
			row("acme-db", "hobby", "eu", "postgres.main", 3), row("acme-pg", "dev", "eu", "postgres.old", 4), row("acme-postgres", "free", "us", "postgres.big", 1),
			row("acme-db", "nobody", "nowhere", "no.body", 0),
		}, nil},
		"a plan, on two backends": {[]gateway.InUse{row("acme-db", "gold", "eu", "postgres.main", 50), row("acme-pg", "gold", "us", "postgres.big", 7)},
			[]string{`AG701 57 live resources use plan "gold" of acme-db · keep plan "gold" { … } with deprecated {} in it · or say in the plan that takes its place: previously = ["gold"]`}},
		"one resource": {[]gateway.InUse{row("acme-db", "gold", "eu", "postgres.main", 1)},
			[]string{`AG701 1 live resource uses plan "gold" of acme-db · keep plan "gold" { … } with deprecated {} in it · or say in the plan that takes its place: previously = ["gold"]`}},
		"an add-on with all that it has": {[]gateway.InUse{row("acme-mongo", "x", "y", "postgres.main", 2), row("acme-mongo", "z", "y", "postgres.main", 3)},
			[]string{`AG701 5 live resources belong to the add-on "acme-mongo", which is gone · bring addon "acme-mongo" back, with retired = true, until they are gone · or, if it has another name now, say there: previously = ["acme-mongo"]`}},
		"a region and a platform": {[]gateway.InUse{row("acme-db", "hobby", "mars", "postgres.main", 2), elsewhere}, []string{
			`AG701 9 live resources use the platform "heroku" of acme-db · keep platform "heroku" { … } until they are gone · to sell nothing new there, set plans = [] in it`,
			`AG701 2 live resources use the region "mars" of acme-db · keep region "mars" { … } until they are gone · to sell nothing new there, leave it out of the regions of the platforms or plans`,
		}},
		"a backend": {[]gateway.InUse{row("acme-db", "hobby", "eu", "postgres.gone", 2), row("acme-redis", "small", "eu", "postgres.gone", 2)},
			[]string{`AG701 4 live resources use backend.postgres.gone · keep its block until they are gone; no new ones are made by a backend that nothing refers to · or, if it has another name now, say there: previously = ["postgres.gone"]`}},
		"params for another backend": {[]gateway.InUse{row("acme-db", "archive", "eu", "postgres.main", 2)},
			[]string{`AG701 2 live resources use plan "archive" of acme-db with backend.postgres.main · its params do not suit that backend any more · give the plan its former params and backend, with deprecated {}, and the new ones to a new plan`}},
		"a deprecated plan after its last day": {[]gateway.InUse{row("acme-db", "legacy", "eu", "postgres.main", 2), row("acme-db", "ancient", "eu", "postgres.main", 2)},
			[]string{`AG702 2 live resources use plan "legacy" of acme-db, which ended on 2026-12-31 · give their customers another plan, or a later day`}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			diags := c.Orphans(tc.rows)
			if diff := cmp.Diff(tc.want, wordsOf(diags)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			var out strings.Builder
			if err := diagnostic.WriteText(&out, diags, diagnostic.Options{Files: files.Map()}); err != nil {
				t.Error(err)
			}
			if got := strings.Count(out.String(), "previously ="); got < strings.Count(strings.Join(tc.want, ""), "previously =") {
				t.Errorf("printed:\n%s", out.String())
			}
		})
	}
}

func wordsOf(diags hcl.Diagnostics) (list []string) {
	for _, d := range diags {
		info, _ := diagnostic.Of(d)
		text := info.Code + " " + d.Summary
		for _, part := range append([]string{info.Hint}, info.Notes...) {
			text += " · " + part
		}
		list = append(list, text)
	}
	return list
}

func TestTheLastDayOfADeprecatedPlanIsStillGood(t *testing.T) {
	for day, want := range map[string]int{"2026-12-31T23:59:59Z": 0, "2027-01-01T00:00:00Z": 1} {
		now, err := time.Parse(time.RFC3339, day)
		if err != nil {
			t.Fatal(err)
		}
		c, _, diags := load(t, "testdata/valid/words/main", config.Options{Dialects: completeDialects(), Now: func() time.Time { return now }})
		got := must(t, c, diags).Orphans([]gateway.InUse{{Platform: "clevercloud", Addon: "acme-db", Plan: "legacy", Region: "eu", Backend: "postgres.main", Count: 1}})
		if len(got) != want {
			t.Errorf("%s: %d diagnostics, want %d", day, len(got), want)
		}
	}
}
