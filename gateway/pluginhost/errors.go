package pluginhost

import (
	"fmt"
	"strings"
	"time"

	"github.com/addongw/addongw/plugins/backend"
)

// NotFoundError says that no folder holds the plugin's binary.
type NotFoundError struct {
	Name      string   // "postgres"
	Searched  []string // folders, in order
	Installed []string // names of the plugins found there, sorted
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("no plugin %q: no executable file %s in %s", e.Name, binaryPrefix+e.Name, strings.Join(e.Searched, ", "))
}

// NotExecutableError says that the plugin's binary is there and nobody may run it.
type NotExecutableError struct{ Name, Path string }

func (e *NotExecutableError) Error() string { return e.Path + " is not executable" }

// VersionError says that the plugin found is not of the version asked for.
type VersionError struct {
	Name, Path string
	Version    string // what the plugin says it is
	Constraint string // what was asked for, such as "~> 1.2"
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("plugin %s (%s) has version %s, which is not %q", e.Name, e.Path, e.Version, e.Constraint)
}

// ChecksumError says that the binary is not the one pinned, or that the pin
// cannot be read.
type ChecksumError struct {
	Name, Path string
	Want, Got  string // "sha256:…"; Got is empty when Want is malformed
}

func (e *ChecksumError) Error() string {
	if e.Got == "" {
		return fmt.Sprintf(`checksum %q of plugin %s is not "sha256:" and 64 hexadecimal digits`, e.Want, e.Name)
	}
	return fmt.Sprintf("plugin %s (%s) has checksum %s, not %s", e.Name, e.Path, e.Got, e.Want)
}

// StartError says that a plugin could not be brought to the point where it
// takes calls.
type StartError struct {
	Name, Path string
	Stage      Stage // how far it came
	Cause      error
	Stderr     string // the last lines it printed, secrets masked; may be empty
}

// Stage is what failed of a start.
type Stage string

// The stages, in order.
const (
	StageStart     Stage = "start"     // it is no process
	StageHandshake Stage = "handshake" // nothing that it printed, or how it answers, makes a connection
	StageDescribe  Stage = "describe"  // it gives no description
	StageCheck     Stage = "check"     // its description makes no sense
)

func (e *StartError) Error() string {
	text := fmt.Sprintf("start plugin %s (%s): %v", e.Name, e.Path, e.Cause)
	if e.Stderr != "" {
		text += "; it printed: " + e.Stderr
	}
	return text
}

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Cause }

// ConfigureError says that the plugin refused its configuration.
type ConfigureError struct {
	Name        string
	Diagnostics backend.Diagnostics // secrets masked; at least one is an error
}

func (e *ConfigureError) Error() string {
	var problems []string
	for _, d := range e.Diagnostics {
		if d.Severity != backend.SeverityWarning {
			problems = append(problems, strings.TrimSuffix(d.Summary+": "+d.Detail, ": "))
		}
	}
	return fmt.Sprintf("plugin %s refuses its configuration: %s", e.Name, strings.Join(problems, "; "))
}

// UnavailableError says that a call was not made, because no process of the
// backend runs now. The outcome of earlier calls is as unknown as before.
type UnavailableError struct {
	Backend    string
	Reason     string        // why the last process ended
	RetryAfter time.Duration // when a start will be tried; 0: soon, or never after Close
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("backend %s is not running: %s", e.Backend, e.Reason)
}

// As makes it a *backend.Failure for whoever asks for one: nothing was sent, so
// there is no unknown outcome, only a reason to wait.
func (e *UnavailableError) As(target any) bool {
	f, ok := target.(**backend.Failure)
	if ok {
		*f = &backend.Failure{Class: backend.Retryable, Message: e.Error(), RetryAfter: max(e.RetryAfter, time.Second)}
	}
	return ok
}
