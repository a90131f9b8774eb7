package shell

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

const done = `echo '{"status":"done"}'`

// acting makes a Backend that has nothing but the actions given.
func acting(t *testing.T, texts map[string]string, actions ...string) *Backend {
	t.Helper()
	return configuredIn(t, scriptDir(t, texts), attributes{"actions": listOf(actions...)})
}

func listOf(names ...string) cty.Value {
	values := []cty.Value{cty.NullVal(cty.String)}[:0]
	for _, name := range names {
		values = append(values, cty.StringVal(name))
	}
	if len(values) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	return cty.ListVal(values)
}

func invoke(t *testing.T, b *Backend, action string, op backend.Op) (backend.Result, *recorder, error) {
	t.Helper()
	r := &recorder{}
	args := attributes{"name": cty.StringVal("web1"), "ssh_key": cty.NullVal(cty.DynamicPseudoType)}
	result, err := b.Invoke(t.Context(), backend.InvokeRequest{Op: op, Action: action, Args: args.value()}, r)
	return result, r, err
}

func mustInvoke(t *testing.T, b *Backend, action string, op backend.Op) (backend.Result, *recorder) {
	t.Helper()
	result, r, err := invoke(t, b, action, op)
	if err != nil {
		t.Fatalf("%s: %v", action, err)
	}
	return result, r
}

// toFile is someOp with a file for scripts to write to.
func toFile(t *testing.T) (backend.Op, string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	return withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)}), out
}

func TestAnActionIsServedByItsOwnScriptOrTheSharedOne(t *testing.T) {
	t.Parallel()
	note := `printf '%s\n' "$0" "$#" "$1" "$ADDONGW_VERB" "$ADDONGW_ACTION" "${ADDONGW_PENDING-none}" >"$OUT"; ` + done
	dir := scriptDir(t, map[string]string{"reboot": note, "invoke": note})
	b := configuredIn(t, dir, attributes{"actions": listOf("reboot", "verify")})
	for action, script := range map[string]string{"reboot": "reboot", "verify": "invoke"} {
		op, out := toFile(t)
		mustInvoke(t, b, action, op)
		if got, want := readFile(t, out), filepath.Join(dir, script)+"\n1\n"+action+"\ninvoke\n"+action+"\nnone\n"; got != want {
			t.Errorf("%s: got %q, want %q", action, got, want)
		}
	}
}

