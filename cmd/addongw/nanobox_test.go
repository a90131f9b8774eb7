package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestABoxIsRented is a whole life with examples/nanobox-host: the dashboard
// reads, verifies, registers a key, orders, polls, changes and cancels.
func TestABoxIsRented(t *testing.T) {
	h := startHost(t, hostExample(t))
	for _, path := range []string{"/meta", "/catalog"} {
		if s := h.as("").must(200, "GET", path, ""); !strings.Contains(s.Body, "lyo1") {
			t.Errorf("%s: %s", path, s.Body)
		}
	}
	if s := h.must(200, "POST", "/verify", ""); s.Body != "" {
		t.Errorf("verify answers %q", s.Body)
	}
	h.as("wrong").must(401, "POST", "/verify", "")
	h.as("").must(401, "POST", "/servers", "{}")

	key := h.key()
	if again := h.key(); again != key {
		t.Errorf("the same key is %s and %s", key, again)
	}
	if s := h.must(201, "GET", "/keys/"+key, ""); s.Key != publicKey || s.Name != "account-42" {
		t.Errorf("the key is %s", s.Body)
	}
	id := h.order("nanobox.io-shop.1.1", key)
	s := h.becomes(id, "active")
	if s.ID != id || s.Name != "nanobox.io-shop.1.1" || s.Out == nil || *s.Out != "192.0.2.1" || s.In == nil || *s.In != "10.88.0.1" {
		t.Errorf("the box is %s", s.Body)
	}
	if got := h.file(id, "hostname"); got != "nanobox-io-shop-1-1\n" {
		t.Errorf("its host is called %q", got)
	}
	if got := h.file(id, "root", ".ssh", "authorized_keys"); got == "" || !strings.HasPrefix(publicKey, strings.TrimSpace(got)+" ") {
		t.Errorf("the key that opens it is %q", got)
	}

	h.must(200, "PATCH", "/servers/"+id+"/rename", `{"name":"nanobox.io-shop.1.2"}`)
	if s := h.look(id); s.Name != "nanobox.io-shop.1.2" {
		t.Errorf("it is called %q", s.Name)
	}
	await(t, "the host has its new name", 10*time.Second, func() bool { return h.file(id, "hostname") == "nanobox-io-shop-1-2\n" })
	h.becomes(id, "active")
	h.must(200, "PATCH", "/servers/"+id+"/reboot", `{"name":"nanobox.io-shop.1.3"}`) // the document's misprint: a rename
	await(t, "the host has its newest name", 10*time.Second, func() bool { return h.file(id, "hostname") == "nanobox-io-shop-1-3\n" })
	if got := h.things(); got != "1 boxes, 1 addresses, 0 boots" {
		t.Errorf("after a rename by the other path: %s", got)
	}
	h.becomes(id, "active")
	h.must(200, "PATCH", "/servers/"+id+"/reboot", "")
	await(t, "the box was booted", 10*time.Second, func() bool { return h.things() == "1 boxes, 1 addresses, 1 boots" })

	other := h.as(otherToken)
	for _, c := range [][3]string{{"GET", "", ""}, {"DELETE", "", ""}, {"PATCH", "/reboot", ""}, {"PATCH", "/rename", `{"name":"mine"}`}} {
		other.must(404, c[0], "/servers/"+id+c[1], c[2])
	}
	other.must(404, "GET", "/keys/"+key, "")
	h.must(200, "DELETE", "/servers/"+id, fmt.Sprintf(`{"auth":{"access-token":%q}}`, hostToken))
	h.gone(id)
	h.must(200, "DELETE", "/servers/"+id, "")
	h.must(200, "DELETE", "/keys/"+key, "")
	h.must(404, "GET", "/keys/"+key, "")
	if got := h.things(); got != "0 boxes, 0 addresses, 0 boots" {
		t.Errorf("left: %s", got)
	}
}

