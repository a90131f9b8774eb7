package clevercloud

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/conformance/clevercloud/vendorapi"
	"github.com/addongw/addongw/gateway/conformance/standin"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/gateway/secret"
)

const configSecret = "postgres-password-in-a-config-var"

// standIn starts the platform's API and returns it with our side of it.
func standIn(t *testing.T, pageSize int) (*vendorapi.Server, platform.API) {
	t.Helper()
	api := vendorapi.New("acme-db", password, pageSize)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return api, apiAt(t, server.URL+"/v2/")
}

func apiAt(t *testing.T, url string) platform.API {
	t.Helper()
	c := common()
	c.APIURL = url
	return newTestMount(t, c, "").API()
}

func resource(externalID string) gateway.Resource {
	return gateway.Resource{
		ID: "res_1", ExternalID: externalID, Plan: "hobby",
		CallbackURL: "http://attacker.example/v2/vendor/apps/" + externalID,
	}
}

func configVars() []gateway.ConfigVar {
	return []gateway.ConfigVar{
		{Name: "ACME_DB_URL", Value: secret.New("postgres://u:" + configSecret + "@h/d?a=1&b=<2>"), Sensitive: true},
		{Name: "ACME_DB_HOST", Value: secret.New("h")},
	}
}

func ordered(api *vendorapi.Server, apps ...vendorapi.App) {
	for _, app := range apps {
		api.Order(app)
		api.Replied(app.ID)
	}
}

