package postgres_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/zclconf/go-cty/cty"
)

// credentials are what a customer has at some time, with the operation that tells
// the backend of them.
type credentials struct {
	op  backend.Op
	out outputs
}

// made provisions a resource and returns it as recorded.
func (w *world) made(op backend.Op) credentials {
	w.t.Helper()
	result, err := w.b.Provision(w.t.Context(), backend.ProvisionRequest{Op: op}, &recorder{})
	if err != nil {
		w.t.Fatal(err)
	}
	return recorded(w.t, op, result)
}

func recorded(t *testing.T, op backend.Op, result backend.Result) credentials {
	t.Helper()
	c := credentials{op: op}
	c.op.Outputs, c.op.State = result.Outputs, result.State
	if err := result.Outputs.Decode(&c.out); err != nil {
		t.Fatal(err)
	}
	return c
}

func rotate(ctx context.Context, b *postgres.Backend, op backend.Op, phase backend.RotatePhase, events backend.Events) (backend.Result, error) {
	return b.Rotate(ctx, backend.RotateRequest{Op: op, Phase: phase}, events)
}

// renewed is a stage of the resource.
func (c credentials) renewed() backend.Op {
	op := c.op
	op.Secrets = map[string]string{"password": rand.Text() + "abcdef"}
	return op
}

func (w *world) stage(c credentials) credentials {
	w.t.Helper()
	op := c.renewed()
	result, err := rotate(w.t.Context(), w.b, op, backend.RotateStage, &recorder{})
	if err != nil {
		w.t.Fatal(err)
	}
	return recorded(w.t, op, result)
}

func (w *world) commit(c credentials) {
	w.t.Helper()
	if _, err := rotate(w.t.Context(), w.b, c.op, backend.RotateCommit, &recorder{}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) abort(c credentials) {
	w.t.Helper()
	if _, err := rotate(w.t.Context(), w.b, c.op, backend.RotateAbort, &recorder{}); err != nil {
		w.t.Fatal(err)
	}
}

// works is whether a customer can log in with an operation's credentials. The
// session has ended when it returns.
func (w *world) works(t *testing.T, op backend.Op) bool {
	t.Helper()
	var out outputs
	if err := op.Outputs.Decode(&out); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), w.customerURL(op, out))
	switch code := sqlState(err); {
	case code == "28000" || code == "28P01":
		return false
	case err != nil:
		t.Fatalf("log in as the customer: %v", err)
	}
	pid := conn.PgConn().PID()
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, "the customer has left", func() bool {
		return w.number("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0
	})
	return true
}

// want compares the credentials that work with those that should.
func (w *world) want(when string, works map[credentialsName]credentials, wanted ...credentialsName) {
	w.t.Helper()
	for name, c := range works {
		want := false
		for _, other := range wanted {
			want = want || other == name
		}
		if got := w.works(w.t, c.op); got != want {
			w.t.Errorf("%s: the %s credentials work: %v, want %v", when, name, got, want)
		}
	}
}

type credentialsName string

