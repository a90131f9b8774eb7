package pluginhost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// A state is kept with the version that the plugin gives its states: "2:" and the
// JSON. No JSON begins like that, so that what was kept without a version is told
// apart. Both are one text, sealed together: they cannot part.

// stamp puts the version before a state; 0 leaves it as it is.
func stamp(version int, state []byte) json.RawMessage {
	if len(state) == 0 || version == 0 {
		return state
	}
	return append(strconv.AppendInt(nil, int64(version), 10), append([]byte{':'}, state...)...)
}

// unstamp parts them again. The version is 0 where there is none.
func unstamp(kept json.RawMessage) (version int, state json.RawMessage) {
	number, state, found := bytes.Cut(kept, []byte{':'})
	version, err := strconv.Atoi(string(number))
	if !found || err != nil || version < 1 {
		return 0, kept
	}
	return version, state
}

// LaterStateError says that a resource's state was left by a later version of the
// plugin, which this one could only misread. Nothing was called.
type LaterStateError struct {
	Backend, Plugin string
	Left, Reads     int // state versions
}

func (e *LaterStateError) Error() string {
	return fmt.Sprintf("a later version of plugin %s has worked on the resource: its state has version %d, and the plugin that backend %s has now reads up to %d; install that version again",
		e.Plugin, e.Left, e.Backend, e.Reads)
}

// Unwrap lets the engine put the operation aside.
func (e *LaterStateError) Unwrap() error { return lifecycle.ErrUnfit }

// As makes it a *backend.Failure for whoever asks for one: there is no unknown
// outcome.
func (e *LaterStateError) As(target any) bool {
	f, ok := target.(**backend.Failure)
	if ok {
		*f = &backend.Failure{Class: backend.Retryable, Message: e.Error(), RetryAfter: time.Minute}
	}
	return ok
}

// readable makes a state that was kept one that the process reads.
func (b *Backend) readable(ctx context.Context, p *process, kept json.RawMessage) (json.RawMessage, error) {
	version, state := unstamp(kept)
	d := p.description
	switch {
	case len(state) == 0 || version == d.StateVersion:
		return state, nil
	case version > d.StateVersion:
		return nil, &LaterStateError{Backend: b.spec.Backend, Plugin: d.Name, Left: version, Reads: d.StateVersion}
	case !slices.Contains(d.Capabilities, backend.CanUpgradeState):
		return state, nil
	}
	upgraded, err := p.backend.UpgradeState(ctx, backend.UpgradeStateRequest{Version: version, State: state})
	if err == nil && len(upgraded.State) == 0 {
		err = errors.New("it returned no state")
	}
	if err != nil {
		return nil, b.callError(p, "upgrade of its state", err)
	}
	return upgraded.State, nil
}
