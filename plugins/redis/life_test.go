package redis_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/redis/redistest"
	client "github.com/redis/go-redis/v9"
	"github.com/zclconf/go-cty/cty"
)

// fill stores about so many MB.
func fill(t *testing.T, c *client.Client, mb int) {
	t.Helper()
	for n := range mb {
		ok(t, "fill", c.Set(t.Context(), fmt.Sprintf("block%d", n), strings.Repeat("x", 1<<20), 0).Err())
	}
}

// info is one number of INFO as the customer sees it.
func info(t *testing.T, c *client.Client, name string) string {
	t.Helper()
	for line := range strings.Lines(c.Info(t.Context(), "memory", "clients", "server").Val()) {
		if value, found := strings.CutPrefix(line, name+":"); found {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("INFO has no %s", name)
	return ""
}

func TestAPlanChangeIsMadeInPlace(t *testing.T) {
	t.Parallel()
	w, op, out := used(t, nil)
	c := w.customer(op)
	fill(t, c, 10)
	if found, drift := w.read(op); found.UsedMB < 10 || found.UsedMB > 16 || len(drift) > 0 {
		t.Errorf("used_mb is %d, drift %q", found.UsedMB, drift)
	}
	var full error
	for n := 0; full == nil && n < 20; n++ {
		full = c.Set(t.Context(), fmt.Sprint("more", n), strings.Repeat("x", 1<<20), 0).Err()
	}
	wantError(t, "a full server", full, "OOM")
	session := c.Conn()
	defer func() { _ = session.Close() }()
	began := session.ClientID(t.Context()).Val()

	op.Plan = dedicatedPlan(32, 5)
	changed, err := w.changePlan(op)
	ok(t, "change plan", err)
	if changed.addr() != out.addr() || changed.Username != out.Username {
		t.Errorf("the outputs are %+v, and were %+v", changed, out)
	}
	if got := info(t, c, "maxmemory"); got != fmt.Sprint(32<<20) {
		t.Errorf("maxmemory is %s", got)
	}
	if got := info(t, c, "maxclients"); got != "13" {
		t.Errorf("maxclients is %s, want the plan's 5 and 8 of ours", got)
	}
	if id := session.ClientID(t.Context()).Val(); id != began {
		t.Errorf("the session is number %d, and was %d", id, began)
	}

	op.Plan = dedicatedPlan(9, 5)
	_, err = w.changePlan(op)
	if f := wantClass(t, err, backend.Unsupported); !strings.Contains(f.Customer, "this plan has 9 MB") {
		t.Errorf("the customer reads %q", f.Customer)
	}
	if got := info(t, c, "maxmemory"); got != fmt.Sprint(32<<20) {
		t.Errorf("after a refused change maxmemory is %s", got)
	}
	op.Plan = dedicatedPlan(24, 5)
	_, err = w.changePlan(op)
	ok(t, "a smaller plan that is large enough", err)

	// What a restart makes of it.
	kill(t, redistest.Servers(t, w.folder)...)
	w.wantBack(op)
	if _, drift := w.read(op); len(drift) > 0 {
		t.Errorf("after a restart: %q", drift)
	}
	op.Plan = dedicatedPlan(64, 5)
	if _, drift := w.read(op); len(drift) != 2 || !strings.Contains(drift[0], "maxmemory is") {
		t.Errorf("drift from another plan: %q", drift)
	}
}

func TestASuspendedServerChangesItsPlanToo(t *testing.T) {
	t.Parallel()
	w, op, _ := used(t, nil)
	fill(t, w.customer(op), 10)
	w.suspend(op)
	op.Plan = dedicatedPlan(9, 10)
	_, err := w.changePlan(op)
	wantClass(t, err, backend.Unsupported)
	op.Plan = dedicatedPlan(32, 10)
	changed, err := w.changePlan(op)
	ok(t, "change plan", err)
	if changed.UsedMB < 10 {
		t.Errorf("used_mb is %d", changed.UsedMB)
	}
	if found, drift := w.read(op); found.UsedMB < 10 || len(drift) != 1 || !strings.Contains(drift[0], "suspended") {
		t.Errorf("read: %+v, %q", found, drift)
	}
	w.resume(op)
	if got := info(t, w.customer(op), "maxmemory"); got != fmt.Sprint(32<<20) {
		t.Errorf("maxmemory is %s", got)
	}
}

func TestACacheEvicts(t *testing.T) {
	t.Parallel()
	w := dedicatedWorld(t, nil)
	plan := dedicatedPlan(8, 10)
	params := plan.Params.Cty().AsValueMap()
	params["maxmemory_policy"] = str("allkeys-lru")
	plan.Params = backend.NewValue(cty.ObjectVal(params))
	op, _ := w.provision(newOp(plan))
	c := w.customer(op)
	fill(t, c, 20)
	if n := c.DBSize(t.Context()).Val(); n < 1 || n > 8 {
		t.Errorf("%d blocks of 1 MB are in 8 MB", n)
	}
}

func TestASuspendedCustomerIsLockedOutAndLosesNothing(t *testing.T) {
	t.Parallel()
	w, op, out := used(t, nil)
	session := w.customer(op).Conn()
	defer func() { _ = session.Close() }()
	ok(t, "the session", session.Ping(t.Context()).Err())
	w.suspend(op)
	if err := session.Ping(t.Context()).Err(); err == nil {
		t.Error("a session goes on")
	}
	if err := w.customer(op).Ping(t.Context()).Err(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new session: %v, want connection refused", err)
	}
	if servers := redistest.Servers(t, w.folder); len(servers) > 0 {
		t.Errorf("the server runs: %v", servers)
	}
	w.resume(op)
	w.wantBack(op)
	if found, drift := w.read(op); found.addr() != out.addr() || found.Username != out.Username || len(drift) > 0 {
		t.Errorf("read: %+v %q, want %+v", found, drift, out)
	}
}

func TestACustomerWhoUsesAllConnectionsCannotHoldHisServer(t *testing.T) {
	t.Parallel()
	w := dedicatedWorld(t, nil)
	op, out := w.provision(newOp(dedicatedPlan(16, 2)))
	w.use(op)
	var sessions []*client.Client
	full := func() bool {
		c := redistest.Client(out.addr(), out.Username, op.Secrets["password"])
		sessions = append(sessions, c)
		return c.Ping(t.Context()).Err() != nil
	}
	await(t, "all connections are in use", full)
	defer func() {
		for _, c := range sessions {
			_ = c.Close()
		}
	}()
	if n := len(sessions); n != 2+8+1 {
		t.Errorf("%d sessions, want the plan's 2 and our 8, and one that is refused", n)
	}
	_, err := w.b.Read(t.Context(), backend.ReadRequest{Op: op})
	if f := wantClass(t, err, backend.Retryable); !strings.Contains(f.Message, "connections are in use") {
		t.Errorf("message %q", f.Message)
	}
	op.Plan = dedicatedPlan(32, 20)
	_, err = w.changePlan(op)
	ok(t, "change plan", err)
	w.wantBack(op)
	if got := info(t, w.customer(op), "maxclients"); got != "28" {
		t.Errorf("maxclients is %s", got)
	}
	for !full() {
		continue
	}
	w.suspend(op)
	if servers := redistest.Servers(t, w.folder); len(servers) > 0 {
		t.Errorf("the server runs: %v", servers)
	}
}

func keepFor(policy string) attributes { return attributes{"drop_policy": str(policy)} }

func TestASoftDeprovisionStopsTheServerAndKeepsTheData(t *testing.T) {
	t.Parallel()
	archive := filepath.Join(t.TempDir(), "archive")
	w, op, out := used(t, attributes{"drop_policy": str("keep-7d"), "archive": str(archive)})
	begun := time.Date(2026, 2, 27, 12, 0, 0, 123456789, time.FixedZone("", 3600))
	w.b.SetClock(func() time.Time { return begun })
	first := w.soft(op)
	if want := time.Date(2026, 3, 6, 11, 0, 0, 0, time.UTC); !first.PurgeAfter.Equal(want) {
		t.Errorf("purge after %v, want %v", first.PurgeAfter, want)
	}
	if servers := redistest.Servers(t, w.folder); len(servers) > 0 {
		t.Errorf("the server runs: %v", servers)
	}
	hasty := configured(t, config(withAttributes(w.config, keepFor("now"))))
	again, err := hasty.Deprovision(t.Context(), backend.DeprovisionRequest{Op: op, Mode: backend.ModeSoft}, &recorder{})
	if err != nil || !again.PurgeAfter.Equal(first.PurgeAfter) {
		t.Errorf("got %v, %v; want %v as before", again.PurgeAfter, err, first.PurgeAfter)
	}
	_, err = w.b.Provision(t.Context(), backend.ProvisionRequest{Op: op}, &recorder{})
	if f := wantClass(t, err, backend.Conflict); !strings.Contains(f.Message, "is kept until 2026-03-06T11:00:00Z") || !strings.Contains(f.Message, "mode purge") {
		t.Errorf("message %q says neither until when nor what to do", f.Message)
	}
	_, err = w.b.Resume(t.Context(), backend.ResumeRequest{Op: op}, &recorder{})
	wantClass(t, err, backend.NotFound)
	_, err = w.b.Read(t.Context(), backend.ReadRequest{Op: op})
	if f := wantClass(t, err, backend.NotFound); !strings.Contains(f.Message, "only kept until it is purged") {
		t.Errorf("message %q does not tell of the data", f.Message)
	}
	next, _ := w.provision(newOp(dedicatedPlan(16, 10)))
	if decode(t, next.Outputs).Port == out.Port {
		t.Error("the port was given away while the data is kept")
	}
	w.purge(next)
	w.purge(op)
	wantEmpty(t, w.folder)
	wantArchived(t, archive, op)
	w.purge(op)
	third, _ := w.provision(newOp(dedicatedPlan(16, 10)))
	if decode(t, third.Outputs).Port != out.Port {
		t.Error("the port is not free after the purge")
	}
}

// withAttributes are those of a config block, with others.
func withAttributes(block backend.Value, others attributes) attributes {
	all := attributes(block.Cty().AsValueMap())
	for name, v := range others {
		all[name] = v
	}
	return all
}

// wantArchived unpacks an archive as the README says, and reads what was
// precious.
func wantArchived(t *testing.T, archive string, op backend.Op) {
	t.Helper()
	path := filepath.Join(archive, "redis-"+op.ShortID+".tar.gz")
	for name, want := range map[string]os.FileMode{path: 0o600, archive: 0o700} {
		if stat, err := os.Stat(name); err != nil || stat.Mode().Perm() != want {
			t.Fatalf("%s: %v, %v; want mode %o", name, stat, err, want)
		}
	}
	folder := redistest.Directory(t)
	data := filepath.Join(folder, "data")
	ok(t, "make a folder", os.Mkdir(data, 0o700))
	if said, err := exec.Command("tar", "-xzf", path, "-C", data).CombinedOutput(); err != nil {
		t.Fatalf("tar: %s", said)
	}
	program, err := redistest.Binary()
	ok(t, "find redis-server", err)
	first, _ := redistest.Ports(t, 1)
	restored := exec.Command(program, "--appendonly", "yes", "--port", fmt.Sprint(first), "--bind", "127.0.0.1")
	restored.Dir = data
	ok(t, "start", restored.Start())
	defer func() { _ = restored.Process.Kill(); _ = restored.Wait() }()
	c := redistest.Client(fmt.Sprintf("127.0.0.1:%d", first), "", "")
	defer func() { _ = c.Close() }()
	await(t, "the archive has what was precious", func() bool { return c.Get(t.Context(), "precious").Val() == "seven" })
}

func TestAnArchiveThatCannotBeWrittenKeepsTheData(t *testing.T) {
	t.Parallel()
	archive := filepath.Join(t.TempDir(), "archive")
	w, op, _ := used(t, attributes{"archive": str(archive)})
	ok(t, "remove the folder", os.Remove(archive))
	for range 2 {
		_, err := w.b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: op, Mode: backend.ModePurge}, &recorder{})
		if err == nil || !strings.Contains(err.Error(), "archive") {
			t.Fatalf("got %v, want an error about the archive", err)
		}
	}
	if !exists(filepath.Join(w.folderOf(op), "data", "appendonlydir")) {
		t.Fatal("the data is gone")
	}
	ok(t, "make the folder", os.Mkdir(archive, 0o700))
	w.purge(op)
	wantArchived(t, archive, op)
	wantEmpty(t, w.folder)
}

