package shell

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// account is a system user that scripts run as.
type account struct{ credential syscall.Credential }

// lookUpAccount finds the user called name; nil for the empty name.
func lookUpAccount(name string) (*account, *backend.Diagnostic) {
	if name == "" {
		return nil, nil
	}
	complain := func(summary, detail string) (*account, *backend.Diagnostic) {
		d := problem(cty.GetAttrPath("user"), summary, detail)
		return nil, &d
	}
	found, err := user.Lookup(name)
	if err != nil {
		return complain(fmt.Sprintf("This machine has no user %q", name), "useradd --system "+name)
	}
	if uid := strconv.Itoa(os.Geteuid()); uid != "0" && uid != found.Uid {
		return complain(fmt.Sprintf("Only root can run scripts as user %q", name),
			"Run the gateway as root, or remove user and run it as that user.")
	}
	if os.Geteuid() != 0 {
		return nil, nil // we are that user already
	}
	credential, err := credentialOf(found)
	if err != nil {
		return complain(fmt.Sprintf("User %q can't be used: %v", name, err), "")
	}
	return &account{credential: credential}, nil
}

func credentialOf(u *user.User) (syscall.Credential, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return syscall.Credential{}, fmt.Errorf("read its id: %w", err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return syscall.Credential{}, fmt.Errorf("read its group: %w", err)
	}
	names, err := u.GroupIds()
	if err != nil {
		return syscall.Credential{}, fmt.Errorf("look up its groups: %w", err)
	}
	groups := make([]uint32, 0, len(names))
	for _, name := range names {
		id, err := strconv.ParseUint(name, 10, 32)
		if err != nil {
			return syscall.Credential{}, fmt.Errorf("read its groups: %w", err)
		}
		groups = append(groups, uint32(id))
	}
	return syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), Groups: groups}, nil
}