func TestDocumentOfAnActionHoldsItsArgumentsAndTheCredential(t *testing.T) {
	t.Parallel()
	b := acting(t, map[string]string{"create_server": `cat >"$OUT"; ` + done}, "create_server")
	op, out := toFile(t)
	op.ResourceID, op.Deadline = "res_1", time.Date(2126, 1, 2, 3, 4, 5, 0, time.UTC)
	op.State = json.RawMessage(`{"state":{"n":1}}`)
	op.Credential = map[string]string{"access-token": `t&"}`, "zone": "eu"}
	mustInvoke(t, b, "create_server", op)
	want := `{"version":"addongw-shell/1","verb":"invoke","operation_id":"op_1","resource_id":"res_1","short_id":"abcdefgh2345","attempt":1,` +
		`"deadline":"2126-01-02T03:04:05Z","addon":"tinyfiles","plan":{"id":"small","params":{}},"action":"create_server","args":{"name":"web1","ssh_key":null},` +
		`"region":{"id":"eu","data":{}},"options":{},"outputs":null,"state":{"n":1},"credential":{"access-token":"t&\"}","zone":"eu"},"secrets":{}}` + "\n"
	if diff := cmp.Diff(want, readFile(t, out)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSedAloneFindsACredential(t *testing.T) {
	t.Parallel()
	b := acting(t, map[string]string{"verify": `
token=$(sed -n 's/.*"credential":{.*"access-token":"\([^"]*\)".*/\1/p')
printf %s "$token" >"$OUT"; ` + done}, "verify")
	op, out := toFile(t)
	op.Credential = map[string]string{"access-token": "Right}42", "aaa": `"access-token":"forged"`, "zzz": "z"}
	op.Options = attributes{"credential": cty.ObjectVal(map[string]cty.Value{"access-token": cty.StringVal("forged")})}.value()
	mustInvoke(t, b, "verify", op)
	if got := readFile(t, out); got != "Right}42" {
		t.Errorf("sed found %q", got)
	}
}

func TestACredentialIsOnStandardInputAndNowhereElse(t *testing.T) {
	t.Parallel()
	const token = "caller's secret-token/42"
	b := acting(t, map[string]string{
		"verify": `cat >/dev/null; tr '\0' '\n' </proc/$$/environ >"$OUT"; tr '\0' '\n' </proc/$$/cmdline >>"$OUT"; ` + done,
		"leak": `
token=$(sed -n 's/.*"token":"\([^"]*\)".*/\1/p')
echo "log $token" >&2
printf '{"message":"with %s","customer":"for %s"}' "$token" "$token"; exit 77`,
		"keep": `printf '{"status":"done","state":{"t":"%s"}}' "$(sed -n 's/.*"token":"\([^"]*\)".*/\1/p')"`,
	}, "verify", "leak", "keep")
	op, out := toFile(t)
	op.Credential = map[string]string{"token": token}
	mustInvoke(t, b, "verify", op)
	if got := readFile(t, out); strings.Contains(got, token) || !strings.Contains(got, "ADDONGW_ACTION=verify") {
		t.Errorf("the process shows %s", got)
	}
	_, r, err := invoke(t, b, "leak", op)
	f := wantFailure(t, err, backend.Unauthorized, "with "+masked)
	if everything := fmt.Sprint(f, f.Customer, r.log(), r.progress, r.checkpoints); strings.Contains(everything, token) || !strings.Contains(r.log(), "log "+masked) {
		t.Errorf("the credential is shown: %s", everything)
	}
	_, r, err = invoke(t, b, "keep", op)
	wantFailure(t, err, backend.Internal, "the state holds a secret")
	if len(r.checkpoints) > 0 {
		t.Errorf("kept is %s", r.checkpoints)
	}
}

func TestSensitiveArgumentsAreMasked(t *testing.T) {
	t.Parallel()
	b := acting(t, map[string]string{"rename": `echo "new name $(sed -n 's/.*"name":"\([^"]*\)".*/\1/p')" >&2; ` + done}, "rename")
	r := &recorder{}
	args := attributes{"name": cty.StringVal("hush-hush").Mark(backend.Sensitive)}
	if _, err := b.Invoke(t.Context(), backend.InvokeRequest{Op: someOp(t), Action: "rename", Args: args.value()}, r); err != nil {
		t.Fatal(err)
	}
	if r.log() != "new name "+masked {
		t.Errorf("the log says %q", r.log())
	}
}

func TestOutputsOfAnActionAreAnyObject(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		want   cty.Value // NilVal: refused
		words  string
	}{
		"none":     {done, cty.EmptyObjectVal, ""},
		"null":     {`echo '{"status":"done","outputs":null}'`, cty.EmptyObjectVal, ""},
		"any":      {`echo '{"status":"done","outputs":{"ref":"7","deep":{"list":[1,null]}}}'`, cty.ObjectVal(map[string]cty.Value{"ref": cty.StringVal("7"), "deep": cty.ObjectVal(map[string]cty.Value{"list": cty.TupleVal([]cty.Value{cty.NumberIntVal(1), cty.NullVal(cty.DynamicPseudoType)})})}), ""},
		"a list":   {`echo '{"status":"done","outputs":["a-value"]}'`, cty.NilVal, `"outputs" must be an object`},
		"a text":   {`echo '{"status":"done","outputs":"a-value"}'`, cty.NilVal, `"outputs" must be an object`},
		"huge":     {`printf '{"status":"done","outputs":{"a":"'; head -c 300000 /dev/zero | tr '\0' x; printf '"}}'`, cty.NilVal, "larger than 262144 bytes"},
		"far huge": {`printf '{"status":"done","outputs":{"a":"'; head -c 1100000 /dev/zero | tr '\0' x; printf '"}}'`, cty.NilVal, "printed more than 1048576 bytes"},
		"no JSON":  {`echo done`, cty.NilVal, "not one JSON object"},
		"silence":  {`:`, cty.NilVal, "nothing was printed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := acting(t, map[string]string{"get_server": c.script}, "get_server")
			result, r, err := invoke(t, b, "get_server", someOp(t))
			if c.want != cty.NilVal {
				if err != nil || !result.Outputs.Cty().RawEquals(c.want) {
					t.Errorf("got %#v, %v", result.Outputs.Cty(), err)
				}
				return
			}
			f := wantFailure(t, err, backend.Internal, `script "get_server"`, c.words)
			if strings.Contains(f.Message+r.log(), "a-value") {
				t.Errorf("a value is in %q", f.Message)
			}
		})
	}
}

