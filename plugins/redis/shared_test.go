package redis_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/redis"
	"github.com/addongw/addongw/plugins/redis/redistest"
	client "github.com/redis/go-redis/v9"
	"github.com/zclconf/go-cty/cty"
)

func TestUsersSurviveTheDeathOfTheServer(t *testing.T) {
	t.Parallel()
	w := sharedWorld(t, keepFor("keep-7d"))
	crash := func() {
		t.Helper()
		ok(t, "restart", w.server.Restart())
	}
	op, _ := w.provision(newOp(sharedPlan("small")))
	gone, _ := w.provision(newOp(sharedPlan("small")))
	crash()
	if !works(t, op) {
		t.Error("after a provision and a crash the customer is locked out")
	}
	w.suspend(op)
	crash()
	if works(t, op) {
		t.Error("after a suspend and a crash the customer gets in")
	}
	w.resume(op)
	kept := w.soft(gone)
	crash()
	if !works(t, op) || works(t, gone) {
		t.Error("after a resume, a soft deprovision and a crash the wrong customers get in")
	}
	if again := w.soft(gone); !again.PurgeAfter.Equal(kept.PurgeAfter) {
		t.Errorf("after a crash the data is kept until %v, and not %v", again.PurgeAfter, kept.PurgeAfter)
	}
	w.purge(gone)
	w.purge(op)
	crash()
	if left := users(t, w.server); len(left) > 0 {
		t.Errorf("after a purge and a crash there are %q", left)
	}
}

func TestASuspendEndsTheSessionsOfItsCustomerAlone(t *testing.T) {
	t.Parallel()
	w, n := twoTenants(t)
	ok(t, "a session", n.c.Ping(t.Context()).Err())
	blocked := make(chan error, 1)
	go func() { blocked <- n.c.BLPop(context.Background(), 0, n.own.Prefix+"never").Err() }()
	admin := w.server.Admin()
	defer func() { _ = admin.Close() }()
	await(t, "a customer waits", func() bool {
		return strings.Contains(admin.ClientList(t.Context()).Val(), "cmd=blpop user="+n.own.Username)
	})
	theirs := n.theirs.Conn()
	defer func() { _ = theirs.Close() }()
	began := theirs.ClientID(t.Context()).Val()
	op := newOp(sharedPlan("small"))
	op.ShortID = strings.TrimSuffix(n.own.Prefix, ":")
	op.ResourceID = w.resourceOf(n.own.Username)
	w.suspend(op)
	if err := <-blocked; err == nil {
		t.Error("a blocked session goes on")
	}
	wantError(t, "a new session", n.c.Ping(t.Context()).Err(), "WRONGPASS")
	if now := theirs.ClientID(t.Context()).Val(); now != began {
		t.Error("the other customer's session ended too")
	}
}

// resourceOf is the resource that a user's rules name.
func (w *world) resourceOf(user string) string {
	w.t.Helper()
	admin := w.server.Admin()
	defer func() { _ = admin.Close() }()
	rules, err := admin.Do(w.t.Context(), "ACL", "LIST").StringSlice()
	ok(w.t, "list users", err)
	for _, line := range rules {
		if strings.Contains(line, user) {
			_, rest, _ := strings.Cut(line, "&addongw:resource:")
			id, _, _ := strings.Cut(rest, " ")
			return id
		}
	}
	w.t.Fatalf("no user %s", user)
	return ""
}

func TestAPurgeTakesAllKeysOfTheCustomerAndNoOthers(t *testing.T) {
	t.Parallel()
	w := sharedWorld(t, nil)
	op, out := w.provision(newOp(sharedPlan("small")))
	c := w.customer(op)
	for batch := range 5 {
		_, err := c.Pipelined(t.Context(), func(p client.Pipeliner) error {
			for n := range 1000 {
				p.Set(t.Context(), fmt.Sprintf("%s%d-%d", out.Prefix, batch, n), "x", 0)
			}
			return nil
		})
		ok(t, "fill", err)
	}
	ok(t, "into another database", c.Do(t.Context(), "COPY", out.Prefix+"0-0", out.Prefix+"hidden", "DB", 3).Err())
	admin := w.server.Admin()
	defer func() { _ = admin.Close() }()
	similar := strings.TrimSuffix(out.Prefix, ":")
	others := []string{"x" + out.Prefix + "k", similar + "k", strings.ToUpper(out.Prefix) + "k", "k"}
	for _, key := range others {
		ok(t, "a key of others", admin.Set(t.Context(), key, "x", 0).Err())
	}
	w.purge(op)
	left, err := admin.Keys(t.Context(), "*").Result()
	if err != nil || len(left) != len(others) {
		t.Errorf("left are %q (%v), want %q", left, err, others)
	}
	if keyspace := admin.Info(t.Context(), "keyspace").Val(); strings.Contains(keyspace, "db3") {
		t.Errorf("another database has keys left: %s", keyspace)
	}
}

func TestAUserThatIsNotTheResourcesIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := sharedWorld(t, nil)
	op, _ := w.provision(newOp(sharedPlan("small")))
	stranger := op
	stranger.ResourceID = "res_somebodyelse"
	_, err := w.b.Provision(t.Context(), backend.ProvisionRequest{Op: stranger}, &recorder{})
	if f := wantClass(t, err, backend.Conflict); !strings.Contains(f.Message, "addongw:resource:res_somebodyelse") {
		t.Errorf("message %q", f.Message)
	}
	events := &recorder{}
	_, err = w.b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: stranger, Mode: backend.ModeSoft}, events)
	if err != nil || !strings.Contains(events.text(), "not removed: ") {
		t.Errorf("%v, and an operator reads %q", err, events.text())
	}
	if !works(t, op) {
		t.Error("the owner is locked out")
	}
}

func TestKeptKeysAreNotGivenToAnybody(t *testing.T) {
	t.Parallel()
	w := sharedWorld(t, keepFor("keep-7d"))
	op, out := w.provision(newOp(sharedPlan("small")))
	w.use(op)
	begun := time.Date(2026, 2, 27, 12, 0, 0, 123456789, time.UTC)
	w.b.SetClock(func() time.Time { return begun })
	first := w.soft(op)
	if want := time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC); !first.PurgeAfter.Equal(want) {
		t.Errorf("purge after %v, want %v", first.PurgeAfter, want)
	}
	w.b.SetClock(func() time.Time { return begun.Add(50 * time.Hour) })
	if again := w.soft(op); !again.PurgeAfter.Equal(first.PurgeAfter) {
		t.Errorf("a repeat says %v", again.PurgeAfter)
	}
	for what, call := range map[string]func() error{
		"resume": func() error {
			_, err := w.b.Resume(t.Context(), backend.ResumeRequest{Op: op}, &recorder{})
			return err
		},
		"change plan": func() error { _, err := w.changePlan(op); return err },
		"read":        func() error { _, err := w.b.Read(t.Context(), backend.ReadRequest{Op: op}); return err },
	} {
		if f := wantClass(t, call(), backend.NotFound); !strings.Contains(f.Message, "only kept") {
			t.Errorf("%s: %q", what, f.Message)
		}
	}
	_, err := w.b.Provision(t.Context(), backend.ProvisionRequest{Op: op}, &recorder{})
	wantClass(t, err, backend.Conflict)
	if works(t, op) {
		t.Error("the customer gets in")
	}
	admin := w.server.Admin()
	defer func() { _ = admin.Close() }()
	if got := admin.Get(t.Context(), out.Prefix+"precious").Val(); got != "seven" {
		t.Errorf("the data is %q", got)
	}
	w.purge(op)
	if left, rules := admin.DBSize(t.Context()).Val(), users(t, w.server); left != 0 || len(rules) > 0 {
		t.Errorf("%d keys and users %q are left", left, rules)
	}
}

func TestAFullServerTakesNoMore(t *testing.T) {
	t.Parallel()
	w := sharedWorld(t, attributes{"max_users": cty.NumberIntVal(2)})
	first, _ := w.provision(newOp(sharedPlan("small")))
	w.provision(newOp(sharedPlan("small")))
	third := newOp(sharedPlan("small"))
	_, err := w.b.Provision(t.Context(), backend.ProvisionRequest{Op: third}, &recorder{})
	if f := wantClass(t, err, backend.Quota); !strings.Contains(f.Message, "max_users is 2") || f.Customer == "" {
		t.Errorf("message %q, customer %q", f.Message, f.Customer)
	}
	w.provision(first) // a repeat needs no room
	w.purge(first)
	w.provision(third)
}

