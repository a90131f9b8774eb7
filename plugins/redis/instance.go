package redis

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	client "github.com/redis/go-redis/v9"
)

// adminUser is our own login on every server.
const adminUser = "addongw"

// instance is the folder of a dedicated server. Whether it runs is told by a
// lock: the server itself holds it, having inherited it open, so that no death
// of anybody else makes a second one possible.
type instance struct{ folder string }

func (i instance) recordFile() string  { return filepath.Join(i.folder, "instance.json") }
func (i instance) adminFile() string   { return filepath.Join(i.folder, "admin-password") }
func (i instance) configFile() string  { return filepath.Join(i.folder, "redis.conf") }
func (i instance) lockFile() string    { return filepath.Join(i.folder, "server.lock") }
func (i instance) logFile() string     { return filepath.Join(i.folder, "redis.log") }
func (i instance) failureFile() string { return filepath.Join(i.folder, "failure") }
func (i instance) data() string        { return filepath.Join(i.folder, "data") }
func (i instance) socket() string      { return filepath.Join(i.data(), "redis.sock") }
func (i instance) name() string        { return filepath.Base(i.folder) }

// runs reports whether the server, or what is left of it, is there.
func (i instance) runs() bool { return locked(i.lockFile()) }

func (i instance) save(r record) error { return writeFile(i.recordFile(), r.text(), 0o600) }

// admin is a connection through the socket in the server's own folder. Nobody
// else can be at its other end, whoever listens on the port.
func (i instance) admin() (*client.Client, error) {
	password, err := os.ReadFile(i.adminFile())
	if err != nil {
		return nil, err
	}
	return client.NewClient(quiet(&client.Options{
		Dialer:   listening(i.dial),
		Username: adminUser, Password: strings.TrimSpace(string(password)),
	})), nil
}

// maxSocketPath is what fits into an address, on every system.
const maxSocketPath = 100

// dial connects to the socket. A path that is too long for an address is gone
// around by way of the open folder.
func (i instance) dial(ctx context.Context) (net.Conn, error) {
	path := i.socket()
	if len(path) > maxSocketPath {
		folder, err := os.Open(i.data())
		if err != nil {
			return nil, err
		}
		defer func() { _ = folder.Close() }()
		path = fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), filepath.Base(path))
	}
	return (&net.Dialer{}).DialContext(ctx, "unix", path)
}

// stopGrace is how long a server gets to end by itself: it writes down what it
// has.
const stopGrace = 10 * time.Second

// stop ends the server and returns with its lock held: nobody can start another
// until it is closed. The record must already say that it is not to run.
func (i instance) stop(ctx context.Context, grace time.Duration) (*os.File, error) {
	begun := time.Now()
	asked := false
	for {
		held, err := tryLock(i.lockFile())
		if held != nil || err != nil {
			return held, err
		}
		switch late := time.Since(begun) > grace; {
		case late:
			i.signal(ctx, os.Kill)
		case !asked:
			asked = i.shutdown(ctx) || i.signal(ctx, terminate)
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, err
		}
	}
}

// askTime is how long a server that is about to be stopped may take to answer.
const askTime = time.Second

// shutdown asks the server to end. A signal would do, and takes a tenth of a
// second longer.
func (i instance) shutdown(ctx context.Context) bool {
	admin, err := i.admin()
	if err != nil {
		return false
	}
	defer func() { _ = admin.Close() }()
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return admin.Shutdown(ctx).Err() == nil
}

