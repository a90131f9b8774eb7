package shell

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// quickstart is the backend of examples/quickstart, as its addongw.hcl has it.
func quickstart(t *testing.T) (b *Backend, op func(quotaMB string) backend.Op, share string) {
	t.Helper()
	dir, err := filepath.Abs("../../examples/quickstart/scripts")
	if err != nil {
		t.Fatal(err)
	}
	b = configuredIn(t, dir, attributes{"output": outputBlocks(map[string]attributes{
		"username": {}, "password": {"generated": cty.NumberIntVal(24)},
		"used_mb": {"type": cty.StringVal(`"number"`), "measured": cty.True},
	})})
	data := filepath.Join(t.TempDir(), "made by the script", "data")
	op = func(quotaMB string) backend.Op {
		op := withEnv(someOp(t), map[string]cty.Value{"DATA_DIR": cty.StringVal(data), "QUOTA_MB": cty.StringVal(quotaMB)})
		op.Secrets = map[string]string{"password": "Abcdefgh1234567890Xyzabc"}
		return op
	}
	return b, op, filepath.Join(data, op("").ResourceID)
}

func TestQuickstartProvisionsOnceAndForAll(t *testing.T) {
	t.Parallel()
	b, op, share := quickstart(t)
	want := cty.ObjectVal(map[string]cty.Value{"username": cty.StringVal("uabcdefgh2345"), "used_mb": cty.Zero})
	for range 2 {
		result, _ := mustProvision(t, b, op("100"))
		if !result.Outputs.Cty().RawEquals(want) {
			t.Errorf("outputs %#v", result.Outputs.Cty())
		}
	}
	if diff := cmp.Diff("uabcdefgh2345:Abcdefgh1234567890Xyzabc\n", readFile(t, filepath.Join(share, "credentials"))); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
	if got := readFile(t, filepath.Join(share, "quota_mb")); got != "100\n" {
		t.Errorf("quota %q", got)
	}
	info, err := os.Stat(filepath.Join(share, "credentials"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestQuickstartChangesPlansThatFit(t *testing.T) {
	t.Parallel()
	b, op, share := quickstart(t)
	mustProvision(t, b, op("100"))
	if err := os.WriteFile(filepath.Join(share, "files", "data"), noise(3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	change := func(quota string) error {
		_, err := b.ChangePlan(t.Context(), backend.ChangePlanRequest{Op: op(quota), OldPlan: backend.Plan{ID: "small"}}, &recorder{})
		return err
	}
	if err := change("10"); err != nil {
		t.Fatal(err)
	}
	f := wantFailure(t, change("2"), backend.Unsupported, "do not fit in 2 MB")
	if want := "Your files take 3 MB, this plan has 2 MB."; f.Customer != want {
		t.Errorf("the customer reads %q, want %q", f.Customer, want)
	}
	wantFailure(t, change("lots"), backend.Invalid, "not a number")
	if got := readFile(t, filepath.Join(share, "quota_mb")); got != "10\n" {
		t.Errorf("quota %q", got)
	}
	resp, err := b.Read(t.Context(), backend.ReadRequest{Op: op("50")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"the quota is 10 MB, the plan has 50 MB"}, resp.Drift); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
}

func TestQuickstartDeprovisionsTwice(t *testing.T) {
	t.Parallel()
	b, op, share := quickstart(t)
	mustProvision(t, b, op("100"))
	for range 2 {
		if _, err := b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: op("100"), Mode: backend.ModePurge}, &recorder{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(share); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", share, err)
	}
	_, err := b.Read(t.Context(), backend.ReadRequest{Op: op("100")})
	wantFailure(t, err, backend.NotFound)
	_, err = b.ChangePlan(t.Context(), backend.ChangePlanRequest{Op: op("100")}, &recorder{})
	wantFailure(t, err, backend.NotFound)
}

// noise is what no file system can store in less room.
func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails
	return b
}
