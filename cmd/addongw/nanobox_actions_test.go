package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sampled is what spec/nanobox/actions.md shows of each action: JSON by "args
// ACTION" and "outputs ACTION".
func sampled(t *testing.T) (page string, samples map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "spec", "nanobox", "actions.md"))
	if err != nil {
		t.Fatal(err)
	}
	samples = map[string]string{}
	for _, block := range regexp.MustCompile("(?s)```json (\\w+ \\w+)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if samples[block[1]] = block[2]; !json.Valid([]byte(block[2])) {
			t.Errorf("%s is no JSON", block[1])
		}
	}
	return string(text), samples
}

// actionNames are the constants of package gateway.
func actionNames(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "gateway", "servers.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`Action[A-Za-z]+ += "([a-z_]+)"`).FindAllStringSubmatch(string(text), -1) {
		names = append(names, found[1])
	}
	if len(names) < 11 {
		t.Fatalf("found %q", names)
	}
	return names
}

var backticked = regexp.MustCompile("`([a-z_]+)`")

func namesIn(cell string) (names []string) {
	for _, found := range backticked.FindAllStringSubmatch(cell, -1) {
		names = append(names, found[1])
	}
	slices.Sort(names)
	return names
}

func members(t *testing.T, sample string) []string {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(sample), &object); err != nil {
		t.Fatalf("%v: %s", err, sample)
	}
	return slices.Sorted(maps.Keys(object))
}

func TestEveryActionIsDescribedWithItsMembers(t *testing.T) {
	page, samples := sampled(t)
	for _, action := range actionNames(t) {
		row := regexp.MustCompile("(?m)^\\| `" + action + "` \\|(.*?)\\|(.*?)\\|(.*?)\\|(.*?)\\|$").FindStringSubmatch(page)
		if row == nil {
			t.Errorf("%s has no row", action)
			continue
		}
		if diff := cmp.Diff(namesIn(row[1]), members(t, samples["args "+action]), cmp.Transformer("empty", func(l []string) string { return strings.Join(l, " ") })); diff != "" {
			t.Errorf("args of %s (-table +sample):\n%s", action, diff)
		}
		if outputs, shown := samples["outputs "+action]; shown {
			for _, name := range members(t, outputs) {
				if !slices.Contains(namesIn(row[2]), name) {
					t.Errorf("the table lacks %s of %s", name, action)
				}
			}
		} else if strings.Contains(row[2], "`") {
			t.Errorf("%s has outputs and no sample of them", action)
		}
	}
}

// shape is what an object is made of: its members, and of what sort each is.
func shape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		parts := map[string]any{}
		for name, member := range v {
			parts[name] = shape(member)
		}
		return parts
	case nil:
		return "null"
	}
	return fmt.Sprintf("%T", v)
}

const actionsConfig = `gateway {
  listen   = "127.0.0.1:8080"
  base_url = "https://boxes.example.com"
}

backend "shell" "all" {
  config {
    directory = "scripts"
    actions   = [%s]
    env       = { DIR = env("ACTIONS_DIR") }
  }
}
`

const actionsProvider = `
provider "nanobox" "%[1]s" {
  name             = "One"
  server_nick_name = "box"
  instructions     = "Ask."
  backend          = backend.shell.all

  ssh {
    auth_method = "%[2]s"
  }

  credential "access-token" {
    label = "Token"
  }

  default {
    region = "fra"
    plan   = "standard"
    size   = "s1"
  }

  catalog {
    source      = "backend"
    credentials = { access-token = secret("env:ACTIONS_TOKEN") }
  }

  server {
    state       = "%[3]s"
    status_map  = { running = "active" }
    vendor_name = slug(resource.name, 63)
  }
}
`

