package shell

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
)

// hosting are scripts that keep servers as folders. A server belongs to whoever
// made it: its owner is in the folder. Each says on standard error what it is about
// to do.
func hosting() map[string]string {
	const begin = `set -eu
server=$DATA_DIR/$ADDONGW_RESOURCE_ID
document=$(cat)
token=$(printf '%s\n' "$document" | sed -n 's/.*"credential":{.*"token":"\([^"]*\)".*/\1/p')
[ "$token" = "$GOOD_TOKEN" ] || { echo "$token is refused" >&2; exit 77; }
step() { echo "$*" >&2; sleep 0.01; } # so that a test can kill us before it
put() { printf '%s' "$2" >"$server/.$1.new"; mv "$server/.$1.new" "$server/$1"; }
argument() { printf '%s\n' "$document" | sed -n 's/.*"args":{[^}]*"'"$1"'":"\([^"]*\)".*/\1/p'; }
`
	return map[string]string{
		"create_server": begin + `
step make the folder; mkdir -p "$server"
step write the size; put size "$(argument size)"
step count it; put boots 1
step print the answer; echo '{"status":"done","outputs":{"ref":"'"$ADDONGW_SHORT_ID"'","status":"active"}}'`,
		// A boot is counted by operation: a repeat is the same one.
		"reboot": begin + `
[ -e "$server/size" ] || exit 66
step note the operation; put boot "$ADDONGW_OPERATION_ID"
step boot; put boots 2
step print the answer; rm "$server/boot"; echo '{"status":"done"}'`,
		"delete_server": begin + `
[ -e "$server" ] || exit 66
step remove the size; rm -f "$server/size"
step remove the folder; rm -rf "$server"
step print the answer; echo '{"status":"done"}'`,
	}
}

const goodToken = "token-of-a-caller"

// hosted is the Subject of scripts that serve actions and nothing else.
func hosted(dir, data string) backendtest.Subject {
	object := func(members attributes) backend.Value { return members.value() }
	return backendtest.Subject{
		Config: attributes{
			"directory": cty.StringVal(dir), "actions": listOf("create_server", "reboot", "delete_server"),
			"env": cty.MapVal(map[string]cty.Value{"DATA_DIR": cty.StringVal(data), "GOOD_TOKEN": cty.StringVal(goodToken)}),
		}.value(),
		Op: func(*testing.T) backend.Op {
			return backend.Op{Plan: backend.Plan{ID: "small"}, Credential: map[string]string{"token": goodToken}}
		},
		Actions: &backendtest.Actions{
			Create: backendtest.Action{Name: "create_server", Args: object(attributes{"name": cty.StringVal("web1"), "size": cty.StringVal("1gb")})},
			Change: []backendtest.Action{{Name: "reboot", Args: object(attributes{"ref": cty.NullVal(cty.String)})}},
			Delete: backendtest.Action{Name: "delete_server", Args: object(attributes{"ref": cty.NullVal(cty.String)})},
		},
		Timeout: 20 * time.Second,
	}
}

func TestActionsSurviveAKilledPluginAtEveryStep(t *testing.T) {
	t.Parallel()
	data, dir := t.TempDir(), scriptDir(t, hosting())
	chmod(t, data, 0o755)
	backendtest.Crash(t, backendtest.Crashing{
		Subject: hosted(dir, data),
		Things:  func(t *testing.T, op backend.Op) []string { return folder(t, filepath.Join(data, op.ResourceID)) },
		Use: func(t *testing.T, op backend.Op) {
			if err := os.WriteFile(filepath.Join(data, op.ResourceID, "precious"), []byte("7"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	})
}

func actionsKeepContract(t *testing.T, texts map[string]string) {
	t.Helper()
	data := t.TempDir()
	s := hosted(scriptDir(t, texts), data)
	b := New()
	b.patience = patience{grace: 500 * time.Millisecond, straggle: 200 * time.Millisecond}
	b.logger = slog.New(slog.DiscardHandler)
	s.Backend = b
	backendtest.Run(t, s)
	left, err := os.ReadDir(data)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestActionsKeepTheContract(t *testing.T) {
	t.Parallel()
	actionsKeepContract(t, hosting())
}

// Every action of this script orders the work; when it is called again, the work is
// done.
func TestPendingActionsKeepTheContract(t *testing.T) {
	t.Parallel()
	actionsKeepContract(t, map[string]string{"invoke": `
server=$DATA_DIR/$ADDONGW_RESOURCE_ID
if [ "${ADDONGW_PENDING-}" != "$1" ]; then
  echo '{"status":"pending","retry_after":0.1,"state":{"ordered":"'"$1"'"}}'; exit
fi
case $1 in
delete_server) rm -rf "$server" ;;
*) mkdir -p "$server" ;;
esac
echo '{"status":"done"}'`})
}
