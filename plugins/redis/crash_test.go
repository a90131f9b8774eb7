package redis_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
	"github.com/addongw/addongw/plugins/redis/redistest"
)

// The two tests here are backends.md §7, 1: the plugin's process dies at every
// step of every verb. What else may die is in kill_test.go.

func TestAKilledPluginLosesDoublesAndLeavesNoServer(t *testing.T) {
	t.Parallel()
	folder := redistest.Directory(t)
	archive := t.TempDir()
	w := &world{t: t, folder: folder}
	w.config = dedicatedConfig(t, folder, attributes{"drop_policy": str("keep-7d"), "archive": str(archive)})
	bigger := dedicatedPlan(32, 20)
	backendtest.Crash(t, backendtest.Crashing{
		Subject: backendtest.Subject{
			Config:   w.config,
			Op:       func(*testing.T) backend.Op { return backend.Op{Plan: dedicatedPlan(16, 10)} },
			ChangeTo: &bigger,
			Works:    works,
		},
		Things: func(_ *testing.T, op backend.Op) []string { return w.serverThings(op) },
		Use:    func(_ *testing.T, op backend.Op) { w.use(op) },
	})
	wantEmpty(t, folder)
	if unfinished, _ := filepath.Glob(filepath.Join(archive, ".*")); len(unfinished) > 0 {
		t.Errorf("unfinished archives: %q", unfinished)
	}
}

// use is what a customer does: one value is precious to him.
func (w *world) use(op backend.Op) {
	w.t.Helper()
	out := decode(w.t, op.Outputs)
	c := redistest.Client(out.addr(), out.Username, op.Secrets["password"])
	defer func() { _ = c.Close() }()
	ok(w.t, "the customer", c.Set(w.t.Context(), out.Prefix+"precious", "seven", 0).Err())
}

// serverThings is what there is of a dedicated server, and what customers
// notice of it.
func (w *world) serverThings(op backend.Op) []string {
	w.t.Helper()
	var list []string
	for _, pattern := range []string{op.ShortID, ".new-" + op.ShortID, ".gone-" + op.ShortID, ".locks/" + op.ShortID} {
		found, err := filepath.Glob(filepath.Join(w.folder, pattern))
		ok(w.t, "look", err)
		for _, path := range found {
			if pattern != ".locks/"+op.ShortID || len(redistest.Servers(w.t, w.folderOf(op))) == 0 && !exists(w.folderOf(op)) {
				list = append(list, "folder "+filepath.Base(path))
			}
		}
	}
	for range redistest.Servers(w.t, w.folderOf(op)) {
		list = append(list, "a server")
	}
	if text, err := os.ReadFile(filepath.Join(w.folderOf(op), "instance.json")); err == nil {
		for line := range strings.Lines(string(text)) {
			if !strings.Contains(line, "port") && !strings.Contains(line, "purge_after") && !strings.Contains(line, "used_bytes") && !strings.Contains(line, "u_") {
				list = append(list, "record "+strings.TrimSpace(line))
			}
		}
	}
	out := outputs{Host: "127.0.0.1", Username: "u_" + op.ShortID + "_a"}
	if len(redistest.Servers(w.t, w.folderOf(op))) == 0 {
		return list
	}
	out.Port = portOf(w.t, w.folderOf(op))
	c := redistest.Client(out.addr(), out.Username, op.Secrets["password"])
	defer func() { _ = c.Close() }()
	list = append(list, fmt.Sprint("precious is ", c.Get(w.t.Context(), "precious").Val()), fmt.Sprint("the customer: ", c.Ping(w.t.Context()).Err()))
	for line := range strings.Lines(c.Info(w.t.Context(), "memory", "clients").Val()) {
		if strings.HasPrefix(line, "maxmemory:") || strings.HasPrefix(line, "maxclients:") {
			list = append(list, strings.TrimSpace(line))
		}
	}
	return list
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestAKilledPluginLosesDoublesAndLeavesNoUser(t *testing.T) {
	t.Parallel()
	w := &world{t: t, server: redistest.Start(t)}
	w.config = sharedConfig(w.server, attributes{"drop_policy": str("keep-7d")})
	other := sharedPlan("other")
	backendtest.Crash(t, backendtest.Crashing{
		Subject: backendtest.Subject{
			Config:   w.config,
			Op:       func(*testing.T) backend.Op { return backend.Op{Plan: sharedPlan("small")} },
			ChangeTo: &other,
			Works:    works,
		},
		Things: func(_ *testing.T, op backend.Op) []string { return w.userThings(op) },
		Use:    func(_ *testing.T, op backend.Op) { w.use(op) },
	})
}

// userThings is what there is of a resource on a shared server: in its memory
// and in its file alike.
func (w *world) userThings(op backend.Op) []string {
	w.t.Helper()
	admin := w.server.Admin()
	defer func() { _ = admin.Close() }()
	list := []string{}
	rules, err := admin.Do(w.t.Context(), "ACL", "LIST").StringSlice()
	ok(w.t, "list users", err)
	saved, err := os.ReadFile(w.server.ACLFile())
	ok(w.t, "read the file of users", err)
	for where, text := range map[string]string{"in memory ": strings.Join(rules, "\n"), "on disk ": string(saved)} {
		for line := range strings.Lines(text) {
			if strings.Contains(line, op.ShortID) {
				list = append(list, where+mask(line))
			}
		}
	}
	keys, err := admin.Keys(w.t.Context(), op.ShortID+":*").Result()
	ok(w.t, "list keys", err)
	for _, key := range keys {
		list = append(list, key+" is "+admin.Get(w.t.Context(), key).Val())
	}
	return list
}

// mask leaves out of a user's rules what differs from one to the other: hashes
// and dates.
func mask(rules string) string {
	var words []string
	for _, word := range strings.Fields(rules) {
		if date, kept := strings.CutPrefix(word, "&addongw:purge-after:"); kept {
			word = "kept"
			if _, err := time.Parse(time.RFC3339, date); err != nil {
				word = "kept until " + date
			}
		}
		if strings.HasPrefix(word, "#") {
			word = "#"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
