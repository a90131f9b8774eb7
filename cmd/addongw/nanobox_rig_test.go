package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tokens of two users of the provider; no other text of the tests holds them.
const (
	hostToken  = "tinyhost-canary-5f1c8e77a0d2"
	otherToken = "tinyhost-canary-9b3e66d1c4f8"
)

// publicKey opens boxes. Its comment would break a careless script.
const publicKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIm8nQ9Vh5lYb0vJ3m3w7bP5Vw8mY7p0m5yq0qkqzJm2 ops "\" of $(id) 'x'`

// host is a gateway that serves examples/nanobox-host.
type host struct {
	*process
	t           testing.TB
	token, path string
}

// hostExample is a copy of the example that takes the second token, too.
func hostExample(t testing.TB, oldnew ...string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(otherToken))
	return changedExample(t, "nanobox-host", append([]string{
		`value = secret("env:TINYHOST_TOKEN")`,
		`value  = secret("env:TINYHOST_TOKEN")` + "\n" + `sha256 = ["` + hex.EncodeToString(digest[:]) + `"]`,
	}, oldnew...)...)
}

func startHost(t testing.TB, dir string) host {
	t.Helper()
	tmp := filepath.Join(dir, "t")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0"}, "TINYHOST_TOKEN="+hostToken, "TMPDIR="+tmp)
	return host{process: p, t: t, token: hostToken, path: "/nanobox/tinyhost"}
}

// as is the same gateway, called by whoever has another token.
func (h host) as(token string) host { h.token = token; return h }

// said is what the dashboard receives.
type said struct {
	Status int
	Body   string
	Took   time.Duration
	ID     string  `json:"id"`
	State  string  `json:"status"`
	Name   string  `json:"name"`
	Out    *string `json:"external_ip"`
	In     *string `json:"internal_ip"`
	Key    string  `json:"public_key"`
	Why    string  `json:"message"`
}

// call makes one request as the dashboard does.
func (h host) call(method, path, body string) said {
	h.t.Helper()
	req, err := http.NewRequest(method, h.URL+h.path+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Auth-Access-Token", h.token)
	begin := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	s := said{Status: resp.StatusCode, Body: string(text), Took: time.Since(begin)}
	_ = json.Unmarshal(text, &s)
	if s.Took > 2*time.Second {
		h.t.Errorf("%s %s was answered after %s", method, path, s.Took)
	}
	return s
}

// must is call with a status that the answer must have.
func (h host) must(status int, method, path, body string) said {
	h.t.Helper()
	s := h.call(method, path, body)
	if s.Status != status {
		h.t.Fatalf("%s %s: %d, want %d: %s", method, path, s.Status, status, s.Body)
	}
	return s
}

// key registers the key and returns its id.
func (h host) key() string {
	h.t.Helper()
	body, _ := json.Marshal(map[string]string{"name": "account-42", "key": publicKey})
	return h.must(201, "POST", "/keys", string(body)).ID
}

func orderOf(name, key string) string {
	return fmt.Sprintf(`{"name":%q,"region":"lyo1","size":"b1","ssh_key":%q}`, name, key)
}

// order orders a box and returns its id.
func (h host) order(name, key string) string {
	h.t.Helper()
	s := h.must(201, "POST", "/servers", orderOf(name, key))
	if s.Body != fmt.Sprintf("{\"id\":%q}\n", s.ID) || s.ID == "" {
		h.t.Errorf("an order is answered %s", s.Body)
	}
	return s.ID
}

func (h host) look(id string) said { h.t.Helper(); return h.must(201, "GET", "/servers/"+id, "") }

// becomes polls, as the dashboard does, until the box has a status.
func (h host) becomes(id, status string) said {
	h.t.Helper()
	var last said
	await(h.t, "the box is "+status, 30*time.Second, func() bool { last = h.look(id); return last.State == status })
	return last
}

// gone polls until there is no such box.
func (h host) gone(id string) {
	h.t.Helper()
	await(h.t, "the box is gone", 30*time.Second, func() bool {
		s := h.call("GET", "/servers/"+id, "")
		if s.Status != 404 && s.State != "deleting" {
			h.t.Fatalf("while it is removed: %d %s", s.Status, s.Body)
		}
		return s.Status == 404
	})
}

// file reads what the scripts wrote about a box.
func (h host) file(id string, path ...string) string {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{h.dir, "data", "boxes", id}, path...)...))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// things counts the boxes, the addresses that are taken, and the boots of all.
func (h host) things() string {
	h.t.Helper()
	count := func(pattern string) int {
		found, err := filepath.Glob(filepath.Join(h.dir, "data", pattern))
		if err != nil {
			h.t.Fatal(err)
		}
		return len(found)
	}
	return fmt.Sprintf("%d boxes, %d addresses, %d boots", count("boxes/*"), count("addresses/*"), count("boxes/*/boots/*"))
}

// takes makes every script that is started from now on take so many seconds.
func (h host) takes(seconds string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Join(h.dir, "data"), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "data", "seconds"), []byte(seconds+"\n"), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// running waits until a script runs.
func (h host) running(script string) {
	h.t.Helper()
	await(h.t, script+" runs", 30*time.Second, func() bool { return len(scriptsOf(h.t, h.dir, script)) > 0 })
}

// scriptsOf finds the processes that run a script of dir.
func scriptsOf(t testing.TB, dir, script string) (pids []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && bytes.Contains(text, []byte(filepath.Join(dir, "scripts", script)+"\x00")) {
			pids = append(pids, filepath.Base(filepath.Dir(file)))
		}
	}
	return pids
}

// killPlugin ends the backend; the script that runs ends with it.
func (h host) killPlugin(t *testing.T) {
	t.Helper()
	pids := pluginsOf(t, h.dir)
	if len(pids) == 0 {
		t.Fatal("there is no plugin")
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}
