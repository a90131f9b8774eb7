package shell

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
)

// keeping are scripts that keep a folder for a week after its customer left.
// Each says on standard error what it is about to do.
func keeping() map[string]string {
	const begin = `set -eu
share=$DATA_DIR/$ADDONGW_RESOURCE_ID
step() { echo "$*" >&2; sleep 0.01; } # so that a test can kill us before it
answer() { echo '{"status":"done","outputs":{"plan":"'"$(cat "$share/plan")"'","login":"'"$login"'","files":'"$(ls "$share" | wc -l)"'}}'; }
document=$(cat)
member() { printf '%s\n' "$document" | sed -n 's/.*"'"$1"'":{.*"'"$2"'":"\([^"]*\)".*/\1/p'; }
login=$(member outputs login); : "${login:=a}"
case $login in a) other=b ;; *) other=a ;; esac
put() { printf '%s' "$2" >"$share/.$1.new"; mv "$share/.$1.new" "$share/$1"; }
`
	return map[string]string{
		"provision": begin + `
[ ! -e "$share/purge_after" ] || { echo "only kept until $(cat "$share/purge_after")" >&2; exit 65; }
step make the folder; mkdir -p "$share"
step write the plan; put plan "$ADDONGW_PLAN"
step write the login; put "login-$login" "$(member secrets password)"
step print the answer; answer`,
		"change_plan": begin + `
[ -d "$share" ] || exit 66
step write the plan; put plan "$ADDONGW_PLAN"
step print the answer; answer`,
		"suspend": begin + `
[ -d "$share" ] || exit 66
step lock the folder; put locked ""
step print the answer; echo '{"status":"done"}'`,
		"resume": begin + `
[ -d "$share" ] || exit 66
step unlock the folder; rm -f "$share/locked"
step print the answer; echo '{"status":"done"}'`,
		"rotate": begin + `
[ -d "$share" ] || exit 66
case $ADDONGW_PHASE in
stage)
  step write the other login; put "login-$other" "$(member secrets password)"
  step greet it; put "greeted-$other" ""
  login=$other; step print the answer; answer ;;
commit | abort)
  step remove the other login; rm -f "$share/login-$other"
  step forget it; rm -f "$share/greeted-$other"
  step print the answer; echo '{"status":"done"}' ;;
esac`,
		"deprovision": begin + `
if [ "$ADDONGW_MODE" = soft ] && [ -e "$share/plan" ]; then
  step write the date
  [ -e "$share/purge_after" ] || put purge_after "$(date -u -d '+7 days' +%Y-%m-%dT%H:%M:%SZ)"
  step print the answer
  echo '{"status":"done","purge_after":"'"$(cat "$share/purge_after")"'","state":{"kept":true}}'
  exit
fi
step remove the plan; rm -f "$share/plan"
step remove the folder; rm -rf "$share"
step print the answer; echo '{"status":"done"}'`,
		"read": begin + `
[ -e "$share/plan" ] && [ ! -e "$share/purge_after" ] || exit 66
answer`,
	}
}

func keepingOutputs() map[string]attributes {
	return map[string]attributes{
		"plan": {}, "login": {}, "password": {"generated": cty.NumberIntVal(24)}, "files": {"type": cty.StringVal(`"number"`), "measured": cty.True},
	}
}

// letsIn reports whether the login in op's outputs may come in.
func letsIn(data string, op backend.Op) bool {
	share := filepath.Join(data, op.ResourceID)
	outputs := op.Outputs.Cty().AsValueMap()
	password, err := os.ReadFile(filepath.Join(share, "login-"+outputs["login"].AsString()))
	for _, shut := range []string{"locked", "purge_after"} {
		if _, missing := os.Stat(filepath.Join(share, shut)); missing == nil {
			return false
		}
	}
	return err == nil && string(password) == op.Secrets["password"]
}

func TestScriptsThatKeepDataKeepTheContract(t *testing.T) {
	t.Parallel()
	keepsContract(t, scriptDir(t, keeping()), keepingOutputs(), letsIn)
}

