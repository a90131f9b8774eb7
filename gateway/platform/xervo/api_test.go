package xervo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/gateway/secret"
)

func call(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	return platformtest.Send(t, "acme_db", method, url, body)
}

func TestAnOrderCarriesAllThatThePlatformSaid(t *testing.T) {
	m := newTestMount(t, common(), "")
	memory := platformtest.NewMemory(m.Scope(), "ACME_DB_URL", "ACME_DB_HOST")
	url := platformtest.Serve(t, m, memory) + resourcesPath
	for _, body := range []string{
		`{"xervo_id": "acme1", "email": "zoë@example.com", "plan": "basic", "region": "amazon-web-services::us-east-1",
		  "callback_url": "https://api.xervo.io/vendor/apps/acme1", "options": {"version": "16", "é": ""}}`,
		`{"modulus_id": "acme2", "plan": "test", "region": "us-east-1", "callback_url": "http://localhost:8000/callback/999", "options": null}`,
		`{"heroku_id": "acme3", "plan": "test"}`,
	} {
		if status, answer := call(t, "POST", url, body); status != 200 {
			t.Fatalf("status %d: %s", status, answer)
		}
	}
	want := []gateway.Order{
		{
			ExternalID: "acme1", Plan: "standard", Region: "virginia", Options: map[string]string{"version": "16", "é": ""},
			Owner: gateway.Owner{Email: "zoë@example.com"}, CallbackURL: "https://api.xervo.io/vendor/apps/acme1",
		},
		{ExternalID: "acme2", Plan: "hobby", Region: "virginia", Options: map[string]string{}, CallbackURL: "http://localhost:8000/callback/999"},
		{ExternalID: "acme3", Plan: "hobby", Region: "paris", Options: map[string]string{}},
	}
	if diff := cmp.Diff(want, memory.Orders()); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
}

func TestARegionIsFoundUnderEitherSpelling(t *testing.T) {
	m := newTestMount(t, common(), "")
	for name, want := range map[string]string{
		"us-east-1":                          "virginia",
		"amazon-web-services::us-east-1":     "virginia",
		"x::y::us-east-1":                    "virginia",
		"amazon-web-services::eu-west-3":     "paris",
		"us-east-1::elsewhere":               "paris",
		"US-EAST-1":                          "paris",
		"":                                   "paris",
		"::":                                 "paris",
		strings.Repeat("::", 50_000) + "end": "paris",
	} {
		if got := m.region(name); got != want {
			t.Errorf("%.40q: %s, want %s", name, got, want)
		}
	}
	c := common()
	c.Regions, c.AddonRegions = nil, []string{"virginia", "paris"}
	if got := newTestMount(t, c, "").region("aws::virginia"); got != "virginia" {
		t.Errorf("a region under its own name: %s", got)
	}
}

func TestAWrongFieldIsNamedWithWhatIsExpected(t *testing.T) {
	m := newTestMount(t, common(), "")
	url := platformtest.Serve(t, m, platformtest.NewMemory(m.Scope())) + resourcesPath
	for body, want := range map[string]string{
		`{"xervo_id": 17}`:                      `"xervo_id" must be text, not a number.`,
		`{"modulus_id": "a", "plan": ["x"]}`:    `"plan" must be text, not a list.`,
		`{"options": {"size": 1.5}}`:            `"options" must hold text only, not a number.`,
		`{"plan": "test"}`:                      `"xervo_id" is missing.`,
		`{"modulus_id": "a"}`:                   `"plan" is missing.`,
		`{"xervo_id": "a", "plan": "x"}`:        `This plan is not offered.`,
		`{"xervo_id": "a", "modulus_id": "b"}`:  `"xervo_id" and "modulus_id" differ.`,
		`{"modulus_id": "a", "heroku_id": "b"}`: `"modulus_id" and "heroku_id" differ.`,
		`{"Xervo_ID": "a", "PLAN": "test"}`:     `"xervo_id" is missing.`,
	} {
		status, answer := call(t, "POST", url, body)
		if status < 400 || status > 499 || !strings.Contains(answer, strings.ReplaceAll(want, `"`, `\"`)) {
			t.Errorf("%s answers %d %s, want %s", body, status, answer, want)
		}
	}
}

// stubbed is the resource of a stub.
var stubbed = gateway.Resource{ProviderID: "res_1", ExternalID: "acme1"}

// stubCall makes the platform's call of a method about what is stubbed.
func stubCall(m *mount, l platform.Lifecycle, method string) (*httptest.ResponseRecorder, error) {
	path := resourcesPath
	if method != http.MethodPost {
		path += "/res_1"
	}
	return ask(m, l, method, path, `{"xervo_id": "acme1", "plan": "test"}`)
}