// TestASlowHostKeepsNobodyWaiting has scripts that take a minute, and kills
// gateway and plugin in the middle of each.
func TestASlowHostKeepsNobodyWaiting(t *testing.T) {
	dir := hostExample(t)
	h := startHost(t, dir)
	h.takes("60")
	key := h.key()
	id := h.order("box-1", key)
	h.running("create_server")
	if s := h.look(id); s.State != "creating" && s.State != "ordering" || s.Out != nil || s.In != nil {
		t.Errorf("while it is made: %s", s.Body)
	}
	if again := h.order("box-1", key); again != id {
		t.Errorf("the same order again is %s, not %s", again, id)
	}
	h.must(409, "PATCH", "/servers/"+id+"/reboot", "")

	h.killPlugin(t) // the engine calls again by itself
	h.running("create_server")
	h.Kill()
	await(t, "no script outlives the gateway", 10*time.Second, func() bool { return len(scriptsOf(t, dir, "create_server")) == 0 })
	h = startHost(t, dir)
	h.takes("0")
	if s := h.becomes(id, "active"); *s.Out != "192.0.2.1" {
		t.Errorf("after two kills the box is %s", s.Body)
	}
	if got := h.things(); got != "1 boxes, 1 addresses, 0 boots" {
		t.Errorf("after two kills there are %s", got)
	}

	h.takes("60")
	h.must(200, "PATCH", "/servers/"+id+"/reboot", "")
	h.running("reboot")
	if s := h.look(id); s.State != "rebooting" {
		t.Errorf("while it reboots: %s", s.Body)
	}
	h.must(200, "PATCH", "/servers/"+id+"/reboot", "{}") // a repeat
	h.must(200, "PATCH", "/servers/"+id+"/rename", `{"name":"box-2"}`)
	if s := h.look(id); s.Name != "box-2" {
		t.Errorf("it is called %q", s.Name)
	}
	h.Kill()
	h = startHost(t, dir)
	h.takes("0")
	h.becomes(id, "active")
	await(t, "the host has its new name", 10*time.Second, func() bool { return h.file(id, "hostname") == "box-2\n" })
	if got := h.things(); got != "1 boxes, 1 addresses, 1 boots" {
		t.Errorf("a reboot that was interrupted made %s", got)
	}

	h.takes("60")
	h.must(200, "DELETE", "/servers/"+id, "")
	h.running("delete_server")
	if s := h.look(id); s.State != "deleting" {
		t.Errorf("while it is removed: %s", s.Body)
	}
	h.Kill()
	h = startHost(t, dir)
	h.takes("0")
	h.gone(id)
	if got := h.things(); got != "0 boxes, 0 addresses, 0 boots" {
		t.Errorf("left: %s", got)
	}
}

// TestABoxThatIsBeingMadeIsTornDown cancels in the middle of the script.
func TestABoxThatIsBeingMadeIsTornDown(t *testing.T) {
	h := startHost(t, hostExample(t))
	h.takes("3")
	key := h.key()
	id := h.order("box-1", key)
	h.running("create_server")
	h.must(200, "DELETE", "/servers/"+id, "")
	if s := h.look(id); s.State != "deleting" {
		t.Errorf("after the cancellation: %s", s.Body)
	}
	h.takes("0")
	if next := h.order("box-1", key); next == id {
		t.Error("an order after a cancellation is the cancelled one")
	} else {
		h.becomes(next, "active")
		h.must(200, "DELETE", "/servers/"+next, "")
		h.gone(next)
	}
	h.gone(id)
	if got := h.things(); got != "0 boxes, 0 addresses, 0 boots" {
		t.Errorf("left: %s", got)
	}
}