// TestAKilledProcessLosesDoublesAndLeavesNothing kills the plugin, and with it
// the script that runs, before each step that a script names.
func TestAKilledProcessLosesDoublesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	data, dir := t.TempDir(), scriptDir(t, keeping())
	chmod(t, data, 0o755)
	backendtest.Crash(t, backendtest.Crashing{
		Subject: backendtest.Subject{
			Config: attributes{
				"directory": cty.StringVal(dir), "output": outputBlocks(keepingOutputs()),
				"env": cty.MapVal(map[string]cty.Value{"DATA_DIR": cty.StringVal(data)}),
			}.value(),
			Op:       func(*testing.T) backend.Op { return backend.Op{Plan: backend.Plan{ID: "small"}} },
			ChangeTo: &backend.Plan{ID: "large"},
			Works:    func(_ *testing.T, op backend.Op) bool { return letsIn(data, op) },
		},
		Things: func(t *testing.T, op backend.Op) []string { return folder(t, filepath.Join(data, op.ResourceID)) },
		Use: func(t *testing.T, op backend.Op) {
			if err := os.WriteFile(filepath.Join(data, op.ResourceID, "precious"), []byte("7"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	})
}

// folder lists a resource's folder, with what is in its files; dates and passwords
// differ.
func folder(t *testing.T, path string) []string {
	t.Helper()
	files, err := os.ReadDir(path)
	if os.IsNotExist(err) {
		return nil
	}
	list := []string{path}
	for _, file := range files {
		text := ""
		if strings.HasPrefix(file.Name(), ".") {
			continue // an unfinished file, which the next put replaces
		}
		if file.Name() != "purge_after" && !strings.HasPrefix(file.Name(), "login-") {
			text = readFile(t, filepath.Join(path, file.Name()))
		}
		list = append(list, file.Name()+": "+text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAScriptThatIgnoresTheModeRemovesEverything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := configured(t, map[string]string{"deprovision": `cat >"$OUT"; echo '{"status":"done","state":{"left":1}}'`}, nil)
	for mode, want := range map[backend.DeprovisionMode]string{backend.ModeSoft: `"mode":"soft"`, backend.ModePurge: `"mode":"purge"`} {
		out := filepath.Join(dir, string(mode))
		op := withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)})
		result, err := b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: op, Mode: mode}, &recorder{})
		if err != nil || !result.PurgeAfter.IsZero() || result.State != nil {
			t.Errorf("%s: %+v, %v; want nothing kept", mode, result, err)
		}
		if document := readFile(t, out); !strings.Contains(document, want) {
			t.Errorf("%s: the document lacks %s", mode, want)
		}
	}
}

// Work that goes on in the background ends with read, which then says until
// when something is kept.
func TestAPendingSoftDeprovisionIsFinishedByRead(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{
		"deprovision": `echo '{"status":"pending","retry_after":0.1}'`,
		"read":        `[ "$ADDONGW_MODE" = soft ] && echo '{"status":"done","purge_after":"2030-01-02T01:00:00+01:00"}'`,
	}, nil)
	result, err := b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: someOp(t), Mode: backend.ModeSoft}, &recorder{})
	if want := time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC); err != nil || !result.PurgeAfter.Equal(want) {
		t.Errorf("got %v, %v; want %v", result.PurgeAfter, err, want)
	}
}

func TestNothingIsKeptByAPurge(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"deprovision": `echo '{"status":"done","purge_after":"2030-01-02T00:00:00Z"}'`}, nil)
	result, err := b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: someOp(t), Mode: backend.ModePurge}, &recorder{})
	if err != nil || !result.PurgeAfter.IsZero() {
		t.Errorf("got %v, %v", result.PurgeAfter, err)
	}
}

// A rule that reads often must see what is there now, with what the gateway
// recorded beside it.
func TestMeasuredOutputsAreReadAnew(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	b := configured(t, map[string]string{
		"provision": `mkdir -p "$DATA_DIR/files"; echo '{"status":"done","outputs":{"used":0},"state":{"path":"files"}}'`,
		"read": `
input=$(cat)
case $input in *'"verb":"read"'*'"operation_id":""'*'"outputs":{"used":0},"state":{"path":"files"}'*) ;; *) echo "$input" >&2; exit 64 ;; esac
echo '{"status":"done","outputs":{"used":'"$(ls "$DATA_DIR/files" | wc -l)"'}}'`,
	}, attributes{"output": outputBlocks(map[string]attributes{"used": {"type": cty.StringVal(`"number"`), "measured": cty.True}})})
	op := withEnv(someOp(t), map[string]cty.Value{"DATA_DIR": cty.StringVal(data)})
	made, _ := mustProvision(t, b, op)
	op.OperationID, op.Outputs, op.State = "", made.Outputs, made.State
	for want := range 3 {
		resp, err := b.Read(t.Context(), backend.ReadRequest{Op: op})
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.Outputs.Cty().GetAttr("used"); !got.RawEquals(cty.NumberIntVal(int64(want))) {
			t.Errorf("used is %#v, want %d", got, want)
		}
		if err := os.WriteFile(filepath.Join(data, "files", string(rune('a'+want))), bytes.Repeat([]byte("x"), 10), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