func TestRotationsGoToAndFro(t *testing.T) {
	w := newWorld(t, "tofro", nil)
	first := w.made(newOp(3))
	old := w.customer(first.op, first.out)
	run(t, old, "CREATE TABLE of_the_old (n int)")

	second := w.stage(first)
	if want := "u_" + first.op.ShortID + "_b"; second.out.Username != want || second.out.Database != first.out.Database {
		t.Fatalf("staged outputs %+v, want login %q in the same database", second.out, want)
	}
	renewed := w.customer(second.op, second.out)
	run(t, renewed, "ALTER TABLE of_the_old ADD m int", "CREATE TABLE of_the_new (n int)")
	run(t, old, "ALTER TABLE of_the_new ADD m int", "CREATE TABLE dropped ()")
	run(t, renewed, "DROP TABLE dropped", "CREATE SCHEMA s")
	run(t, old, "CREATE TABLE s.t ()")
	if owner := query(t, renewed, "SELECT string_agg(DISTINCT tableowner, ' ') FROM pg_tables WHERE schemaname IN ('public', 's')"); owner != "u_"+first.op.ShortID+"_g" {
		t.Errorf("tables belong to %q, want the group alone", owner)
	}
	w.want("after the stage", map[credentialsName]credentials{"first": first, "second": second}, "first", "second")

	w.commit(second)
	if err := old.Ping(t.Context()); err == nil {
		t.Error("a session of the old login goes on")
	}
	if err := renewed.Ping(t.Context()); err != nil {
		t.Errorf("a session of the new login: %v", err)
	}
	if _, err := pgx.Connect(t.Context(), w.customerURL(first.op, first.out)); sqlState(err) != "28P01" {
		t.Errorf("the old login: %v, want SQLSTATE 28P01", err)
	}

	third := w.stage(second)
	if third.out.Username != first.out.Username {
		t.Errorf("the third login is %q, want %q again", third.out.Username, first.out.Username)
	}
	all := map[credentialsName]credentials{"first": first, "second": second, "third": third}
	w.want("after the second stage", all, "second", "third")
	w.commit(third)
	w.want("after the second commit", all, "third")
	w.abort(third) // of a stage that never was
	w.want("after an abort", all, "third")
	w.deprovision(third.op)
	w.wantNothing(third.op)
}

// customers work as long as they are to, and keep the first error.
type customers struct {
	stop  chan struct{}
	group sync.WaitGroup
	mu    sync.Mutex
	done  int
	err   error
}

// busy lets so many customers at once connect, work and leave again and again.
func busy(url string, n int) *customers {
	c := &customers{stop: make(chan struct{})}
	for range n {
		c.group.Go(func() {
			for {
				select {
				case <-c.stop:
					return
				default:
				}
				err := workOnce(url)
				c.mu.Lock()
				if c.done++; c.err == nil {
					c.err = err
				}
				c.mu.Unlock()
			}
		})
	}
	return c
}

// workOnce does several transactions in one session. A session that has ended may
// still be counted for a moment, so too many of them are tried again.
func workOnce(url string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if sqlState(err) == "53300" {
		time.Sleep(time.Millisecond)
		return nil
	}
	if err != nil {
		return err
	}
	for range 5 {
		if _, err := conn.Exec(ctx, "INSERT INTO work VALUES (1)"); err != nil {
			return err
		}
	}
	return conn.Close(ctx)
}

func (c *customers) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}

// leave ends them and returns the first error.
func (c *customers) leave() error {
	close(c.stop)
	c.group.Wait()
	return c.err
}

func TestCustomersWorkWithoutAPauseWhileCredentialsRotate(t *testing.T) {
	w := newWorld(t, "unpaused", nil)
	now := w.made(newOp(2))
	run(t, w.customer(now.op, now.out), "CREATE TABLE work (n int)")
	w.endSessionsOf(now.out.Username)
	for range 3 {
		old := busy(w.customerURL(now.op, now.out), 2)
		await(t, "customers work with the old login", func() bool { return old.count() > 3 })
		next := w.stage(now)
		renewed := busy(w.customerURL(next.op, next.out), 2)
		begun := old.count()
		await(t, "customers work with both", func() bool { return renewed.count() > 3 && old.count() > begun+3 })
		if err := old.leave(); err != nil {
			t.Errorf("a customer with the old login: %v", err)
		}
		w.commit(next)
		begun = renewed.count()
		await(t, "customers work on", func() bool { return renewed.count() > begun+3 })
		if err := renewed.leave(); err != nil {
			t.Errorf("a customer with the new login: %v", err)
		}
		now = next
	}
	w.deprovision(now.op)
}

func (w *world) endSessionsOf(login string) {
	w.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", login)
	await(w.t, "the sessions end", func() bool {
		return w.number("SELECT count(*) FROM pg_stat_activity WHERE usename = $1", login) == 0
	})
}

