package redis

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/attribute"
	"github.com/zclconf/go-cty/cty"
)

// defaultUser is whom servers run as where the gateway is root. Distributions'
// packages make it.
const defaultUser = "redis"

const (
	rootRefused = "Servers must not run as root"
	rootRemedy  = `Write the name of a user without rights, such as "redis".`
)

// account is the system user that servers run as; nil: our own.
type account struct{ uid, gid uint32 }

// lookUpAccount finds the user called name.
func lookUpAccount(name string) (*account, *backend.Diagnostic) {
	complain := func(summary, remedy string) (*account, *backend.Diagnostic) {
		d := attribute.Wrong(cty.GetAttrPath("user"), summary, remedy)
		return nil, &d
	}
	root := os.Geteuid() == 0
	if name == "" && !root {
		return nil, nil
	}
	if name == "" {
		name = defaultUser
	}
	found, err := user.Lookup(name)
	if err != nil {
		return complain(fmt.Sprintf("This machine has no user %q", name), "Servers must not run as root. Write the name of another user, or: useradd --system "+name)
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(found.Gid, 10, 32)
	if err := errors.Join(err, err2); err != nil {
		return complain(fmt.Sprintf("User %q can't be used: %v", name, err), "Write another one.")
	}
	switch {
	case root && uid == 0:
		return complain(rootRefused, rootRemedy)
	case !root && int(uid) != os.Geteuid():
		return complain(fmt.Sprintf("Only root can run servers as user %q", name), "Run the gateway as root, or remove user and run it as that user.")
	case !root:
		return nil, nil // we are that user already
	}
	return &account{uid: uint32(uid), gid: uint32(gid)}, nil
}

// credential is for the server's process: that user, and no groups of ours.
func (a *account) credential() *syscall.Credential {
	if a == nil {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// makeFolder makes a server's folder. What belongs to its user is the data
// alone; the user gets through the folder itself to it, and no further.
func (a *account) makeFolder(i instance) error {
	mode := os.FileMode(0o700)
	if a != nil {
		mode = 0o710
	}
	if err := errors.Join(os.Mkdir(i.folder, 0o700), os.Mkdir(i.data(), 0o700)); err != nil {
		return err
	}
	if a == nil {
		return nil
	}
	return errors.Join(os.Chown(i.folder, os.Geteuid(), int(a.gid)), os.Chmod(i.folder, mode), os.Chown(i.data(), int(a.uid), int(a.gid)))
}

// give makes the server's user the owner of a file.
func (a *account) give(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}