func TestAServerThatForgetsItsUsersIsRefused(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	admin := server.Admin()
	defer func() { _ = admin.Close() }()
	forgetful := startForgetful(t)
	cases := map[string]struct {
		url  string
		says string
	}{
		"no ACL file":      {forgetful, "The server keeps no users"},
		"a wrong password": {strings.Replace(server.URL(), server.Password(), "wrong", 1), "The server can't be used"},
		"no rights":        {limited(t, server, admin), "The server can't be used"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := redis.New()
			t.Cleanup(b.Close)
			found := configure(t, b, config(attributes{"mode": str("shared"), "url": cty.StringVal(c.url).Mark(backend.Sensitive)}))
			wantProblem(t, found, "url", c.says)
			if text := fmt.Sprint(found); strings.Contains(text, server.Password()) {
				t.Errorf("the password is in %s", text)
			}
		})
	}
}

// limited is the URL of a user who may look and not change.
func limited(t *testing.T, server *redistest.Server, admin *client.Client) string {
	t.Helper()
	ok(t, "make a user", admin.Do(t.Context(), "ACL", "SETUSER", "viewer", "on", ">viewer-password", "+info", "+ping", "~*").Err())
	return "redis://viewer:viewer-password@" + server.Addr()
}

// startForgetful starts a server without an ACL file.
func startForgetful(t *testing.T) string {
	t.Helper()
	w, op, _ := used(t, nil) // a dedicated one is such a server
	password, err := os.ReadFile(w.folderOf(op) + "/admin-password")
	ok(t, "read the administrator's password", err)
	return fmt.Sprintf("redis://addongw:%s@%s", strings.TrimSpace(string(password)), decode(t, op.Outputs).addr())
}

func TestAServerThatIsDownIsExaminedLater(t *testing.T) {
	t.Parallel()
	first, _ := redistest.Ports(t, 1)
	b := redis.New()
	t.Cleanup(b.Close)
	found := configure(t, b, config(attributes{"mode": str("shared"), "url": cty.StringVal(fmt.Sprintf("redis://admin:secret-word@127.0.0.1:%d", first)).Mark(backend.Sensitive)}))
	if len(found) > 0 {
		t.Errorf("configure: %+v", found)
	}
	_, err := b.Provision(t.Context(), backend.ProvisionRequest{Op: newOp(sharedPlan("small"))}, &recorder{})
	if f := wantClass(t, err, backend.Retryable); !strings.Contains(f.Message, "does not answer (connect: connection refused)") || strings.Contains(f.Message, "secret-word") {
		t.Errorf("message %q", f.Message)
	}
	health, err := b.Health(t.Context(), backend.HealthRequest{})
	if err != nil || health.OK || !strings.Contains(health.Detail, "does not answer") {
		t.Errorf("health %+v, %v", health, err)
	}
}

func TestSavesThatComeTogetherAreOne(t *testing.T) {
	t.Parallel()
	var saver redis.Saver
	var saves, changes, saved atomic.Int64
	begun, goOn := make(chan struct{}, 100), make(chan struct{})
	save := func(context.Context) error {
		saves.Add(1)
		seen := changes.Load()
		begun <- struct{}{}
		<-goOn
		saved.Store(seen)
		return nil
	}
	var all sync.WaitGroup
	change := func() {
		mine := changes.Add(1)
		if err := saver.Save(t.Context(), save); err != nil {
			t.Error(err)
		}
		if saved.Load() < mine {
			t.Errorf("change %d is reported as saved, and %d are", mine, saved.Load())
		}
	}
	all.Go(change)
	<-begun
	for range 50 { // all too late for the first
		all.Go(change)
	}
	await(t, "all have changed", func() bool { return changes.Load() == 51 })
	time.Sleep(20 * time.Millisecond) // they may also join; one that is late needs a third save, which is right too
	close(goOn)
	all.Wait()
	if n := saves.Load(); n < 2 || n > 3 {
		t.Errorf("%d saves for 51 changes, want 2", n)
	}
	failing := errors.New("the disk is full")
	if err := saver.Save(t.Context(), func(context.Context) error { return failing }); !errors.Is(err, failing) {
		t.Errorf("a failed save: %v", err)
	}
}