// TestBothLoginsHaveAllTheirConnections also is the case that a stage itself must
// get in although the customer holds all connections.
func TestBothLoginsHaveAllTheirConnections(t *testing.T) {
	w := newWorld(t, "connections", nil)
	first := w.made(newOp(2))
	w.customer(first.op, first.out)
	w.customer(first.op, first.out)
	second := w.stage(first)
	w.customer(second.op, second.out)
	w.customer(second.op, second.out)
	for _, c := range []credentials{first, second} {
		if _, err := pgx.Connect(t.Context(), w.customerURL(c.op, c.out)); sqlState(err) != "53300" {
			t.Errorf("a third session of %s: %v, want SQLSTATE 53300", c.out.Username, err)
		}
	}
	if got := w.read(second.op).Connections; got != 4 {
		t.Errorf("%d connections, want those of both logins, 4", got)
	}
	wantLimit := func(when string, want int) {
		t.Helper()
		if n := w.number("SELECT datconnlimit FROM pg_database WHERE datname = $1", first.out.Database); n != want {
			t.Errorf("%s: the database admits %d, want %d", when, n, want)
		}
		got, err := w.b.Read(t.Context(), backend.ReadRequest{Op: second.op})
		if err != nil || len(got.Drift) > 0 {
			t.Errorf("%s: drift %q, %v", when, got.Drift, err)
		}
	}
	wantLimit("while two logins are open", 4)
	w.changePlan(second.op, plan(3))
	second.op.Plan = plan(3)
	wantLimit("after a plan change", 6)
	w.customer(first.op, first.out)
	w.commit(second)
	wantLimit("after the commit", 3)
	if n := w.number("SELECT rolconnlimit FROM pg_roles WHERE rolname = $1", first.out.Username); n != 0 {
		t.Errorf("the old login may hold %d connections, want none", n)
	}
	w.changePlan(second.op, plan(4))
	second.op.Plan = plan(4)
	wantLimit("after another plan change", 4)
	w.deprovision(second.op)
}

func TestDriftOfBothLoginsIsFound(t *testing.T) {
	w := newWorld(t, "twodrifts", nil)
	first := w.made(newOp(2))
	second := w.stage(first)
	for _, login := range []string{first.out.Username, second.out.Username} {
		w.exec("ALTER ROLE " + login + " NOLOGIN CONNECTION LIMIT 9")
		w.exec("ALTER ROLE " + login + " SET statement_timeout = '1s'")
		got, err := w.b.Read(t.Context(), backend.ReadRequest{Op: second.op})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"login \"" + login + "\" is disabled", "\"" + login + "\" may hold 9", "statement_timeout of login \"" + login + "\""} {
			if drift := strings.Join(got.Drift, " "); !strings.Contains(drift, want) {
				t.Errorf("no %q in %q", want, drift)
			}
		}
	}
	w.deprovision(second.op)
}

func TestWhoeverHasTheOldPasswordCannotStretchTheirStay(t *testing.T) {
	w := newWorld(t, "stretched", nil)
	first := w.made(newOp(3))
	second := w.stage(first)
	config, err := pgx.ParseConfig(w.customerURL(first.op, first.out))
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["post_auth_delay"] = "300"
	late := make(chan error, 1)
	go func() {
		conn, err := pgx.ConnectConfig(context.Background(), config)
		if err == nil {
			err = conn.Ping(context.Background())
		}
		late <- err
	}()
	await(t, "the stranger is past the door", func() bool {
		return w.number(`SELECT count(*) FROM pg_locks, pg_database d WHERE objid = d.oid AND classid = 'pg_database'::regclass
			AND mode = 'RowExclusiveLock' AND datname = $1`, first.out.Database) == 1
	})
	w.commit(second)
	select {
	case err := <-late:
		if err == nil {
			t.Error("the session began after all, and goes on")
		}
	case <-time.After(10 * time.Second):
		t.Error("the session is still beginning")
	}
	w.deprovision(second.op)
}