func TestParticularsAreTheOwnersNameAndEmails(t *testing.T) {
	api, client := standIn(t, 0)
	ordered(api, vendorapi.App{
		ID: "addon_1", Name: "my database", Plan: "basic", OwnerID: "orga_1", OwnerName: "Zoë",
		OwnerEmail: "zoe@acme.example", OwnerEmails: []string{"bob@acme.example", "zoe@acme.example"},
	}, vendorapi.App{ID: "addon/../2", OwnerEmails: []string{"only@acme.example"}}, vendorapi.App{ID: "addon_3", OwnerEmail: "only@acme.example"})
	got, err := client.Particulars(t.Context(), resource("addon_1"))
	if err != nil {
		t.Fatal(err)
	}
	want := gateway.Particulars{
		Name: "my database", Owner: gateway.Owner{ID: "orga_1", Name: "Zoë", Email: "zoe@acme.example"},
		Emails: []string{"bob@acme.example", "zoe@acme.example"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("particulars (-want +got):\n%s", diff)
	}
	for _, id := range []string{"addon/../2", "addon_3"} {
		if got, err := client.Particulars(t.Context(), resource(id)); err != nil || got.Owner.Email != "only@acme.example" || len(got.Emails) != 1 {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
	}
}

func TestPushSendsTheWholeMap(t *testing.T) {
	api, client := standIn(t, 0)
	ordered(api, vendorapi.App{ID: "addon_1"})
	if err := client.Push(t.Context(), resource("addon_1"), configVars()); err != nil {
		t.Fatal(err)
	}
	if err := client.Push(t.Context(), resource("addon_1"), nil); err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{
		{"ACME_DB_URL": "postgres://u:" + configSecret + "@h/d?a=1&b=<2>", "ACME_DB_HOST": "h"},
		{},
	}
	if diff := cmp.Diff(want, api.Pushes("addon_1")); diff != "" {
		t.Errorf("pushes (-want +got):\n%s", diff)
	}
}

func TestTheListingIsReadToItsEnd(t *testing.T) {
	for _, pageSize := range []int{0, 1, 2, 3, 7, 8} {
		t.Run(fmt.Sprint("pages of ", pageSize), func(t *testing.T) {
			api, client := standIn(t, pageSize)
			var want []gateway.Listed
			for i := range 7 {
				app := vendorapi.App{ID: fmt.Sprint("addon_", i), Plan: "basic", OwnerID: "orga_1", Legacy: i%2 == 1}
				ordered(api, app)
				want = append(want, gateway.Listed{ExternalID: app.ID, Plan: "hobby", PlanName: "basic", OwnerID: "orga_1"})
			}
			api.ChangePlan("addon_6", "hobby") // ours, but not the platform's name of it
			want[6].Plan, want[6].PlanName = "", "hobby"
			got, err := client.List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("listing (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAListingThatIgnoresTheOffsetEnds(t *testing.T) {
	api, client := standIn(t, 0)
	api.Fail(standin.Fault{Body: `[{"addon_id": "addon_1", "provider_id": 5}, {"heroku_id": "addon_2"}]`})
	got, err := client.List(t.Context())
	if err != nil || len(got) != 2 || len(api.Calls()) != 2 {
		t.Errorf("%d add-ons in %d calls, %v", len(got), len(api.Calls()), err)
	}
}

// calls are the three calls of an API, for what is common to them.
func calls(t *testing.T, client platform.API) map[string]func() error {
	return map[string]func() error{
		"GET one": func() error { _, err := client.Particulars(t.Context(), resource("addon_1")); return err },
		"PUT":     func() error { return client.Push(t.Context(), resource("addon_1"), configVars()) },
		"GET all": func() error { _, err := client.List(t.Context()); return err },
	}
}

// TestEveryCallTellsWhatWentWrong has one status for each kind; package caller's
// own test has them all.
func TestEveryCallTellsWhatWentWrong(t *testing.T) {
	kinds := map[int]gateway.Kind{401: gateway.Unauthorized, 404: gateway.NotFound, 422: gateway.Refused, 307: gateway.Unavailable, 503: gateway.Unavailable}
	api, client := standIn(t, 0)
	for name, call := range calls(t, client) {
		for status, want := range kinds {
			api.Heal()
			api.Fail(standin.Fault{Status: status, Header: map[string]string{"Retry-After": "7"}, Body: `{"message": "` + configSecret + `"}`})
			err := call()
			checkSafe(t, fmt.Sprint(name, " ", status), err, want)
			var e *gateway.Error
			if status == 503 && (!errors.As(err, &e) || e.RetryAfter != 7*time.Second) {
				t.Errorf("%s: the Retry-After is lost: %v", name, err)
			}
		}
	}
}

// checkSafe wants an error of a kind that holds none of the secrets.
func checkSafe(t *testing.T, what string, err error, want gateway.Kind) {
	t.Helper()
	platformtest.CheckSafe(t, what, err, want, password, configSecret, "YWNtZS1kYj")
}

func TestAnswersOfAnotherFormAreSafeErrors(t *testing.T) {
	faults := map[string]standin.Fault{
		"half a document":    {Header: map[string]string{"Content-Length": "1000"}, Body: `{"name": "` + configSecret, Cut: true},
		"wrong types":        {Body: `{"name": ["` + configSecret + `"]}`},
		"wrong types inside": {Body: `{"owner_emails": [12345678, "a"]}`},
		"too much":           {Body: `{"name": "` + strings.Repeat("x", oneApp) + `"}`},
	}
	api, client := standIn(t, 0)
	for what, fault := range faults {
		api.Heal()
		api.Fail(fault)
		_, err := client.Particulars(t.Context(), resource("addon_1"))
		checkSafe(t, what, err, gateway.Unavailable)
		if strings.Contains(gateway.Message(err), "more than 1 MiB") != (what == "too much") {
			t.Errorf("%s: %v", what, err)
		}
		_, err = client.List(t.Context())
		checkSafe(t, what+", listing", err, gateway.Unavailable)
		if strings.Contains(fmt.Sprint(err), "12345678") {
			t.Errorf("%s: the error quotes a value: %v", what, err)
		}
	}
	api.Heal()
	api.Fail(standin.Fault{Body: `[{"plan": "basic"}]`})
	_, err := client.List(t.Context())
	checkSafe(t, "an entry without an id", err, gateway.Unavailable)
}

func TestNoOrderDecidesWhereCredentialsGo(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a call went elsewhere")
	}))
	t.Cleanup(elsewhere.Close)
	api, client := standIn(t, 0)
	ordered(api, vendorapi.App{ID: "addon_1"})
	r := resource("addon_1")
	r.CallbackURL = elsewhere.URL + "/v2/vendor/apps/addon_1"
	if _, err := client.Particulars(t.Context(), r); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"", ".", ".."} {
		_, err := client.Particulars(t.Context(), resource(id))
		checkSafe(t, "the id "+id, err, gateway.Refused)
		checkSafe(t, "a push to the id "+id, client.Push(t.Context(), resource(id), nil), gateway.Refused)
	}
}

func TestWrongCredentialsAreTheOperatorsToMend(t *testing.T) {
	server := httptest.NewServer(vendorapi.New("acme-db", "another password", 0))
	t.Cleanup(server.Close)
	for name, call := range calls(t, apiAt(t, server.URL)) {
		err := call()
		checkSafe(t, name, err, gateway.Unauthorized)
		if !strings.Contains(gateway.Message(err), "manifest") {
			t.Errorf("%s: it does not say what to compare: %s", name, gateway.Message(err))
		}
	}
}

func TestDevelopmentCallsNobodyUnasked(t *testing.T) {
	c := common()
	c.Development = true
	if api := newTestMount(t, c, "").API(); api != nil {
		t.Error("made-up credentials would go to the real API")
	}
	c.APIURL = "http://127.0.0.1:1"
	if api := newTestMount(t, c, "").API(); api == nil {
		t.Error("the API that the operator names is not used")
	}
	if m := newTestMount(t, common(), ""); m.infos.caller.Base() != "https://api.clever-cloud.com/v2" {
		t.Errorf("the real API is %s", m.infos.caller.Base())
	}
}
