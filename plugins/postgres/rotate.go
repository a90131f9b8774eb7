package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var _ backend.Rotator = (*Backend)(nil)

// Rotate implements [backend.Rotator] with two logins, of which one is in use: a
// stage opens the other one, a commit and an abort close the one that is not in
// the operation's outputs.
func (b *Backend) Rotate(ctx context.Context, req backend.RotateRequest, events backend.Events) (backend.Result, error) {
	if req.Phase == backend.RotateStage {
		return b.stage(ctx, req.Op, events)
	}
	return b.turn(ctx, req.Op, events, func(d *deprovision) []step {
		return []step{
			{"close the other login", d.closeOther},
			{"end its sessions", d.endOtherSessions},
			{"hand over what it owns", d.handOver}, // while there is room to get in
			{"set the database's connection limit", d.narrowDatabase},
		}
	})
}

func (b *Backend) stage(ctx context.Context, op backend.Op, events backend.Events) (backend.Result, error) {
	p, err := b.newProvision(ctx, op, events)
	if err != nil {
		return backend.Result{}, err
	}
	now := p.target
	p.target = now.rotated()
	err = p.server.withLock(ctx, now, func(conn *pgx.Conn) error {
		found, err := inspect(ctx, conn, now)
		if err != nil {
			return p.server.explain(ctx, "look at the server", err)
		}
		if !found.usable(now) {
			return found.missing(now)
		}
		if err := found.conflict(now); err != nil {
			return err
		}
		p.conn, p.found = conn, found.rotated()
		p.locked = !found.login.canLogin && !found.other.canLogin
		return p.server.runSteps(ctx, events, p.stageSteps(), p.password, p.verifier)
	})
	return p.result, err
}

func (p *provision) stageSteps() []step {
	return []step{
		{"create the other login role", p.createLogin},
		{"give it the settings of the login in use", p.copySettings},
		{"make the login act as the group", p.actAsGroup},
		{"set the login's password and limit", p.setPassword},
		{"set the database's connection limit", p.openDatabase},
		{"hand over what the login in use owns", p.handOver},
		{"log in as the customer", p.proveLogin},
		{"measure the database", p.measure},
	}
}

// copySettings gives the new login what the customer has given the one in use,
// with ALTER ROLE, such as a search_path: without it their programs would find
// other tables after the rotation, or none.
func (p *provision) copySettings(ctx context.Context) error {
	login, scope := "ALTER ROLE "+identifier(p.target.login()), " IN DATABASE "+identifier(p.target.database)
	if err := p.exec(ctx, login+" RESET ALL", login+scope+" RESET ALL"); err != nil {
		return err
	}
	p.found.login.settings = nil
	rows, err := p.conn.Query(ctx, `
		SELECT setdatabase <> 0, unnest(setconfig) FROM pg_db_role_setting JOIN pg_roles ON pg_roles.oid = setrole
		WHERE rolname = $1 AND (setdatabase = 0 OR setdatabase = (SELECT oid FROM pg_database WHERE datname = $2))`,
		p.target.other(), p.target.database)
	if err != nil {
		return err
	}
	type setting struct {
		Inside bool
		Line   string
	}
	settings, err := pgx.CollectRows(rows, pgx.RowToStructByPos[setting])
	if err != nil {
		return err
	}
	for _, s := range settings {
		altering := login
		if s.Inside {
			altering += scope
		}
		if err := p.copySetting(ctx, altering, s.Line); err != nil {
			return err
		}
	}
	return nil
}

// copySetting lets a setting go that the server refuses: whatever customers write
// there must not keep them from getting a new password.
func (p *provision) copySetting(ctx context.Context, altering, line string) error {
	name, value, _ := strings.Cut(line, "=")
	statement := altering + " SET " + identifier(name) + " = " + literal(value)
	switch name {
	case "role", "session_authorization", "statement_timeout", "temp_file_limit": // the plan's, or ours
		return nil
	case "local_preload_libraries", "session_preload_libraries": // may keep a login from logging in
		return nil
	case "search_path", "temp_tablespaces": // lists of names, which are stored as they were quoted
		statement = fmt.Sprintf("SELECT pg_catalog.set_config(%s, %s, true); %s SET %s FROM CURRENT", literal(name), literal(value), altering, name)
	}
	err := p.exec(ctx, statement)
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		if class, _ := classOf(refused.Code); class != backend.Retryable {
			p.events.Log(slog.LevelWarn, fmt.Sprintf("login %q does not get the setting %q of the login in use (SQLSTATE %s)", p.target.login(), name, refused.Code))
			return nil
		}
	}
	return err
}

