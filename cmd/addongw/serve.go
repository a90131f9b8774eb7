package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/secret"
)

func newServe(c *command) *cobra.Command {
	var listen string
	var from source
	cmd := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Serve the platforms' provider APIs from a configuration directory",
		Long: "Checks the configuration, starts the backends, takes over what an earlier process left unfinished, and serves\n" +
			"until SIGTERM or Ctrl-C; then it lets running calls end. A second Ctrl-C ends it at once: nothing is lost by that.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.dirArgument(cmd, args); err != nil {
				return err
			}
			from.hangUps = catchHangUps()
			from.load = func(ctx context.Context) (loaded, error) {
				l, err := c.load(ctx, func(o *config.Options) { o.Secrets = true })
				if l.Config != nil {
					l.Gateway.Listen = cmp.Or(listen, l.Gateway.Listen)
					l.Gateway.AdminListen = cmp.Or(c.admin, l.Gateway.AdminListen)
				}
				return l, err
			}
			l, err := c.faultless(from.load(cmd.Context()))
			if err != nil {
				return err
			}
			listener, err := net.Listen("tcp", l.Gateway.Listen)
			if err != nil {
				return &exitError{code: exitFailed, err: err, hint: "Name another address with --listen, or in the gateway block."}
			}
			return c.runGateway(cmd.Context(), from, l, listener, moments{})
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", "listen here instead of where the gateway block says; host:0 takes a free port")
	cmd.Flags().BoolVar(&from.watch, "watch", false, "reload whenever a configuration file changes")
	cmd.Flags().BoolVar(&from.allowOrphans, "allow-orphans", false, "start although living resources lack what they need: they can only be removed then")
	return cmd
}

// runGateway serves l, which was loaded from a source, on listener until ctx
// ends. Known secrets never get into the log, whoever logs them.
func (c *command) runGateway(ctx context.Context, from source, l loaded, listener net.Listener, on moments) error {
	dir, err := filepath.Abs(c.dir)
	if err != nil {
		_ = listener.Close()
		return failed(err)
	}
	from.dir = dir
	redactor := redactorOf(l.Secrets())
	log := slog.New(secret.RedactingHandler(logHandler(c.err, l.Gateway), redactor))
	g, err := assemble(ctx, from, l, listener, log, redactor)
	var orphans *orphansError
	if errors.As(err, &orphans) {
		l.diags = orphans.diags
		_ = c.report(l)
		return &exitError{code: exitBlocked, err: errors.New("the gateway is not started: living resources would be lost sight of"),
			hint: "Put back what they need, or say with previously what it is called now. --allow-orphans starts all the same."}
	}
	var broken unlaunched
	if errors.As(err, &broken) && ctx.Err() == nil {
		l.diags = broken.problems(l.Config, c.dir)
		return c.report(l)
	}
	if err != nil {
		return failed(err)
	}
	return failed(g.serve(ctx, on))
}

// logHandler writes the log in the form that was asked for: by default text for
// a person at a terminal, and JSON for everybody else.
func logHandler(w io.Writer, g config.Gateway) slog.Handler {
	options := &slog.HandlerOptions{Level: logLevel(g.LogLevel)}
	if g.LogFormat == "json" || g.LogFormat == "" && !isTerminal(w) {
		options.ReplaceAttr = forPrograms
		return slog.NewJSONHandler(w, options)
	}
	if isTerminal(w) {
		options.ReplaceAttr = forTheEye
	}
	return slog.NewTextHandler(w, options)
}

// forPrograms writes lengths of time as "3.5s": JSON would count nanoseconds.
func forPrograms(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().Round(time.Millisecond).String())
	}
	return a
}

// forTheEye leaves out of a line what only programs read.
func forTheEye(_ []string, a slog.Attr) slog.Attr {
	switch {
	case a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime:
		a.Value = slog.StringValue(a.Value.Time().Format("15:04:05"))
	case a.Key == "event", a.Key == "request_id", a.Key == slog.LevelKey && a.Value.String() == slog.LevelInfo.String():
		return slog.Attr{}
	}
	return a
}

func logLevel(name string) slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return slog.LevelInfo // the configuration has checked it
	}
	return level
}
