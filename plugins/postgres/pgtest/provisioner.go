package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
)

// ProvisionerURL is the URL of a role, not a superuser, that may do what the
// postgres backend needs. It is made on the first call and ends the test when
// that fails.
func (s *Server) ProvisionerURL(t testing.TB) string {
	t.Helper()
	url, err := s.Provisioner(t.Context(), provisioner)
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// Provisioner is ProvisionerURL for a role of another name: a test that ends
// its own sessions, or counts what it owns, wants one for itself. The same
// name gives the same URL.
func (s *Server) Provisioner(ctx context.Context, name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, made := s.provisioners[name]; !made {
		password := rand.Text()
		if err := s.createProvisioner(ctx, name, password); err != nil {
			return "", fmt.Errorf("create provisioner %s: %w", name, err)
		}
		s.provisioners[name] = password
	}
	return s.URL(name, s.provisioners[name], "postgres"), nil
}

// createProvisioner runs the statements that the README of the postgres
// backend gives to operators.
func (s *Server) createProvisioner(ctx context.Context, name, password string) error {
	conn, err := pgx.Connect(ctx, s.AdminURL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	role := pgx.Identifier{name}.Sanitize()
	// The log would hold the password, and tests look for it there.
	if _, err = conn.Exec(ctx, "SET log_statement = none"); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE ROLE "+role+" LOGIN CREATEROLE CREATEDB PASSWORD '"+password+"'; "+
		"GRANT pg_signal_backend, pg_read_all_stats TO "+role+"; "+
		"GRANT SET ON PARAMETER temp_file_limit TO "+role+"; "+
		"REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC; "+
		"GRANT CONNECT ON DATABASE postgres TO "+role)
	return err
}
