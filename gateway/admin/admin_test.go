package admin_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/admin"
	"github.com/addongw/addongw/gateway/secret"
)

// reader is a fixed store.
type reader struct {
	resources  []gateway.Resource
	operations []gateway.Operation
	asked      gateway.ResourceFilter
	err        error
	retried    []string
	server     gateway.Server
	waiting    bool

	pushed, reconciled string
	suspended          map[string]string // reasons by id
	rotated            []gateway.RotateOrder
	reconciliation     gateway.Reconciliation
}

func (r *reader) Retry(_ context.Context, id string) error {
	if strings.HasPrefix(id, "op_waits") {
		return gateway.Errorf(gateway.Conflict, "The operation waits for nothing.")
	}
	r.retried = append(r.retried, id)
	return nil
}

func (r *reader) SuspendByHand(_ context.Context, id, reason string) (gateway.Resource, error) {
	r.suspended = map[string]string{id: reason}
	return gateway.Resource{ID: id, State: gateway.Suspended, Reason: reason}, r.err
}

func (r *reader) ResumeByHand(_ context.Context, id string) (gateway.Resource, error) {
	delete(r.suspended, id)
	return gateway.Resource{ID: id, State: gateway.Active}, r.err
}

func (r *reader) Rotate(_ context.Context, id string, order gateway.RotateOrder) (gateway.Resource, error) {
	r.rotated = append(r.rotated, order)
	return gateway.Resource{ID: id, State: gateway.Active, Rotation: gateway.Rotation{Phase: gateway.Staged, Grace: 15 * time.Minute}}, r.err
}

func (r *reader) UndoRotation(_ context.Context, id string) (gateway.Resource, error) {
	return gateway.Resource{
		ID: id, State: gateway.Active, RotatedAt: time.UnixMilli(5000),
		Rotation: gateway.Rotation{Phase: gateway.Reverting, Due: time.UnixMilli(9000), Sure: true},
	}, r.err
}

func (r *reader) KnownServer(context.Context, string) (gateway.Server, error) { return r.server, r.err }

func (r *reader) Push(_ context.Context, id string) (string, error) {
	r.pushed = id
	return r.operations[0].ID, nil
}

func (r *reader) Reconcile(_ context.Context, platform, addon string) (gateway.Reconciliation, error) {
	r.reconciled = platform + "/" + addon
	return r.reconciliation, r.err
}

func (r *reader) Resources(_ context.Context, f gateway.ResourceFilter) ([]gateway.Resource, error) {
	r.asked = f
	return r.resources[:min(f.Limit, len(r.resources))], r.err
}

func (r *reader) FindResource(_ context.Context, id string) (gateway.Resource, error) {
	for _, res := range r.resources {
		if strings.HasPrefix(res.ID, id) {
			return res, nil
		}
	}
	return gateway.Resource{}, gateway.Errorf(gateway.NotFound, "There is no resource %q.", id)
}

func (r *reader) Operations(_ context.Context, f gateway.OperationFilter) ([]gateway.Operation, error) {
	r.waiting = f.Waiting
	var found []gateway.Operation
	for _, o := range r.operations {
		if f.ResourceID == "" || f.ResourceID == o.ResourceID {
			found = append(found, o)
		}
	}
	return found, r.err
}

func (r *reader) FindOperation(_ context.Context, id string) (gateway.Operation, error) {
	for _, o := range r.operations {
		if o.ID == id {
			return o, nil
		}
	}
	return gateway.Operation{}, gateway.Errorf(gateway.NotFound, "There is no operation %q.", id)
}

// process is a gateway that has nothing to reload.
type process struct{}

func (process) Status() admin.Status { return admin.Status{Version: "1.2.3", Ready: true} }

func (process) HidesOption(_, name string) bool { return name == "token" }

func (process) Reload(_ context.Context, allowOrphans bool) admin.Reload {
	if allowOrphans {
		return admin.Reload{Outcome: admin.ReloadDone, Digest: "d1"}
	}
	return admin.Reload{Outcome: admin.ReloadBlocked, Text: "57 live resources"}
}

// start serves r on a socket of its own and returns a client for it.
func start(t *testing.T, r *reader) (*admin.Client, string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "agw") // socket paths are limited to 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "admin.sock")
	l, err := admin.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	s := admin.NewServer(r, r, process{}, slog.New(slog.DiscardHandler))
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return admin.NewClient(path), path
}

