package pgtest_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/postgres/pgtest"
	"github.com/jackc/pgx/v5"
)

// doomed makes this test binary start a server and wait to be killed.
const doomed = "PGTEST_DOOMED"

func TestMain(m *testing.M) {
	if os.Getenv(doomed) != "" {
		server, err := pgtest.Open()
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(server.AdminURL(), server.SocketFolder())
		select {}
	}
	os.Exit(m.Run())
}

func TestAServerAnswersItsUsersAndEndsWithItsFolder(t *testing.T) {
	server, err := pgtest.Open()
	if err != nil {
		pgtest.SkipOrFail(t, err)
	}
	t.Cleanup(func() { _ = server.Close() })
	socket := "host=" + server.SocketFolder() + fmt.Sprintf(" port=%d user=pgtest_root dbname=postgres password=wrong", server.Port())
	if _, err := pgx.Connect(t.Context(), socket); err == nil || !strings.Contains(err.Error(), "28P01") {
		t.Errorf("a wrong password on the socket: %v, want SQLSTATE 28P01", err)
	}
	first := server.ProvisionerURL(t)
	if again := server.ProvisionerURL(t); again != first {
		t.Error("the provisioner's URL changes")
	}
	for _, url := range []string{server.AdminURL(), first} {
		var superuser, createsRoles bool
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		err = conn.QueryRow(t.Context(), "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user").Scan(&superuser, &createsRoles)
		if err != nil || !createsRoles || superuser != (url == server.AdminURL()) {
			t.Errorf("superuser %t, creates roles %t, %v", superuser, createsRoles, err)
		}
		_ = conn.Close(t.Context())
	}
	if log, err := server.Log(); err != nil || !strings.Contains(log, "SELECT rolsuper") {
		t.Errorf("the log does not hold the statements (%v)", err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	wantGone(t, server.AdminURL(), server.SocketFolder())
	if err := server.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

func TestAServerEndsWhenItsTestProcessIsKilled(t *testing.T) {
	pgtest.Start(t) // skips where there is no PostgreSQL
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), doomed+"=yes")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	url, folder, ok := strings.Cut(strings.TrimSpace(line), " ")
	if err != nil || !ok {
		t.Fatalf("the process says %q (%v)", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	wantGone(t, url, folder)
}

func wantGone(t *testing.T, url, folder string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, statErr := os.Stat(folder)
		_, connErr := pgx.Connect(t.Context(), url)
		if errors.Is(statErr, os.ErrNotExist) && connErr != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the folder: %v; a connection: %v; want both gone", statErr, connErr)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
