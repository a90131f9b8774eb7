//go:build !linux

package redis

import (
	"errors"
	"net"
	"syscall"
)

const terminate = syscall.SIGTERM

// peerOf needs Linux, and so does the dedicated mode.
func peerOf(*net.UnixConn) (pid int, uid uint32, err error) {
	return 0, 0, errors.New("the dedicated mode needs Linux")
}
