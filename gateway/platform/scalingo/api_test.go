package scalingo

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/gateway/platform/sso"
	"github.com/addongw/addongw/gateway/server"
)

func send(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	return platformtest.Send(t, "acme-db", method, url, body)
}

func TestAnOrderCarriesAllThatThePlatformSaid(t *testing.T) {
	c := common()
	c.OptionNames = []string{"pool", "version", "backups", "rate"}
	m := newTestMount(t, c, "")
	memory := platformtest.NewMemory(m.Scope())
	url := platformtest.Serve(t, m, memory) + resourcesPath
	for _, body := range []string{
		`{"uuid": "ad-1", "app_id": "app-1", "plan": "premium", "shard_id": "s", "options": {"pool": "50", "tier": 3, "version": 16, "backups": true, "rate": 1.50, "none": null}}`,
		`{"uuid": "ad-2", "plan": "free", "options": null}`,
	} {
		if status, answer := send(t, "POST", url, body); status != 201 {
			t.Fatalf("status %d: %s", status, answer)
		}
	}
	want := []gateway.Order{
		// "tier" is no customer's, since no option block is called so; "pool" is both.
		{ExternalID: "ad-1", App: "app-1", Plan: "standard", Region: "paris", Options: map[string]string{"pool": "50", "version": "16", "backups": "true", "rate": "1.50"}},
		{ExternalID: "ad-2", Plan: "hobby", Region: "paris", Options: map[string]string{}},
	}
	if diff := cmp.Diff(want, memory.Orders()); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
}