// TestTheSamplesOfActionsArePlayed has a script answer what the page shows, and
// compares what it was given with what the page shows.
func TestTheSamplesOfActionsArePlayed(t *testing.T) {
	_, samples := sampled(t)
	dir, data := tempDir(t), tempDir(t)
	var list []string
	for _, action := range actionNames(t) {
		list = append(list, fmt.Sprintf("%q", action))
		answer := `{"status": "done"}`
		if outputs, ok := samples["outputs "+action]; ok {
			answer = `{"status": "done", "outputs": ` + outputs + `}`
		}
		write(t, filepath.Join(data, action+".answer"), answer)
	}
	if err := os.Mkdir(filepath.Join(dir, "scripts"), 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nset -eu\ncat >\"$DIR/new.$$\"\nmv \"$DIR/new.$$\" \"$DIR/$1.$ADDONGW_ADDON\"\ncat \"$DIR/$1.answer\"\n"
	if err := os.WriteFile(filepath.Join(dir, "scripts", "invoke"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "addongw.hcl"), fmt.Sprintf(actionsConfig, strings.Join(list, ", "))+
		fmt.Sprintf(actionsProvider, "one", "key", "gateway")+fmt.Sprintf(actionsProvider, "two", "password", "gateway")+fmt.Sprintf(actionsProvider, "three", "key", "backend"))
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0"}, "ACTIONS_DIR="+data, "ACTIONS_TOKEN=operators", "TMPDIR="+dir)
	one := host{process: p, t: t, token: "customers", path: "/nanobox/one"}
	two, three := one, one
	two.path, three.path = "/nanobox/two", "/nanobox/three"

	if s := one.must(200, "GET", "/catalog", ""); !strings.Contains(s.Body, `"s2"`) {
		t.Errorf("the catalog is %s", s.Body)
	}
	one.must(200, "POST", "/verify", "")
	key := one.key()
	id := one.must(201, "POST", "/servers", fmt.Sprintf(`{"name":"nanobox.io-shop.1.1","region":"fra","size":"s1","ssh_key":%q}`, key)).ID
	await(t, "the backend was asked", 20*time.Second, func() bool {
		one.look(id)
		_, err := os.Stat(filepath.Join(data, "get_server.one"))
		return err == nil
	})
	if s := one.becomes(id, "active"); *s.Out != "192.0.2.15" || *s.In != "10.0.0.15" {
		t.Errorf("the server is %s", s.Body)
	}
	one.must(200, "PATCH", "/servers/"+id+"/reboot", "")
	one.must(200, "PATCH", "/servers/"+id+"/rename", `{"name":"shop"}`)
	called := func(file string) {
		t.Helper()
		await(t, file, 20*time.Second, func() bool { _, err := os.Stat(filepath.Join(data, file)); return err == nil })
	}
	called("rename.one")
	one.must(200, "DELETE", "/servers/"+id, "")
	one.gone(id)
	one.must(200, "DELETE", "/keys/"+key, "")

	locked := two.must(201, "POST", "/servers", `{"name":"web","region":"fra","size":"s1"}`).ID
	two.must(200, "PATCH", "/servers/"+locked+"/keys", `{"id":"laptop","key":"`+strings.Fields(publicKey)[0]+" "+strings.Fields(publicKey)[1]+`"}`)
	called("install_key.two")

	if id := three.key(); id != "key-17" {
		t.Errorf("the key of the backend's is %s", id)
	}
	if s := three.must(201, "GET", "/keys/key-17", ""); s.Name != "account-42" {
		t.Errorf("the key is %s", s.Body)
	}
	for _, action := range actionNames(t) {
		from := map[string]string{"install_key": "two", "get_key": "three"}[action]
		if from == "" {
			from = "one"
		}
		text, err := os.ReadFile(filepath.Join(data, action+"."+from))
		if err != nil {
			t.Errorf("%s was not called: %v", action, err)
			continue
		}
		var given struct {
			Plan struct{ ID string }
			Args map[string]any
		}
		var sample map[string]any
		if err := json.Unmarshal(text, &given); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(samples["args "+action]), &sample); err != nil {
			t.Fatal(err)
		}
		if document, shown := samples["document "+action]; shown {
			if diff := cmp.Diff(members(t, document), members(t, string(text))); diff != "" {
				t.Errorf("the document of %s (-page +given):\n%s", action, diff)
			}
		}
		if diff := cmp.Diff(shape(sample), shape(given.Args)); diff != "" {
			t.Errorf("args of %s (-page +given):\n%s", action, diff)
		}
		if given.Args["ref"] != sample["ref"] || given.Args["vendor_name"] != sample["vendor_name"] {
			t.Errorf("%s is given %v", action, given.Args)
		}
		if about := strings.Contains(action, "server") || action == "reboot" || action == "rename"; about && given.Plan.ID != "s1" {
			t.Errorf("the plan of %s is %q", action, given.Plan.ID)
		}
	}
}
