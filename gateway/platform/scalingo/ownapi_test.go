package scalingo

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/conformance/scalingo/ownapi"
	"github.com/addongw/addongw/gateway/conformance/standin"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/gateway/secret"
)

const configSecret = "postgres-password-in-a-config-var"

// standIn starts the platform's API and returns it with our side of it.
func standIn(t *testing.T, pageSize int, settings string) (*ownapi.Server, platform.API) {
	t.Helper()
	api := ownapi.New("acme-basic", password, pageSize).Declare("DATABASE_URL", "acme_host")
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return api, apiAt(t, server.URL+"/", settings)
}

func apiAt(t *testing.T, url, settings string) platform.API {
	t.Helper()
	c := common()
	c.APIURL, c.Username = url, "acme-basic"
	return newTestMount(t, c, settings).API()
}

func resource() gateway.Resource {
	return gateway.Resource{ID: "res_1", ProviderID: "res_1", ExternalID: "ad-1", App: "app-1", Plan: "hobby"}
}

func configVars() []gateway.ConfigVar {
	return []gateway.ConfigVar{
		{Name: "DATABASE_URL", Value: secret.New("postgres://u:" + configSecret + "@h/d?a=1&b=<2>"), Sensitive: true},
		{Name: "acme_host", Value: secret.New("h")},
	}
}

var wantConfig = map[string]string{"DATABASE_URL": "postgres://u:" + configSecret + "@h/d?a=1&b=<2>", "acme_host": "h"}

