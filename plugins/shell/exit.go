package shell

import (
	"fmt"

	"github.com/addongw/addongw/plugins/backend"
)

// classOf sorts exit codes. The numbers are those of sysexits.h where it has
// one that fits: 64 usage, 69 unavailable, 75 temporary failure, 77 no permission.
// Everything not named is a bug.
func classOf(code int) backend.Class {
	switch code {
	case 64:
		return backend.Invalid
	case 65:
		return backend.Conflict
	case 66:
		return backend.NotFound
	case 69:
		return backend.Quota
	case 70:
		return backend.Unsupported
	case 75:
		return backend.Retryable
	case 77:
		return backend.Unauthorized
	}
	return backend.Internal
}

// describe says in a few words how a process ended, and what that usually
// means where a shell gives a code a meaning.
func (e ending) describe() string {
	switch {
	case e.signal != 0:
		return fmt.Sprintf("was ended by signal %d (%v)", int(e.signal), e.signal)
	case e.code == 126:
		return "exited with 126 (a program it called is not executable)"
	case e.code == 127:
		return "exited with 127 (a program it called was not found)"
	}
	return fmt.Sprintf("exited with %d", e.code)
}
