package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/addongw/addongw/plugins/backend"
	client "github.com/redis/go-redis/v9"
)

// isFull is a server whose connections are all in use.
func isFull(err error) bool {
	return err != nil && strings.Contains(err.Error(), "max number of clients reached")
}

// isBusy is a server that does nothing but run a customer's script.
func isBusy(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "BUSY ") }

// keptOut is a server that runs and does not let us in, by its customer's doing:
// he uses all connections, runs a script for ever, or ends ours.
func keptOut(err error) bool {
	return isFull(err) || isBusy(err) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// classOf sorts what a server said by the word that it begins with. Whatever is
// not listed is a bug of ours. What only an operator can mend is Internal too: no
// customer chose the administrator's login, and an order may wait for another.
func classOf(said string) (backend.Class, string) {
	word, _, _ := strings.Cut(said, " ")
	switch word {
	case "LOADING":
		return backend.Retryable, "the server is loading its data"
	case "BUSY":
		return backend.Retryable, "the server is busy with a script"
	case "READONLY", "MASTERDOWN":
		return backend.Retryable, "the server is a replica"
	case "MISCONF":
		return backend.Retryable, "the server cannot write to its disk"
	case "OOM":
		return backend.Retryable, "the server's memory is full"
	case "WRONGPASS", "NOAUTH":
		return backend.Internal, "the server does not let us in: check user and password in url"
	case "NOPERM":
		return backend.Internal, "the user in url lacks a right: give it +@all ~* &*"
	}
	if strings.Contains(said, "error trying to save the ACLs") {
		return backend.Retryable, "the server cannot write its file of users: is its disk full, and may it write to the file's folder?"
	}
	if strings.Contains(said, "not able to handle the specified number of clients") {
		return backend.Quota, "this machine allows too few open files for max_clients: raise the limit (LimitNOFILE) of the gateway or of the runner's service"
	}
	return backend.Internal, "the server refused a command"
}

// explain turns an error into what the gateway is told. What the server said is
// an answer, a Failure. A server that could not be reached is one too: nothing
// was done. Everything else leaves the outcome unknown and stays a plain error.
func explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if failure, ok := errors.AsType[*backend.Failure](err); ok {
		return failure
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	if isFull(err) {
		return backend.Failf(backend.Retryable, "%s: all of the server's connections are in use", doing)
	}
	if said, ok := errors.AsType[client.Error](err); ok && !errors.Is(err, client.Nil) {
		class, meaning := classOf(said.Error())
		return backend.Failf(class, "%s: %s (%s)", doing, meaning, said.Error())
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return backend.Failf(backend.Retryable, "%s: the server does not answer (%v)", doing, op.Err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// looking is what is done first.
const looking = "look at the server"

// asSentence is a message of explain as the detail of a diagnostic, whose summary
// says already what was done.
func asSentence(message string) string {
	message = strings.TrimPrefix(message, looking+": ")
	return strings.ToUpper(message[:1]) + message[1:] + "."
}

// stubborn is for removals: what is refused is tried again, and in the end
// parked for an operator, but never given up, since something would be left
// that nobody pays for.
func stubborn(err error) error {
	failure, ok := errors.AsType[*backend.Failure](err)
	if !ok || failure.Class != backend.Invalid && failure.Class != backend.Quota && failure.Class != backend.Conflict {
		return err
	}
	again := *failure
	again.Class = backend.Retryable
	return &again
}

// step is a part of the work that may be repeated at any time, from any state
// that an interrupted attempt can leave.
type step struct {
	doing string
	run   func(context.Context) error
}

// runSteps runs one step after the other and says so before each.
func runSteps(ctx context.Context, events backend.Events, steps []step) error {
	for i, step := range steps {
		events.Progress(step.doing, 100*i/len(steps))
		err := ctx.Err()
		if err == nil {
			err = step.run(ctx)
		}
		if err != nil {
			return explain(ctx, step.doing, err)
		}
	}
	return nil
}
