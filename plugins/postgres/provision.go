package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// provision is one attempt to make a resource. It runs under the resource's
// lock, on the connection that holds it.
type provision struct {
	server   *server
	conn     *pgx.Conn
	events   backend.Events
	target   target
	limits   limits
	password string // a secret
	verifier string
	found    found // before the first step
	locked   bool  // the customer is suspended, and stays so
	attempt  int
	result   backend.Result
}

// step is a part of the work that may be repeated at any time, from any state
// that an interrupted attempt can leave.
type step struct {
	doing string
	run   func(context.Context) error
}

// Provision implements [backend.Backend].
func (b *Backend) Provision(ctx context.Context, req backend.ProvisionRequest, events backend.Events) (backend.Result, error) {
	p, err := b.newProvision(ctx, req.Op, events)
	if err != nil {
		return backend.Result{}, err
	}
	err = p.server.withLock(ctx, p.target, func(conn *pgx.Conn) error {
		p.conn = conn
		return p.run(ctx)
	})
	return p.result, err
}

// newProvision reads what an operation says about a login and its limits.
func (b *Backend) newProvision(ctx context.Context, op backend.Op, events backend.Events) (*provision, error) {
	s, err := b.ready(ctx)
	if err != nil {
		return nil, err
	}
	p := &provision{server: s, events: events, password: op.Secrets["password"], attempt: op.Attempt}
	if p.target, err = targetOf(op); err != nil {
		return nil, err
	}
	if p.limits, err = limitsOf(op.Plan); err != nil {
		return nil, err
	}
	if p.verifier, err = scramVerifier(p.password); err != nil {
		return nil, backend.Failf(backend.Internal, "%v", err)
	}
	return p, nil
}

func (p *provision) run(ctx context.Context) error {
	var err error
	if p.found, err = inspect(ctx, p.conn, p.target); err != nil {
		return p.server.explain(ctx, "look at the server", err)
	}
	if err := p.found.conflict(p.target); err != nil {
		return err
	}
	if p.found.database.kept {
		return p.found.revival(p.target)
	}
	return p.server.runSteps(ctx, p.events, p.steps(), p.password, p.verifier)
}

// runSteps runs one step after the other and says so before each.
func (s *server) runSteps(ctx context.Context, events backend.Events, steps []step, secrets ...string) error {
	for i, step := range steps {
		events.Progress(step.doing, 100*i/len(steps))
		if err := step.run(ctx); err != nil {
			return s.explain(ctx, step.doing, err, secrets...)
		}
	}
	return nil
}

func (p *provision) steps() []step {
	return []step{
		{"create the group role", p.createGroup},
		{"create the login role", p.createLogin},
		{"set the login's password and limit", p.setPassword},
		{"make the login act as the group", p.actAsGroup},
		{"create the database", p.createDatabase},
		{"grant the database to the group", p.grantDatabase},
		{"set the database's connection limit", p.openDatabase},
		{"prepare the inside of the database", p.prepareInside},
		{"log in as the customer", p.prove},
		{"measure the database", p.measure},
	}
}

// exec runs statements in one transaction, except CREATE and DROP DATABASE,
// which must be alone.
func (p *provision) exec(ctx context.Context, statements ...string) error {
	_, err := p.conn.Exec(ctx, strings.Join(statements, "; "))
	return err
}

// createGroup makes role and marker in one transaction: there is never one
// without the other.
func (p *provision) createGroup(ctx context.Context) error {
	if p.found.group.exists {
		return nil
	}
	group := identifier(p.target.group())
	return p.exec(ctx, "CREATE ROLE "+group+" NOLOGIN", "COMMENT ON ROLE "+group+" IS "+literal(p.target.marker()))
}

func (p *provision) createLogin(ctx context.Context) error {
	if p.found.login.exists {
		return nil
	}
	login := identifier(p.target.login())
	return p.exec(ctx, fmt.Sprintf("CREATE ROLE %s NOLOGIN CONNECTION LIMIT %d IN ROLE %s", login, closed, identifier(p.target.group())),
		"COMMENT ON ROLE "+login+" IS "+literal(p.target.marker()))
}

// setPassword sends the verifier, never the password: statements end up in
// the server's log. The verifier was checked when it was made.
func (p *provision) setPassword(ctx context.Context) error {
	login := "LOGIN"
	if p.locked {
		login = "NOLOGIN"
	}
	return p.exec(ctx, fmt.Sprintf("ALTER ROLE %s %s CONNECTION LIMIT %d PASSWORD %s",
		identifier(p.target.login()), login, p.limits.connections, literal(p.verifier)))
}

// actAsGroup makes every session of the login begin as the group, so that the
// group owns what is created.
func (p *provision) actAsGroup(ctx context.Context) error {
	login := identifier(p.target.login())
	return p.exec(ctx, append(changeSettings(p.found.login, p.limits),
		"GRANT "+identifier(p.target.group())+" TO "+login,
		"ALTER ROLE "+login+" SET role = "+literal(p.target.group()))...)
}