// TestAFullHostAndABrokenOne refuses what there is no room for, and says of what
// cannot be made that it is so.
func TestAFullHostAndABrokenOne(t *testing.T) {
	dir := hostExample(t)
	h := startHost(t, dir)
	key := h.key()
	var ids []string
	for i := range 4 {
		ids = append(ids, h.order(fmt.Sprint("box-", i), key))
	}
	if s := h.must(409, "POST", "/servers", orderOf("box-4", key)); !strings.Contains(s.Body, "capacity") {
		t.Errorf("a full host says %s", s.Body)
	}
	for _, id := range ids {
		h.becomes(id, "active")
		h.must(200, "DELETE", "/servers/"+id, "")
	}
	for _, id := range ids {
		h.gone(id)
	}
	broken := "#!/bin/sh\nmkdir -p \"$DATA_DIR/boxes/$ADDONGW_RESOURCE_ID\"\necho '{\"customer\": \"The disk is broken.\"}'\nexit 64\n"
	broken = strings.ReplaceAll(broken, "$DATA_DIR", filepath.Join(dir, "data"))
	if err := os.WriteFile(filepath.Join(dir, "scripts", "create_server"), []byte(broken), 0o755); err != nil {
		t.Fatal(err)
	}
	id := h.order("box-5", key)
	if s := h.becomes(id, "error"); s.Why != "The disk is broken." {
		t.Errorf("what failed says %s", s.Body)
	}
	await(t, "what it left is cleaned up", 10*time.Second, func() bool { return h.things() == "0 boxes, 0 addresses, 0 boots" })
	h.must(200, "DELETE", "/servers/"+id, "")
	h.gone(id)
}

// TestNoCredentialOfAUserIsAnywhere plays a whole life with a known token, with
// a look at everything while a script runs and another at the end.
func TestNoCredentialOfAUserIsAnywhere(t *testing.T) {
	dir := hostExample(t)
	h := startHost(t, dir)
	key := h.key()
	h.takes("2")
	id := h.order("box-1", key)
	h.running("create_server")
	places := map[string]string{}
	processes(t, dir, h.cmd.Process.Pid, places)
	for _, pid := range scriptsOf(t, dir, "create_server") {
		for _, file := range []string{"cmdline", "environ"} {
			if text, err := os.ReadFile(filepath.Join("/proc", pid, file)); err == nil {
				places[file+" of the script "+pid] = string(text)
			}
		}
	}
	storeFiles(t, dir, places)
	for _, folder := range []string{"/tmp/addongw-*", "/tmp/agw-*"} {
		found, err := filepath.Glob(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			places[f] = filesBelow(f)
		}
	}
	h.becomes(id, "active")
	h.takes("0")
	h.must(200, "PATCH", "/servers/"+id+"/reboot", "")
	h.becomes(id, "active")
	wrong := h.as("wrong-token-canary-77")
	wrong.must(401, "GET", "/servers/"+id, "")
	h.must(200, "DELETE", "/servers/"+id, fmt.Sprintf(`{"auth":{"access-token":%q}}`, hostToken))
	h.gone(id)
	for _, args := range [][]string{{"resources", "list", "--json"}, {"resources", "show", id, "--json"}, {"operations", "list", "--json"}} {
		out, errOut, code := addongw(t, dir, nil, append(args, "--dir", dir)...)
		if code != 0 {
			t.Errorf("%v: exit %d: %s", args, code, errOut)
		}
		places["the output of "+strings.Join(args, " ")] = out + errOut
	}
	h.Stop()
	places["the gateway's log"] = h.Log()
	storeFiles(t, dir, places)
	for place, text := range places {
		for _, token := range []string{hostToken, wrong.token} {
			for _, form := range forms(token) {
				if strings.Contains(text, form) {
					t.Errorf("%s shows a token", place)
				}
			}
		}
	}
	if len(places) < 15 || !strings.Contains(h.Log(), id) {
		t.Errorf("only %d places were searched", len(places))
	}
}

// filesBelow is all text below a folder that can be read.
func filesBelow(dir string) string {
	var all strings.Builder
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil && info.Size() < 1<<20 {
				text, _ := os.ReadFile(path)
				all.Write(text)
			}
		}
		return nil
	})
	return all.String()
}
