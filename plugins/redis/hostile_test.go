package redis_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/redis/redistest"
	client "github.com/redis/go-redis/v9"
	"golang.org/x/sys/unix"
)

// What customers may do with a server of their own, to the machine that it
// shares with others.

func TestAScriptCannotFillTheDiskByWayOfTheLog(t *testing.T) {
	t.Parallel()
	w, op, _ := used(t, nil)
	c := w.customer(op)
	ok(t, "a talkative script", c.Eval(t.Context(), "for i = 1, 20000 do redis.log(redis.LOG_WARNING, string.rep('x', 1000)) end return 1", nil).Err())
	size := func() (all int64) {
		for _, name := range []string{"redis.log", "redis.log.1"} {
			if info, err := os.Stat(filepath.Join(w.folderOf(op), name)); err == nil {
				all += info.Size()
			}
		}
		return all
	}
	await(t, "the log is short", func() bool { return size() <= 3<<20 })
	ok(t, "one more line", c.Eval(t.Context(), "redis.log(redis.LOG_WARNING, 'a word at last') return 1", nil).Err())
	await(t, "the log goes on", func() bool {
		text, err := os.ReadFile(filepath.Join(w.folderOf(op), "redis.log"))
		return err == nil && strings.Contains(string(text), "a word at last")
	})
}

// TestACustomerWhoDoesNotReadTakesNoMemory asks for a GB of answers and takes
// none of them: the server would keep them all.
func TestACustomerWhoDoesNotReadTakesNoMemory(t *testing.T) {
	t.Parallel()
	w, op, out := used(t, nil)
	ok(t, "a value", w.customer(op).Set(t.Context(), "big", strings.Repeat("x", 4<<20), 0).Err())
	conn, err := net.Dial("tcp", out.addr())
	ok(t, "dial", err)
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "AUTH %s %s\r\n%s", out.Username, op.Secrets["password"], strings.Repeat("GET big\r\n", 256))
	ok(t, "ask", err)
	peak := 0
	await(t, "the customer is hung up on", func() bool {
		found, _ := w.read(op)
		peak = max(peak, found.UsedMB)
		text, _ := w.customer(op).ClientList(t.Context()).Result()
		return !strings.Contains(text, conn.LocalAddr().String())
	})
	if limit := 2*16 + 64; peak > limit {
		t.Errorf("%d MB were in use, which is more than the kernel's limit of %d", peak, limit)
	}
}

// TestABrokenDumpIsRefused: one that is taken as it is crashes the server, or
// worse, when it is used.
func TestABrokenDumpIsRefused(t *testing.T) {
	t.Parallel()
	w, op, _ := used(t, nil)
	c := w.customer(op)
	ok(t, "a hash", c.HSet(t.Context(), "h", "field", "value", "other", "thing").Err())
	dump, err := c.Dump(t.Context(), "h").Result()
	ok(t, "dump", err)
	ok(t, "restore what is whole", c.Restore(t.Context(), "whole", 0, dump).Err())
	body := []byte(dump[:len(dump)-8])
	at := strings.Index(dump, "field") + len("field") // the length of what stands before, for who walks backwards
	body[at] = 0x7f
	sum := ^crc64.Update(^uint64(0), crc64.MakeTable(0x95ac9329ac4bc9b5), body)
	broken := string(binary.LittleEndian.AppendUint64(body, sum))
	wantError(t, "restore what is broken", c.Restore(t.Context(), "broken", 0, broken).Err(), "ERR Bad data format")
}

// What operators may get wrong.

func TestADirectoryThatHoldsOtherThingsIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	folder := redistest.Directory(t)
	ok(t, "something else", os.WriteFile(filepath.Join(folder, "passwd"), []byte("x"), 0o600))
	ok(t, "open it", os.Chmod(folder, 0o755))
	b := newBackend(t)
	wantProblem(t, configure(t, b, dedicatedConfig(t, folder, nil)), "directory", "The directory holds other things")
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("its mode is %v (%v) now", info.Mode(), err)
	}
	ok(t, "empty it", os.Remove(filepath.Join(folder, "passwd")))
	b = newBackend(t)
	ok(t, "an empty one", errorsOf(configure(t, b, dedicatedConfig(t, folder, nil))))
}

func TestAPlanChangeThatThisMachineCannotMakeLeavesThePlan(t *testing.T) {
	t.Parallel()
	program, err := redistest.Binary()
	ok(t, "find redis-server", err)
	few := filepath.Join(openFolder(t), "few-files")
	ok(t, "write", os.WriteFile(few, []byte("#!/bin/sh\nulimit -n 256\nexec "+program+" \"$@\"\n"), 0o700))
	ok(t, "make it a program", os.Chmod(few, 0o755))
	w, op, _ := used(t, attributes{"redis_server": str(few)})
	before := op.Plan
	op.Plan = dedicatedPlan(32, 5000)
	_, err = w.changePlan(op)
	if f := wantClass(t, err, backend.Quota); !strings.Contains(f.Message, "LimitNOFILE") {
		t.Errorf("message %q", f.Message)
	}
	op.Plan = before
	if _, drift := w.read(op); len(drift) > 0 {
		t.Errorf("drift from the old plan: %q", drift)
	}
	kill(t, the(t, "servers", redistest.Servers(t, w.folder)))
	w.wantBack(op)
	if _, drift := w.read(op); len(drift) > 0 {
		t.Errorf("after a restart: %q", drift)
	}
}

