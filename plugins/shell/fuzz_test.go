package shell

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

// FuzzAnswersAreReadOrRefused takes what a script printed as far as it goes.
func FuzzAnswersAreReadOrRefused(f *testing.F) {
	f.Add([]byte(`{"status":"done","outputs":{"name":"x","size":1.5,"hosts":["a"]},"state":{"a":[1,null]},"message":"m"}`))
	outputs := []declared.Output{
		{Name: "hosts", Type: cty.List(cty.String)}, {Name: "name", Type: cty.String, Sensitive: true}, {Name: "size", Type: cty.Number, Measured: true},
	}
	f.Fuzz(func(t *testing.T, stdout []byte) {
		a, err := parseAnswer(stdout)
		if err != nil {
			if len(err.Error()) > 500 {
				t.Errorf("the error has %d characters", len(err.Error()))
			}
			return
		}
		if _, err := json.Marshal(a.state); a.state != nil && err != nil {
			t.Errorf("the state can't be kept: %v", err)
		}
		if free, err := freeOutputs(a.outputs); err == nil {
			sendBack(t, free, a.state)
		}
		matched, err := matchOutputs(outputs, a.outputs)
		if err != nil {
			return
		}
		if err := outputsSchemaHolds(matched); err != "" {
			t.Error(err)
		}
		if _, err := documentOf(call{verb: backend.VerbRead, op: backend.Op{Outputs: matched}, state: a.state}); err != nil {
			t.Errorf("what was accepted can't be sent back: %v", err)
		}
	})
}

// sendBack wants what an action returned to be an object that another action may
// be given.
func sendBack(t *testing.T, outputs backend.Value, state json.RawMessage) {
	t.Helper()
	if _, err := backend.CheckObject(outputs); err != nil {
		t.Errorf("an action's outputs are refused: %v", err)
	}
	if _, err := documentOf(call{verb: backend.VerbInvoke, action: "reboot", args: outputs, state: state}); err != nil {
		t.Errorf("an action's outputs can't be sent back: %v", err)
	}
}

func outputsSchemaHolds(outputs backend.Value) string {
	v := outputs.Cty()
	switch {
	case !v.GetAttr("name").HasMark(backend.Sensitive):
		return "name is not marked"
	case v.GetAttr("size").Type() != cty.Number:
		return "size is no number"
	}
	return ""
}

func FuzzPurgeAfterIsAnInstant(f *testing.F) {
	for _, seed := range []string{`"2026-01-31T00:00:00Z"`, `"2026-01-31T00:00:00.5+05:30"`, "null", "604800", `"0001-01-01T00:00:00Z"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, written string) {
		a, err := parseAnswer([]byte(`{"status":"done","purge_after":` + written + `}`))
		if err != nil || strings.TrimSpace(written) == "null" || strings.Contains(written, ",") {
			return
		}
		if a.purgeAfter.IsZero() || a.purgeAfter.Year() < 1999 || a.purgeAfter.Year() > 9999 {
			t.Errorf("%s is read as %v", written, a.purgeAfter)
		}
		back, err := time.Parse(time.RFC3339, a.purgeAfter.Format(time.RFC3339Nano))
		if err != nil || !back.Equal(a.purgeAfter) {
			t.Errorf("%s is read as %v, and that as %v (%v)", written, a.purgeAfter, back, err)
		}
	})
}