func TestACommitEndsABusySession(t *testing.T) {
	w := newWorld(t, "busyold", nil)
	first := w.made(newOp(3))
	second := w.stage(first)
	old := w.customer(first.op, first.out)
	ended := make(chan error, 1)
	go func() {
		_, err := old.Exec(context.Background(), "SELECT pg_sleep(601)")
		ended <- err
	}()
	await(t, "the customer sleeps", func() bool {
		return w.number("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(601)' AND datname = $1", first.out.Database) == 1
	})
	w.commit(second)
	if err := <-ended; sqlState(err) != "57P01" {
		t.Errorf("the session ended with %v, want SQLSTATE 57P01", err)
	}
	w.deprovision(second.op)
}

func TestASuspendedCustomersCredentialsRotateAndStayOutside(t *testing.T) {
	w := newWorld(t, "suspendedrotation", nil)
	first := w.made(newOp(2))
	w.suspend(first.op)
	second := w.stage(first)
	all := map[credentialsName]credentials{"first": first, "second": second}
	w.want("after a stage while suspended", all)
	w.resume(second.op)
	w.want("after the resume", all, "first", "second")
	w.suspend(second.op)
	w.commit(second)
	w.want("after a commit while suspended", all)
	w.resume(second.op)
	w.want("after the second resume", all, "second")
	w.suspend(second.op)
	w.deprovision(second.op)
	w.wantNothing(second.op)
}

// TestNoRotationClosesBothLogins is a gateway that confuses its records.
func TestNoRotationClosesBothLogins(t *testing.T) {
	w := newWorld(t, "confused", nil)
	first := w.made(newOp(2))
	second := w.stage(first)
	w.commit(second)
	_, err := rotate(t.Context(), w.b, first.op, backend.RotateAbort, &recorder{})
	if f := wantClass(t, err, backend.Conflict); !strings.Contains(f.Message, "Rotate once more") {
		t.Errorf("message %q has no remedy", f.Message)
	}
	if !w.works(t, second.op) {
		t.Error("the customer is locked out")
	}
	w.deprovision(second.op)
}

