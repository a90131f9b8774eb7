package pluginhost

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

const (
	maxLine  = 16 << 10 // bytes of one line that are logged; the rest is dropped
	maxAttrs = 32       // attributes of one line that are logged
	tailSize = 5        // lines kept for error messages
)

// pluginLog turns what a plugin prints into log records.
type pluginLog struct {
	logger *slog.Logger
	masker *masker

	mu   sync.Mutex
	tail []string // the last lines, masked
}

// stream returns a writer for one of the plugin's outputs. Lines of different
// outputs never mix.
func (l *pluginLog) stream(name string) *lineWriter {
	return &lineWriter{line: func(text string, cut bool) { l.print(name, text, cut) }}
}

// last returns the last lines printed, in one.
func (l *pluginLog) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.tail, " | ")
}

// print logs one line. A JSON object is read; everything else, including JSON
// of unexpected types, is text.
func (l *pluginLog) print(stream, text string, cut bool) {
	fields := map[string]any{}
	if !cut && strings.HasPrefix(text, "{") && json.Unmarshal([]byte(text), &fields) == nil {
		l.printFields(stream, fields)
		return
	}
	if cut {
		text = l.masker.maskCut(text)
	}
	text = l.masker.line(text, maxLine)
	if text == "" {
		return
	}
	level := slog.LevelInfo
	if strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ") {
		level = slog.LevelError
	}
	l.keep(text)
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
	l.keep(message)
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

func (l *pluginLog) keep(text string) {
	if text == "" {
		return
	}
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = append(l.tail, text)
	l.tail = l.tail[max(0, len(l.tail)-tailSize):]
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
	for _, c := range p {
		if c != '\n' {
			w.append(c)
			continue
		}
		if !w.dropping {
			w.line(string(w.pending), false)
		}
		w.pending, w.dropping = w.pending[:0], false
	}
	return len(p), nil
}

func (w *lineWriter) append(c byte) {
	if w.dropping {
		return
	}
	w.pending = append(w.pending, c)
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