// proveLogin makes no table, unlike prove: customers may have put something in its
// way meanwhile. A suspended customer's login is proved by nobody.
func (p *provision) proveLogin(ctx context.Context) error {
	if p.locked {
		p.events.Log(slog.LevelInfo, "the resource is suspended: the new login was not tried out")
		return nil
	}
	conn, err := p.enter(ctx)
	if err != nil {
		return err
	}
	leave(conn)
	return nil
}

// patientAttempts is how often a stage gives way to a customer's transaction. The
// attempts take some minutes.
const patientAttempts = 10

// handOver is left to the commit, which ends the old login's sessions first, where a
// transaction does not end: whoever has a password that leaked could keep it from
// being replaced.
func (p *provision) handOver(ctx context.Context) error {
	err := p.server.handOver(ctx, p.conn, p.target, p.target.other())
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == codeLockNotAvailable && p.attempt >= patientAttempts {
		p.events.Log(slog.LevelWarn, fmt.Sprintf("a transaction holds a lock on what login %q owns itself: login %q can't use that before the rotation ends", p.target.other(), p.target.login()))
		return nil
	}
	return err
}

func (d *deprovision) handOver(ctx context.Context) error {
	if !d.ours(d.found.other.marker) {
		return nil
	}
	return d.server.handOver(ctx, d.conn, d.target, d.target.other())
}

// handOver gives the group what the login owns itself, because its customer gave
// up the group for a moment (SET ROLE NONE): the other login could not use it. The
// customer's transactions may hold locks on it, and everybody else waits behind
// whoever waits for those: better to come back later.
func (s *server) handOver(ctx context.Context, conn *pgx.Conn, t target, login string) error {
	var owns bool
	err := conn.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM pg_shdepend JOIN pg_database d ON d.oid = dbid
		WHERE datname = $1 AND refclassid = 'pg_authid'::regclass AND deptype = 'o' AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = $2))`,
		t.database, login).Scan(&owns)
	if err != nil || !owns {
		return err
	}
	inside, err := s.connect(ctx, t.database)
	if err != nil {
		return err
	}
	defer leave(inside)
	roles := identifier(login) + ", " + identifier(t.group())
	_, err = inside.Exec(ctx, strings.Join([]string{
		"SET LOCAL lock_timeout = '1s'",
		"GRANT " + roles + " TO CURRENT_USER",
		"REASSIGN OWNED BY " + identifier(login) + " TO " + identifier(t.group()),
		"REVOKE " + roles + " FROM CURRENT_USER",
	}, "; "))
	return err
}

// closeOther takes the password too: should anybody let the role in again, nobody
// knows how.
func (d *deprovision) closeOther(ctx context.Context) error {
	if d.found.login.limit == closed {
		return backend.Failf(backend.Conflict, "login %q, which is to stay, was closed by a rotation: without login %q the customer would be locked out. "+
			"Rotate once more", d.target.login(), d.target.other())
	}
	if !d.ours(d.found.other.marker) {
		return nil
	}
	return d.alter(ctx, []role{d.found.other}, fmt.Sprintf("NOLOGIN CONNECTION LIMIT %d PASSWORD NULL", closed))
}

// narrowDatabase leaves room for the sessions of one login.
func (d *deprovision) narrowDatabase(ctx context.Context) error {
	_, err := d.conn.Exec(ctx, limitDatabase(d.target, d.found.login.limit))
	return err
}

// beginningTime is how long a session may take to begin before it is ended. It
// cannot be seen whose it is.
const beginningTime = time.Second

// endOtherSessions ends the sessions of the login that was closed, and returns when
// they are gone. Those of the login in use go on. A session that was let in a
// moment before has no name yet (see signalSessions): it is waited for, and ended
// when it takes longer than any honest one. Whoever holds a password that leaked
// would otherwise stay, with post_auth_delay.
func (d *deprovision) endOtherSessions(ctx context.Context) error {
	if !d.ours(d.found.other.marker) {
		return nil
	}
	early, err := d.beginning(ctx)
	if err != nil {
		return err
	}
	for begun := time.Now(); ; {
		now, err := d.beginning(ctx)
		if err != nil {
			return err
		}
		early = slices.DeleteFunc(early, func(pid int32) bool { return !slices.Contains(now, pid) })
		if time.Since(begun) > beginningTime && len(early) > 0 {
			if _, err := d.conn.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid", early); err != nil {
				return err
			}
		}
		var left int
		err = d.conn.QueryRow(ctx, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1", d.target.other()).Scan(&left)
		if err != nil || left+len(early) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(sessionPoll):
		}
	}
}

// beginning are the processes whose sessions in the database have not begun yet.
func (d *deprovision) beginning(ctx context.Context) ([]int32, error) {
	rows, err := d.conn.Query(ctx, "SELECT DISTINCT pid "+beginningSessions, d.target.database)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int32])
}
