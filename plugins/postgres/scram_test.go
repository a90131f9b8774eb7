package postgres_test

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/postgres"
	"github.com/jackc/pgx/v5"
)

// stored lets the server set a password and returns what it stores.
func (w *world) stored(role, password string) string {
	w.t.Helper()
	w.exec("ALTER ROLE " + role + " PASSWORD '" + strings.ReplaceAll(password, "'", "''") + "'")
	var verifier string
	if err := w.root.QueryRow(w.t.Context(), "SELECT rolpassword FROM pg_authid WHERE rolname = $1", role).Scan(&verifier); err != nil {
		w.t.Fatal(err)
	}
	return verifier
}

func TestTheVerifierIsTheOneThatTheServerMakes(t *testing.T) {
	w := newWorld(t, "verifier", nil)
	w.exec("CREATE ROLE verified")
	for _, password := range []string{"pencil", "x", strings.Repeat("long ", 40), `quote ' and \ and $`} {
		want := w.stored("verified", password)
		salt, err := base64.StdEncoding.DecodeString(regexp.MustCompile(`4096:([^$]+)\$`).FindStringSubmatch(want)[1])
		if err != nil {
			t.Fatal(err)
		}
		if got, err := postgres.ScramVerifierWith(password, salt, 4096); err != nil || got != want {
			t.Errorf("verifier %s (%v), the server's is %s", got, err, want)
		}
	}
}

func TestAnAcceptedVerifierIsOneForTheServerToo(t *testing.T) {
	w := newWorld(t, "malformed", nil)
	w.exec("CREATE ROLE misled LOGIN")
	good, err := postgres.ScramVerifierWith("pencil", []byte("0123456789abcdef"), 4096)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, verifier := range []string{
		good, good + "=", good + " ", " " + good, strings.ToLower(good), strings.Replace(good, "SHA-256", "SHA-1", 1),
		strings.Replace(good, "4096", "0", 1), strings.Replace(good, "4096", "-4096", 1), strings.Replace(good, "4096", "", 1),
		strings.Replace(good, "$", ":", 2), strings.Replace(good, ":", "$", 2), good[:len(good)-1], good[:len(good)-4],
		strings.Replace(good, "=", "", 1), good + "\n", "SCRAM-SHA-256$4096:c2FsdA==$c2hvcnQ=:c2hvcnQ=", "pencil",
	} {
		if postgres.CheckVerifier(verifier) == nil {
			if stored := w.stored("misled", verifier); stored != verifier {
				t.Errorf("%q is accepted, but the server takes it for a password", verifier)
			}
			continue
		}
		refused++
	}
	if refused < 15 {
		t.Errorf("only %d malformed verifiers are refused", refused)
	}
	// The trap itself: whoever reads such a statement can log in with it.
	w.stored("misled", good[:len(good)-1])
	conn, err := pgx.Connect(t.Context(), w.server.URL("misled", good[:len(good)-1], "postgres"))
	if sqlState(err) == "28P01" {
		t.Error("this server no longer takes a malformed verifier for a password")
	}
	if err == nil {
		_ = conn.Close(t.Context())
	}
}

func TestAPasswordThatCannotBeHashedSafelyIsRefused(t *testing.T) {
	w := newWorld(t, "unhashed", nil)
	for _, password := range []string{"", "pässword", "tab\t", "nul\x00"} {
		op := newOp(1)
		op.Secrets = map[string]string{"password": password}
		_, err := provision(t.Context(), w.b, op, &recorder{})
		failure := wantClass(t, err, backend.Internal)
		if password != "" && strings.Contains(failure.Message, password) {
			t.Errorf("%q repeats the password", failure.Message)
		}
		w.wantNothing(op)
	}
}