// ask calls a mount without a network between.
func ask(m *mount, l platform.Lifecycle, method, path, body string) (*httptest.ResponseRecorder, error) {
	notes := &platform.Notes{}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.SetBasicAuth("acme_db", password)
	w := httptest.NewRecorder()
	platformtest.Router(m, l).ServeHTTP(w, r.WithContext(platform.WithNotes(r.Context(), notes)))
	_, err := notes.Taken()
	return w, err
}

// Xervo takes a config var without text for one that is missing, and there is
// no later push that could bring it.
func TestADeliveryWithoutOneOfItsConfigVarsIsNoSuccess(t *testing.T) {
	m := newTestMount(t, common(), "")
	host := func(text string) gateway.ConfigVar {
		return gateway.ConfigVar{Name: "ACME_DB_HOST", Value: secret.New(text)}
	}
	address := gateway.ConfigVar{Name: "ACME_DB_URL", Value: secret.New("hidden-url")}
	for name, c := range map[string]struct {
		vars []gateway.ConfigVar
		want int
	}{
		"complete":         {[]gateway.ConfigVar{address, host("h")}, 200},
		"more than listed": {[]gateway.ConfigVar{address, host("h"), {Name: "ACME_DB_NEW", Value: secret.New("")}}, 200},
		"one missing":      {[]gateway.ConfigVar{address}, 503},
		"one empty":        {[]gateway.ConfigVar{address, host("")}, 503},
		"none":             {nil, 503},
	} {
		for _, method := range []string{"POST", "PUT"} {
			engine := &platformtest.Stub{Delivery: gateway.Delivery{Resource: stubbed, ConfigVars: c.vars}}
			w, noted := stubCall(m, engine, method)
			if w.Code != c.want || (c.want == 200) != (engine.Told > 0) {
				t.Errorf("%s, %s: %d %s, delivered %d times", name, method, w.Code, w.Body, engine.Told)
			}
			if c.want != 200 && (noted == nil || !strings.Contains(noted.Error(), "ACME_DB_") || strings.Contains(w.Body.String(), "ACME_DB_") || strings.Contains(noted.Error(), "hidden-url")) {
				t.Errorf("%s, %s: answered %s, noted %v", name, method, w.Body, noted)
			}
		}
	}
}

func TestEverySuccessSaysSomething(t *testing.T) {
	c := common()
	c.ConfigVars = nil
	m := newMount(c, settings{})
	for message, want := range map[string]string{"": "The add-on is ", " \n": "The add-on is ", "Enjoy.": "Enjoy."} {
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			w, _ := stubCall(m, &platformtest.Stub{Delivery: gateway.Delivery{Resource: stubbed, Message: message}}, method)
			var answer struct{ Message string }
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != 200 || !strings.HasPrefix(answer.Message, want) {
				t.Errorf("%s with message %q: %d %s", method, message, w.Code, w.Body)
			}
		}
	}
}

func TestTheScopeIsTheOperators(t *testing.T) {
	c := common()
	if got := newTestMount(t, c, "").Scope(); got.Budget != 25*time.Second || got.DeadID != gateway.DeadIDReuse || got.Platform != "xervo" || got.Addon != "acme-db" {
		t.Errorf("by default: %+v", got)
	}
	c.Deadline = 3 * time.Second
	if got := newTestMount(t, c, "").Scope().Budget; got != 3*time.Second {
		t.Errorf("as was configured: %s", got)
	}
	if newTestMount(t, c, "").API() != nil {
		t.Error("an API is called that nobody documents")
	}
}

// orders places the platform's orders.
func orders() platformtest.Orders {
	c := common()
	c.ConfigVars = append(c.ConfigVars, platform.ConfigVarName{Name: "ACME_DB_NAME"}, platform.ConfigVarName{Name: "ACME_DB_POOL_MAX"})
	return platformtest.Orders{Mount: newMount(c, settings{}), Username: "acme_db", Success: 200, ConfigVars: c.ConfigVarNames()}
}

func FuzzProvision(f *testing.F) {
	orders().Fuzz(f,
		`{"xervo_id": "acme1", "plan": "basic", "region": "amazon-web-services::us-east-1", "options": {}}`,
		`{"modulus_id": "acme2", "plan": "test", "region": "us", "email": "a@b", "options": null}`,
		`{"xervo_id": "a", "heroku_id": "b"}`, `{"xervo_id": 1}`, `{"options": {"a": null}}`, `[]`, ``, `{"xervo_id": "\u0000"}`,
	)
}

func BenchmarkProvision(b *testing.B) {
	orders().Benchmark(b, `{"xervo_id":"acmedb11111111222233334444555555555555","email":"user@example.com","plan":"basic",
		"region":"amazon-web-services::us-east-1","callback_url":"https://api.xervo.io/vendor/apps/acmedb11111111222233334444555555555555","options":{"version":"16"}}`)
}
