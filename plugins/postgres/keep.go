package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/addongw/addongw/plugins/backend"
)

// purgeMark stands in a database's comment between the marker and the instant
// until which its data is kept. No resource id has a space in it.
const purgeMark = " purge after "

// keptMarker is the comment on a database that is only kept. The date is on
// the server, so that a repeat gives the same one whoever makes it.
func (t target) keptMarker(until time.Time) string { return t.marker() + purgeMark + inMarker(until) }

func inMarker(until time.Time) string { return until.UTC().Format(time.RFC3339) }

// readMarker takes a database's comment apart. A date that somebody made
// unreadable is zero; the database is kept all the same.
func readMarker(comment string) (marker string, purgeAfter time.Time, kept bool) {
	marker, date, kept := strings.Cut(comment, purgeMark)
	if !kept {
		return comment, time.Time{}, false
	}
	purgeAfter, _ = time.Parse(time.RFC3339, date)
	return marker, purgeAfter.UTC(), true
}

// revival is the answer to a provision of what was deprovisioned: a customer
// who left must not find the way back in because a call came late.
func (f found) revival(t target) error {
	return backend.Failf(backend.Conflict, "database %q was deprovisioned with its resource and is kept until %s: it is not given to anybody again. "+
		"Deprovision the resource with mode purge first, which drops the data", t.database, inMarker(f.database.purgeAfter))
}

// keeps reports whether a soft deprovision keeps the database. One that is
// marked already is kept even if drop_policy has become "now": the gateway may
// have told of the date.
func (d *deprovision) keeps() bool {
	return d.found.whole(d.target) && (d.found.database.kept || d.keep > 0)
}

// keepSteps lock the customer out and leave the data alone.
func (d *deprovision) keepSteps() []step {
	return []step{
		{"close the database and mark it", d.closeDatabase},
		{"end the customer's sessions", d.endSessions},
	}
}

// closeDatabase is one transaction: a database that lets nobody in has a date,
// and one with a date lets nobody in. Limit 0 holds for everybody but
// superusers.
func (d *deprovision) closeDatabase(ctx context.Context) error {
	statements := append(alterRoles(d.found.logins(d.target), "NOLOGIN"), limitDatabase(d.target, 0))
	if d.found.database.purgeAfter.IsZero() {
		d.found.database.purgeAfter = d.now.Add(d.keep).UTC().Truncate(time.Second) // as precise as the marker
		statements = append(statements, fmt.Sprintf("COMMENT ON DATABASE %s IS %s", identifier(d.target.database), literal(d.target.keptMarker(d.found.database.purgeAfter))))
	}
	_, err := d.conn.Exec(ctx, strings.Join(statements, "; "))
	return err
}

// sessionPoll is the time between two looks at sessions that are ending.
const sessionPoll = 10 * time.Millisecond

// endSessions ends the customer's sessions and all others in the database, but
// superusers', and returns when they are gone.
func (d *deprovision) endSessions(ctx context.Context) error {
	for {
		n, err := d.signalSessions(ctx)
		if err != nil || n == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(sessionPoll):
		}
	}
}

// beginningSessions finds the sessions that are just beginning in the database $1.
const beginningSessions = `
	FROM pg_locks
	WHERE locktype = 'object' AND classid = 'pg_database'::regclass AND mode = 'RowExclusiveLock'
	  AND objid = (SELECT oid FROM pg_database WHERE datname = $1)`

// signalSessions tells sessions to end and counts them. It looks first for
// sessions that are just beginning: one that was let in a moment before the
// database was closed is not among the activities yet, but holds this lock on
// the database until it is (InitPostgres in postinit.c). A client can stretch
// that moment to half an hour, with post_auth_delay.
func (d *deprovision) signalSessions(ctx context.Context) (int, error) {
	var beginning, begun int
	err := d.conn.QueryRow(ctx, "SELECT count(pg_terminate_backend(pid)) "+beginningSessions, d.target.database).Scan(&beginning)
	if err != nil {
		return 0, err
	}
	err = d.conn.QueryRow(ctx, `
		SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE (datname = $1 OR usename IN ($2, $3)) AND pid <> pg_backend_pid()
		  AND usesysid NOT IN (SELECT oid FROM pg_roles WHERE rolsuper)`, d.target.database, d.target.login(), d.target.other()).Scan(&begun)
	return beginning + begun, err
}
