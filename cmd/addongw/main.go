package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker (make build).
var version = "0.1.0-dev"

// Exit codes: DESIGN of the command line, the same for every verb.
const (
	exitFailed      = 1   // the configuration is wrong, or the gateway or a backend said no
	exitDifference  = 2   // it worked, and there is a difference (fmt --check)
	exitBlocked     = 3   // refused to protect living resources
	exitUnreachable = 4   // no gateway answers, or not allowed
	exitUsage       = 64  // wrong usage
	exitInterrupted = 130 // interrupted
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], &streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.LookupEnv})
	stop()
	os.Exit(code)
}

// run executes one command and returns its exit code.
func run(ctx context.Context, args []string, s *streams) int {
	c := &command{streams: s, format: formatBeforeParsing(args, s.getenv)}
	root := newRoot(c)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var e *exitError
	if !errors.As(err, &e) { // cobra's own complaints
		e = &exitError{code: exitUsage, err: err, hint: usageHint(root, args)}
	}
	if errors.Is(e.err, context.Canceled) && ctx.Err() != nil {
		e.code = exitInterrupted
	}
	c.printError(e)
	return e.code
}

// usageHint offers the nearest command for one that does not exist.
func usageHint(root *cobra.Command, args []string) string {
	if parent, rest, err := root.Find(args); err == nil || len(rest) > 0 {
		parent.SuggestionsMinimumDistance = 2
		for _, word := range rest {
			if near := parent.SuggestionsFor(word); len(near) > 0 && !strings.HasPrefix(word, "-") {
				return fmt.Sprintf("Did you mean %q? Run %s help for the commands.", near[0], root.Name())
			}
		}
	}
	if cmd, _, err := root.Find(args); err == nil && cmd != root {
		return "Usage: " + cmd.UseLine()
	}
	return "Run addongw help for the commands and their flags."
}

// exitError ends a command with a code. A nil err means that everything there
// is to say has been printed.
type exitError struct {
	code int
	err  error
	hint string // the next step, where there is one
}

func (e *exitError) Error() string {
	if e.err == nil {
		return "failed"
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// failed ends a command with exit code 1.
func failed(err error) error {
	if err == nil {
		return nil
	}
	var e *exitError
	if errors.As(err, &e) {
		return err
	}
	return &exitError{code: exitFailed, err: err}
}

// usage ends a command with exit code 64.
func usage(err error, hint string) error {
	return &exitError{code: exitUsage, err: err, hint: hint}
}
