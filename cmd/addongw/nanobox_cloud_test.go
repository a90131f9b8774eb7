package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The tokens of two users of Nimbus, and its operator's.
const (
	annsToken    = "nimbus-canary-ann-71d0"
	bobsToken    = "nimbus-canary-bob-c2e9"
	catalogToken = "nimbus-canary-catalog-5a"
)

// nimbus is a gateway that serves examples/nanobox-cloud, with the cloud beside
// it.
type nimbus struct {
	host
	api string
}

// startNimbusCloud builds and starts the cloud of the example, and ends it with
// the test.
func startNimbusCloud(t *testing.T, args ...string) (url string) {
	t.Helper()
	binary := filepath.Join(tempDir(t), "cloud")
	build := exec.Command("go", "build", "-o", binary, "./examples/nanobox-cloud/cloud")
	build.Dir = root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the cloud: %v\n%s", err, out)
	}
	tokens := "ann:" + annsToken + ",ann:" + annsToken + "-second,bob:" + bobsToken + ",operator:" + catalogToken
	return startListening(t, exec.Command(binary, append([]string{"-listen", "127.0.0.1:0"}, args...)...), "NIMBUS_TOKENS="+tokens)
}

func startNimbus(t *testing.T, dir, api string) nimbus {
	t.Helper()
	tmp := filepath.Join(dir, "t")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0"}, "ADDONGW_VAR_api="+api+"/v1", "NIMBUS_CATALOG_TOKEN="+catalogToken, "TMPDIR="+tmp)
	return nimbus{host: host{process: p, t: t, token: annsToken, path: "/nanobox/nimbus"}, api: api}
}

func nimbusExample(t *testing.T) string {
	t.Helper()
	return changedExample(t, "nanobox-cloud", `timeout            = "3s"`, "timeout = \"3s\"\nsettle = \"200ms\"")
}

// there is what there is in the cloud: servers as "name state boots", and the
// number of keys.
func (n nimbus) there(t *testing.T) string {
	t.Helper()
	var all struct {
		Servers []struct {
			Name  string
			State string
			Boots int
		}
		Keys []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(call{method: "GET", url: n.api + "/-/"}.must(t, 200).Body), &all); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, s := range all.Servers {
		fmt.Fprintf(&text, "%s %s %d, ", s.Name, s.State, s.Boots)
	}
	return fmt.Sprintf("%s%d keys", text.String(), len(all.Keys))
}

// TestACloudWithAnAPIKeepsTheWholeChecklist loses every third answer to an order
// of a server or key: the cloud knows no idempotency keys.
func TestACloudWithAnAPIKeepsTheWholeChecklist(t *testing.T) {
	t.Parallel()
	n := startNimbus(t, nimbusExample(t), startNimbusCloud(t, "-work", "100ms", "-lose", "3"))
	report := checklist(t, n.URL+"/nanobox/nimbus", "ACCESS_TOKEN", annsToken, bobsToken)
	if strings.Contains(report, "broken must") || strings.Contains(report, "broken should") {
		t.Error(report)
	}
	await(t, "nothing is left", 30*time.Second, func() bool { return n.there(t) == "0 keys" })
	for _, token := range []string{annsToken, bobsToken, catalogToken} {
		if strings.Contains(n.Log(), token) {
			t.Errorf("the log shows %s", token)
		}
	}
}

// TestAServerOfACloudIsRented is a whole life, with a kill after the order.
func TestAServerOfACloudIsRented(t *testing.T) {
	t.Parallel()
	dir := nimbusExample(t)
	n := startNimbus(t, dir, startNimbusCloud(t, "-work", "100ms"))
	if s := n.as("").must(200, "GET", "/catalog", ""); !strings.Contains(s.Body, "Frankfurt 1") || !strings.Contains(s.Body, `"n2"`) {
		t.Errorf("the catalog is %s", s.Body)
	}
	n.must(200, "POST", "/verify", "")
	n.as("wrong").must(401, "POST", "/verify", "")
	key := n.key()
	order := fmt.Sprintf(`{"name":"nanobox.io-shop.1.1","region":"fra1","size":"n1","ssh_key":%q}`, key)
	id := n.must(201, "POST", "/servers", order).ID
	await(t, "the order has arrived", 30*time.Second, func() bool { return strings.HasPrefix(n.there(t), "nanobox-io-shop-1-1 ") })
	n.Kill()
	n = startNimbus(t, dir, n.api)
	if again := n.must(201, "POST", "/servers", order).ID; again != id {
		t.Errorf("the same order again is %s, not %s", again, id)
	}
	if s := n.becomes(id, "active"); *s.Out != "192.0.2.2" || *s.In != "10.99.0.2" {
		t.Errorf("the server is %s", s.Body)
	}
	second := n.as(annsToken + "-second") // another token of the same account
	second.must(201, "GET", "/servers/"+id, "")
	n.as(bobsToken).must(404, "GET", "/servers/"+id, "")

	n.must(200, "PATCH", "/servers/"+id+"/rename", `{"name":"shop"}`)
	await(t, "it is renamed", 30*time.Second, func() bool { return n.there(t) == "shop running 0, 1 keys" })
	n.must(200, "PATCH", "/servers/"+id+"/reboot", "{}")
	await(t, "it is booted", 30*time.Second, func() bool { return n.there(t) == "shop running 1, 1 keys" })
	n.must(200, "DELETE", "/servers/"+id, "")
	n.gone(id)
	n.must(200, "DELETE", "/keys/"+key, "")
	await(t, "nothing is left", 30*time.Second, func() bool { return n.there(t) == "0 keys" })
}