func TestWhatAnEarlierPurgeHasLeftIsInNobodysWay(t *testing.T) {
	t.Parallel()
	w, op, _ := used(t, nil)
	ok(t, "a left folder", os.MkdirAll(filepath.Join(w.folder, ".gone-"+op.ShortID, "data"), 0o700))
	w.purge(op)
	wantEmpty(t, w.folder)
}

func TestWhatIsNotTheResourcesIsLeftAlone(t *testing.T) {
	t.Parallel()
	w, op, _ := used(t, nil)
	stranger := op
	stranger.ResourceID = "res_somebodyelse"
	bare := newOp(dedicatedPlan(16, 10))
	ok(t, "make a folder", os.Mkdir(w.folderOf(bare), 0o700))
	for what, op := range map[string]backend.Op{"another resource's": stranger, "a folder of nobody's": bare} {
		_, err := w.b.Provision(t.Context(), backend.ProvisionRequest{Op: op}, &recorder{})
		wantClass(t, err, backend.Conflict)
		events := &recorder{}
		for _, mode := range []backend.DeprovisionMode{backend.ModeSoft, backend.ModePurge} {
			_, err = w.b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: op, Mode: mode}, events)
			ok(t, what, err)
		}
		if !strings.Contains(events.text(), "not removed: ") {
			t.Errorf("%s: nobody is told: %q", what, events.text())
		}
		if !exists(w.folderOf(op)) {
			t.Errorf("%s is gone", what)
		}
	}
	w.wantBack(op)
}

