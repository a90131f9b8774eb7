package shell

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

func TestScriptsRunAsTheConfiguredUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can switch users")
	}
	b := configured(t, map[string]string{"provision": `
id -u >id; id -g >>id; echo own >"$HOME/file"
echo '{"status":"done","outputs":{"ids":"'$(tr '\n' ' ' <id)'"}}'`},
		attributes{"user": cty.StringVal("daemon"), "output": outputBlocks(map[string]attributes{"ids": {}})})
	result, _ := mustProvision(t, b, someOp(t))
	daemon, err := user.Lookup("daemon")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := result.Outputs.Cty().GetAttr("ids").AsString(), daemon.Uid+" "+daemon.Gid; strings.TrimSpace(got) != want {
		t.Errorf("ran as %q, want %q", got, want)
	}
}

func TestHangingScriptOfAnotherUserIsStopped(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can switch users")
	}
	b := configured(t, map[string]string{"provision": `trap "" TERM; while :; do sleep 300; done`}, attributes{"user": cty.StringVal("daemon")})
	op := someOp(t)
	op.Deadline = time.Now().Add(300 * time.Millisecond)
	_, _, err := provision(t.Context(), b, op)
	wantFailure(t, err, backend.Retryable)
	if late := time.Since(op.Deadline); late > 4*time.Second {
		t.Errorf("it returned %v after the deadline", late)
	}
}

func TestScriptThatTheUserMayNotRunIsExplained(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can switch users")
	}
	dir := scriptDir(t, scriptsWith(nil))
	b := configuredIn(t, dir, attributes{"user": cty.StringVal("daemon")})
	chmod(t, filepath.Join(dir, "provision"), 0o700)
	_, _, err := provision(t.Context(), b, someOp(t))
	wantFailure(t, err, backend.Internal, `may user "daemon" read and execute it?`)
}

func TestConfigureFindsTheUser(t *testing.T) {
	t.Parallel()
	dir := scriptDir(t, scriptsWith(nil))
	config := attributes{"directory": cty.StringVal(dir), "user": cty.StringVal("nobody-of-this-machine")}
	resp, err := New().Configure(t.Context(), backend.ConfigureRequest{Config: config.value()})
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, resp.Diagnostics, cty.GetAttrPath("user"), `no user "nobody-of-this-machine"`, "useradd")
}

func TestOnlyRootSwitchesUsers(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may switch users")
	}
	dir := scriptDir(t, scriptsWith(nil))
	config := attributes{"directory": cty.StringVal(dir), "user": cty.StringVal("root")}
	resp, err := New().Configure(t.Context(), backend.ConfigureRequest{Config: config.value()})
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, resp.Diagnostics, cty.GetAttrPath("user"), "Only root")
}