var twoResources = []gateway.Resource{
	{ID: "res_aaa", Addon: "acme-db", Plan: "hobby", State: gateway.Active, ConfigRev: 1, DeliveredRev: 1, CreatedAt: time.Unix(1, 0)},
	{ID: "res_bbb", Addon: "acme-db", Plan: "standard", State: gateway.Provisioning, CreatedAt: time.Unix(2, 0)},
}

func TestListingPassesFiltersAndPages(t *testing.T) {
	r := &reader{resources: twoResources}
	client, _ := start(t, r)
	page, err := client.Resources(t.Context(), gateway.ResourceFilter{Addon: "acme-db", State: gateway.Active, Kind: gateway.KindServer, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if page.Next != "res_aaa" || len(page.Resources) != 1 || !page.Resources[0].Delivered {
		t.Errorf("page = %+v", page)
	}
	want := gateway.ResourceFilter{Addon: "acme-db", State: gateway.Active, Kind: gateway.KindServer, Limit: 1}
	if diff := cmp.Diff(want, r.asked); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
}

func TestShowGivesTheResourceWithItsOwnOperations(t *testing.T) {
	r := &reader{resources: twoResources, operations: []gateway.Operation{
		{ID: "op_1", ResourceID: "res_bbb", Verb: "provision", State: gateway.OperationRunning},
		{ID: "op_2", ResourceID: "res_aaa"},
	}}
	client, _ := start(t, r)
	detail, err := client.Resource(t.Context(), "res_b")
	if err != nil {
		t.Fatal(err)
	}
	if detail.Resource.ID != "res_bbb" || len(detail.Operations) != 1 || detail.Operations[0].ID != "op_1" {
		t.Errorf("detail = %+v", detail)
	}
	op, err := client.Operation(t.Context(), "op_1")
	if err != nil || op.State != "running" {
		t.Errorf("operation = %+v, %v", op, err)
	}
}

func TestShowTellsOfASuspensionAndAPromise(t *testing.T) {
	r := &reader{resources: []gateway.Resource{{
		ID: "res_aaa", App: "app-1", State: gateway.Suspended, Reason: "The invoice is open.", Accepted: true, CreatedAt: time.Unix(1, 0),
	}}}
	client, _ := start(t, r)
	detail, err := client.Resource(t.Context(), "res_aaa")
	if err != nil {
		t.Fatal(err)
	}
	if got := detail.Resource; got.App != "app-1" || got.State != "suspended" || got.Reason != "The invoice is open." || !got.Accepted {
		t.Errorf("it is told as %+v", got)
	}
}

func TestRetryMovesEveryOperationThatWaits(t *testing.T) {
	r := &reader{resources: twoResources, operations: []gateway.Operation{
		{ID: "op_waits_0", ResourceID: "res_aaa"},
		{ID: "op_waits_1", ResourceID: "res_aaa", Action: "create_server", WaitingFor: "backend"},
		{ID: "op_waits_2", ResourceID: "res_bbb", WaitingFor: "backend"},
		{ID: "op_2", ResourceID: "res_bbb", WaitingFor: "platform"},
		{ID: "op_3", ResourceID: "res_bbb", WaitingFor: "human"},
		{ID: "op_4", ResourceID: "res_bbb"},
	}}
	client, _ := start(t, r)
	op, err := client.Retry(t.Context(), "res_bbb")
	if err != nil || op.ID != "op_2" {
		t.Errorf("operation %q, %v", op.ID, err)
	}
	if diff := cmp.Diff([]string{"op_2", "op_3", "op_4"}, r.retried); diff != "" {
		t.Errorf("retried (-want +got):\n%s", diff)
	}
	_, err = client.Retry(t.Context(), "res_aaa")
	const says = "nothing of res_aaa can be tried again now: create_server (op_waits_1) waits for its backend, which the configuration lacks"
	if gateway.KindOf(err) != gateway.Conflict || gateway.Message(err) != says {
		t.Errorf("nothing parked: %v", err)
	}
}

func TestASecretOptionIsNotShown(t *testing.T) {
	res := gateway.Resource{ID: "res_aaa", Options: map[string]string{"token": "hush", "size": "s"}}
	r := &reader{resources: []gateway.Resource{res}, reconciliation: gateway.Reconciliation{Differences: []gateway.Difference{{Resource: res}}}}
	client, _ := start(t, r)
	detail, err := client.Resource(t.Context(), "res_aaa")
	if err != nil {
		t.Fatal(err)
	}
	page, err := client.Resources(t.Context(), gateway.ResourceFilter{})
	if err != nil {
		t.Fatal(err)
	}
	found, err := client.Reconcile(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"token": "[redacted]", "size": "s"}
	for name, shown := range map[string]admin.Resource{"show": detail.Resource, "list": page.Resources[0], "reconcile": *found.Differences[0].Resource} {
		if diff := cmp.Diff(want, shown.Options); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if res.Options["token"] != "hush" {
		t.Error("the resource itself was changed")
	}
}

func TestUnknownIDsAreNotFoundWithASentence(t *testing.T) {
	client, _ := start(t, &reader{})
	_, err := client.Resource(t.Context(), "res_nope/../x")
	if gateway.KindOf(err) != gateway.NotFound || !strings.Contains(err.Error(), "res_nope/../x") {
		t.Errorf("err = %v", err)
	}
}

func TestAStoreErrorStaysInOurLog(t *testing.T) {
	client, _ := start(t, &reader{err: errors.New("disk on fire")})
	_, err := client.Operations(t.Context(), gateway.OperationFilter{})
	if gateway.KindOf(err) != gateway.Internal || strings.Contains(err.Error(), "fire") {
		t.Errorf("err = %v", err)
	}
}

func TestTheSocketIsPrivateAndRefusesASecondGateway(t *testing.T) {
	_, path := start(t, &reader{})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("mode = %o, want 600", mode)
	}
	if l, err := admin.Listen(path); err == nil {
		_ = l.Close()
		t.Error("a second gateway took over the socket of a live one")
	}
}

func TestAStaleSocketIsReplaced(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "agw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "admin.sock")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false) // what kill -9 leaves behind
	_ = dead.Close()
	l, err := admin.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}

func TestAFileThatIsNoSocketIsNeverReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "addongw.db")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := admin.Listen(path)
	if err == nil {
		_ = l.Close()
	}
	if text, _ := os.ReadFile(path); string(text) != "precious" || err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("the file holds %q, the error is %v", text, err)
	}
}