func TestParticularsAreTheAppAndItsOwner(t *testing.T) {
	api, client := standIn(t, 0, "")
	api.Own(ownapi.App{ID: "app/../1", Name: "shop", OwnerEmail: "zoe@acme.example"})
	api.Add(ownapi.Addon{ID: "res_1", App: "app/../1"})
	r := resource()
	r.App = "app/../1"
	got, err := client.Particulars(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	want := gateway.Particulars{Name: "shop", Owner: gateway.Owner{Email: "zoe@acme.example"}, Emails: []string{"zoe@acme.example"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("particulars (-want +got):\n%s", diff)
	}
	r.App = ""
	if got, err := client.Particulars(t.Context(), r); err != nil || got.Name != "" || len(api.Calls()) != 1 {
		t.Errorf("without an app: %+v, %v, %d calls", got, err, len(api.Calls()))
	}
}

func TestPushGoesToTheAppWhereItIsKnown(t *testing.T) {
	api, client := standIn(t, 0, "")
	api.Add(ownapi.Addon{ID: "res_1", UUID: "ad-1", App: "app-1"})
	if err := client.Push(t.Context(), resource(), configVars()); err != nil {
		t.Fatal(err)
	}
	config, restarts := api.Config("app-1")
	if diff := cmp.Diff(wantConfig, config); diff != "" || restarts != 1 {
		t.Errorf("%d restarts, config (-want +got):\n%s", restarts, diff)
	}
	r := resource()
	r.App = ""
	if err := client.Push(t.Context(), r, configVars()[1:]); err != nil {
		t.Fatal(err)
	}
	want := []ownapi.Call{{Method: "PATCH", Path: "/v1/provider/apps/app-1", Status: 200}, {Method: "PATCH", Path: "/v1/provider/addons/res_1/config", Status: 200}}
	if diff := cmp.Diff(want, api.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestAPromisedOrderGetsItsConfigAndThenItsEnd(t *testing.T) {
	for settings, id := range map[string]string{"": "res_1", `api_id = "resource"`: "res_1", `api_id = "platform"`: "ad-1"} {
		api, client := standIn(t, 0, settings)
		if id == "ad-1" {
			api.ByUUID()
		}
		if err := client.Complete(t.Context(), resource(), configVars()); gateway.KindOf(err) != gateway.NotFound {
			t.Errorf("%s: before the platform has read our answer: %v", settings, err)
		}
		api.Add(ownapi.Addon{ID: "res_1", UUID: "ad-1", App: "app-1", Pending: true})
		api.Fail(standin.Fault{Method: "POST", Times: 1, Status: 502})
		if err := client.Complete(t.Context(), resource(), configVars()); gateway.KindOf(err) != gateway.Unavailable || !api.Pending("res_1") {
			t.Errorf("%s: in the middle of a failure: %v", settings, err)
		}
		if err := client.Complete(t.Context(), resource(), configVars()); err != nil || api.Pending("res_1") {
			t.Errorf("%s: %v", settings, err)
		}
		config, restarts := api.Config("app-1")
		if diff := cmp.Diff(wantConfig, config); diff != "" || restarts != 0 {
			t.Errorf("%s: %d restarts, config (-want +got):\n%s", settings, restarts, diff)
		}
		calls := api.Calls()
		if last := calls[len(calls)-1]; last.Path != "/v1/provider/addons/"+id+"/actions/provision" {
			t.Errorf("%s: the last call is %+v", settings, last)
		}
	}
}

func TestAnEndThatIsRefusedAfterItsConfigIsAConflict(t *testing.T) {
	for _, status := range []int{409, 422} {
		api, client := standIn(t, 0, "")
		api.Add(ownapi.Addon{ID: "res_1", UUID: "ad-1", App: "app-1"})
		api.Fail(standin.Fault{Method: "POST", Status: status})
		checkSafe(t, fmt.Sprint(status), client.Complete(t.Context(), resource(), configVars()), gateway.Conflict)
		config, _ := api.Config("app-1")
		if diff := cmp.Diff(wantConfig, config); diff != "" {
			t.Errorf("config (-want +got):\n%s", diff)
		}
	}
}

func TestAnOrderWithoutAUUIDIsCompletedByOurId(t *testing.T) {
	api, client := standIn(t, 0, `api_id = "platform"`)
	api.Add(ownapi.Addon{ID: "res_1", App: "app-1", Pending: true})
	r := resource()
	r.ExternalID = drawn + "abc"
	if err := client.Complete(t.Context(), r, configVars()); err != nil || api.Pending("res_1") {
		t.Error(err)
	}
}

func TestTheListingIsReadToItsEnd(t *testing.T) {
	for _, pageSize := range []int{0, 1, 2, 6, 7, 8} {
		t.Run(fmt.Sprint("pages of ", pageSize), func(t *testing.T) {
			api, client := standIn(t, pageSize, "")
			var want []gateway.Listed
			for i := range 7 {
				api.Add(ownapi.Addon{ID: fmt.Sprint("res_", i), App: fmt.Sprint("app-", i/2), Plan: "free"})
				want = append(want, gateway.Listed{App: fmt.Sprint("app-", i/2), Plan: "hobby", PlanName: "free"})
			}
			api.ChangePlan("res_6", "hobby") // ours, but not the platform's name of it
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

func TestAListingThatRepeatsItselfEnds(t *testing.T) {
	api, client := standIn(t, 0, "")
	api.Fail(standin.Fault{Body: `{"apps": [{"app_id": "app-1", "plan": "free", "addon_provider_id": 5}], "meta": {"pagination": {"next_page": 1}}}`})
	if got, err := client.List(t.Context()); err != nil || len(got) != 1 || len(api.Calls()) != 1 {
		t.Errorf("%d apps in %d calls, %v", len(got), len(api.Calls()), err)
	}
	api.Heal()
	api.Fail(standin.Fault{Body: `{"apps": [{"app_id": "app-1", "plan": "free"}]}`}) // as in the document's example
	if got, err := client.List(t.Context()); err != nil || len(got) != 1 {
		t.Errorf("without pages: %d apps, %v", len(got), err)
	}
}

// calls are the calls of an API, for what is common to them.
func calls(t *testing.T, client platform.API) map[string]func() error {
	withoutApp := resource()
	withoutApp.App = ""
	return map[string]func() error{
		"GET one":   func() error { _, err := client.Particulars(t.Context(), resource()); return err },
		"PATCH app": func() error { return client.Push(t.Context(), resource(), configVars()) },
		"PATCH":     func() error { return client.Push(t.Context(), withoutApp, configVars()) },
		"POST":      func() error { return client.Complete(t.Context(), resource(), configVars()) },
		"GET all":   func() error { _, err := client.List(t.Context()); return err },
	}
}

// TestEveryCallTellsWhatWentWrong has one status for each kind; package caller's
// own test has them all.
func TestEveryCallTellsWhatWentWrong(t *testing.T) {
	kinds := map[int]gateway.Kind{401: gateway.Unauthorized, 404: gateway.NotFound, 422: gateway.Refused, 307: gateway.Unavailable, 503: gateway.Unavailable}
	api, client := standIn(t, 0, "")
	for name, call := range calls(t, client) {
		for status, want := range kinds {
			api.Heal()
			api.Fail(standin.Fault{Status: status, Header: map[string]string{"Retry-After": "7"}, Body: `{"error": "` + configSecret + `"}`})
			err := call()
			checkSafe(t, fmt.Sprint(name, " ", status), err, want)
			var e *gateway.Error
			if status == 503 && (!errors.As(err, &e) || e.RetryAfter != 7*time.Second) {
				t.Errorf("%s: the Retry-After is lost: %v", name, err)
			}
		}
		api.Heal()
		api.Fail(ownapi.TooMany) // plain text
		checkSafe(t, name+", too many calls", call(), gateway.Unavailable)
	}
}

// checkSafe wants an error of a kind that holds none of the secrets.
func checkSafe(t *testing.T, what string, err error, want gateway.Kind) {
	t.Helper()
	platformtest.CheckSafe(t, what, err, want, password, configSecret, "YWNtZS1")
}

func TestAnswersOfAnotherFormAreSafeErrors(t *testing.T) {
	faults := map[string]standin.Fault{
		"half a document":    {Header: map[string]string{"Content-Length": "1000"}, Body: `{"app": "` + configSecret, Cut: true},
		"a list":             {Body: `["` + configSecret + `"]`},
		"wrong types inside": {Body: `{"app": {"name": 12345678}, "apps": [{"app_id": 12345678}]}`},
		"too much":           {Body: `{"x": "` + strings.Repeat("x", allApps) + `"}`},
	}
	api, client := standIn(t, 0, "")
	for what, fault := range faults {
		api.Heal()
		api.Fail(fault)
		_, err := client.Particulars(t.Context(), resource())
		checkSafe(t, what, err, gateway.Unavailable)
		_, err = client.List(t.Context())
		checkSafe(t, what+", listing", err, gateway.Unavailable)
		if strings.Contains(fmt.Sprint(err), "12345678") {
			t.Errorf("%s: the error quotes a value: %v", what, err)
		}
	}
	api.Heal()
	api.Fail(standin.Fault{Body: `{"apps": [{"plan": "free"}]}`})
	_, err := client.List(t.Context())
	checkSafe(t, "an entry without an app", err, gateway.Unavailable)
}

func TestIdsThatAreNoAddressesAreRefused(t *testing.T) {
	api, client := standIn(t, 0, "")
	for _, id := range []string{".", ".."} {
		r := resource()
		r.App = id
		_, err := client.Particulars(t.Context(), r)
		checkSafe(t, "the app "+id, err, gateway.Refused)
		checkSafe(t, "a push to the app "+id, client.Push(t.Context(), r, nil), gateway.Refused)
		r.ProviderID = id
		checkSafe(t, "the resource "+id, client.Complete(t.Context(), r, nil), gateway.Refused)
	}
	if n := len(api.Calls()); n != 0 {
		t.Errorf("%d calls were made all the same", n)
	}
}

func TestWrongCredentialsAreTheOperatorsToMend(t *testing.T) {
	server := httptest.NewServer(ownapi.New("acme-basic", "another password", 0))
	t.Cleanup(server.Close)
	for name, call := range calls(t, apiAt(t, server.URL, "")) {
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
	if m := newTestMount(t, common(), ""); m.api.caller.Base() != "https://api.osc-fr1.scalingo.com" {
		t.Errorf("the real API is %s", m.api.caller.Base())
	}
}
