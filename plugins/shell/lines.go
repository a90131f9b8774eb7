package shell

import (
	"bytes"
	"strings"
)

// Limits of what is logged of one script's standard error.
const (
	maxLine = 64 * 1024 // bytes of one line; the rest is dropped
	maxLog  = 1 << 20   // bytes of one call; so that no script can fill the gateway's log
)

// lines is a script's standard error: it passes on each line with secrets
// masked. It never fails and never holds more than one line.
type lines struct {
	emit   func(line string)
	secret masker

	buffer  []byte // the beginning of the present line
	cut     bool   // the present line is longer than that
	logged  int    // bytes passed on so far
	last    string // the last line with anything in it, masked
	stopped bool   // maxLog is reached
}

func (l *lines) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		l.add(line)
		if ended {
			l.flush()
		}
		rest = after
	}
	return len(p), nil
}

// add keeps a little more of a line than is logged, so that a secret that
// crosses the limit is masked before the line is cut.
func (l *lines) add(part []byte) {
	room := maxLine + l.secret.longest - len(l.buffer)
	if len(part) > room {
		part, l.cut = part[:room], true
	}
	l.buffer = append(l.buffer, part...)
}

// flush passes the present line on. Call it once more after the last Write.
func (l *lines) flush() {
	line := l.secret.mask(strings.TrimRight(string(l.buffer), "\r"))
	if len(line) > maxLine {
		line, l.cut = line[:maxLine], true
	}
	line = strings.ToValidUTF8(line, "\uFFFD")
	if l.cut {
		line += " … (cut)"
	}
	l.buffer, l.cut = l.buffer[:0], false
	if strings.TrimSpace(line) == "" || l.stopped {
		return
	}
	l.last = line
	l.logged += len(line)
	if l.logged > maxLog {
		l.stopped = true
		line = "… (the script printed more; it is not logged)"
	}
	l.emit(line)
}
