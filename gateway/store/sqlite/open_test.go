package sqlite_test

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/store/sqlite"
)

// holderEnv makes the test binary a process that holds the store it names.
const holderEnv = "ADDONGW_SQLITE_TEST_HOLD"

func TestMain(m *testing.M) {
	path, ok := os.LookupEnv(holderEnv)
	if !ok {
		os.Exit(m.Run())
	}
	if _, err := sqlite.Open(context.Background(), path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("open")
	time.Sleep(time.Minute) // until it is killed
}

func open(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func insert(s *sqlite.Store, name, padding string) error {
	return s.Update(context.Background(), func(tx lifecycle.Tx) error {
		return tx.InsertResource(lifecycle.ResourceRecord{Resource: gateway.Resource{
			ID: "res_" + name, ShortID: name, ProviderID: "res_" + name, ExternalID: "ext-" + name, Name: padding,
			State: gateway.Active, CreatedAt: time.UnixMilli(1), UpdatedAt: time.UnixMilli(1),
		}})
	})
}

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "addongw.db")
	s := open(t, path)
	if err := insert(s, "1", ""); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{
		"": 0o600, "-wal": 0o600, "-shm": 0o600, ".lock": 0o600, "/..": 0o700, "/../..": 0o700,
	} {
		info, err := os.Stat(filepath.Clean(path + name))
		if err != nil {
			t.Error(err)
		} else if got := info.Mode().Perm(); got != want {
			t.Errorf("%q has mode %o, want %o", name, got, want)
		}
	}
}

func TestAPathMayHoldAnyCharacter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?b#c%41 ü", "x&mode=memory.db")
	s := open(t, path)
	if err := insert(s, "1", ""); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("the store is elsewhere: %v", err)
	}
}

func TestASecondGatewayIsToldWhoHoldsTheStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "addongw.db")
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), holderEnv+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 4)
	if _, err := out.Read(said); err != nil || string(said) != "open" {
		t.Fatalf("the first gateway said %q, %v", said, err)
	}
	link := path + ".link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link} {
		_, err = sqlite.Open(t.Context(), name)
		if err == nil || !strings.Contains(err.Error(), "process "+strconv.Itoa(cmd.Process.Pid)) {
			t.Errorf("opening %s: %v, want the pid %d", filepath.Base(name), err, cmd.Process.Pid)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	open(t, path)  // the lock died with it
}

func TestAFullDiskIsSaidAndLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "addongw.db")
	s := open(t, path)
	if err := insert(s, "1", ""); err != nil {
		t.Fatal(err)
	}
	s.LimitPages(t, 40)
	err := insert(s, "2", strings.Repeat("x", 1<<20))
	if err == nil || !strings.Contains(err.Error(), "is full") || !strings.Contains(err.Error(), path) {
		t.Fatalf("the error is %v", err)
	}
	if err := insert(s, "3", ""); err != nil {
		t.Errorf("a small row after the failure: %v", err)
	}
	for id, there := range map[string]bool{"res_1": true, "res_2": false, "res_3": true} {
		if _, err := s.ResourceRecord(t.Context(), id); (err == nil) != there {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestAFullDiskFailsOnlyWhatDidNotFit(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "addongw.db"))
	s.LimitPages(t, 60)
	// All arrive at once, so that large and small ones share commits.
	results := make(chan error, 40)
	for i := range 40 {
		go func() {
			name, padding := strconv.Itoa(i), ""
			if i%4 == 0 {
				padding = strings.Repeat("x", 1<<20)
			}
			err := insert(s, name, padding)
			_, read := s.ResourceRecord(context.Background(), "res_"+name)
			if (err == nil) != (read == nil) {
				err = fmt.Errorf("said %v, but reading says %v", err, read)
			} else {
				err = nil
			}
			results <- err
		}()
	}
	for range 40 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestAStoreThatCannotBeWrittenIsSaid(t *testing.T) {
	if os.Geteuid() == 0 {
		// Root may write anything that is a file: give it a folder instead.
		path := filepath.Join(t.TempDir(), "addongw.db")
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "cannot be written") {
			t.Errorf("the error is %v", err)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "addongw.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("the error is %v", err)
	}
}

func TestAFileThatIsNoStoreIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "addongw.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is my diary. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(t.Context(), path)
	if err == nil || !strings.Contains(err.Error(), "no store") {
		t.Errorf("the error is %v", err)
	}
	if text, _ := os.ReadFile(path); !strings.HasPrefix(string(text), "this is my diary") {
		t.Error("the file was overwritten")
	}
}

func TestTablesOfANewerGatewayAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "addongw.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := stdsql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err = sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "newer gateway") {
		t.Errorf("the error is %v", err)
	}
}

func TestCommitsReachTheDisk(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "addongw.db"))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		if got := s.Pragma(t, pragma); got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
}

// What a quota counts may be many rows: the index alone must tell.
func TestQuotasAreCountedWithoutReadingRows(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "addongw.db"))
	const living = ` AND state NOT IN ('deprovisioning', 'deprovisioned', 'failed')`
	for what, statement := range map[string]string{
		"of an add-on": `SELECT COUNT(*) FROM (SELECT 1 FROM resources WHERE addon = 'x'` + living + ` LIMIT 9)`,
		"of a plan":    `SELECT COUNT(*) FROM (SELECT 1 FROM resources WHERE addon = 'x' AND plan = 'y'` + living + ` LIMIT 9)`,
		"of an owner":  `SELECT COUNT(*) FROM (SELECT 1 FROM resources WHERE addon = 'x' AND platform = 'y' AND owner_id = 'z' AND owner_id <> ''` + living + ` LIMIT 9)`,
		"in use":       `SELECT platform, addon, plan, region, backend, COUNT(*) FROM resources WHERE 1 = 1` + living + ` GROUP BY platform, addon, plan, region, backend`,
	} {
		if plan := s.ExplainAll(t, statement); !strings.Contains(plan, "USING COVERING INDEX resources_") {
			t.Errorf("%s: %s", what, plan)
		}
	}
}

// Nearly every resource is delivered, and the others are looked for again and
// again: the index that holds only those must serve, not the one of all ids.
func TestWhatIsDeliveredIsNotLookedAt(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "addongw.db"))
	plan := s.ExplainAll(t, `SELECT r.* FROM resources r
 WHERE config_rev > delivered_rev AND state = 'active' AND id > 'x' AND updated_at <= 1
 AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.resource_id = r.id AND o.verb = 'push' AND o.state IN ('pending', 'running'))
 ORDER BY id LIMIT 200`)
	if !strings.Contains(plan, "resources_undelivered") {
		t.Error(plan)
	}
}

func TestPointReadsUseAnIndex(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "addongw.db"))
	for what, statement := range map[string]string{
		"by external id": `SELECT * FROM resources WHERE external_id = 'x' AND addon = 'a' AND platform = 'p' AND state <> 'deprovisioned'`,
		"a tombstone":    `SELECT * FROM resources WHERE external_id = 'x' AND addon = 'a' AND platform = 'p' AND state = 'deprovisioned'`,
		"by provider id": `SELECT * FROM resources WHERE provider_id = 'x' AND provider_id <> id`,
		"live":           `SELECT * FROM operations WHERE resource_id = 'x' AND state IN ('pending', 'running') ORDER BY seq`,
		"due":            `SELECT * FROM operations WHERE state = 'pending' AND verb = 'v' AND backend = 'b' AND run_at <= 1 ORDER BY run_at`,
		"next backend":   `SELECT MIN(backend) FROM operations WHERE state = 'pending' AND verb = 'v' AND backend > 'b'`,
		"waiting":        `UPDATE operations SET run_at = 1 WHERE state = 'pending' AND run_at IS NULL AND waiting_for = 'x'`,
		"orphans":        `UPDATE operations SET run_at = 1 WHERE state = 'running' AND owner <> 'x'`,
		"late plans":     `UPDATE resources SET plan = 'y' WHERE state NOT IN ('deprovisioning', 'deprovisioned', 'failed') AND addon = 'x' AND plan IN ('x')`,
		"removals":       `SELECT 1 FROM operations WHERE verb = 'deprovision' AND state = 'pending'`,
		"leading to":     `SELECT 1 FROM resources WHERE addon = 'x' AND desired_plan = 'y' AND desired_plan <> ''`,
	} {
		plan := s.Explain(t, statement)
		// The indexes of what runs and what is pending hold nothing that is over.
		small := strings.Contains(plan, "operations_running") || what == "waiting" && strings.Contains(plan, "operations_due")
		if strings.Contains(plan, "SCAN") && !small {
			t.Errorf("%s: %s", what, plan)
		}
	}
}
