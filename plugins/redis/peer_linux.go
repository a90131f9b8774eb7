package redis

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

const terminate = syscall.SIGTERM

// peerOf is the number of the process that listens where conn leads, and its
// user's.
func peerOf(conn *net.UnixConn) (pid int, uid uint32, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, 0, err
	}
	var who *unix.Ucred
	var failed error
	if err := raw.Control(func(fd uintptr) {
		who, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return 0, 0, err
	}
	if failed != nil {
		return 0, 0, failed
	}
	return int(who.Pid), who.Uid, nil
}