// createDatabase makes the database under a name that only this resource can
// have, and gives it marker and final name in one transaction. A database of
// the final name is therefore ours if and only if it has our marker, wherever
// an earlier attempt was interrupted.
func (p *provision) createDatabase(ctx context.Context) error {
	name, staging := identifier(p.target.database), identifier(p.target.staging())
	if p.found.database.exists && p.found.database.limit != unusable {
		return nil
	}
	if p.found.database.exists { // its DROP was interrupted
		if err := p.exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			return err
		}
	}
	if p.found.staging.exists && p.found.staging.limit == unusable {
		if err := p.exec(ctx, "DROP DATABASE "+staging+" WITH (FORCE)"); err != nil {
			return err
		}
		p.found.staging = database{}
	}
	if !p.found.staging.exists {
		// Limit 0 keeps everybody out until PUBLIC has lost its rights.
		if err := p.exec(ctx, "CREATE DATABASE "+staging+" TEMPLATE template0 CONNECTION LIMIT 0"); err != nil {
			return err
		}
	}
	return p.exec(ctx, "COMMENT ON DATABASE "+staging+" IS "+literal(p.target.marker()),
		"ALTER DATABASE "+staging+" RENAME TO "+name)
}

func (p *provision) grantDatabase(ctx context.Context) error {
	on := " ON DATABASE " + identifier(p.target.database)
	return p.exec(ctx, "REVOKE ALL"+on+" FROM PUBLIC",
		"GRANT CONNECT, CREATE, TEMPORARY"+on+" TO "+identifier(p.target.group()))
}

// openDatabase also lets the provisioner in: the limit holds for everybody
// but superusers.
func (p *provision) openDatabase(ctx context.Context) error {
	logins := 1
	for _, other := range p.found.open(p.target) {
		if other.name != p.target.login() {
			logins++
		}
	}
	return p.exec(ctx, limitDatabase(p.target, logins*p.limits.connections))
}

func (p *provision) prepareInside(ctx context.Context) error {
	conn, err := p.server.connect(ctx, p.target.database)
	if err != nil {
		return err
	}
	defer leave(conn)
	statements := []string{"GRANT ALL ON SCHEMA public TO " + identifier(p.target.group())}
	for _, extension := range p.server.settings.extensions {
		statements = append(statements, "CREATE EXTENSION IF NOT EXISTS "+identifier(extension)+" WITH SCHEMA public")
	}
	_, err = conn.Exec(ctx, strings.Join(statements, "; "))
	return err
}

// prove logs in with what the customer is given and creates and drops a table.
func (p *provision) prove(ctx context.Context) error {
	conn, err := p.enter(ctx)
	if err != nil {
		return err
	}
	defer leave(conn)
	// One transaction: nothing is left of it, whatever happens.
	_, err = conn.Exec(ctx, "CREATE TABLE public.addongw_probe (); DROP TABLE public.addongw_probe")
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == codeDuplicateTable {
		return nil // the customer's own table
	}
	return err
}

// enter logs in with what the customer is given, and acts as the group. End the
// connection with leave.
func (p *provision) enter(ctx context.Context) (*pgx.Conn, error) {
	conn, err := p.logIn(ctx)
	if err != nil {
		return nil, p.explainLogin(ctx, err)
	}
	var acting string
	err = conn.QueryRow(ctx, "SELECT current_user").Scan(&acting)
	if err == nil && acting != p.target.group() {
		err = backend.Failf(backend.Internal, "the login acts as %q instead of %q", acting, p.target.group())
	}
	if err != nil {
		leave(conn)
		return nil, err
	}
	return conn, nil
}

// logIn insists on SCRAM, since a server that asks for no password proves
// nothing about it. One that does so all the same is the operator's business,
// but not silently.
func (p *provision) logIn(ctx context.Context) (*pgx.Conn, error) {
	config := p.server.admin.Copy()
	config.Database, config.User, config.Password = p.target.database, p.target.login(), p.password
	// What customers have given their login must not end our session.
	config.RuntimeParams = map[string]string{"application_name": "addongw", "idle_session_timeout": "0", "statement_timeout": "0"}
	insisting := config.Copy()
	insisting.RequireAuth = "scram-sha-256"
	conn, err := pgx.ConnectConfig(ctx, insisting)
	if _, refused := errors.AsType[*pgconn.PgError](err); err == nil || refused || ctx.Err() != nil {
		return conn, err
	}
	if conn, err = connectPatiently(ctx, config); err == nil {
		p.events.Log(slog.LevelWarn, "pg_hba.conf lets customers' roles in without SCRAM: their passwords are not asked for, or travel in plain text")
	}
	return conn, err
}

// connectPatiently repeats a login for a second while the connection that we
// have just given up is still counted against the role's limit.
func connectPatiently(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	for end := time.Now().Add(leaveTimeout); ; {
		conn, err := pgx.ConnectConfig(ctx, config)
		refused, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || refused.Code != codeTooManyConnections || time.Now().After(end) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// explainLogin: the customer's role is refused for other reasons than ours.
func (p *provision) explainLogin(ctx context.Context, err error) error {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && refused.Code == codeInvalidPassword:
		return backend.Failf(backend.Internal, "log in as the customer: the server refuses the password that was just set")
	case ok && refused.Code == codeInvalidAuthorization:
		return backend.Failf(backend.Internal, "log in as the customer: pg_hba.conf does not let role %q into its database with method scram-sha-256", p.target.login())
	}
	return p.server.explain(ctx, "log in as the customer", err, p.password, p.verifier)
}

func (p *provision) measure(ctx context.Context) (err error) {
	p.result, err = p.server.result(ctx, p.conn, p.target)
	return err
}
