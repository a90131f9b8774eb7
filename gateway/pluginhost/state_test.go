package pluginhost

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

func TestAVersionIsPartedFromItsState(t *testing.T) {
	t.Parallel()
	for kept, want := range map[string]struct {
		version int
		state   string
	}{
		"":                      {0, ""},
		`{"a":1}`:               {0, `{"a":1}`},
		`"2:x"`:                 {0, `"2:x"`},
		`17`:                    {0, `17`},
		`2:{"a":"3:4"}`:         {2, `{"a":"3:4"}`},
		`12:null`:               {12, `null`},
		`1:"x:y"`:               {1, `"x:y"`},
		`{"12":{"b":"c:d"}}`:    {0, `{"12":{"b":"c:d"}}`},
		`[2,{"a":1}]`:           {0, `[2,{"a":1}]`},
		`-2:{}`:                 {0, `-2:{}`},
		`0:{}`:                  {0, `0:{}`},
		`99999999999999999999:`: {0, `99999999999999999999:`},
	} {
		version, state := unstamp(json.RawMessage(kept))
		if version != want.version || string(state) != want.state {
			t.Errorf("%s is read as version %d of %s", kept, version, state)
		}
		if version > 0 && string(stamp(version, state)) != kept {
			t.Errorf("%s is written as %s", kept, stamp(version, state))
		}
	}
	if got := stamp(2, nil); got != nil {
		t.Errorf("no state became %s", got)
	}
}

// TestAStateIsUpgradedBeforeACall also looks at what is kept afterwards.
func TestAStateIsUpgradedBeforeACall(t *testing.T) {
	t.Parallel()
	r := newAgesRig(t)
	for _, tc := range []struct{ plugin, kept, left string }{
		{"older", ``, ``},
		{"state-1", ``, `1:{"given":null}`},
		{"state-1", `1:{"n":1}`, `1:{"given":{"n":1}}`},
		{"state-1", `{"n":1}`, `1:{"given":{"n":1}}`},
		{"state-2", `1:{"n":1}`, `2:{"given":{"upgraded_from":1,"was":{"n":1}}}`},
		{"state-2", `{"n":1}`, `2:{"given":{"upgraded_from":0,"was":{"n":1}}}`},
		{"state-2", `2:{"n":1}`, `2:{"given":{"n":1}}`},
		{"reads-3", `1:{"n":1}`, `3:{"given":{"n":1}}`},
	} {
		c, checkpoint := call(""), ""
		c.Op.State = json.RawMessage(tc.kept)
		result, err := r.launchAge(tc.plugin).Run(t.Context(), c, func(_ string, state []byte) { checkpoint = string(state) })
		if err != nil || string(result.State) != tc.left || checkpoint != tc.left {
			t.Errorf("%s, given %s, left %s and at its checkpoint %s, %v", tc.plugin, tc.kept, result.State, checkpoint, err)
		}
	}
	looked := lifecycle.Call{Verb: backend.VerbRead, Op: call("").Op}
	looked.Op.State = json.RawMessage(`1:{"n":1}`)
	if result, err := r.run(r.launchAge("state-2"), looked); err != nil || string(result.State) != `1:{"n":1}` {
		t.Errorf("a read left %s, %v", result.State, err)
	}
}

func TestAnUpgradeThatFailsIsNoCall(t *testing.T) {
	t.Parallel()
	r := newAgesRig(t)
	c := call("")
	c.Op.State = json.RawMessage(`2:{"n":1}`)
	for plugin, want := range map[string]string{"breaks-3": "cannot make head or tail of it", "loses-3": "it returned no state"} {
		_, err := r.launchAge(plugin).Run(t.Context(), c, func(string, []byte) { t.Error("it was called") })
		if !isUnknown(err) || !strings.Contains(err.Error(), "upgrade of its state") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", plugin, err, want)
		}
	}
}

func TestAPluginIsNotToldOfAStateOfALaterOne(t *testing.T) {
	t.Parallel()
	r := newAgesRig(t)
	for _, plugin := range []string{"state-1", "older"} {
		b := r.launchAge(plugin)
		for _, verb := range []backend.Verb{backend.VerbProvision, backend.VerbDeprovision, backend.VerbRead} {
			c := lifecycle.Call{Verb: verb, Op: call("").Op}
			c.Op.State = json.RawMessage(`2:{"n":1}`)
			_, err := b.Run(t.Context(), c, func(string, []byte) { t.Error("it was called") })
			var later *LaterStateError
			var failure *backend.Failure
			if !errors.As(err, &later) || later.Left != 2 || !errors.Is(err, lifecycle.ErrUnfit) {
				t.Errorf("%s, %s: %v", plugin, verb, err)
			}
			if !errors.As(err, &failure) || failure.Class != backend.Retryable || !strings.Contains(failure.Message, "install that version again") {
				t.Errorf("%s, %s: %v", plugin, verb, failure)
			}
		}
	}
}