func TestACustomersOwnSettingsMoveToTheNewLogin(t *testing.T) {
	w := newWorld(t, "settings", nil)
	first := w.made(newOp(3))
	first.op.Plan = backend.Plan{ID: "timed", Params: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"connection_limit": cty.NumberIntVal(3), "statement_timeout": cty.StringVal("77s"),
	}))}
	w.changePlan(first.op, first.op.Plan)
	login, database := first.out.Username, first.out.Database
	run(t, w.customer(first.op, first.out), "SET ROLE NONE",
		`ALTER ROLE `+login+` SET search_path = app, "My Schema", "a""b", public`,
		`ALTER ROLE `+login+` SET application_name = 'it''s a "test" \'' || x; DROP ROLE y'`,
		`ALTER ROLE `+login+` IN DATABASE `+database+` SET timezone = 'Asia/Tokyo'`,
		`ALTER ROLE `+login+` SET default_transaction_read_only = on`,
		`ALTER ROLE `+login+` SET statement_timeout = 0`,
		`ALTER ROLE `+login+` SET local_preload_libraries = nowhere`)
	w.exec("ALTER ROLE " + login + " SET log_statement = 'none'") // a superuser's; nobody else may
	said := &recorder{}
	op := first.renewed()
	result, err := rotate(t.Context(), w.b, op, backend.RotateStage, said)
	if err != nil {
		t.Fatal(err)
	}
	second := recorded(t, op, result)
	if !strings.Contains(said.text(), `the setting "log_statement"`) {
		t.Errorf("nothing is said of the setting that cannot be given: %s", said.text())
	}
	customer := w.customer(second.op, second.out)
	for name, want := range map[string]string{
		"search_path": `app, "My Schema", "a""b", public`, "application_name": `it's a "test" \' || x; DROP ROLE y`,
		"timezone": "Asia/Tokyo", "default_transaction_read_only": "on", "statement_timeout": "77s", "local_preload_libraries": "",
	} {
		if got := query(t, customer, "SELECT replace(current_setting($1), '1min 17s', '77s')", name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	// What was taken away meanwhile does not come back with the login from before.
	w.commit(second)
	run(t, customer, "SET ROLE NONE", "SET default_transaction_read_only = off", "ALTER ROLE "+second.out.Username+" RESET ALL", "ALTER ROLE "+second.out.Username+" IN DATABASE "+database+" RESET ALL")
	third := w.stage(second)
	if got := query(t, w.customer(third.op, third.out), "SELECT current_setting('search_path') || current_setting('timezone') || current_setting('application_name')"); strings.Contains(got, "app") || strings.Contains(got, "Tokyo") || strings.Contains(got, "test") {
		t.Errorf("the third login has %s", got)
	}
	w.deprovision(third.op)
}

func TestSettingsThatAreNotWhatTheySeemRunNothing(t *testing.T) {
	w := newWorld(t, "notsettings", nil)
	first := w.made(newOp(3))
	login := first.out.Username
	customer := w.customer(first.op, first.out)
	run(t, customer, "SET ROLE NONE")
	for _, path := range []string{`x;DROP/**/ROLE/**/` + login, `x";DROP/**/ROLE/**/y;"`, `x'';SELECT`} {
		run(t, customer, "SET search_path = public")
		if _, err := customer.Exec(t.Context(), "SELECT set_config('search_path', $1, false)", path); err != nil {
			continue // not a path either
		}
		run(t, customer, "ALTER ROLE "+login+" SET search_path FROM CURRENT")
		second := w.stage(first)
		want, got := query(t, customer, "SHOW search_path"), query(t, w.customer(second.op, second.out), "SHOW search_path")
		if got != want {
			t.Errorf("search_path %q became %q", want, got)
		}
		w.abort(first)
	}
	w.deprovision(first.op)
}

func TestWhatALoginOwnsItselfStaysInReach(t *testing.T) {
	w := newWorld(t, "ownership", nil)
	first := w.made(newOp(3))
	old := w.customer(first.op, first.out)
	run(t, old, "SET ROLE NONE", "CREATE TABLE early (n int)", "CREATE SCHEMA mine", "CREATE TABLE mine.t (n int)",
		"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE EXTENSION hstore", "INSERT INTO early VALUES (7)",
		"GRANT SELECT ON early TO PUBLIC", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC")
	run(t, old, "BEGIN", "LOCK TABLE early IN ACCESS EXCLUSIVE MODE")
	op := first.renewed()
	_, err := rotate(t.Context(), w.b, op, backend.RotateStage, &recorder{})
	wantClass(t, err, backend.Retryable)
	if !w.works(t, first.op) {
		t.Error("the customer is locked out while they hold a lock")
	}
	run(t, old, "COMMIT")
	second := w.stage(first)
	renewed := w.customer(second.op, second.out)
	run(t, renewed, "ALTER TABLE early ADD m int", "ALTER TABLE mine.t ADD m int", "CREATE TABLE mine.u ()", "DROP FUNCTION f()", "DROP EXTENSION hstore")
	run(t, old, "INSERT INTO early VALUES (8)", "CREATE TABLE late (n int)")
	w.commit(second)
	run(t, renewed, "ALTER TABLE late ADD m int")
	if got := query(t, renewed, "SELECT sum(n)::text FROM early"); got != "15" {
		t.Errorf("the rows add up to %s, want 15", got)
	}
	if members := w.names("SELECT roleid::regrole::text FROM pg_auth_members WHERE member = 'ownership'::regrole AND roleid::regrole::text LIKE 'u_%'"); len(members) > 0 {
		t.Errorf("the provisioner is still a member of %q", members)
	}
	w.deprovision(second.op)
	w.wantNothing(second.op)
}

func TestALoginOfTheOperatorIsNotAdoptedByARotation(t *testing.T) {
	w := newWorld(t, "foreignlogin", nil)
	first := w.made(newOp(2))
	foreign := "u_" + first.op.ShortID + "_b"
	w.exec("CREATE ROLE " + foreign + " LOGIN CONNECTION LIMIT 5")
	for phase, class := range map[backend.RotatePhase]backend.Class{backend.RotateStage: backend.Conflict, backend.RotateAbort: ""} {
		_, err := rotate(t.Context(), w.b, first.renewed(), phase, &recorder{})
		if class != "" {
			wantClass(t, err, class)
		} else if err != nil {
			t.Errorf("%s: %v", phase, err)
		}
	}
	w.suspend(first.op)
	w.resume(first.op)
	w.changePlan(first.op, plan(3))
	w.deprovision(first.op)
	if n := w.number("SELECT rolconnlimit FROM pg_roles WHERE rolname = $1 AND rolcanlogin AND shobj_description(oid, 'pg_authid') IS NULL", foreign); n != 5 {
		t.Error("the operator's login was changed")
	}
	w.exec("DROP ROLE " + foreign)
}

func TestOnlyWhatIsThereIsRotated(t *testing.T) {
	w := newWorld(t, "rotatenothing", keepFor("keep-7d"))
	gone := w.made(newOp(2))
	w.soft(gone.op)
	for name, op := range map[string]backend.Op{"never provisioned": newOp(1), "deprovisioned and kept": gone.op} {
		for _, phase := range []backend.RotatePhase{backend.RotateStage, backend.RotateCommit, backend.RotateAbort} {
			_, err := rotate(t.Context(), w.b, op, phase, &recorder{})
			if f := wantClass(t, err, backend.NotFound); f == nil {
				t.Errorf("%s of one %s: %v", phase, name, err)
			}
		}
	}
	w.deprovision(gone.op)
	w.wantNothing(gone.op)
}

func TestAResourceIsMadeAnewAfterItsRotations(t *testing.T) {
	w := newWorld(t, "anew", keepFor("keep-7d"))
	first := w.made(newOp(2))
	second := w.stage(first)
	w.soft(second.op)
	w.want("while it is kept", map[credentialsName]credentials{"first": first, "second": second})
	w.deprovision(second.op)
	w.wantNothing(second.op)
	again := w.made(newOpLike(first.op))
	if again.out.Username != first.out.Username || !w.works(t, again.op) {
		t.Errorf("outputs %+v, which work: %v", again.out, w.works(t, again.op))
	}
	w.commit(w.stage(again))
	w.deprovision(again.op) // as a gateway that has lost the newest outputs
	w.wantNothing(again.op)
}

// newOpLike is a provision of the same resource, without a past.
func newOpLike(op backend.Op) backend.Op {
	op.Outputs, op.State = backend.Value{}, nil
	return op
}

// TestTheLoginInUseIsFoundInTheOutputs is about role names that look like logins.
func TestTheLoginInUseIsFoundInTheOutputs(t *testing.T) {
	w := newWorld(t, "lookalikes", nil)
	for _, suffix := range []string{"_a", "_b", "_g", ""} {
		op := newOp(2)
		op.Config = live("role", "r_"+op.ShortID+suffix)
		first := w.made(op)
		now := first
		for _, login := range []string{"_b", "_a", "_b"} {
			now.op.State = nil // and found all the same
			now = w.stage(now)
			w.commit(now)
			if want := "r_" + op.ShortID + suffix + login; now.out.Username != want || !w.works(t, now.op) {
				t.Errorf("role %q: login %q, want %q", "r_…"+suffix, now.out.Username, want)
			}
		}
		w.deprovision(now.op)
		w.wantNothing(now.op)
	}
}

func TestARotationInterruptedBeforeAnyStepIsRepeated(t *testing.T) {
	for name, interrupt := range interruptions() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "rotinterrupt", nil)
			now := w.made(newOp(2))
			for step := range stageSteps {
				first := now
				op := first.renewed()
				result := w.interruptedRotation(op, backend.RotateStage, step, interrupt, first)
				second := recorded(t, op, result)
				w.want(fmt.Sprintf("after a stage interrupted before step %d", step), map[credentialsName]credentials{"first": first, "second": second}, "first", "second")
				w.commit(second)
				now = second
			}
			for step := range closeSteps {
				first := now
				second := w.stage(first)
				w.interruptedRotation(second.op, backend.RotateCommit, step, interrupt, second)
				all := map[credentialsName]credentials{"first": first, "second": second}
				w.want(fmt.Sprintf("after a commit interrupted before step %d", step), all, "second")
				third := w.stage(second)
				all["third"] = third
				w.interruptedRotation(second.op, backend.RotateAbort, step, interrupt, second)
				w.want(fmt.Sprintf("after an abort interrupted before step %d", step), all, "second")
				now = second
			}
			w.deprovision(now.op)
			w.wantNothing(now.op)
		})
	}
}

