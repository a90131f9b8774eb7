package backend

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

// upgrader answers with what it was asked, or what it is told to.
type upgrader struct {
	Backend
	answer json.RawMessage
	err    error
}

func (u upgrader) UpgradeState(_ context.Context, req UpgradeStateRequest) (UpgradeStateResponse, error) {
	if u.answer != nil || u.err != nil {
		return UpgradeStateResponse{State: u.answer}, u.err
	}
	text, err := json.Marshal(req)
	return UpgradeStateResponse{State: text}, err
}

func TestAStateIsUpgradedOverTheWire(t *testing.T) {
	for name, tc := range map[string]struct {
		plugin Backend
		state  string
		want   string // the answer, or a part of the error
		code   codes.Code
	}{
		"a state":                {upgrader{}, `{"n":1}`, `{"Version":3,"State":{"n":1}}`, codes.OK},
		"one that is no JSON":    {upgrader{}, `{"n":`, "not JSON", codes.InvalidArgument},
		"one that is too large":  {upgrader{}, `"` + strings.Repeat("x", MaxState) + `"`, "at most 65536", codes.InvalidArgument},
		"an error":               {upgrader{err: errors.New("no idea")}, `{}`, "no idea", codes.Unknown},
		"an answer that is none": {upgrader{answer: []byte("none")}, `{}`, "not JSON", codes.Unknown},
		"a plugin of before":     {struct{ Backend }{&fake{}}, `{}`, "does not implement UpgradeState", codes.Unimplemented},
	} {
		b := dial(t, func(s *grpc.Server) { Register(s, tc.plugin) })
		resp, err := b.UpgradeState(t.Context(), UpgradeStateRequest{Version: 3, State: json.RawMessage(tc.state)})
		var failure *Failure
		switch {
		case tc.code == codes.OK:
			if err != nil || string(resp.State) != tc.want {
				t.Errorf("%s: %s %v", name, resp.State, err)
			}
		case err == nil || !strings.Contains(err.Error(), tc.want):
			t.Errorf("%s: %s %v, want %q", name, resp.State, err, tc.want)
		case tc.code == codes.Unimplemented && (!errors.As(err, &failure) || failure.Class != Unsupported):
			t.Errorf("%s: %v, want %s", name, err, Unsupported)
		case tc.code != codes.Unimplemented && status.Code(err) != tc.code:
			t.Errorf("%s: %v, want %s", name, err, tc.code)
		}
	}
}

// heedless is a plugin that was made without this package.
type heedless struct {
	backendpb.UnimplementedBackendServer
}

func (heedless) UpgradeState(context.Context, *backendpb.UpgradeStateRequest) (*backendpb.UpgradeStateResponse, error) {
	return &backendpb.UpgradeStateResponse{State: []byte("none")}, nil
}

// TestAnUpgradedStateIsCheckedAtBothEnds: whoever sends what is no state hears of it,
// and whoever gets it takes it from nobody.
func TestAnUpgradedStateIsCheckedAtBothEnds(t *testing.T) {
	remote := dial(t, func(s *grpc.Server) { backendpb.RegisterBackendServer(s, heedless{}) })
	if _, err := remote.UpgradeState(t.Context(), UpgradeStateRequest{Version: 1, State: []byte("{}")}); err == nil || !strings.Contains(err.Error(), "not JSON") {
		t.Errorf("the gateway takes it: %v", err)
	}
	local := &server{backend: upgrader{answer: []byte("none")}}
	if _, err := local.UpgradeState(t.Context(), &backendpb.UpgradeStateRequest{Version: 1, State: []byte("{}")}); status.Code(err) != codes.Unknown {
		t.Errorf("the plugin sends it: %v", err)
	}
}

func TestStateVersionsCountFromOne(t *testing.T) {
	for version, d := range map[string]Description{
		"-1": {Name: "it", Version: "1.0.0", StateVersion: -1},
		"0":  {Name: "it", Version: "1.0.0", Capabilities: []Capability{CanUpgradeState}},
	} {
		if err := d.Check(); err == nil || !strings.Contains(err.Error(), "state version "+version) {
			t.Errorf("version %s: %v", version, err)
		}
	}
	if err := (Description{Name: "it", Version: "1.0.0", StateVersion: 2, Capabilities: []Capability{CanUpgradeState}}).Check(); err != nil {
		t.Error(err)
	}
}
