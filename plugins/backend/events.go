package backend

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"

	"google.golang.org/grpc"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

// eventSender is the Events of a running call: it sends them to the gateway.
type eventSender struct {
	mu     sync.Mutex
	stream grpc.ServerStreamingServer[backendpb.Event]
	closed bool
	err    error // the first one that could not be sent
}

var _ Events = (*eventSender)(nil)

func (s *eventSender) Checkpoint(step string, state json.RawMessage) {
	s.send(&backendpb.Event{Event: &backendpb.Event_Checkpoint{
		Checkpoint: &backendpb.Checkpoint{Step: text(step), State: state},
	}}, checkState(state))
}

func (s *eventSender) Progress(message string, percent int) {
	s.send(&backendpb.Event{Event: &backendpb.Event_Progress{
		Progress: &backendpb.Progress{Message: text(message), Percent: int32(min(max(percent, -1), 100))},
	}}, nil)
}

func (s *eventSender) Log(level slog.Level, message string) {
	s.send(&backendpb.Event{Event: &backendpb.Event_Log{
		Log: &backendpb.Log{Level: encodeLevel(level), Message: text(message)},
	}}, nil)
}

// send sends one event at a time. What cannot be sent ends the call: a
// checkpoint that is not kept must not go unnoticed.
func (s *eventSender) send(event *backendpb.Event, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.err != nil {
		return
	}
	if err == nil {
		err = s.stream.Send(event)
	}
	s.err = err
}

// close drops all later events and returns the first error.
func (s *eventSender) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.err
}

func encodeLevel(level slog.Level) backendpb.Log_Level {
	switch {
	case level >= slog.LevelError:
		return backendpb.Log_LEVEL_ERROR
	case level >= slog.LevelWarn:
		return backendpb.Log_LEVEL_WARN
	case level >= slog.LevelInfo:
		return backendpb.Log_LEVEL_INFO
	}
	return backendpb.Log_LEVEL_DEBUG
}

func decodeLevel(level backendpb.Log_Level) slog.Level {
	switch level {
	case backendpb.Log_LEVEL_DEBUG:
		return slog.LevelDebug
	case backendpb.Log_LEVEL_WARN:
		return slog.LevelWarn
	case backendpb.Log_LEVEL_ERROR:
		return slog.LevelError
	}
	return slog.LevelInfo
}

// deliver hands one event to the gateway's side. It returns the result once
// there is one.
func deliver(event *backendpb.Event, events Events) (result *Result, err error) {
	d := &decoder{}
	switch x := event.GetEvent().(type) {
	case *backendpb.Event_Checkpoint:
		if err := checkState(x.Checkpoint.GetState()); err != nil {
			return nil, err
		}
		events.Checkpoint(x.Checkpoint.GetStep(), decodeState(x.Checkpoint.GetState()))
	case *backendpb.Event_Progress:
		events.Progress(x.Progress.GetMessage(), int(min(max(x.Progress.GetPercent(), -1), 100)))
	case *backendpb.Event_Log:
		events.Log(decodeLevel(x.Log.GetLevel()), x.Log.GetMessage())
	case *backendpb.Event_Failure:
		return nil, d.failure(x.Failure)
	case *backendpb.Event_Result:
		r := d.result(x.Result)
		return &r, d.err
	}
	return nil, nil // an event of a later version
}

// errNoResult is what a call ends with whose stream ended without a word.
var errNoResult = errors.New("the call ended without a result")

// resourceLocks lets one call at a time work on a resource. The gateway sends
// one at a time, but a call whose deadline passed may still be at work when
// its repeat arrives.
type resourceLocks struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

// lock waits for the resource until ctx ends.
func (l *resourceLocks) lock(ctx context.Context, id string) (unlock func(), waited bool, err error) {
	for {
		l.mu.Lock()
		busy, taken := l.held[id]
		if !taken {
			done := l.take(id)
			l.mu.Unlock()
			return done, waited, nil
		}
		l.mu.Unlock()
		waited = true
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, waited, ctx.Err()
		}
	}
}

// take is called with the mutex held.
func (l *resourceLocks) take(id string) (release func()) {
	if l.held == nil {
		l.held = map[string]chan struct{}{}
	}
	busy := make(chan struct{})
	l.held[id] = busy
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.held, id)
		close(busy)
	}
}
