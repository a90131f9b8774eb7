package redis_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/addongw/addongw/plugins/redis"
)

func TestAFolderOfGroupsThatAnotherUserMadeIsNoUse(t *testing.T) {
	t.Parallel()
	root := openFolder(t)
	ok(t, "write", os.WriteFile(filepath.Join(root, "cgroup.procs"), nil, 0o644))
	ok(t, "make the folder", os.Mkdir(filepath.Join(root, "addongw-redis"), 0o555))
	hierarchy := redis.Cgroups(root, "memory.limit_in_bytes", false)
	if os.Geteuid() == 0 {
		ok(t, "as its owner", redis.FindCgroups(hierarchy))
		// Only what this thread does with files is somebody else's now. It ends with the test.
		runtime.LockOSThread()
		ok(t, "become somebody else", syscall.Setfsuid(65534))
	}
	if err := redis.FindCgroups(hierarchy); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("as another user: %v, want that it is denied", err)
	}
}