// signal signals the process that listens on the socket and reports whether
// there was one. Between the look at its number and its use the number cannot
// have gone to somebody else: the process is held first, and looked at again.
func (i instance) signal(ctx context.Context, s os.Signal) bool {
	pid, err := i.peer(ctx)
	if err != nil {
		return false
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer func() { _ = process.Release() }()
	if again, err := i.peer(ctx); err != nil || again != pid {
		return false
	}
	return process.Signal(s) == nil
}

// peer is the number of the process that listens on the socket. It must be one
// of the user that the data belongs to: a server that somebody broke into could
// put another socket there, and have us end what it could not.
func (i instance) peer(ctx context.Context) (int, error) {
	conn, err := i.dial(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	pid, uid, err := peerOf(conn.(*net.UnixConn))
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(i.data())
	if err != nil {
		return 0, err
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner != uid {
		return 0, fmt.Errorf("the process %d at %s belongs to user %d, not to %d", pid, i.socket(), uid, owner)
	}
	return pid, nil
}

// awaitReady returns when the server answers. What keeps it from starting is
// told by the runner.
func (i instance) awaitReady(ctx context.Context, poke func() error) error {
	if err := removeFile(i.failureFile()); err != nil {
		return err
	}
	for n := 0; ; n++ {
		if n == 0 || n%20 == 0 && !i.runs() { // one that loads its data needs no waking
			if err := poke(); err != nil {
				return err
			}
		}
		err := i.ping(ctx)
		if err == nil || keptOut(err) {
			return nil
		}
		if why, err := os.ReadFile(i.failureFile()); err == nil {
			return backend.Failf(backend.Retryable, "the server does not start: %s", why)
		}
		if err := pause(ctx, lockPoll); err != nil {
			return err
		}
	}
}

// ping uses a client once: one that failed to connect remembers it for a second.
func (i instance) ping(ctx context.Context) error {
	admin, err := i.admin()
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	return admin.Ping(ctx).Err()
}

// apply makes a running server what its record says, without ending it. A
// server that does not let us in any more is started anew, which has the same
// effect.
func (i instance) apply(ctx context.Context, r record, events backend.Events, grace time.Duration, poke func() error) error {
	err := i.applyLive(ctx, r)
	if !keptOut(err) {
		return err
	}
	events.Log(slog.LevelWarn, "the server is restarted: "+explain(ctx, "change its settings", err).Error())
	i.signal(ctx, terminate)
	for deadline := time.Now().Add(grace); ; {
		if err := pause(ctx, lockPoll); err != nil {
			return err
		}
		if err := i.applyLive(ctx, r); err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			i.signal(ctx, os.Kill)
			return i.awaitReady(ctx, poke)
		}
	}
}

// try finds out whether a server can have the limits, before they are written
// down: what is refused leaves the plan as it was.
func (i instance) try(ctx context.Context, l limits) error {
	admin, err := i.admin()
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	if err := setLimits(ctx, admin, l); !keptOut(err) {
		return err
	}
	return nil // apply knows what to do
}

func (i instance) applyLive(ctx context.Context, r record) error {
	admin, err := i.admin()
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	if err := i.applyUsers(ctx, admin, r); err != nil {
		return err
	}
	return setLimits(ctx, admin, r.Limits)
}

// setLimits sets all or, where one cannot be, none.
func setLimits(ctx context.Context, admin *client.Client, l limits) error {
	arguments := []any{"CONFIG", "SET"}
	for _, s := range l.directives() {
		arguments = append(arguments, s.name, s.value)
	}
	return admin.Do(ctx, arguments...).Err()
}

// applyUsers makes the logins of the record and removes all others, whose
// sessions end with them.
func (i instance) applyUsers(ctx context.Context, admin *client.Client, r record) error {
	for name, hash := range r.Logins {
		if err := setUser(ctx, admin, name, append([]string{"reset", "on", "#" + hash}, dedicatedRules()...)); err != nil {
			return err
		}
	}
	users, err := userNames(ctx, admin)
	if err != nil {
		return err
	}
	for _, name := range users {
		if _, wanted := r.Logins[name]; wanted || name == adminUser || name == "default" {
			continue
		}
		if err := admin.Do(ctx, "ACL", "DELUSER", name).Err(); err != nil {
			return err
		}
	}
	return nil
}

// used is the memory that a running server has in use, in bytes.
func (i instance) used(ctx context.Context) (int64, error) {
	admin, err := i.admin()
	if err != nil {
		return 0, err
	}
	defer func() { _ = admin.Close() }()
	return infoNumber(ctx, admin, "memory", "used_memory")
}

// exists tells a folder that is not there from one that cannot be read.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
