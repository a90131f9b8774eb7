package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTheManifestOfAProviderIsWhatTheDashboardReads compares the document of
// "addongw manifest" with what a running gateway answers.
func TestTheManifestOfAProviderIsWhatTheDashboardReads(t *testing.T) {
	h := startHost(t, hostExample(t))
	out, errOut, code := addongw(t, h.dir, nil, "manifest", "nanobox", "tinyhost", "--dir", h.dir)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	var document struct {
		Endpoint      string
		Meta, Catalog json.RawMessage
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil || document.Endpoint != "https://boxes.example.com/nanobox/tinyhost" {
		t.Errorf("endpoint %q, %v", document.Endpoint, err)
	}
	for path, ours := range map[string]json.RawMessage{"/meta": document.Meta, "/catalog": document.Catalog} {
		if theirs := h.must(200, "GET", path, "").Body; compact(t, string(ours)) != compact(t, theirs) {
			t.Errorf("%s answers %s", path, theirs)
		}
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(again)
}

// TestAProviderThatChangesItsIDIsWarnedOf keeps an id in the store and starts, and
// reloads, with another one under the same path.
func TestAProviderThatChangesItsIDIsWarnedOf(t *testing.T) {
	dir := hostExample(t, `provider "nanobox" "tinyhost" {`, `provider "nanobox" "tinyhost" {`+"\n"+`path = "/nanobox/tinyhost"`)
	h := startHost(t, dir)
	if strings.Contains(h.Log(), "AG440") {
		t.Errorf("the first start warns:\n%s", h.Log())
	}
	rename := func(from, to string) {
		t.Helper()
		file := filepath.Join(dir, "addongw.hcl")
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(file, []byte(strings.Replace(string(text), `"nanobox" "`+from+`"`, `"nanobox" "`+to+`"`, 1)), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	rename("tinyhost", "tiny-host")
	if _, errOut, code := addongw(t, dir, []string{"TINYHOST_TOKEN=" + hostToken}, "reload", dir); code != 0 || !strings.Contains(errOut, "AG440") {
		t.Errorf("the reload: exit %d: %s", code, errOut)
	}
	if s := h.must(200, "GET", "/meta", ""); s.ID != "tiny-host" {
		t.Errorf("after the reload it answers %q", s.ID)
	}
	h.Stop()
	h = startHost(t, dir)
	if !strings.Contains(h.Log(), "AG440") {
		t.Errorf("the start does not warn:\n%s", h.Log())
	}
	h.Stop()
	rename("tiny-host", "tinyhost")
	h = startHost(t, dir)
	if strings.Contains(h.Log(), "AG440") {
		t.Errorf("the start with the id that platforms know warns:\n%s", h.Log())
	}
}

// TestAChangeOfWhatTellsCustomersApartIsWarnedOf takes the owner's box away from
// their eyes, and gives it back.
func TestAChangeOfWhatTellsCustomersApartIsWarnedOf(t *testing.T) {
	const second = "  credential \"zone\" {\n    label    = \"Zone\"\n    identity = true\n  }\n\n  verify {"
	dir := hostExample(t)
	file := filepath.Join(dir, "addongw.hcl")
	former, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	changed := strings.Replace(string(former), "  verify {", second, 1)
	h := startHost(t, dir)
	reload := func() string {
		t.Helper()
		_, errOut, code := addongw(t, dir, []string{"TINYHOST_TOKEN=" + hostToken}, "reload", dir)
		if code != 0 {
			t.Fatalf("the reload: exit %d: %s", code, errOut)
		}
		return errOut
	}
	for _, text := range []string{changed, string(former)} {
		write(text)
		if told := reload(); strings.Contains(told, "AG443") {
			t.Errorf("nobody has a box, and the reload warns: %s", told)
		}
	}
	h.order("box-1", h.key())
	write(changed)
	if told := reload(); !strings.Contains(told, "AG443") || !strings.Contains(told, "make it again what it was: access-token; now it is: access-token, zone") {
		t.Errorf("the reload says: %s", told)
	}
	h.Stop()
	h = startHost(t, dir)
	if !strings.Contains(h.Log(), "AG443") {
		t.Errorf("the start does not warn:\n%s", h.Log())
	}
	write(string(former))
	if told := reload(); strings.Contains(told, "AG443") {
		t.Errorf("what it was is back, and the reload warns: %s", told)
	}
}

// TestWhatServersNeedIsNotTakenFromThem refuses a configuration without what a
// living box needs.
func TestWhatServersNeedIsNotTakenFromThem(t *testing.T) {
	dir := hostExample(t)
	h := startHost(t, dir)
	id := h.order("box-1", h.key())
	h.becomes(id, "active")
	file := filepath.Join(dir, "addongw.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for change, want := range map[string]string{
		`spec "b1"|spec "b9"`:                    `spec "b1"`,
		`region "lyo1"|region "par1"`:            `region "lyo1"`,
		`"nanobox" "tinyhost"|"nanobox" "other"`: `provider`,
	} {
		from, to, _ := strings.Cut(change, "|")
		changed := strings.ReplaceAll(string(text), from, to)
		if strings.Contains(from, "spec") {
			changed = strings.Replace(changed, `size   = "b1"`, `size   = "b9"`, 1)
		}
		if strings.Contains(from, "region") {
			changed = strings.Replace(changed, `region = "lyo1"`, `region = "par1"`, 1)
		}
		if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		_, errOut, code := addongw(t, dir, nil, "reload", dir)
		if code != 3 || !strings.Contains(errOut, "AG701") || !strings.Contains(errOut, want) {
			t.Errorf("%s: exit %d: %s", change, code, errOut)
		}
	}
	if s := h.look(id); s.State != "active" {
		t.Errorf("the box is %s", s.Body)
	}
	retired := strings.Replace(string(text), `name  = "Lyon 1"`, `name  = "Lyon 1"`+"\nretired = true", 1)
	retired = strings.Replace(retired, `region = "lyo1"`, `region = "par1"`, 1)
	retired = strings.Replace(retired, `plan "standard" {`, "region \"par1\" {\n    name  = \"Paris\"\n    plans = [\"standard\"]\n  }\n\n  plan \"standard\" {", 1)
	if err := os.WriteFile(file, []byte(retired), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, errOut, code := addongw(t, dir, nil, "reload", dir); code != 0 {
		t.Fatalf("a retired region: exit %d: %s", code, errOut)
	}
	if s := h.must(200, "GET", "/catalog", ""); !strings.Contains(s.Body, `{"id":"lyo1","name":"Lyon 1","plans":[]}`) {
		t.Errorf("a retired region is served as %s", s.Body)
	}
	h.must(422, "POST", "/servers", orderOf("box-2", h.key()))
	h.must(200, "DELETE", "/servers/"+id, "")
	h.gone(id)
}

// TestMetaIsAnsweredWhileTheBackendIsGone takes the plugin away for good.
func TestMetaIsAnsweredWhileTheBackendIsGone(t *testing.T) {
	dir := hostExample(t)
	h := startHost(t, dir)
	for range 6 { // then the host rests before it starts another
		h.killPlugin(t)
		deadline := time.Now().Add(3 * time.Second)
		for len(pluginsOf(t, dir)) == 0 && time.Now().Before(deadline) {
			<-time.After(20 * time.Millisecond)
		}
		if len(pluginsOf(t, dir)) == 0 {
			break
		}
	}
	if len(pluginsOf(t, dir)) > 0 {
		t.Fatal("the plugin keeps coming back")
	}
	for _, path := range []string{"/meta", "/catalog"} {
		h.must(http.StatusOK, "GET", path, "")
	}
	h.must(200, "POST", "/verify", "")
}

// TestTwoProvidersDoNotSeeEachOther has one user with one token at two providers
// of one gateway.
func TestTwoProvidersDoNotSeeEachOther(t *testing.T) {
	dir := hostExample(t)
	file := filepath.Join(dir, "addongw.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "provider \"nanobox\" \"tinyhost\"")
	second := "\nprovider \"nanobox\" \"otherhost\"" + strings.Replace(block, "Lyon 1", "Lyon 2", 1)
	if err := os.WriteFile(file, append(text, second...), 0o644); err != nil {
		t.Fatal(err)
	}
	h := startHost(t, dir)
	other := h
	other.path = "/nanobox/otherhost"
	key := h.key()
	id := h.order("box-1", key)
	h.becomes(id, "active")
	for _, c := range [][3]string{{"GET", "/servers/" + id, ""}, {"DELETE", "/servers/" + id, ""}, {"PATCH", "/servers/" + id + "/reboot", ""}, {"GET", "/keys/" + key, ""}} {
		other.must(404, c[0], c[1], c[2])
	}
	other.must(422, "POST", "/servers", orderOf("box-1", key))
	if twin := other.order("box-1", other.key()); twin == id {
		t.Error("an order at one provider was taken for a repeat of the other's")
	} else {
		other.becomes(twin, "active")
		other.must(200, "DELETE", "/servers/"+twin, "")
	}
	if mine, theirs := h.must(200, "GET", "/catalog", "").Body, other.must(200, "GET", "/catalog", "").Body; mine == theirs || !strings.Contains(theirs, "Lyon 2") {
		t.Errorf("the catalogs are %s and %s", mine, theirs)
	}
	if s := other.must(200, "GET", "/meta", ""); s.ID != "otherhost" {
		t.Errorf("the other provider calls itself %q", s.ID)
	}
	h.must(200, "DELETE", "/servers/"+id, "")
	h.gone(id)
}

// A provider has one environment: what is asked of another is not left out in
// silence.
func TestAProviderHasNoTestEnvironment(t *testing.T) {
	dir := copyExample(t, "nanobox-host")
	_, errOut, code := addongw(t, dir, nil, "manifest", "nanobox", "tinyhost", "--test-url", "http://127.0.0.1:8080")
	if code != exitUsage || !strings.Contains(errOut, "a provider of servers has no test environment") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}