func TestASharedServerThatLetsEverybodyInIsRefused(t *testing.T) {
	t.Parallel()
	for user, rules := range map[string]string{"default": "on nopass ~* &* +@all", "guest": "on nopass ~* &* +@all"} {
		t.Run(user, func(t *testing.T) {
			server := redistest.Start(t)
			admin := server.Admin()
			defer func() { _ = admin.Close() }()
			arguments := []any{"ACL", "SETUSER", user}
			for _, word := range strings.Fields(rules) {
				arguments = append(arguments, word)
			}
			ok(t, "open", admin.Do(t.Context(), arguments...).Err())
			wantProblem(t, configure(t, newBackend(t), sharedConfig(server, nil)), "url", fmt.Sprintf("The user %q needs no password", user))
			ok(t, "close", admin.Do(t.Context(), "ACL", "SETUSER", user, "off").Err())
			ok(t, "closed", errorsOf(configure(t, newBackend(t), sharedConfig(server, nil))))
		})
	}
}

func TestAReplicaIsRefused(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	admin := server.Admin()
	defer func() { _ = admin.Close() }()
	port, _ := redistest.Ports(t, 1)
	ok(t, "follow", admin.Do(t.Context(), "REPLICAOF", "127.0.0.1", port).Err())
	wantProblem(t, configure(t, newBackend(t), sharedConfig(server, nil)), "url", "The server is a replica")
}

func TestADiskThatIsFullIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := sharedWorld(t, nil)
	folder := filepath.Dir(w.server.ACLFile())
	// Redis writes a new file beside the old one, and can't.
	ok(t, "close the folder", os.Chmod(folder, 0o500))
	op := newOp(sharedPlan("small"))
	_, err := w.b.Provision(t.Context(), backend.ProvisionRequest{Op: op}, &recorder{})
	if f := wantClass(t, err, backend.Retryable); !strings.Contains(f.Message, "disk") {
		t.Errorf("message %q", f.Message)
	}
	ok(t, "open the folder", os.Chmod(folder, 0o700))
	op, _ = w.provision(op)
	ok(t, "restart", w.server.Restart())
	if !works(t, op) {
		t.Error("the server has forgotten the customer")
	}
}

// TestACommitBringsBackALoginThatTheServerLost: the credentials that customers
// were told of are those that must work.
func TestACommitBringsBackALoginThatTheServerLost(t *testing.T) {
	t.Parallel()
	w := sharedWorld(t, nil)
	op, _ := w.provision(newOp(sharedPlan("small")))
	stage := op
	stage.Secrets = map[string]string{"password": strings.Repeat("rotated", 4)}
	result, err := w.b.Rotate(t.Context(), backend.RotateRequest{Op: stage, Phase: backend.RotateStage}, &recorder{})
	ok(t, "stage", err)
	stage.Outputs = result.Outputs
	admin := w.server.Admin()
	defer func() { _ = admin.Close() }()
	ok(t, "lose it", admin.Do(t.Context(), "ACL", "DELUSER", decode(t, stage.Outputs).Username).Err())
	_, err = w.b.Rotate(t.Context(), backend.RotateRequest{Op: stage, Phase: backend.RotateCommit}, &recorder{})
	ok(t, "commit", err)
	if !works(t, stage) || works(t, op) {
		t.Error("the wrong password works")
	}
}

// TestATenantHasNoCommandsThatNobodyLookedAt: what a module or a later version
// brings along knows nothing of prefixes.
func TestATenantHasNoCommandsThatNobodyLookedAt(t *testing.T) {
	t.Parallel()
	w, n := twoTenants(t)
	admin := w.server.Admin()
	defer func() { _ = admin.Close() }()
	answer, err := admin.Do(t.Context(), "ACL", "LIST").StringSlice()
	ok(t, "list users", err)
	for _, line := range answer {
		if strings.Contains(line, n.own.Username) && strings.Contains(line, "+@all") {
			t.Errorf("everything that is not refused is allowed: %s", line)
		}
	}
}

func TestARunnerOfNoDirectorySaysWhatToDo(t *testing.T) {
	t.Parallel()
	folder := redistest.Directory(t)
	program, err := os.Executable()
	ok(t, "find this program", err)
	said, err := runOutput(program, folder)
	if err == nil || !strings.Contains(said, "start the gateway") {
		t.Errorf("%v: %q", err, said)
	}
}