func TestWhatIsNotListedIsNotCalled(t *testing.T) {
	t.Parallel()
	op, out := toFile(t)
	b := configured(t, map[string]string{"reboot": done, "destroy": `: >"$OUT"; ` + done, "invoke": `: >"$OUT"; ` + done}, attributes{"actions": listOf("reboot")})
	for _, action := range []string{"destroy", "../reboot", "provision", ""} {
		_, _, err := invoke(t, b, action, op)
		wantFailure(t, err, backend.Unsupported, fmt.Sprintf("does not list the action %q", action))
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a script was run")
	}
	_, _, err := invoke(t, New(), "reboot", op)
	wantFailure(t, err, backend.Internal, "before Configure")
}

// ordering needs three looks at a server until it is there.
const ordering = `
echo "${ADDONGW_PENDING-begin} $(sed -n 's/.*"state":\([^,]*\),.*/\1/p')" >>"$OUT"
case $(wc -l <"$OUT") in
1) echo '{"status":"pending","state":1,"retry_after":0.1,"message":"ordered"}' ;;
2) echo '{"status":"pending","state":2,"retry_after":0.1}' ;;
*) echo '{"status":"done","outputs":{"ref":"7"},"state":"ready"}' ;;
esac`

func TestAPendingActionIsCalledAgainUntilItIsDone(t *testing.T) {
	t.Parallel()
	b := acting(t, map[string]string{"create_server": ordering, "read": "exit 1"}, "create_server")
	op, out := toFile(t)
	result, r := mustInvoke(t, b, "create_server", op)
	if diff := cmp.Diff("begin null\ncreate_server 1\ncreate_server 2\n", readFile(t, out)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if got := result.Outputs.Cty().GetAttr("ref").AsString(); got != "7" || string(result.State) != `{"state":"ready"}` {
		t.Errorf("outputs %q, state %s", got, result.State)
	}
	want := []json.RawMessage{
		json.RawMessage(`{"state":1,"pending":{"verb":"invoke","action":"create_server","operation_id":"op_1"}}`),
		json.RawMessage(`{"state":2,"pending":{"verb":"invoke","action":"create_server","operation_id":"op_1"}}`),
	}
	if diff := cmp.Diff(want, r.checkpoints); diff != "" {
		t.Errorf("checkpoints (-want +got):\n%s", diff)
	}
}

func TestOnlyTheSameActionOfTheSameOperationGoesOn(t *testing.T) {
	t.Parallel()
	b := acting(t, map[string]string{"invoke": `echo "$1 ${ADDONGW_PENDING-begin}" >"$OUT"; ` + done}, "create_server", "get_server")
	for want, c := range map[string]struct{ operation, action string }{
		"create_server create_server\n": {"op_1", "create_server"},
		"create_server begin\n":         {"op_2", "create_server"},
		"get_server begin\n":            {"", "get_server"},
	} {
		op, out := toFile(t)
		op.OperationID = c.operation
		op.State = json.RawMessage(`{"state":7,"pending":{"verb":"invoke","action":"create_server","operation_id":"op_1"}}`)
		mustInvoke(t, b, c.action, op)
		if got := readFile(t, out); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	op, out := toFile(t)
	op.State = json.RawMessage(`{"state":7,"pending":{"verb":"invoke","action":"create_server","operation_id":"op_1"}}`)
	mustInvoke(t, b, "get_server", op)
	if got := readFile(t, out); got != "get_server begin\n" {
		t.Errorf("another action of the same operation goes on: %q", got)
	}
}

func TestAnActionPendingAtTheDeadlineIsRetryableAndKept(t *testing.T) {
	t.Parallel()
	b := acting(t, map[string]string{"create_server": `echo '{"status":"pending","state":5,"retry_after":60,"message":"half way"}'`}, "create_server")
	_, r, err := invoke(t, b, "create_server", someOp(t))
	if f := wantFailure(t, err, backend.Retryable, "still pending", "half way"); f.RetryAfter != time.Minute {
		t.Errorf("retry after %v", f.RetryAfter)
	}
	if got, want := string(r.checkpoints[0]), `{"state":5,"pending":{"verb":"invoke","action":"create_server","operation_id":"op_1"}}`; got != want {
		t.Errorf("kept is %s, want %s", got, want)
	}
}

func TestAServerOfSomebodyElseIsNotDeleted(t *testing.T) {
	t.Parallel()
	b := acting(t, map[string]string{
		"create_server": `echo somebody has it >&2; exit 65`,
		"rename":        `exit 65`,
		"delete_server": `: >"$OUT"; ` + done,
	}, "create_server", "delete_server", "rename")
	op, out := toFile(t)
	_, r, err := invoke(t, b, "create_server", op)
	wantFailure(t, err, backend.Conflict, "somebody has it")
	if len(r.checkpoints) != 1 {
		t.Fatalf("checkpoints %s, want one that remembers the conflict", r.checkpoints)
	}
	op.State = r.checkpoints[0]
	_, cleanUp := mustInvoke(t, b, "delete_server", op)
	if _, err := os.Stat(out); err == nil || !strings.Contains(cleanUp.log(), "nothing is removed") {
		t.Errorf("the script delete_server ran on something that is not ours (%v); log: %s", err, cleanUp.log())
	}
	_, r, err = invoke(t, b, "rename", op)
	wantFailure(t, err, backend.Conflict)
	if len(r.checkpoints) > 0 {
		t.Errorf("a name that is taken makes the server another's: %s", r.checkpoints)
	}
}

func TestAnActionThatFindsNothingSaysSo(t *testing.T) {
	t.Parallel()
	b := acting(t, map[string]string{"delete_server": `exit 66`}, "delete_server")
	_, _, err := invoke(t, b, "delete_server", someOp(t))
	wantFailure(t, err, backend.NotFound, `script "delete_server" exited with 66`)
}

func TestAnActionWhoseScriptIsGoneIsAMistake(t *testing.T) {
	t.Parallel()
	dir := scriptDir(t, map[string]string{"reboot": done})
	b := configuredIn(t, dir, attributes{"actions": listOf("reboot")})
	if h, err := b.Health(t.Context(), backend.HealthRequest{}); err != nil || !h.OK {
		t.Errorf("health is %+v, %v", h, err)
	}
	chmod(t, dir+"/reboot", 0o757)
	_, _, err := invoke(t, b, "reboot", someOp(t))
	wantFailure(t, err, backend.Internal, "may be changed by everybody")
	remove(t, dir, "reboot")
	_, _, err = invoke(t, b, "reboot", someOp(t))
	wantFailure(t, err, backend.Internal, `no script "reboot"`, filepath.Join(dir, "invoke"))
	if h, _ := b.Health(t.Context(), backend.HealthRequest{}); h.OK || !strings.Contains(h.Detail, "reboot") {
		t.Errorf("health is %+v", h)
	}
}
