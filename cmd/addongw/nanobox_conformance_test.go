package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// checklist runs the tester as two users of a provider would have it run, and
// returns its report. Nothing that a must or a should says may be broken.
func checklist(t *testing.T, url, key, first, second string) string {
	t.Helper()
	env := []string{"ADDONGW_CREDENTIAL_" + key + "=" + first, "ADDONGW_CREDENTIAL2_" + key + "=" + second}
	out, errOut, code := addongwFor(t, 3*time.Minute, tempDir(t), env, "conformance", "nanobox", "--url", url, "--strict", "--verbose")
	if code != 0 {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	for _, token := range []string{first, second} {
		if strings.Contains(out+errOut, token) {
			t.Error("the report shows a token")
		}
	}
	return out
}

// TestTheExampleKeepsTheWholeChecklist has the tester judge examples/nanobox-host,
// as it is and with everything switched off that can be.
func TestTheExampleKeepsTheWholeChecklist(t *testing.T) {
	for name, c := range map[string]struct {
		change  []string
		skipped []string // checks that do not apply
	}{
		"keys are registered": {nil, []string{"NB-K16", "NB-B5", "NB-N6", "NB-I1"}},
		"keys are in orders": {
			[]string{`"reference" # no script keeps keys, so the gateway does`, `"object"`, `server_nick_name = "box"`, "server_nick_name = \"box\"\n  can_reboot = false\n  can_rename = false"},
			[]string{"NB-K1", "NB-B1", "NB-N1", "NB-I1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := startHost(t, hostExample(t, c.change...))
			report := checklist(t, h.URL+"/nanobox/tinyhost", "ACCESS_TOKEN", hostToken, otherToken)
			for _, id := range c.skipped {
				if !strings.Contains(report, id) {
					t.Errorf("the report does not say that %s does not apply", id)
				}
			}
			await(t, "nothing is left", 10*time.Second, func() bool { return strings.HasPrefix(h.things(), "0 boxes, 0 addresses") })
		})
	}
}

// cloud is a gateway for a cloud that knows everything itself: its ids, who owns
// what, and what it sells.
type cloud struct {
	*process
	data string
}

const toldCatalog = `{"regions":[{"id":"fra","name":"Frankfurt","plans":[{"id":"standard","name":"Standard","specs":[
 {"id":"s1","ram":1024,"cpu":1,"disk":20,"transfer":1,"dollars_per_hr":0.007,"dollars_per_mo":5},
 {"id":"s2","ram":2048,"cpu":0.5,"disk":40,"transfer":"unlimited","dollars_per_hr":0.014,"dollars_per_mo":10},
 {"id":"broken","ram":"lots","cpu":1,"disk":1,"transfer":1,"dollars_per_hr":null,"dollars_per_mo":1}]}]}]}`

func startCloud(t *testing.T, dir, data string) cloud {
	t.Helper()
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0"}, "VENDOR_DIR="+data, "VENDOR_CATALOG_TOKEN=good-operator-canary", "TMPDIR="+dir)
	return cloud{p, data}
}

func (v cloud) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(v.data, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// calls counts how often the cloud was asked for something.
func (v cloud) calls(t *testing.T, action string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(v.data, "calls"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Count("\n"+string(text), "\n"+action+"\n")
}

func TestACloudThatKnowsItsServersItself(t *testing.T) {
	dir, data := tempDir(t), tempDir(t)
	if err := os.CopyFS(dir, os.DirFS("testdata/nanobox-vendor")); err != nil {
		t.Fatal(err)
	}
	v := cloud{data: data}
	v.write(t, "down", "")
	v = startCloud(t, dir, data)
	catalog := call{method: "GET", url: v.URL + "/nanobox/cloud/catalog"}
	catalog.must(t, 503) // there has never been one
	if err := os.Remove(filepath.Join(data, "down")); err != nil {
		t.Fatal(err)
	}
	v.write(t, "catalog.json", toldCatalog)
	good := catalog.must(t, 200)
	if !strings.Contains(good.Body, `"s2","ram":2048,"cpu":0.5`) || strings.Contains(good.Body, "broken") {
		t.Errorf("the catalog is %s", good.Body)
	}
	report := checklist(t, v.URL+"/nanobox/cloud", "API_TOKEN", "good-canary-a1", "good-canary-b2")
	if !strings.Contains(report, "NB-I1") || strings.Contains(report, "broken must") {
		t.Error(report)
	}
	if left, err := os.ReadDir(filepath.Join(data, "machines")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if out, errOut, code := addongw(t, dir, nil, "resources", "list", "--admin", "unix:"+filepath.Join(dir, "admin.sock")); code != 0 || strings.Contains(out, "res_") {
		t.Errorf("something was recorded: %d %s%s", code, out, errOut)
	}
	if v.calls(t, "verify") == 0 || v.calls(t, "install_key") == 0 {
		t.Error("the cloud was not asked")
	}
	log := v.Log()
	v.Kill()

	v.write(t, "down", "")
	v = startCloud(t, dir, data)
	catalog.url = v.URL + "/nanobox/cloud/catalog"
	if again := catalog.must(t, 200); again.Body != good.Body {
		t.Errorf("while the cloud is down the catalog is %s", again.Body)
	}
	for _, token := range []string{"good-canary-a1", "good-canary-b2", "good-operator-canary"} {
		if strings.Contains(log+v.Log(), token) {
			t.Errorf("the log shows %s", token)
		}
		for _, file := range []string{"addongw.db", "addongw.db-wal"} {
			if text, err := os.ReadFile(filepath.Join(dir, file)); err == nil && bytes.Contains(text, []byte(token)) {
				t.Errorf("%s shows %s", file, token)
			}
		}
	}
}

// What is waited for is said to people, on standard error, where nothing else
// moves; programs that read a report are left alone.
func TestOnlyALogOfTextSaysWhatIsWaitedFor(t *testing.T) {
	var log bytes.Buffer
	c := &command{format: "text", streams: &streams{err: &log, getenv: func(string) (string, bool) { return "", false }}}
	c.waiting()("srv_1 to become active")
	if log.String() != "waiting for srv_1 to become active ...\n" {
		t.Errorf("it says %q", log.String())
	}
	if c.format = "json"; c.waiting() != nil {
		t.Error("a program is told what is waited for")
	}
}
