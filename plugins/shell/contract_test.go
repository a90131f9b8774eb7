package shell

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
)

func keepsContract(t *testing.T, dir string, outputs map[string]attributes, works func(data string, op backend.Op) bool) {
	data, err := os.MkdirTemp("/tmp", "addongw-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	b := New()
	b.patience = patience{grace: 500 * time.Millisecond, straggle: 200 * time.Millisecond}
	b.logger = slog.New(slog.DiscardHandler)
	s := backendtest.Subject{
		Backend: b,
		Config: attributes{
			"directory": cty.StringVal(dir),
			"env":       cty.MapVal(map[string]cty.Value{"DATA_DIR": cty.StringVal(data), "QUOTA_MB": cty.StringVal("100")}),
			"output":    outputBlocks(outputs),
		}.value(),
		Op:       func(*testing.T) backend.Op { return backend.Op{Plan: backend.Plan{ID: "small"}} },
		ChangeTo: &backend.Plan{ID: "large"},
		Timeout:  20 * time.Second,
	}
	if works != nil {
		s.Works = func(_ *testing.T, op backend.Op) bool { return works(data, op) }
	}
	backendtest.Run(t, s)
	left, err := os.ReadDir(data)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestQuickstartKeepsTheContract(t *testing.T) {
	t.Parallel()
	dir, err := filepath.Abs("../../examples/quickstart/scripts")
	if err != nil {
		t.Fatal(err)
	}
	keepsContract(t, dir, map[string]attributes{
		"username": {}, "password": {"generated": cty.NumberIntVal(24)},
		"used_mb": {"type": cty.StringVal(`"number"`), "measured": cty.True},
	}, func(data string, op backend.Op) bool {
		credentials, err := os.ReadFile(filepath.Join(data, op.ResourceID, "credentials"))
		login := "u" + op.ShortID + ":" + op.Secrets["password"]
		return err == nil && slices.Contains(strings.Split(string(credentials), "\n"), login)
	})
}

// Every verb of these scripts only orders the work; the first look does it.
func TestPendingScriptsKeepTheContract(t *testing.T) {
	t.Parallel()
	order := `
mkdir -p "$DATA_DIR/orders"; echo "$ADDONGW_VERB" >"$DATA_DIR/orders/$ADDONGW_RESOURCE_ID"
echo '{"status":"pending","retry_after":0.01,"state":{"ordered":"'"$ADDONGW_VERB"'"}}'`
	keepsContract(t, scriptDir(t, map[string]string{
		"provision": order, "change_plan": order, "deprovision": order, "suspend": order, "resume": order, "rotate": order,
		"read": `
thing=$DATA_DIR/$ADDONGW_RESOURCE_ID
order=$DATA_DIR/orders/$ADDONGW_RESOURCE_ID
if [ -e "$order" ] && [ -n "${ADDONGW_PENDING-}" ]; then
  case $ADDONGW_PENDING in
  deprovision) rm -rf "$thing" ;;
  *) mkdir -p "$thing" ;;
  esac
  rm -f "$order"; rmdir "$DATA_DIR/orders" 2>/dev/null || :
  echo '{"status":"pending","retry_after":0.01}'; exit
fi
[ -d "$thing" ] || exit 66
echo '{"status":"done","outputs":{"path":"'"$thing"'"}}'`,
	}), map[string]attributes{"path": {}}, nil)
}