// interruptedRotation interrupts a phase before a step, sees to it that the customer
// is not locked out, and repeats it.
func (w *world) interruptedRotation(op backend.Op, phase backend.RotatePhase, step int, interrupt interruption, customer credentials) backend.Result {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	reached := false
	_, err := rotate(ctx, w.b, op, phase, &recorder{at: func(at int) {
		if at == step {
			reached = true
			interrupt(cancel, w)
		}
	}})
	if !reached {
		w.t.Fatalf("step %d of %s was never reached: %v", step, phase, err)
	}
	wantRepeatable(w.t, err)
	w.refreshPool()
	if !w.works(w.t, customer.op) {
		w.t.Errorf("%s, interrupted before step %d: the customer is locked out", phase, step)
	}
	result, err := rotate(w.t.Context(), w.b, op, phase, &recorder{})
	if err != nil {
		w.t.Fatalf("%s, interrupted before step %d, repeated: %v", phase, step, err)
	}
	return result
}

// TestNeitherLoginHasPowerOverTheOther is the tenant-escape suite for a stranger
// with the old password, while both logins are open and afterwards.
func TestNeitherLoginHasPowerOverTheOther(t *testing.T) {
	w := newWorld(t, "peers", nil)
	first := w.made(newOp(3))
	second := w.stage(first)
	group := "u_" + first.op.ShortID + "_g"
	for _, pair := range [][2]credentials{{first, second}, {second, first}} {
		me, peer := pair[0].out.Username, pair[1].out.Username
		w.customer(pair[1].op, pair[1].out) // a session that nobody may end
		customer := w.customer(pair[0].op, pair[0].out)
		for _, statement := range []string{
			"ALTER ROLE " + peer + " PASSWORD 'x'",
			"ALTER ROLE " + peer + " NOLOGIN",
			"ALTER ROLE " + peer + " CONNECTION LIMIT 0",
			"ALTER ROLE " + peer + " VALID UNTIL '2001-01-01'",
			"ALTER ROLE " + peer + " SET search_path = evil",
			"ALTER ROLE " + peer + " RESET ALL",
			"ALTER ROLE " + peer + " IN DATABASE " + first.out.Database + " SET role = none",
			"ALTER ROLE " + peer + " RENAME TO another",
			"ALTER ROLE " + me + " CONNECTION LIMIT -1",
			"ALTER ROLE " + me + " LOGIN",
			"ALTER ROLE " + group + " LOGIN",
			"COMMENT ON ROLE " + peer + " IS NULL",
			"COMMENT ON ROLE " + group + " IS NULL",
			"DROP ROLE " + peer,
			"DROP OWNED BY " + peer,
			"REASSIGN OWNED BY " + peer + " TO " + me,
			"GRANT " + peer + " TO " + me,
			"GRANT " + me + " TO " + peer,
			"REVOKE " + group + " FROM " + peer,
			"SET ROLE " + peer,
			"SET SESSION AUTHORIZATION " + peer,
			"ALTER DATABASE " + first.out.Database + " CONNECTION LIMIT -1",
			"ALTER DATABASE " + first.out.Database + " OWNER TO " + me,
			"ALTER DATABASE " + first.out.Database + " SET role = none",
			"DROP DATABASE " + first.out.Database,
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + peer + "'",
			"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = '" + peer + "'",
		} {
			for _, role := range []string{"RESET ROLE", "SET ROLE NONE"} {
				run(t, customer, role)
				if _, err := customer.Exec(t.Context(), statement); sqlState(err) != "42501" {
					t.Errorf("%s: %s; %s: %v, want SQLSTATE 42501", me, role, statement, err)
				}
			}
		}
		if got := query(t, customer, "SELECT coalesce(string_agg(DISTINCT query, ''), 'none') FROM pg_stat_activity WHERE usename = $1", peer); got != "<insufficient privilege>" {
			t.Errorf("%s sees what %s does: %q", me, peer, got)
		}
	}
	// What a stranger does with the old login before it is closed opens no way back.
	stranger := w.customer(first.op, first.out)
	run(t, stranger, "SET ROLE NONE", "ALTER ROLE "+first.out.Username+" PASSWORD 'mine'", "SET ROLE "+group, "ALTER ROLE "+group+" PASSWORD 'mine'")
	w.commit(second)
	for _, login := range []string{first.out.Username, second.out.Username, group} {
		if conn, err := pgx.Connect(t.Context(), w.server.URL(login, "mine", first.out.Database)); err == nil {
			t.Errorf("a stranger logs in as %s", login)
			_ = conn.Close(t.Context())
		}
	}
	if !w.works(t, second.op) {
		t.Error("the customer is locked out")
	}
	w.deprovision(second.op)
	w.wantNothing(second.op)
}

