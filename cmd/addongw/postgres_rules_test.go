package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// cable is a connection to a server that can be cut or frozen.
type cable struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	mode  string // "", "cut" or "frozen"
	conns []net.Conn
}

// layCable puts a cable in front of the server of a URL and returns the URL of
// its near end.
func layCable(t *testing.T, serverURL string) (*cable, string) {
	t.Helper()
	u, err := url.Parse(serverURL)
	if err != nil {
		t.Fatal("the server's URL is no URL")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: listener, to: u.Host}
	go c.accept()
	t.Cleanup(func() { _ = listener.Close(); c.set("cut") })
	u.Host = listener.Addr().String()
	return c, u.String()
}

func (c *cable) accept() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		mode := c.mode
		c.conns = append(c.conns, near)
		c.mu.Unlock()
		switch mode {
		case "cut":
			_ = near.Close()
		case "":
			go c.carry(near)
		}
	}
}

func (c *cable) carry(near net.Conn) {
	far, err := net.Dial("tcp", c.to)
	if err != nil {
		_ = near.Close()
		return
	}
	go func() { _, _ = io.Copy(near, far); _ = near.Close() }()
	_, _ = io.Copy(far, near)
	_ = far.Close()
}

// set ends what the cable carries; new connections meet the mode.
func (c *cable) set(mode string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mode = mode
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// shrinks is a rule by what the backend measures.
const shrinks = `  plan_change {
    from   = ["standard"]
    to     = ["hobby"]
    allow  = output.storage_mb < plan.limits.storage_mb
    reason = "Your data (${output.storage_mb} MB) does not fit in ${plan.name} (${plan.limits.storage_mb} MB)."
  }

  config_vars = {`

// state is what a refused change of plan must leave alone; the platform is
// asked for the owner meanwhile.
func (a acme) state(t *testing.T, id, database string) string {
	t.Helper()
	out, errOut, code := addongw(t, a.dir, nil, "resources", "show", id, "--json", "--dir", a.dir)
	var d struct {
		Resource   struct{ Plan, State string }
		Operations []struct{ Verb, State string }
	}
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s", code, err, errOut)
	}
	d.Operations = slices.DeleteFunc(d.Operations, func(o struct{ Verb, State string }) bool { return o.Verb == "fetch_owner" })
	return fmt.Sprint(d, a.query(t, "SELECT datconnlimit::text FROM pg_database WHERE datname = $1", database))
}

func TestAPlanChangeIsJudgedByWhatTheServerMeasures(t *testing.T) {
	server := postgresServer(t)
	line, adminURL := layCable(t, server.ProvisionerURL)
	dir := changedExample(t, "postgres", "storage_mb = 1000 }", "storage_mb = 20 }", "  config_vars = {", shrinks)
	a := startAcme(t, dir, "ACME_ADMIN_URL="+adminURL)
	made := a.provision("addon_1", "standard").must(t, 200)
	dsn, database := made.Config["ACME_DB_URL"], made.Config["ACME_DB_NAME"]
	shrink := a.change(made.ID, "addon_1", "hobby")
	if err := execSQL(t, dsn, "CREATE TABLE fill AS SELECT g, repeat(md5(g::text), 32) FROM generate_series(1, 30000) g"); err != nil {
		t.Fatal(err)
	}
	before := a.state(t, made.ID, database)

	size := a.query(t, "SELECT ceil(pg_database_size($1) / 1048576.0)::text", database)
	refused := shrink.must(t, 422)
	if want := "Your data (" + size + " MB) does not fit in Hobby (20 MB)."; atoi(t, size) < 30 || !strings.Contains(refused.Body, want) {
		t.Errorf("the customer reads %s, want %s", refused.Body, want)
	}

	for _, mode := range []string{"cut", "frozen"} {
		line.set(mode)
		began := time.Now()
		got := shrink.must(t, 503)
		if took := time.Since(began); took > 4*time.Second { // 2 s, and a busy machine
			t.Errorf("with the server %s it took %s", mode, took)
		}
		if got.Header.Get("Retry-After") == "" || !strings.Contains(got.Body, "try again") || strings.Contains(got.Body, "127.0.0.1") {
			t.Errorf("with the server %s the customer reads %s", mode, got.Body)
		}
	}
	line.set("")
	if after := a.state(t, made.ID, database); after != before {
		t.Errorf("a refused change made\n%s of\n%s", after, before)
	}

	if err := execSQL(t, dsn, "DROP TABLE fill"); err != nil {
		t.Fatal(err)
	}
	shrink.must(t, 200)
	if after := a.state(t, made.ID, database); after == before {
		t.Error("the change that was allowed changed nothing")
	}
	a.change(made.ID, "addon_1", "standard").must(t, 200) // no rule is about this way
}

// TestAServerThatRefusesTheGatewayDelaysAJudgement has an operator lock the
// gateway out.
func TestAServerThatRefusesTheGatewayDelaysAJudgement(t *testing.T) {
	postgresServer(t)
	adminURL, err := postgres.server.Provisioner(t.Context(), "locked_admin")
	if err != nil {
		t.Fatal(err)
	}
	dir := changedExample(t, "postgres", "storage_mb = 1000 }", "storage_mb = 20 }", "  config_vars = {", shrinks)
	a := startAcme(t, dir, "ACME_ADMIN_URL="+adminURL)
	made := a.provision("addon_1", "standard").must(t, 200)
	before := a.state(t, made.ID, made.Config["ACME_DB_NAME"])
	lock := func(option string) {
		if err := execSQL(t, a.admin, "ALTER ROLE locked_admin "+option+"; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'locked_admin'"); err != nil {
			t.Fatal(err)
		}
	}
	lock("NOLOGIN")
	began := time.Now()
	a.change(made.ID, "addon_1", "hobby").must(t, 503)
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %s", took)
	}
	if after := a.state(t, made.ID, made.Config["ACME_DB_NAME"]); after != before {
		t.Errorf("a delayed change made\n%s of\n%s", after, before)
	}
	lock("LOGIN")
	a.change(made.ID, "addon_1", "hobby").must(t, 200)
}
