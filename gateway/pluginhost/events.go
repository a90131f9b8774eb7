package pluginhost

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// levelDrift is the level of sentences about what differs from the plan.
const levelDrift = slog.LevelWarn

// events passes on what a plugin reports while a call runs: checkpoints to the
// engine, everything else to the log.
type events struct {
	call       lifecycle.Call
	log        *pluginLog
	checkpoint func(step string, state []byte)
}

var _ backend.Events = (*events)(nil)

func (e *events) Checkpoint(step string, state json.RawMessage) {
	if e.checkpoint != nil {
		e.checkpoint(e.log.masker.line(step, 200), state)
	}
}

func (e *events) Progress(message string, percent int) {
	e.write(slog.LevelDebug, "backend progress", message, slog.Int("percent", percent))
}

func (e *events) Log(level slog.Level, message string) {
	e.write(level, "backend log", message)
}

func (e *events) write(level slog.Level, what, message string, more ...slog.Attr) {
	attrs := append([]slog.Attr{
		slog.String("verb", string(e.call.Verb)),
		slog.String("operation", e.call.Op.OperationID),
		slog.String("resource", e.call.Op.ResourceID),
		slog.String("text", e.log.masker.line(message, maxLine)),
	}, more...)
	e.log.logger.LogAttrs(context.Background(), level, what, attrs...)
}