// TestWhoeverHasTheOldPasswordCannotKeepItFromBeingReplaced is about a password that
// leaked: its rotation is what helps.
func TestWhoeverHasTheOldPasswordCannotKeepItFromBeingReplaced(t *testing.T) {
	w := newWorld(t, "leaked", nil)
	first := w.made(newOp(2))
	stranger := w.customer(first.op, first.out)
	run(t, stranger, "SET ROLE NONE", "CREATE TABLE mine (n int)")
	for _, setting := range []string{
		"idle_session_timeout = '1ms'", "session_authorization = " + first.out.Username, "role = 'none'", "statement_timeout = '1ms'", "default_tablespace = nowhere",
		"default_transaction_isolation = serializable", "default_transaction_read_only = on", "client_encoding = 'SQL_ASCII'", "lock_timeout = '1ms'", "search_path = mine",
		"idle_in_transaction_session_timeout = '1ms'", "default_table_access_method = nothing",
	} {
		run(t, stranger, "ALTER ROLE "+first.out.Username+" SET "+setting)
	}
	run(t, stranger, "BEGIN", "LOCK TABLE mine IN ACCESS EXCLUSIVE MODE")
	op := first.renewed()
	_, err := rotate(t.Context(), w.b, op, backend.RotateStage, &recorder{})
	wantClass(t, err, backend.Retryable) // an honest transaction ends
	op.Attempt = 10
	said := &recorder{}
	result, err := rotate(t.Context(), w.b, op, backend.RotateStage, said)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.text(), "holds a lock") {
		t.Errorf("nothing is said of what the new login can't use yet: %s", said.text())
	}
	second := recorded(t, op, result)
	if kept := w.names("SELECT unnest(rolconfig) FROM pg_roles WHERE rolname = '" + second.out.Username + "'"); !slices.Contains(kept, "lock_timeout=1ms") ||
		!slices.Contains(kept, "role=u_"+op.ShortID+"_g") || slices.ContainsFunc(kept, func(s string) bool { return strings.Contains(s, first.out.Username) }) {
		t.Errorf("the new login has %q", kept)
	}
	w.commit(second)
	w.want("after the commit", map[credentialsName]credentials{"first": first, "second": second}, "second")
	if owner := w.names("SELECT rolname FROM pg_roles WHERE oid IN (SELECT refobjid FROM pg_shdepend WHERE deptype = 'o') AND rolname = '" + first.out.Username + "'"); len(owner) > 0 {
		t.Errorf("%q still own something", owner)
	}
	w.deprovision(second.op)
}
