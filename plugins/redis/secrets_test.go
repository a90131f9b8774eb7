package redis_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/redis/redistest"
)

// wholeLife lets a resource go through every verb and looks on after each.
func wholeLife(w *world, plan, other backend.Plan, look func(when string)) []string {
	w.t.Helper()
	op, _ := w.provision(newOp(plan))
	secrets := []string{op.Secrets["password"]}
	w.use(op)
	look("after a provision")
	op.Plan = other
	_, err := w.changePlan(op)
	ok(w.t, "change plan", err)
	stage := op
	stage.Secrets = map[string]string{"password": rand.Text() + "rotated"}
	secrets = append(secrets, stage.Secrets["password"])
	result, err := w.b.Rotate(w.t.Context(), backend.RotateRequest{Op: stage, Phase: backend.RotateStage}, &recorder{})
	ok(w.t, "stage", err)
	stage.Outputs = result.Outputs
	look("after a stage")
	_, err = w.b.Rotate(w.t.Context(), backend.RotateRequest{Op: stage, Phase: backend.RotateCommit}, &recorder{})
	ok(w.t, "commit", err)
	w.suspend(stage)
	look("after a suspend")
	w.resume(stage)
	if !works(w.t, stage) {
		w.t.Error("the customer is locked out in the end")
	}
	w.soft(stage)
	look("after a soft deprovision")
	w.purge(stage)
	return secrets
}

func TestNoPasswordIsInAFileALogOrACommandLine(t *testing.T) {
	t.Parallel()
	archive := filepath.Join(t.TempDir(), "archive")
	w := dedicatedWorld(t, attributes{"drop_policy": str("keep-7d"), "archive": str(archive)})
	texts := map[string]string{} // by where and when
	look := func(when string) {
		collect(t, texts, when, w.folder)
		pids := append(redistest.Servers(t, w.folder), redistest.Runners(t, w.folder)...)
		for _, pid := range pids {
			for _, file := range []string{"cmdline", "environ"} {
				text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
				ok(t, "read "+file, err)
				texts[fmt.Sprintf("%s of process %d, %s", file, pid, when)] = string(text)
			}
		}
		wantPrivate(t, w.folder)
	}
	secrets := wholeLife(w, dedicatedPlan(16, 10), dedicatedPlan(32, 10), look)
	collect(t, texts, "in the archive", archive)
	wantPrivate(t, archive)
	if len(texts) < 30 {
		t.Errorf("only %d texts were looked through", len(texts))
	}
	hash := sha256.Sum256([]byte(secrets[0]))
	hashes := 0
	for where, text := range texts {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("a password is in %s", where)
			}
		}
		if strings.Contains(text, hex.EncodeToString(hash[:])) {
			hashes++
		}
	}
	if hashes == 0 {
		t.Error("not even the hash was found: the texts are the wrong ones")
	}
	admins := map[string]bool{}
	for where, text := range texts {
		if strings.Contains(where, "admin-password") {
			admins[strings.TrimSpace(text)] = true
		}
	}
	for where, text := range texts {
		for admin := range admins {
			if strings.Contains(text, admin) && !strings.Contains(where, "admin-password") {
				t.Errorf("the administrator's password is in %s", where)
			}
		}
	}
	if len(admins) != 1 {
		t.Errorf("%d administrator's passwords, want one", len(admins))
	}
}

// collect reads all files below a folder.
func collect(t *testing.T, texts map[string]string, when, folder string) {
	t.Helper()
	ok(t, "walk", filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil // gone meanwhile
		}
		text, err := os.ReadFile(path)
		texts[path+", "+when] = string(text)
		return err
	}))
}

// wantPrivate fails if anybody else may read something below a folder, or enter
// more than the way to the data.
func wantPrivate(t *testing.T, folder string) {
	t.Helper()
	ok(t, "walk", filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		limit := fs.FileMode(0o700)
		switch depth := strings.Count(strings.TrimPrefix(path, folder), "/"); {
		case depth == 0:
			limit = 0o711
		case depth == 1 && entry.IsDir():
			limit = 0o710 // the servers' group goes through to data
		case strings.Contains(path, "/data/"):
			return nil // data is 0700, and what is in it is Redis's
		}
		if mode := info.Mode().Perm(); mode&^limit != 0 {
			t.Errorf("%s has mode %o, want %o at most", path, mode, limit)
		}
		return nil
	}))
}

func TestNoPasswordIsInASharedServersFilesAndLog(t *testing.T) {
	t.Parallel()
	w := sharedWorld(t, keepFor("keep-7d"))
	texts := map[string]string{}
	look := func(when string) { collect(t, texts, when, filepath.Dir(w.server.ACLFile())) }
	secrets := wholeLife(w, sharedPlan("small"), sharedPlan("other"), look)
	if len(texts) < 8 {
		t.Errorf("only %d texts were looked through", len(texts))
	}
	for where, text := range texts {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("a password is in %s", where)
			}
		}
	}
}

func TestServersRunAsAnUnprivilegedUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("they run as ourselves")
	}
	w, _, _ := used(t, nil)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", the(t, "servers", redistest.Servers(t, w.folder))))
	ok(t, "read its status", err)
	for line := range strings.Lines(string(status)) {
		switch fields := strings.Fields(line); fields[0] {
		case "Uid:", "Gid:":
			for _, id := range fields[1:] {
				if id == "0" {
					t.Errorf("it runs with %s", line)
				}
			}
		case "Groups:":
			if len(fields) > 1 {
				t.Errorf("it has groups: %s", line)
			}
		}
	}
}
