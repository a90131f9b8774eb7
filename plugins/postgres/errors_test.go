package postgres

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/zclconf/go-cty/cty"
)

func newTestServer(t *testing.T) *server {
	t.Helper()
	s, problem := newServer(settings{adminURL: "postgres://u:canary@h/db"})
	if problem != nil {
		t.Fatal(problem.Summary)
	}
	t.Cleanup(s.pool.Close)
	return s
}

func TestWhatTheServerSaysIsSortedByItsCode(t *testing.T) {
	s := newTestServer(t)
	cases := map[string]backend.Class{
		"53300": backend.Retryable, "57P01": backend.Retryable, "57P03": backend.Retryable, "08006": backend.Retryable,
		"55006": backend.Retryable, "23505": backend.Retryable, "25006": backend.Retryable, "53100": backend.Quota,
		"42501": backend.Internal, "28P01": backend.Internal, "28000": backend.Internal, "3D000": backend.Internal, "0A000": backend.Internal,
		"42710": backend.Conflict, "42P04": backend.Conflict, "2BP01": backend.Conflict, "42601": backend.Internal, "": backend.Internal,
	}
	for code, class := range cases {
		err := s.explain(t.Context(), "do it", &pgconn.PgError{Code: code, Message: "it says canary and canary2", Detail: "canary3"}, "canary2")
		failure, ok := errors.AsType[*backend.Failure](err)
		if !ok || failure.Class != class {
			t.Errorf("%s: got %v, want class %s", code, err, class)
			continue
		}
		if strings.Contains(failure.Message, "canary") || failure.Customer != "" {
			t.Errorf("%s: %q holds a secret", code, failure.Message)
		}
	}
}

func TestAnUnknownOutcomeIsNotAFailure(t *testing.T) {
	s := newTestServer(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range map[string]error{
		"the connection broke": s.explain(t.Context(), "do it", io.ErrUnexpectedEOF),
		"the call was ended":   s.explain(ended, "do it", &pgconn.PgError{Code: "57014"}),
	} {
		if _, answered := errors.AsType[*backend.Failure](err); answered || err == nil {
			t.Errorf("%s: got %v, want a plain error", name, err)
		}
	}
}

func TestARemovalIsNeverGivenUp(t *testing.T) {
	for _, class := range backend.Classes() {
		failure, ok := errors.AsType[*backend.Failure](stubborn(backend.Failf(class, "x")))
		if !ok || failure.Class == backend.Invalid || failure.Class == backend.Quota {
			t.Errorf("%s becomes %v", class, failure)
		}
	}
}

func TestEveryConnectionOfTheProvisionerIsArmed(t *testing.T) {
	config, err := poolConfig("postgres://u:p@h/db?search_path=public&client_connection_check_interval=0&application_name=x")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"search_path": "pg_catalog", "client_connection_check_interval": "100ms", "application_name": "addongw"} {
		if got := config.ConnConfig.RuntimeParams[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if config.MaxConns != poolSize {
		t.Errorf("%d connections, want %d", config.MaxConns, poolSize)
	}
	if config, err = poolConfig("postgres://u:p@h/db?pool_max_conns=3"); err != nil || config.MaxConns != 3 {
		t.Errorf("pool_max_conns=3 gives %d (%v)", config.MaxConns, err)
	}
}

func TestTheVersionOfTheServerIsJudged(t *testing.T) {
	for version, want := range map[int]backend.Severity{140010: backend.SeverityError, 150018: "", 160004: backend.SeverityWarning} {
		found := facts{version: version, user: "p", createRole: true, createDB: true, signal: true}.problems(nil)
		switch {
		case want == "" && len(found) > 0, want != "" && (len(found) != 1 || found[0].Severity != want):
			t.Errorf("version %d: %+v, want %q", version, found, want)
		}
	}
	lacking := facts{version: 150000, superuser: true, noExtensions: []string{"citext"}}.problems([]string{"hstore", "citext"})
	if len(lacking) != 1 || !lacking[0].Path.Equals(cty.GetAttrPath("extensions").IndexInt(1)) {
		t.Errorf("a missing extension: %+v", lacking)
	}
}

func TestIdentifiersAndLiteralsAreQuoted(t *testing.T) {
	if got, want := identifier(`a"b`), `"a""b"`; got != want {
		t.Errorf("identifier %s, want %s", got, want)
	}
	if got, want := literal(`a'b`), `'a''b'`; got != want {
		t.Errorf("literal %s, want %s", got, want)
	}
}
