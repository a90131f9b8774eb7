package backend

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"

	"github.com/hashicorp/go-plugin"
)

// Serve is a plugin's whole main function. It returns when the gateway shuts
// the plugin down, and ends the process when the gateway is gone.
//
// The working directory is "/" and the environment holds PATH and LANG alone.
// What the plugin prints to standard output or standard error ends up in the
// gateway's log, line by line; [Logger] does it best.
func Serve(b Backend) {
	if err := followLifeline(os.Getenv(LifelineEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	swallowSignals()
	// go-plugin replaces these two. Were they garbage then, their finalizers would
	// close the descriptors 1 and 2, and the next socket would be taken for them.
	stdout, stderr := os.Stdout, os.Stderr
	defer runtime.KeepAlive([]*os.File{stdout, stderr})
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  Handshake(),
		VersionedPlugins: Plugins(b),
		GRPCServer:       NewGRPCServer,
	})
}

// followLifeline ends the process when the pipe, whose other end only the
// gateway holds, ends: a gateway that was killed cannot stop its plugins. What
// the plugin started and left in its process group ends with it.
func followLifeline(fd string) error {
	if fd == "" {
		return nil
	}
	n, err := strconv.Atoi(fd)
	if err != nil || n <= 2 {
		return fmt.Errorf("%s is %q, not the number of a file descriptor", LifelineEnv, fd)
	}
	syscall.CloseOnExec(n) // not for the programs that a plugin starts
	pipe := os.NewFile(uintptr(n), "lifeline")
	go func() {
		_, _ = io.Copy(io.Discard, pipe)
		if syscall.Getpgrp() == os.Getpid() {
			_ = syscall.Kill(0, syscall.SIGKILL) // the whole group, this process included
		}
		os.Exit(0)
	}()
	return nil
}

// swallowSignals leaves it to the gateway when a plugin stops: a terminal or a
// service manager signals the whole group, and the gateway drains first. The
// signals are received and dropped rather than ignored, because programs that
// a plugin starts would inherit the ignoring and could not be stopped.
func swallowSignals() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		for range signals {
		}
	}()
}

// Logger returns a logger whose lines become lines of the gateway's log, with
// the backend's name and with known secrets masked. Lines about one operation
// are better written with Events.Log, which adds the operation's ids.
func Logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(stderr{}, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// stderr is the process's real standard error. go-plugin replaces os.Stderr
// while it serves, by a pipe that goes the long way through the connection
// and is lost when the process dies.
type stderr struct{}

func (stderr) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		n, err := syscall.Write(syscall.Stderr, p[written:])
		switch {
		case err == syscall.EINTR || err == syscall.EAGAIN:
		case err != nil:
			return written, err
		default:
			written += n
		}
	}
	return written, nil
}