// TestWhoWaitsForLongDoesNotWakeBrokenServers: the pauses between attempts are
// there to spare the machine.
func TestWhoWaitsForLongDoesNotWakeBrokenServers(t *testing.T) {
	t.Parallel()
	w, slow, _ := used(t, nil)
	broken, out := w.provision(newOp(dedicatedPlan(16, 10)))
	w.suspend(broken)
	occupy(t, out.Port)
	_, err := w.b.Resume(t.Context(), backend.ResumeRequest{Op: broken}, &recorder{})
	wantClass(t, err, backend.Retryable)
	w.suspend(slow)
	loading, err := os.Open(filepath.Join(w.folderOf(slow), "server.lock"))
	ok(t, "open the lock", err)
	ok(t, "be there and not answer", unix.Flock(int(loading.Fd()), unix.LOCK_EX))
	before := w.attempts()
	within, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err = w.b.Resume(within, backend.ResumeRequest{Op: slow}, &recorder{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("resume: %v", err)
	}
	if n := w.attempts() - before; n > 5 {
		t.Errorf("%d attempts within two seconds to start a server that cannot start", n)
	}
	ok(t, "end", loading.Close())
	w.wantBack(slow)
}

// attempts counts those of the runner that failed.
func (w *world) attempts() int {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.folder, ".runner", "log"))
	ok(w.t, "read the log", err)
	return strings.Count(string(text), "a server does not run")
}

func runOutput(program, folder string) (string, error) {
	said, err := exec.Command(program, "run", folder).CombinedOutput()
	return string(said), err
}

// TestAnArchiveTakesNothingOfTheMachine: who broke into a server can write into
// its folder, and root packs it.
func TestAnArchiveTakesNothingOfTheMachine(t *testing.T) {
	t.Parallel()
	archive := filepath.Join(t.TempDir(), "archive")
	w, op, _ := used(t, attributes{"archive": str(archive)})
	data := filepath.Join(w.folderOf(op), "data")
	ok(t, "a link", os.Symlink("/etc/passwd", filepath.Join(data, "link")))
	ok(t, "a link to a folder", os.Symlink("/etc", filepath.Join(data, "folder")))
	ok(t, "a pipe that nobody writes to", unix.Mkfifo(filepath.Join(data, "pipe"), 0o600))
	w.purge(op)
	wantArchived(t, archive, op)
	said, err := exec.Command("tar", "-tzf", filepath.Join(archive, "redis-"+op.ShortID+".tar.gz")).Output()
	ok(t, "list the archive", err)
	for _, name := range []string{"link", "folder", "pipe", "redis.sock"} {
		if strings.Contains("\n"+string(said), "\n"+name) {
			t.Errorf("%s is in the archive:\n%s", name, said)
		}
	}
}

func TestARemovalThatIsRefusedIsNotGivenUp(t *testing.T) {
	t.Parallel()
	w := sharedWorld(t, nil)
	op, _ := w.provision(newOp(sharedPlan("small")))
	admin := w.server.Admin()
	defer func() { _ = admin.Close() }()
	ok(t, "another administrator", admin.Do(t.Context(), "ACL", "SETUSER", "other", "on", ">other-password", "~*", "&*", "+@all").Err())
	other := redistest.Client(w.server.Addr(), "other", "other-password")
	defer func() { _ = other.Close() }()
	ok(t, "another password", other.Do(t.Context(), "ACL", "SETUSER", "admin", "resetpass", ">new-password").Err())
	ok(t, "end sessions", other.Do(t.Context(), "CLIENT", "KILL", "USER", "admin").Err())
	await(t, "the old connections are noticed", func() bool {
		_, err := w.b.Read(t.Context(), backend.ReadRequest{Op: op})
		failure, isFailure := errors.AsType[*backend.Failure](err)
		return isFailure && failure.Class == backend.Internal
	})
	_, err := w.b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: op, Mode: backend.ModePurge}, &recorder{})
	wantClass(t, err, backend.Internal) // after a few attempts an operator is waited for
}

// TestWhoKillsOurConnectionsCannotKeepAPassword: a thief of a password who
// hangs up on us must not keep it from being taken away.
func TestWhoKillsOurConnectionsCannotKeepAPassword(t *testing.T) {
	t.Parallel()
	w, op, _ := used(t, nil)
	stage := op
	stage.Secrets = map[string]string{"password": strings.Repeat("rotated", 4)}
	result, err := w.b.Rotate(t.Context(), backend.RotateRequest{Op: stage, Phase: backend.RotateStage}, &recorder{})
	ok(t, "stage", err)
	stage.Outputs = result.Outputs
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 2 {
		thief := w.customer(op)
		go func() {
			for ctx.Err() == nil {
				_, _ = thief.Pipelined(ctx, func(p client.Pipeliner) error {
					for range 100 {
						p.Do(ctx, "CLIENT", "KILL", "USER", "addongw")
					}
					return nil
				})
			}
		}()
	}
	await(t, "nobody gets through to the server", func() bool {
		_, err := w.b.Read(t.Context(), backend.ReadRequest{Op: op})
		return err != nil
	})
	_, err = w.b.Rotate(t.Context(), backend.RotateRequest{Op: stage, Phase: backend.RotateCommit}, &recorder{})
	ok(t, "commit", err)
	if works(t, op) || !works(t, stage) {
		t.Error("the wrong password works")
	}
}