func TestAStateThatNothingCanHaveIsRefused(t *testing.T) {
	client, _ := start(t, &reader{})
	_, err := client.Resources(t.Context(), gateway.ResourceFilter{State: "actve"})
	if gateway.KindOf(err) != gateway.Invalid || !strings.Contains(err.Error(), "write provisioning, active, ") {
		t.Errorf("resources: %v", err)
	}
	_, err = client.Resources(t.Context(), gateway.ResourceFilter{Kind: "servers"})
	if gateway.KindOf(err) != gateway.Invalid || !strings.Contains(err.Error(), `there is no kind "servers": write addon, server or ssh_key`) {
		t.Errorf("kinds: %v", err)
	}
	_, err = client.Operations(t.Context(), gateway.OperationFilter{State: "parked"})
	if gateway.KindOf(err) != gateway.Invalid || !strings.Contains(err.Error(), `there is no state "parked": write pending, running, done, failed or cancelled`) {
		t.Errorf("operations: %v", err)
	}
}

func TestNobodyThereIsUnreachable(t *testing.T) {
	_, err := admin.NewClient("/tmp/addongw-no-such.sock").Status(t.Context())
	if !errors.Is(err, admin.ErrUnreachable) {
		t.Errorf("err = %v", err)
	}
}

func TestAReloadAnswersWhatBecameOfIt(t *testing.T) {
	client, _ := start(t, &reader{})
	for allow, want := range map[bool]admin.Outcome{true: admin.ReloadDone, false: admin.ReloadBlocked} {
		answer, err := client.Reload(t.Context(), allow)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Outcome != want {
			t.Errorf("allow orphans %v: %+v", allow, answer)
		}
	}
}

func TestWhatWaitsIsAskedFor(t *testing.T) {
	r := &reader{}
	client, _ := start(t, r)
	for _, waiting := range []bool{true, false} {
		if _, err := client.Operations(t.Context(), gateway.OperationFilter{Waiting: waiting}); err != nil || r.waiting != waiting {
			t.Errorf("asked for %v, not %v: %v", r.waiting, waiting, err)
		}
	}
}

