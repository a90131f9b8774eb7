package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The SQLSTATEs that steps look at themselves (PostgreSQL manual, Appendix A).
const (
	codeInsufficientPrivilege = "42501"
	codeTooManyConnections    = "53300"
	codeDuplicateTable        = "42P07"
	codeLockNotAvailable      = "55P03"
	codeInvalidPassword       = "28P01"
	codeInvalidAuthorization  = "28000"
	codeUndefinedDatabase     = "3D000"
)

// classOf sorts what the server said by its SQLSTATE. Whatever is not listed
// is a bug of ours. What only an operator can mend is Internal too: no customer
// chose admin_url or the provisioner's rights, and an order may wait for others.
func classOf(code string) (backend.Class, string) {
	switch code {
	case "53100":
		return backend.Quota, "the server's disk is full"
	case codeTooManyConnections:
		return backend.Retryable, "the server has no connection left"
	case "57P01", "57P02", "57P03", "57P05":
		return backend.Retryable, "the server is starting or stopping"
	case "25006":
		return backend.Retryable, "the server is a standby"
	case "40001", "40P01", "55P03", "55006", "57014", "23505", "53200", "53400", "XX000":
		// 55006: somebody is connected to a database that we rename or drop.
		// 57014: a statement_timeout of the provisioner.
		// 23505 and XX000: two sessions changed one catalog row ("tuple concurrently updated").
		return backend.Retryable, "the server was busy with something else"
	case codeInsufficientPrivilege:
		return backend.Internal, "the provisioner lacks a right (see the README of the postgres backend)"
	case codeInvalidPassword, codeInvalidAuthorization:
		return backend.Internal, "the server does not let the provisioner in: check admin_url and pg_hba.conf"
	case codeUndefinedDatabase:
		return backend.Internal, "the database in admin_url does not exist"
	case "0A000", "58P01":
		return backend.Internal, "the server does not have what is asked for"
	case "42710", "42P04":
		return backend.Conflict, "the name is taken by something that is not ours"
	case "2BP01":
		return backend.Conflict, "something outside the resource's database depends on it"
	}
	if strings.HasPrefix(code, "08") {
		return backend.Retryable, "the connection broke"
	}
	return backend.Internal, "the server refused a statement"
}

// explain turns an error of pgx into what the gateway is told. What the server
// said is an answer, a Failure. A server that could not be reached is one too:
// nothing was done. A connection that broke, or a call that ran out of time,
// leaves the outcome unknown and stays a plain error.
//
// The text is made of the server's message alone, never of its details nor of
// pgx's own text, which may quote connection settings; secrets are masked in
// it all the same.
func (s *server) explain(ctx context.Context, doing string, err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	if failure, ok := errors.AsType[*backend.Failure](err); ok {
		return failure
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	secrets = append(secrets, s.admin.Password, s.settings.adminURL)
	if said, ok := errors.AsType[*pgconn.PgError](err); ok {
		class, meaning := classOf(said.Code)
		return backend.Failf(class, "%s: %s (%s, SQLSTATE %s)", doing, meaning, mask(said.Message, secrets), said.Code)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return backend.Failf(backend.Retryable, "%s: the server does not answer (%s)", doing, mask(rootCause(err), secrets))
	}
	return fmt.Errorf("%s: the connection broke: %s", doing, mask(rootCause(err), secrets))
}

// rootCause is the text of the innermost error, such as "connection refused".
func rootCause(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			if several, ok := err.(interface{ Unwrap() []error }); ok && len(several.Unwrap()) > 0 {
				err = several.Unwrap()[0]
				continue
			}
			return err.Error()
		}
		err = next
	}
}

func mask(text string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return text
}

// signingIn is what is done first.
const signingIn = "at sign-in"

// asSentence is a message of explain as the detail of a diagnostic, whose summary
// says already what was done.
func asSentence(message string) string {
	message = strings.TrimPrefix(message, signingIn+": ")
	return strings.ToUpper(message[:1]) + message[1:] + "."
}

// stubborn is for removals: what the server refuses is tried again, and in the
// end parked for an operator, but never given up, since something would be
// left that nobody pays for.
func stubborn(err error) error {
	failure, ok := errors.AsType[*backend.Failure](err)
	if !ok || failure.Class != backend.Invalid && failure.Class != backend.Quota {
		return err
	}
	again := *failure
	again.Class = backend.Retryable
	return &again
}

// identifier quotes a name for SQL.
func identifier(name string) string { return pgx.Identifier{name}.Sanitize() }

// literal quotes a text for SQL. Utility statements take no parameters.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
