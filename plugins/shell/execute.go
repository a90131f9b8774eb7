package shell

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/addongw/addongw/plugins/backend"
)

// execute runs one script once. The error is a *backend.Failure; beside it the
// answer may hold a state worth keeping.
func (s *settings) execute(ctx context.Context, c call, patience patience) (answer, error) {
	if ctx.Err() != nil {
		return answer{}, backend.Failf(backend.Retryable, "there was no time left for script %q", c.name())
	}
	p, err := s.prepare(c)
	if err != nil {
		return answer{}, err
	}
	work, err := makeWorkDir(s.account)
	if err != nil {
		return answer{}, backend.Failf(backend.Retryable, "%v", err)
	}
	defer func() {
		if err := work.remove(); err != nil {
			c.events.Log(slog.LevelWarn, fmt.Sprintf("remove the work folder: %v", err))
		}
	}()
	if p.env, err = environment(c, work.path); err != nil {
		return answer{}, err
	}
	log := &lines{secret: c.secrets, emit: func(line string) { c.events.Log(slog.LevelInfo, line) }}
	p.dir, p.stderr, p.patience = work.path, log, patience
	end, err := p.run(ctx)
	log.flush()
	if err != nil {
		return answer{}, s.notRun(c, err)
	}
	return s.judge(c, end, log.last)
}

// prepare checks a script again, because files change while a gateway runs,
// and writes its document.
func (s *settings) prepare(c call) (process, error) {
	path := s.scriptOf(c)
	why, _, err := checkScript(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return process{}, s.absent(c, path)
	case why != "":
		return process{}, backend.Failf(backend.Internal, "%s", why)
	}
	if why, _ := checkFolder(s.directory); why != "" {
		return process{}, backend.Failf(backend.Internal, "%s", why)
	}
	input, err := documentOf(c)
	if err != nil {
		return process{}, backend.Failf(backend.Internal, "%v", err)
	}
	return process{path: path, argument: c.name(), stdin: input, account: s.account}, nil
}

// scriptOf is the path of the script that a call runs.
func (s *settings) scriptOf(c call) string {
	if c.verb == backend.VerbInvoke {
		return actionScript(s.directory, c.action)
	}
	return filepath.Join(s.directory, string(c.verb))
}

// absent is the failure of a verb or an action without a script.
func (s *settings) absent(c call, path string) error {
	if c.verb == backend.VerbInvoke {
		return backend.Failf(backend.Internal, "there is no script %q for an action, and no script %s for all of them", c.action, path)
	}
	if c.pending != "" {
		return backend.Failf(backend.Internal, "a script answered \"pending\", but there is no script %s to ask how far it is", path)
	}
	if _, _, err := checkScript(filepath.Join(s.directory, string(backend.VerbSuspend))); c.verb == backend.VerbResume && !errors.Is(err, fs.ErrNotExist) {
		return backend.Failf(backend.Internal, "there is no script %s, beside a script %q that has locked customers out", path, backend.VerbSuspend)
	}
	if c.phase == backend.RotateCommit {
		return backend.Failf(backend.Internal, "there is no script %s any more to end the old credentials: those that it staged work beside them", path)
	}
	switch c.verb {
	case backend.VerbChangePlan, backend.VerbSuspend, backend.VerbResume, backend.VerbRotate, backend.VerbRead:
		return backend.Failf(backend.Unsupported, "there is no script %s", path)
	}
	return backend.Failf(backend.Internal, "there is no script %s", path)
}

// notRun is the failure of a script that could not be started, or that would
// not stop printing.
func (s *settings) notRun(c call, err error) error {
	switch {
	case errors.Is(err, errTooMuch):
		return backend.Failf(backend.Internal, "script %q %v", c.name(), err)
	case isPassing(err):
		return backend.Failf(backend.Retryable, "script %q: %v", c.name(), err)
	case errors.Is(err, fs.ErrNotExist):
		return backend.Failf(backend.Internal, "script %q: %v (is the program named in its first line installed?)", c.name(), err)
	case errors.Is(err, syscall.EACCES) && s.user != "":
		return backend.Failf(backend.Internal, "script %q: %v (may user %q read and execute it?)", c.name(), err, s.user)
	}
	return backend.Failf(backend.Internal, "script %q: %v", c.name(), err)
}

// judge turns how a script ended and what it printed into an answer or a
// failure.
func (s *settings) judge(c call, end ending, lastLine string) (answer, error) {
	a, unreadable := parseAnswer(end.stdout)
	switch {
	case end.stopped:
		return answer{}, backend.Failf(backend.Retryable, "script %q was stopped: its time was up", c.name())
	case end.signal != 0 || end.code != 0:
		a.pending = false // the exit code decides
		return a, c.failure(end, a, lastLine)
	case unreadable != nil:
		return answer{}, backend.Failf(backend.Internal, "script %q: standard output: %v", c.name(), unreadable)
	case !a.hasStatus:
		return answer{}, backend.Failf(backend.Internal, "script %q: the answer has no \"status\"", c.name())
	}
	if a.message != "" {
		c.events.Progress(c.clean(a.message), -1)
	}
	return a, nil
}

// failure is what an exit code says, in the script's own words where it has
// some: the message of its answer, else its last line of standard error.
func (c call) failure(end ending, a answer, lastLine string) error {
	class := classOf(end.code) // after a signal the code is -1: INTERNAL
	f := backend.Failf(class, "script %q %s", c.name(), end.describe())
	words := c.clean(a.message)
	if words == "" {
		words = c.clean(lastLine)
	}
	if words != "" {
		f.Message += ": " + words
	}
	f.Customer = c.clean(a.customer)
	if class == backend.Retryable {
		f.RetryAfter = a.retryAfter
	}
	return f
}

// maxWords bounds a script's words in messages; the log has all of them.
const maxWords = 1000

// clean makes a script's words fit for a message: secrets masked, one line,
// not too long.
func (c call) clean(words string) string {
	words = strings.Join(strings.Fields(c.secrets.mask(words)), " ")
	if len(words) > maxWords {
		words = strings.ToValidUTF8(words[:maxWords], "") + "…"
	}
	return words
}
