package shell

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

func TestLinesOfStandardErrorAreLogged(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `
printf 'one\r\n\n  \ntwo\nbad \377 byte\nlast without end' >&2
echo '{"status":"done"}'`}, nil)
	_, r := mustProvision(t, b, someOp(t))
	if got, want := r.log(), "one\ntwo\nbad \uFFFD byte\nlast without end"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEndlessLineIsCutAndEndlessLogIsStopped(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `
head -c 5000000 /dev/zero | tr '\0' x >&2; echo >&2; echo after >&2
yes 'a line of thirty-two characters.' | head -c 5000000 >&2
echo '{"status":"done"}'`}, nil)
	_, r := mustProvision(t, b, someOp(t))
	if got := len(r.lines[0]); got < maxLine || got > maxLine+20 || !strings.HasSuffix(r.lines[0], "… (cut)") {
		t.Errorf("the first line has %d bytes", got)
	}
	if r.lines[1] != "after" {
		t.Errorf("then came %q", r.lines[1])
	}
	if got := len(r.log()); got > maxLog+100_000 {
		t.Errorf("%d bytes were logged", got)
	}
	if last := r.lines[len(r.lines)-1]; !strings.Contains(last, "not logged") {
		t.Errorf("the last line is %q", last)
	}
}

func TestSecretsAreMaskedInLogAndMessages(t *testing.T) {
	t.Parallel()
	// The document itself is the richest source of secrets.
	b := configured(t, map[string]string{"provision": `
document=$(cat); printf '%s\n' "$document" >&2
pad=$(head -c 65530 /dev/zero | tr '\0' x)
echo "${pad}GeneratedSecret" >&2
echo 'alone: SecondLineOfKey' >&2
echo 'https://u:p%40ss%2Fword%26more@h' >&2
echo '{"message":"it was GeneratedSecret","customer":"GeneratedSecret"}'
exit 1`}, attributes{"output": outputBlocks(map[string]attributes{"token": {"sensitive": cty.True}})})
	op := someOp(t)
	op.Secrets = map[string]string{"password": "GeneratedSecret", "odd": `p@ss/word&more`, "quoted": `quo"ted\secret`}
	op.Credential = map[string]string{"token": "CallersOwnToken"}
	op.Outputs = backend.NewValue(cty.ObjectVal(map[string]cty.Value{"token": cty.StringVal("RecordedToken"), "plain": cty.StringVal("harmless")}))
	op.Region.Data = backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"key": cty.StringVal("-----BEGIN-----\nSecondLineOfKey").Mark(backend.Sensitive),
	}))
	_, r, err := provision(t.Context(), b, op)
	f := wantFailure(t, err, backend.Internal, "it was [redacted]")
	all := r.log() + f.Message + f.Customer
	for _, secret := range []string{"GeneratedSecret", "Gener", "p@ss/word", "p%40ss", `quo\"ted`, "CallersOwnToken", "RecordedToken", "SecondLineOfKey"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is in the log or the message", secret)
		}
	}
	if !strings.Contains(all, "harmless") {
		t.Error("what is no secret was masked, or the document was not logged")
	}
}