func TestADamagedRecordIsNoReasonToLoseData(t *testing.T) {
	t.Parallel()
	w, op, _ := used(t, nil)
	record := filepath.Join(w.folderOf(op), "instance.json")
	whole, err := os.ReadFile(record)
	ok(t, "read", err)
	ok(t, "damage", os.WriteFile(record, whole[:20], 0o600))
	_, err = w.b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: op, Mode: backend.ModePurge}, &recorder{})
	wantClass(t, err, backend.Retryable)
	_, err = w.b.Provision(t.Context(), backend.ProvisionRequest{Op: newOp(dedicatedPlan(16, 10))}, &recorder{})
	if f := wantClass(t, err, backend.Retryable); !strings.Contains(f.Message, "is damaged") { // its port is not known
		t.Errorf("message %q", f.Message)
	}
	if health, err := w.b.Health(t.Context(), backend.HealthRequest{}); err != nil || !strings.Contains(health.Detail, "not running: 1") {
		t.Errorf("health tells of no damage: %+v, %v", health, err)
	}
	ok(t, "repair", os.WriteFile(record, whole, 0o600))
	w.wantBack(op)
}

func TestAHealthyDirectoryTellsHowManyServersRun(t *testing.T) {
	t.Parallel()
	w, _, _ := used(t, nil)
	health, err := w.b.Health(context.Background(), backend.HealthRequest{})
	if err != nil || !health.OK || !strings.HasPrefix(health.Detail, "servers: 1") {
		t.Errorf("%+v, %v", health, err)
	}
}
