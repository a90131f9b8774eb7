package pluginhost

import "golang.org/x/sys/unix"

// awaitEnd returns when the child process is dead, and leaves it to be
// collected. It reports whether it could.
func awaitEnd(pid int) bool {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return err == nil
		}
	}
}
