package clevercloud

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/gateway/server"
)

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	return platformtest.Send(t, "acme-db", "POST", url, body)
}

func TestAnOrderCarriesAllThatThePlatformSaid(t *testing.T) {
	m := newTestMount(t, common(), "")
	memory := platformtest.NewMemory(m.Scope())
	url := platformtest.Serve(t, m, memory) + resourcesPath
	for _, body := range []string{
		`{"addon_id": "addon_1", "owner_id": "orga_1", "owner_name": "Zoë & Söhne", "user_id": "user_1", "plan": "premium", "region": "Us",
		  "callback_url": "https://api.clever-cloud.com/v2/vendor/apps/addon_1", "options": {"version": "16", "é": ""}}`,
		`{"heroku_id": "addon_2", "plan": "basic", "region": "EU", "callback_url": "not a URL", "logplex_token": "logtoken_secret", "options": null}`,
	} {
		if status, answer := post(t, url, body); status != 200 {
			t.Fatalf("status %d: %s", status, answer)
		}
	}
	want := []gateway.Order{
		{
			ExternalID: "addon_1", Plan: "standard", Region: "virginia", Options: map[string]string{"version": "16", "é": ""},
			Owner: gateway.Owner{ID: "orga_1", Name: "Zoë & Söhne"}, UserID: "user_1",
			CallbackURL: "https://api.clever-cloud.com/v2/vendor/apps/addon_1",
		},
		{ExternalID: "addon_2", Plan: "hobby", Region: "paris", Options: map[string]string{}, CallbackURL: "not a URL"},
	}
	got := memory.Orders()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(gateway.Order{}, "LogToken")); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
	if got[0].LogToken != nil || got[1].LogToken == nil || got[1].LogToken.Reveal() != "logtoken_secret" {
		t.Error("the log token is not where it belongs")
	}
	if printed := fmt.Sprintf("%+v", got); strings.Contains(printed, "logtoken_secret") {
		t.Errorf("the log token prints: %s", printed)
	}
}

func TestAWrongTypeIsNamedWithTheTypeExpected(t *testing.T) {
	m := newTestMount(t, common(), "")
	url := platformtest.Serve(t, m, platformtest.NewMemory(m.Scope())) + resourcesPath
	for body, want := range map[string]string{
		`{"addon_id": 17}`:                            `"addon_id" must be text, not a number.`,
		`{"addon_id": "a", "plan": ["x"]}`:            `"plan" must be text, not a list.`,
		`{"options": {"size": 1.5}}`:                  `"options" must hold text only, not a number.`,
		`{"options": "x"}`:                            `"options" must be an object, not text.`,
		`{"plan": "basic"}`:                           `"addon_id" is missing.`,
		`{"addon_id": "a"}`:                           `"plan" is missing.`,
		`{"addon_id": "a", "plan": "x"}`:              `This plan is not offered.`,
		`{"addon_id": "a", "plan": "basic"}`:          `This region is not offered.`,
		`{"addon_id": "a", "heroku_id": "b"}`:         `"addon_id" and "heroku_id" differ.`,
		`{"Addon_ID": "a", "PLAN": "basic"}`:          `"addon_id" is missing.`,
		`{"addon_id": "a", "plan": "BASIC", "x": {}}`: `This plan is not offered.`,
	} {
		status, answer := post(t, url, body)
		if status < 400 || status > 499 || !strings.Contains(answer, strings.ReplaceAll(want, `"`, `\"`)) {
			t.Errorf("%s answers %d %s, want %s", body, status, answer, want)
		}
	}
}

func TestAMigrationIsLoggedByFieldNamesOnlyAndRefused(t *testing.T) {
	m := newTestMount(t, common(), "")
	var log bytes.Buffer
	s, err := server.New(server.Options{
		Mounts:    []server.Mount{{Prefix: "/x", Mount: m}},
		Lifecycle: func(gateway.Scope) platform.Lifecycle { return platformtest.NewMemory(m.Scope()) },
		Logger:    slog.New(slog.NewJSONHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/x/resources/res_1/migrations", strings.NewReader(`{"addon_id": "value-1", "targetRegion": {"inner": "value-2"}}`))
	r.SetBasicAuth("acme-db", password)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 501 || strings.TrimSpace(w.Body.String()) != `{"message":"This add-on cannot be migrated."}` {
		t.Errorf("the answer is %d %s", w.Code, w.Body)
	}
	if got := log.String(); !strings.Contains(got, `"fields":["addon_id","targetRegion"]`) || strings.Contains(got, "value-") {
		t.Errorf("the log line is %s", got)
	}
}

func TestAMigrationIsAPlanChangeWhereTheOperatorSaysSo(t *testing.T) {
	m := newTestMount(t, common(), `migrations = "plan_change"`)
	memory := platformtest.NewMemory(m.Scope(), "ACME_DB_URL")
	url := platformtest.Serve(t, m, memory) + resourcesPath
	post(t, url, `{"addon_id": "addon_1", "plan": "basic", "region": "EU"}`)
	id := "/res_" + strings.Repeat("0", 26)
	status, answer := post(t, url+id+"/migrations", `{"addon_id": "addon_1", "plan": "premium"}`)
	if status != 200 || !strings.Contains(answer, "ACME_DB_URL") {
		t.Errorf("the answer is %d %s", status, answer)
	}
	if r, err := memory.Resource(t.Context(), id[1:]); err != nil || r.Plan != "standard" {
		t.Errorf("the plan is %q, %v", r.Plan, err)
	}
}

func TestTheFieldNamesOfAMigrationAreBounded(t *testing.T) {
	names := shorten(append([]string{strings.Repeat("x", 1000)}, make([]string, 1000)...))
	if len(names) != 32 || len(names[0]) != 64 {
		t.Errorf("%d names, the first of %d characters", len(names), len(names[0]))
	}
}

func TestTheDeadlineIsTheBudget(t *testing.T) {
	for written, want := range map[time.Duration]string{0: "25s", 3 * time.Second: "3s"} {
		block := common()
		block.Deadline = written
		if got := newTestMount(t, block, "").Scope().Budget.String(); got != want {
			t.Errorf("%s gives %s, want %s", written, got, want)
		}
	}
}

// orders places the platform's orders.
func orders() platformtest.Orders {
	return platformtest.Orders{
		Mount: newMount(common(), settings{generation: both}), Username: "acme-db", Success: 200,
		ConfigVars: []string{"ACME_DB_URL", "ACME_DB_HOST", "ACME_DB_NAME", "ACME_DB_POOL_MAX"},
	}
}

func FuzzProvision(f *testing.F) {
	orders().Fuzz(f,
		`{"addon_id": "addon_1", "plan": "basic", "region": "EU", "options": {}}`,
		`{"heroku_id": "addon_2", "plan": "premium", "region": "us", "logplex_token": "t", "options": null}`,
		`{"addon_id": "a", "heroku_id": "b"}`, `{"addon_id": 1}`, `{"options": {"a": null}}`, `[]`, ``, `{"addon_id": "\u0000"}`,
	)
}

func BenchmarkProvision(b *testing.B) {
	orders().Benchmark(b, `{"addon_id":"addon_11111111-2222-3333-4444-555555555555","owner_id":"orga_11111111-2222-3333-4444-555555555555","owner_name":"My Company",
		"user_id":"user_11111111-2222-3333-4444-555555555555","plan":"basic","region":"EU","callback_url":"https://api.clever-cloud.com/v2/vendor/apps/addon_1","options":{"version":"16"}}`)
}
