package pluginhost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxLine  = 16 << 10 // bytes of one line that are logged; the rest is dropped
	maxAttrs = 32       // attributes of one line that are logged
	tailSize = 5        // lines kept for error messages

	lineBurst  = 1000                  // lines that are logged however fast they come
	lineEvery  = 10 * time.Millisecond // one more for each
	tellPeriod = time.Second           // between lines about lines that were dropped
)

// pluginLog turns what a plugin prints into log records.
type pluginLog struct {
	logger *slog.Logger
	masker *masker

	mu      sync.Mutex
	tail    []line // the last ones, as they came; of a crash the first
	crashed bool   // tail begins with the crash of a Go program
	limit   bucket
	dropped int // lines, not yet told
	telling *time.Timer
}

// line is something a plugin printed, perhaps cut off.
type line struct {
	text string
	cut  bool
}

// admit reports whether one more line is to be logged. What a plugin prints
// costs the gateway more than the plugin: a flood must not.
func (l *pluginLog) admit() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit.take(time.Now(), lineBurst, lineEvery) == 0 {
		return true
	}
	if l.dropped++; l.dropped == 1 {
		l.telling = time.AfterFunc(tellPeriod, l.tellDropped)
	}
	return false
}

// tellDropped says how many lines were dropped, if any were.
func (l *pluginLog) tellDropped() {
	l.mu.Lock()
	dropped := l.dropped
	l.dropped = 0
	if l.telling != nil {
		l.telling.Stop()
	}
	l.mu.Unlock()
	if dropped > 0 {
		l.logger.Warn("plugin says too much: lines dropped", "lines", dropped)
	}
}

// stream returns a writer for one of the plugin's outputs. Lines of different
// outputs never mix.
func (l *pluginLog) stream(name string) *lineWriter {
	return &lineWriter{line: func(text string, cut bool) { l.print(name, line{text, cut}) }}
}

// last returns the last lines printed, in one, secrets masked. Lines that were
// not logged because there were too many are among them.
func (l *pluginLog) last() string {
	l.mu.Lock()
	tail := slices.Clone(l.tail)
	l.mu.Unlock()
	var texts []string
	for _, printed := range tail {
		text := printed.text
		if fields := printed.fields(); fields != nil {
			text = take(fields, "msg", "message", "@message")
		} else if printed.cut {
			text = l.masker.maskCut(text)
		}
		if text = l.masker.line(text, 300); text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, " | ")
}

// whole is what a call ended with and, where that was a panic, also its value, which
// the plugin prints a moment before.
func (l *pluginLog) whole(said string) string {
	for range 20 {
		if !strings.HasPrefix(said, "panic in ") {
			break
		}
		l.mu.Lock()
		tail := slices.Clone(l.tail)
		l.mu.Unlock()
		for _, printed := range tail {
			if text := take(printed.fields(), "msg"); strings.HasPrefix(text, said+": ") {
				return text
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	return said
}

// fields reads a JSON object; it is nil for everything else.
func (p line) fields() map[string]any {
	if p.cut || !strings.HasPrefix(p.text, "{") {
		return nil
	}
	var fields map[string]any
	decoder := json.NewDecoder(strings.NewReader(p.text))
	decoder.UseNumber() // a secret of digits would be another number else
	if decoder.Decode(&fields) != nil {
		return nil
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil
	}
	return fields
}

// print logs one line. A JSON object is read; everything else, including JSON
// of unexpected types, is text.
func (l *pluginLog) print(stream string, printed line) {
	if printed.text == "" {
		return
	}
	l.keep(printed)
	if !l.admit() {
		return
	}
	if fields := printed.fields(); fields != nil {
		l.printFields(stream, fields)
		return
	}
	text := printed.text
	if printed.cut {
		text = l.masker.maskCut(text)
	}
	text = l.masker.line(text, maxLine)
	if text == "" {
		return
	}
	level := slog.LevelInfo
	if isCrash(text) {
		level = slog.LevelError
	}
	l.logger.Log(context.Background(), level, "plugin printed", "stream", stream, "text", text)
}

func (l *pluginLog) printFields(stream string, fields map[string]any) {
	level := parseLevel(take(fields, "level", "@level"))
	message := l.masker.line(take(fields, "msg", "message", "@message"), maxLine)
	take(fields, "time", "timestamp", "@timestamp") // ours is as good
	keys := make([]string, 0, len(fields))
	for key := range fields {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var attrs []any
	for _, key := range keys[:min(len(keys), maxAttrs)] {
		attrs = append(attrs, slog.String(l.masker.line(key, 100), l.attribute(fields[key])))
	}
	l.logger.Log(context.Background(), level, "plugin logged", "stream", stream, "text", message, slog.Group("fields", attrs...))
}

// attribute gives a value of any type as one masked line.
func (l *pluginLog) attribute(value any) string {
	text, ok := value.(string)
	if !ok {
		encoded, err := json.Marshal(value)
		if err != nil {
			return "" // cannot happen: it came from JSON
		}
		text = string(encoded)
	}
	return l.masker.line(text, maxLine)
}

// keep remembers a line for last. A Go program that crashes says why and where in the
// first lines of many; what the library says about its socket helps nobody.
func (l *pluginLog) keep(printed line) {
	for _, chatter := range []string{`"@message":"configuring server automatic mTLS"`, `"@message":"plugin address"`} {
		if strings.Contains(printed.text, chatter) {
			return
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if isCrash(printed.text) {
		l.crashed, l.tail = true, nil
	} else if l.crashed && len(l.tail) == tailSize {
		return
	}
	l.tail = append(l.tail[max(0, len(l.tail)-tailSize+1):], printed)
}

// forget is for the start of another process: its last words are its own.
func (l *pluginLog) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.crashed, l.tail = false, nil
}

// isCrash reports whether a line is the first that a Go program prints when it ends
// by itself.
func isCrash(text string) bool {
	return strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")
}

// take removes the fields called names and returns the first that is text.
func take(fields map[string]any, names ...string) string {
	found := ""
	for _, name := range names {
		if text, ok := fields[name].(string); ok && found == "" {
			found = text
		}
		delete(fields, name)
	}
	return found
}

func parseLevel(name string) slog.Level {
	switch strings.ToLower(name) {
	case "trace", "debug":
		return slog.LevelDebug
	case "warn", "warning":
		return slog.LevelWarn
	case "error", "fatal", "critical", "panic":
		return slog.LevelError
	}
	return slog.LevelInfo
}

// lineWriter cuts a stream into lines of bounded length.
type lineWriter struct {
	line func(text string, cut bool)

	mu       sync.Mutex
	pending  []byte
	dropping bool // the rest of a line that was too long
}

// Write never fails and never keeps more than one line.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for rest := p; len(rest) > 0; {
		piece, after, ended := bytes.Cut(rest, []byte{'\n'})
		rest = after
		w.append(piece)
		if !ended {
			continue
		}
		if !w.dropping {
			w.line(string(w.pending), false)
		}
		w.pending, w.dropping = w.pending[:0], false
	}
	return len(p), nil
}

func (w *lineWriter) append(piece []byte) {
	if w.dropping {
		return
	}
	room := maxLine + 1 - len(w.pending)
	w.pending = append(w.pending, piece[:min(room, len(piece))]...)
	if len(w.pending) > maxLine {
		w.line(string(w.pending), true)
		w.dropping = true
	}
}

// flush ends a last line that has no newline.
func (w *lineWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.pending) > 0 && !w.dropping {
		w.line(string(w.pending), false)
	}
	w.pending = nil
}
