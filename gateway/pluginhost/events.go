package pluginhost

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// levelDrift is the level of sentences about what differs from the plan.
const levelDrift = slog.LevelWarn

// Of one call.
const (
	checkpointBurst = 100                    // checkpoints that are taken however fast they come
	checkpointEvery = 100 * time.Millisecond // one more for each
)

// events passes on what a plugin reports while a call runs: checkpoints to the
// engine, everything else to the log.
type events struct {
	ctx        context.Context // of the call, for its end
	call       lifecycle.Call
	log        *pluginLog
	checkpoint func(step string, state []byte)
	pace       bucket
	late       bool // a checkpoint was dropped
}

var _ backend.Events = (*events)(nil)

// Checkpoint hands on every one, because the last counts, and makes a plugin
// that has very many wait: each is written to the database.
func (e *events) Checkpoint(step string, state json.RawMessage) {
	if e.checkpoint == nil || e.late {
		return
	}
	for {
		wait := e.pace.take(time.Now(), checkpointBurst, checkpointEvery)
		if wait == 0 {
			break
		}
		select {
		case <-e.ctx.Done():
			e.late = true // the call has ended; a later one must not overtake this
			return
		case <-time.After(wait):
		}
	}
	e.checkpoint(e.log.masker.line(step, 200), state)
}

func (e *events) Progress(message string, percent int) {
	e.write(slog.LevelDebug, "backend progress", message, slog.Int("percent", percent))
}

func (e *events) Log(level slog.Level, message string) {
	e.write(level, "backend log", message)
}

func (e *events) write(level slog.Level, what, message string, more ...slog.Attr) {
	if !e.log.admit() {
		return
	}
	attrs := append([]slog.Attr{
		slog.String("verb", string(e.call.Verb)),
		slog.String("operation", e.call.Op.OperationID),
		slog.String("resource", e.call.Op.ResourceID),
		slog.String("text", e.log.masker.line(message, maxLine)),
	}, more...)
	if e.call.Verb == backend.VerbInvoke {
		attrs = append(attrs, slog.String("action", e.call.Action))
	}
	e.log.logger.LogAttrs(context.Background(), level, what, attrs...)
}