func TestAServerIsShownWithWhatItsBackendSaidAndWithoutItsPassword(t *testing.T) {
	r := &reader{
		resources: []gateway.Resource{{ID: "res_aaa", Kind: gateway.KindServer}, {ID: "res_bbb", Kind: gateway.KindSSHKey}},
		server: gateway.Server{
			Ref: "droplet-7", Status: "active", ExternalIP: "192.0.2.7", InternalIP: "10.0.0.7", Doing: "reboot", Begun: true,
			Password: secret.New("hush"), LookedAt: time.Unix(7, 0),
		},
	}
	client, _ := start(t, r)
	detail, err := client.Resource(t.Context(), "res_aaa")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(7, 0).UTC()
	want := &admin.KnownServer{Ref: "droplet-7", Status: "active", ExternalIP: "192.0.2.7", InternalIP: "10.0.0.7", Doing: "reboot", Begun: true, LookedAt: &at}
	if diff := cmp.Diff(want, detail.Server); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if detail, err := client.Resource(t.Context(), "res_bbb"); err != nil || detail.Server != nil {
		t.Errorf("a key is shown as a server: %+v, %v", detail.Server, err)
	}
}

func TestSuspendAndResume(t *testing.T) {
	r := &reader{resources: []gateway.Resource{{ID: "res_1abc"}}}
	client, _ := start(t, r)
	const reason = "The invoice of October is open & due?"
	got, err := client.Suspend(t.Context(), "res_1", reason)
	if err != nil || got.ID != "res_1abc" || got.State != "suspended" || got.Reason != reason || r.suspended["res_1abc"] != reason {
		t.Errorf("suspended: %+v, %v, the engine was told %v", got, err, r.suspended)
	}
	if got, err = client.Resume(t.Context(), "res_1"); err != nil || got.State != "active" || len(r.suspended) > 0 {
		t.Errorf("resumed: %+v, %v", got, err)
	}
	if _, err = client.Suspend(t.Context(), "nobody", ""); gateway.KindOf(err) != gateway.NotFound {
		t.Errorf("an unknown one: %v", err)
	}
	r.err = gateway.Errorf(gateway.Conflict, "Only resources of add-ons can be suspended.")
	if _, err = client.Resume(t.Context(), "res_1"); gateway.KindOf(err) != gateway.Conflict {
		t.Errorf("what the engine refuses: %v", err)
	}
}

func TestRotateAndUndo(t *testing.T) {
	r := &reader{resources: []gateway.Resource{{ID: "res_1abc"}}}
	client, _ := start(t, r)
	hour := time.Hour
	for _, order := range []gateway.RotateOrder{{}, {Force: true}, {Grace: &hour}} {
		got, err := client.Rotate(t.Context(), "res_1", order)
		if err != nil || got.ID != "res_1abc" || got.Rotation == nil || *got.Rotation != (admin.Rotation{Phase: "staged", Grace: "15m0s"}) || got.RotatedAt != nil {
			t.Errorf("rotated with %+v: %+v, %v", order, got.Rotation, err)
		}
	}
	if diff := cmp.Diff([]gateway.RotateOrder{{}, {Force: true}, {Grace: &hour}}, r.rotated); diff != "" {
		t.Errorf("the engine was asked for (-want +got):\n%s", diff)
	}
	got, err := client.UndoRotation(t.Context(), "res_1")
	if err != nil || got.Rotation == nil || got.Rotation.Phase != "reverting" || !got.Rotation.Due.Equal(time.UnixMilli(9000)) || !got.Rotation.Sure || got.RotatedAt == nil {
		t.Errorf("undone: %+v, %v", got.Rotation, err)
	}
	if _, err := client.Rotate(t.Context(), "res_9", gateway.RotateOrder{}); gateway.KindOf(err) != gateway.NotFound {
		t.Errorf("an unknown one: %v", err)
	}
	negative := -time.Second
	if _, err := client.Rotate(t.Context(), "res_1", gateway.RotateOrder{Grace: &negative}); gateway.KindOf(err) != gateway.Refused {
		t.Errorf("a grace below zero: %v", err)
	}
	r.err = gateway.Errorf(gateway.Conflict, "Not now.")
	if _, err := client.Rotate(t.Context(), "res_1", gateway.RotateOrder{}); gateway.KindOf(err) != gateway.Conflict || !strings.Contains(err.Error(), "Not now.") {
		t.Errorf("refused: %v", err)
	}
}