func TestOrdersWithoutAUUIDAreNeverTheSame(t *testing.T) {
	m := newTestMount(t, common(), "")
	memory := platformtest.NewMemory(m.Scope())
	var log bytes.Buffer
	s, err := server.New(server.Options{
		Mounts:    []server.Mount{{Prefix: "/x", Mount: m}},
		Lifecycle: func(gateway.Scope) platform.Lifecycle { return memory },
		Logger:    slog.New(slog.NewJSONHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r := httptest.NewRequest("POST", "/x/resources", strings.NewReader(`{"app_id": "app-1", "plan": "free"}`))
		r.SetBasicAuth("acme-db", password)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 201 {
			t.Fatalf("the answer is %d %s", w.Code, w.Body)
		}
	}
	orders := memory.Orders()
	if memory.Count() != 2 || orders[0].ExternalID == orders[1].ExternalID || !strings.HasPrefix(orders[0].ExternalID, drawn) || len(orders[0].ExternalID) < 32 {
		t.Errorf("%d resources, the ids are %q and %q", memory.Count(), orders[0].ExternalID, orders[1].ExternalID)
	}
	if got := log.String(); strings.Count(got, `"without_uuid":true`) != 2 {
		t.Errorf("the log lines are %s", got)
	}
}

func TestTheRequestLogHasNoTokenOfASignOn(t *testing.T) {
	m := newTestMount(t, common(), "")
	memory := platformtest.NewMemory(m.Scope())
	made, err := memory.Provision(t.Context(), gateway.Order{ExternalID: "ad-1"})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := server.New(server.Options{
		Mounts:    []server.Mount{{Prefix: "/x", Mount: m}},
		Lifecycle: func(gateway.Scope) platform.Lifecycle { return memory },
		Landing:   &platformtest.Landing{},
		Logger:    slog.New(slog.NewJSONHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	timestamp := fmt.Sprint(time.Now().Unix())
	token := hex.EncodeToString(sso.Token(made.Resource.ProviderID, salt, timestamp))
	for query, status := range map[string]int{"": 302, "&id=twice": 403, "&timestamp=1": 403} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "/x/sso?id="+made.Resource.ProviderID+"&timestamp="+timestamp+"&token="+token+query, nil))
		if w.Code != status {
			t.Errorf("%q: %d", query, w.Code)
		}
	}
	if got := log.String(); strings.Count(got, "\n") != 3 || strings.Contains(got, token) || strings.Contains(got, timestamp) {
		t.Errorf("the log is %s", got)
	}
}

func TestARefusalNamesWhatIsWrong(t *testing.T) {
	m := newTestMount(t, common(), "")
	memory := platformtest.NewMemory(m.Scope())
	url := platformtest.Serve(t, m, memory) + resourcesPath
	for body, want := range map[string]string{
		`{"uuid": 17}`:                                                  `400 "uuid" must be text, not a number.`,
		`{"uuid": "ad-1", "plan": ["x"]}`:                               `400 "plan" must be text, not a list.`,
		`{"uuid": "ad-1", "plan": "free", "options": "x"}`:              `400 "options" must be an object, not text.`,
		`{"uuid": "ad-1", "plan": "free", "options": ["x"]}`:            `400 "options" must be an object, not a list.`,
		`{"uuid": "ad-1", "plan": "premium", "options": {"pool": {}}}`:  `400 "options" must hold text, numbers, true or false only.`,
		`{"uuid": "ad-1", "plan": "free", "options": {"a": "\u0000"}}`:  `400 "options" holds a NUL character.`,
		`{"uuid": "ad-1", "plan": "premium", "options": {"pool": [1]}}`: `400 "options" must hold text, numbers, true or false only.`,
		`{"plan": "free"}`:                                              `422 "app_id" is missing.`,
		`{"uuid": "", "plan": "free"}`:                                  `422 "app_id" is missing.`,
		`{"uuid": "ad-1"}`:                                              `422 "plan" is missing.`,
		`{"uuid": "ad-1", "plan": null}`:                                `422 "plan" is missing.`,
		`{"uuid": "ad-1", "plan": "hobby"}`:                             `422 This plan is not offered.`,
		`{"app_id": "a\tb", "plan": "free"}`:                            `400 The app id holds a control character.`,
		`{"UUID": "ad-1", "PLAN": "free"}`:                              `422 "app_id" is missing.`,
		`{"uuid": "a\nd", "plan": "free"}`:                              `400 The add-on id holds a control character.`,
	} {
		status, answer := send(t, "POST", url, body)
		var got failure
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(status, " ", got.Message) != want || got.Error != got.Message {
			t.Errorf("%s answers %d %s, want %s", body, status, answer, want)
		}
	}
	if memory.Count() != 0 {
		t.Errorf("%d resources were made", memory.Count())
	}
}

func TestAnOrderThatIsNotFinishedIsAcceptedWithoutConfig(t *testing.T) {
	m := newTestMount(t, common(), "")
	memory := platformtest.NewMemory(m.Scope(), "DATABASE_URL").Slow()
	url := platformtest.Serve(t, m, memory) + resourcesPath
	const body = `{"uuid": "ad-1", "app_id": "app-1", "plan": "free", "options": null}`
	const id = "res_00000000000000000000000000"
	for range 2 {
		if status, answer := send(t, "POST", url, body); status != 202 || answer != `{"id":"`+id+`","message":"Acme Postgres is being set up."}` {
			t.Fatalf("status %d: %s", status, answer)
		}
	}
	if got := memory.Deliveries(); len(got) != 0 {
		t.Errorf("config was recorded as delivered: %v", got)
	}
	memory.Finish()
	status, answer := send(t, "POST", url, body)
	if want := `{"id":"` + id + `","message":"acme-db is ready.","config":{"DATABASE_URL":"value of DATABASE_URL & ` + id + `"}}`; status != 201 || answer != want {
		t.Errorf("once it is there: %d %s", status, answer)
	}
}

func TestWhichOrdersArePromised(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*platform.Common)
		want   gateway.Scope
	}{
		"by default":             {func(*platform.Common) {}, gateway.Scope{Budget: 10 * time.Second, Accepts: true}},
		"a deadline":             {func(c *platform.Common) { c.Deadline = 3 * time.Second }, gateway.Scope{Budget: 3 * time.Second, Accepts: true}},
		"sync":                   {func(c *platform.Common) { c.Mode = "sync" }, gateway.Scope{Budget: 10 * time.Second}},
		"async":                  {func(c *platform.Common) { c.Mode = "async" }, gateway.Scope{Budget: 10 * time.Second, Accepts: true, AtOnce: true}},
		"with a log drain":       {func(c *platform.Common) { c.LogDrain = true }, gateway.Scope{Budget: 10 * time.Second}},
		"in development":         {func(c *platform.Common) { c.Development = true }, gateway.Scope{Budget: 10 * time.Second}},
		"async, in development":  {func(c *platform.Common) { c.Development, c.Mode = true, "async" }, gateway.Scope{Budget: 10 * time.Second}},
		"in development, an API": {func(c *platform.Common) { c.Development, c.APIURL = true, "http://127.0.0.1:1" }, gateway.Scope{Budget: 10 * time.Second, Accepts: true}},
	} {
		c := common()
		tc.change(&c)
		tc.want.Platform, tc.want.Addon, tc.want.DeadID, tc.want.ListsApps = "scalingo", "acme-db", gateway.DeadIDGone, true
		if diff := cmp.Diff(tc.want, newTestMount(t, c, "").Scope()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAPlanChangeLeavesOptionsAsTheyAre(t *testing.T) {
	c := common()
	c.OptionNames = []string{"version"}
	m := newTestMount(t, c, "")
	memory := platformtest.NewMemory(m.Scope(), "DATABASE_URL")
	url := platformtest.Serve(t, m, memory) + resourcesPath
	if status, answer := send(t, "POST", url, `{"uuid": "ad-1", "plan": "free", "options": {"version": "16"}}`); status != 201 {
		t.Fatalf("status %d: %s", status, answer)
	}
	url += "/res_00000000000000000000000000"
	for _, tc := range []struct {
		method, body, want string
		status             int
	}{
		{"PUT", `{"plan": "premium", "options": {"version": 15}}`, "Options cannot be changed together with the plan.", 422},
		{"PUT", `{"plan": "premium", "options": {"other": "x"}}`, "DATABASE_URL", 200}, // of an earlier manifest
		{"PUT", `{"plan": "premium", "options": {"version": 16, "pool": "100", "tier": 7}}`, "DATABASE_URL", 200},
		{"PATCH", `{"plan": "free"}`, "DATABASE_URL", 200},
		{"PUT", `{"plan": "free", "options": null}`, "DATABASE_URL", 200},
		{"PATCH", `{"options": {}}`, `\"plan\" is missing.`, 422},
	} {
		if status, answer := send(t, tc.method, url, tc.body); status != tc.status || !strings.Contains(answer, tc.want) {
			t.Errorf("%s %s answers %d %s", tc.method, tc.body, status, answer)
		}
	}
	if r, err := memory.Resource(t.Context(), "res_00000000000000000000000000"); err != nil || r.Plan != "hobby" || r.Options["version"] != "16" {
		t.Errorf("the resource is %+v, %v", r, err)
	}
}

// talkative is an engine that has something to say about a suspension.
type talkative struct{ *platformtest.Memory }

func (e talkative) Suspend(ctx context.Context, id, reason string) (gateway.Delivery, error) {
	d, err := e.Memory.Suspend(ctx, id, reason)
	d.Message = "Nothing is lost."
	return d, err
}

func TestASuspensionSaysWhyToCustomers(t *testing.T) {
	m := newTestMount(t, common(), "")
	memory := platformtest.NewMemory(m.Scope())
	url := platformtest.Serve(t, m, talkative{memory}) + resourcesPath
	send(t, "POST", url, `{"uuid": "ad-1", "plan": "free"}`)
	const id = "res_00000000000000000000000000"
	if status, answer := send(t, "POST", url+"/"+id+"/suspend", ""); status != 200 || answer != `{"message":"Nothing is lost."}` {
		t.Errorf("with a message: %d %s", status, answer)
	}
	if r, err := memory.Resource(t.Context(), id); err != nil || r.State != gateway.Suspended || r.Reason != "Scalingo has suspended it: a payment is missing, or a free trial has ended." {
		t.Errorf("the resource is %+v, %v", r, err)
	}
	if status, answer := send(t, "POST", url+"/"+id+"/resume", "{}"); status != 204 || answer != "" {
		t.Errorf("without one: %d %s", status, answer)
	}
	if r, err := memory.Resource(t.Context(), id); err != nil || r.State != gateway.Active || r.Reason != "" {
		t.Errorf("the resource is %+v, %v", r, err)
	}
}
