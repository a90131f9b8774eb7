package nanobox_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/conformancetest"
	"github.com/addongw/addongw/gateway/conformance/nanobox"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/spec"
)

func file(t *testing.T, name string) []byte {
	t.Helper()
	text, err := spec.File("nanobox", name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What the specification shows, and what the tester takes for right, meet one
// schema.
func TestTheDocumentsMeetTheirSchemas(t *testing.T) {
	for _, name := range []string{"meta", "catalog"} {
		platformtest.CheckSchema(t, file(t, name+".schema.json"), file(t, name+".json"))
	}
	for mode := range modes {
		p := newProvider(t, mode, "")
		report := check(t, t.Context(), p, conformance.Options{Only: []string{"NB-E1", "NB-G1"}})
		for i, name := range []string{"meta", "catalog"} {
			platformtest.CheckSchema(t, file(t, name+".schema.json"), report.Results[i].Calls[0].Answer.Body)
		}
	}
}

func TestEachMistakeOfADocumentBreaksItsRule(t *testing.T) {
	const document = `{"endpoint": "https://servers.example/nanobox/acme", "meta": {"id": "acme"}, "catalog": null}`
	conformancetest.BreakManifest(t, nanobox.Platform{}, document, map[string]string{
		document + "|[]":  "NB-M1 the manifest is a list, not an object",
		`"endpoint"|"at"`: "NB-M1 endpoint can't be blank",
		`https:|ftp:`:     "NB-M1 endpoint must be an address such as https://addons.example.com/resources",
		`https:|http:`:    "NB-M2 endpoint begins with http:",
		`/acme"|/acme/"`:  "NB-M3 endpoint ends with a slash",
	})
	for _, rule := range (nanobox.Platform{}).ManifestRules() {
		if rule.Title == "" || rule.Platform == "" || rule.Source == "" || rule.Level == spec.Must && rule.Says == "" {
			t.Errorf("%s lacks something: %+v", rule.ID, rule)
		}
	}
	p, problems := nanobox.Platform{}.ReadManifest([]byte(document), conformance.Reading{})
	if len(problems) > 0 || p.Name != "acme" || p.BaseURL != "https://servers.example/nanobox/acme" {
		t.Errorf("the provider is %+v, %+v", p, problems)
	}
}

var ids = regexp.MustCompile(`NB-[A-Z][0-9]+`)

// The table of the facts says where each item of the checklist is looked at.
func TestEveryItemOfTheChecklistHasAPlace(t *testing.T) {
	names, err := conformance.Names(nanobox.Platform{})
	if err != nil {
		t.Fatal(err)
	}
	facts := string(file(t, "facts.md"))
	for _, id := range ids.FindAllString(facts, -1) {
		if !slices.Contains(names, id) {
			t.Errorf("the facts name %s, which is no check", id)
		}
	}
	_, table, _ := strings.Cut(facts, "| items | checks |")
	for item := 1; item <= 50; item++ {
		row := regexp.MustCompile(fmt.Sprintf(`(?m)^\| %d[ |].*$`, item)).FindString(table)
		if !strings.Contains(row, "NB-") && !strings.Contains(row, "`Test") {
			t.Errorf("nothing looks at item %d: %q", item, row)
		}
	}
	tests := testsOfTheGateway(t)
	for _, name := range regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(table, -1) {
		if !strings.Contains(tests, "func "+name[1]+"(") {
			t.Errorf("the facts name %s, which is no test", name[1])
		}
	}
}

// testsOfTheGateway is the source of all tests that a table may name.
func testsOfTheGateway(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"../../*/*_test.go", "../../platform/*/*_test.go", "../../../cmd/addongw/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
	}
	return all.String()
}

func TestAKeyBecomesAHeaderAsMicroboxMakesIt(t *testing.T) {
	for key, want := range map[string]string{
		"access_token": "Auth-Access-Token", "access-token": "Auth-Access-Token", "api-key": "Auth-Api-Key", "secretKey": "Auth-Secretkey",
		"Service-Email": "Auth-Service-Email", "port": "Auth-Port",
	} {
		if got := nanobox.Header(key); got != want {
			t.Errorf("%s becomes %s, want %s", key, got, want)
		}
	}
}

func TestRequestsAreTheDashboards(t *testing.T) {
	c := nanobox.NewClient(conformance.Provider{BaseURL: "https://a.example/nanobox/acme"})
	for want, r := range map[string]conformance.Request{
		`GET /meta false ""`:               c.Meta(),
		`GET /catalog false ""`:            c.Catalog(),
		`POST /verify true ""`:             c.Verify(),
		`GET /keys/k%201 true ""`:          c.Key("k 1"),
		`DELETE /keys/k1 true ""`:          c.RemoveKey("k1"),
		`GET /servers/s1 true ""`:          c.Server("s1"),
		`DELETE /servers/s1 true ""`:       c.Cancel("s1"),
		`PATCH /servers/s1/reboot true ""`: c.Reboot("s1"),
		`POST /keys true "{\"name\":\"laptop\",\"key\":\"ssh-ed25519 A\"}"`:         c.AddKey("laptop", "ssh-ed25519 A"),
		`PATCH /servers/s1/rename true "{\"name\":\"x\"}"`:                          c.Rename("s1", "x"),
		`PATCH /servers/s1/keys true "{\"id\":\"l\",\"key\":\"k\"}"`:                c.InstallKey("s1", "l", "k"),
		`POST /servers true "{\"name\":\"n\",\"size\":\"std-1\",\"ssh_key\":null}"`: c.Order(nanobox.Order{Name: "n", Size: "std-1", SSHKey: json.RawMessage("null")}),
	} {
		got := fmt.Sprintf("%s %s %t %q", r.Method, strings.TrimPrefix(r.URL, "https://a.example/nanobox/acme"), r.Signed, r.Body)
		if got != want || r.Basic {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Ids of exchanges and checks have no gaps that nobody meant.
func TestNumbersOfChecksFollowEachOther(t *testing.T) {
	names, err := conformance.Names(nanobox.Platform{})
	if err != nil {
		t.Fatal(err)
	}
	highest, counted := map[string]int{}, map[string]int{}
	for _, name := range names {
		if letter, ok := strings.CutPrefix(name, "NB-"); ok {
			n, err := strconv.Atoi(letter[1:])
			if err != nil {
				t.Fatal(err)
			}
			highest[letter[:1]] = max(highest[letter[:1]], n)
			counted[letter[:1]]++
		}
	}
	for letter, n := range highest {
		if n != counted[letter] {
			t.Errorf("there are %d checks NB-%s, the last is %d", counted[letter], letter, n)
		}
	}
}
