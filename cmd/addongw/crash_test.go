package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKill9InTheMiddleOfAProvisionLosesAndDoublesNothing kills the gateway at
// many instants of a real provision, starts it again, and repeats the request
// as the platform would.
func TestKill9InTheMiddleOfAProvisionLosesAndDoublesNothing(t *testing.T) {
	dir := copyExample(t, "postgres")
	a := startAcme(t, dir)
	before := atoi(t, a.query(t, "SELECT count(*)::text FROM pg_database"))
	const rounds = 12
	var urls []string
	for round := range rounds {
		order := a.provision(fmt.Sprintf("addon_%d", round), "hobby")
		first := make(chan result, 1)
		go func() {
			got, err := order.do()
			first <- result{got, err}
		}()
		<-time.After(time.Duration(round) * 4 * time.Millisecond) // the instant is the experiment
		a.Kill()
		cut := <-first
		await(t, "no plugin outlives the gateway", 10*time.Second, func() bool { return len(pluginsOf(t, dir)) == 0 })

		a = startAcme(t, dir)
		again := a.provision(fmt.Sprintf("addon_%d", round), "hobby").must(t, 200)
		repeat := a.provision(fmt.Sprintf("addon_%d", round), "hobby").must(t, 200)
		if again.Body != repeat.Body {
			t.Errorf("round %d: the repeat differs", round)
		}
		if cut.err == nil && cut.Status == 200 && cut.Body != again.Body {
			t.Errorf("round %d: the answer before the kill differs from the one after", round)
		}
		if err := execSQL(t, again.Config["ACME_DB_URL"], "CREATE TABLE t (id int)"); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		urls = append(urls, again.Config["ACME_DB_URL"])
	}
	if after := atoi(t, a.query(t, "SELECT count(*)::text FROM pg_database")); after != before+rounds {
		t.Errorf("%d databases before, %d after %d orders", before, after, rounds)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "addongw-*", "addongw-*")); err != nil || len(left) != 1 {
		t.Errorf("socket folders %q, %v: want the living gateway's only", left, err)
	}
	for _, u := range urls {
		if got := a.leftovers(t, u); !strings.HasPrefix(got, "1 databases, 2 roles") {
			t.Errorf("a customer has %s, want one database, one group and one login", got)
		}
	}
}

// TestKill9OfThePluginInTheMiddleOfAProvisionIsRepeated kills the backend
// instead: the platform notices nothing. Four times, because the fifth crash
// within a minute makes the host rest.
func TestKill9OfThePluginInTheMiddleOfAProvisionIsRepeated(t *testing.T) {
	dir := copyExample(t, "postgres")
	a := startAcme(t, dir)
	for round := range 4 {
		order := a.provision(fmt.Sprintf("addon_%d", round), "hobby")
		first := make(chan result, 1)
		go func() {
			got, err := order.do()
			first <- result{got, err}
		}()
		<-time.After(time.Duration(5+10*round) * time.Millisecond) // the instant is the experiment
		for _, pid := range pluginsOf(t, dir) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		got := <-first
		if got.err != nil || got.Status != 200 {
			t.Errorf("round %d: %v %d %s", round, got.err, got.Status, got.Body)
			continue
		}
		if again := order.must(t, 200); again.Body != got.Body {
			t.Errorf("round %d: the repeat differs", round)
		}
		if left := a.leftovers(t, got.Config["ACME_DB_URL"]); left != "1 databases, 2 roles" {
			t.Errorf("round %d: the customer has %s", round, left)
		}
	}
}

// pluginsOf finds the plugin processes of the gateway that has its temporary
// files in dir: their environment names it.
func pluginsOf(t *testing.T, dir string) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, file := range files {
		environ, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(environ), "PLUGIN_UNIX_SOCKET_DIR="+dir) {
			continue // it has ended, is somebody else's, or is no plugin of ours
		}
		pids = append(pids, atoi(t, filepath.Base(filepath.Dir(file))))
	}
	return pids
}

// TestKill9InTheMiddleOfADeprovisionLeavesNothing does the same for DELETE.
func TestKill9InTheMiddleOfADeprovisionLeavesNothing(t *testing.T) {
	dir := copyExample(t, "postgres")
	a := startAcme(t, dir)
	for round := range 6 {
		made := a.provision(fmt.Sprintf("addon_%d", round), "hobby").must(t, 200)
		a.deprovision(made.ID).must(t, 200)
		<-time.After(time.Duration(round) * 5 * time.Millisecond) // the instant is the experiment
		a.Kill()
		a = startAcme(t, dir)
		await(t, "nothing left after the restart", 60*time.Second, func() bool {
			return a.leftovers(t, made.Config["ACME_DB_URL"]) == "0 databases, 0 roles"
		})
		a.deprovision(made.ID).must(t, 200)
	}
}
