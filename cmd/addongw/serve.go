package main

import (
	"context"
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/secret"
)

func newServe(c *command) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Serve the platforms' provider APIs from a configuration directory",
		Long: "Checks the configuration, starts the backends, takes over what an earlier process left unfinished, and serves\n" +
			"until SIGTERM or Ctrl-C; then it lets running calls end. A second Ctrl-C ends it at once: nothing is lost by that.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.dirArgument(args)
			l, err := c.loadFaultless(cmd.Context(), func(o *config.Options) { o.Secrets = true })
			if err != nil {
				return err
			}
			if listen != "" {
				l.Gateway.Listen = listen
			}
			if c.admin != "" {
				l.Gateway.AdminListen = c.admin
			}
			listener, err := net.Listen("tcp", l.Gateway.Listen)
			if err != nil {
				return &exitError{code: exitFailed, err: err, hint: "Name another address with --listen, or in the gateway block."}
			}
			return c.runGateway(cmd.Context(), l, listener, moments{})
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", "listen here instead of where the gateway block says; host:0 takes a free port")
	return cmd
}

// runGateway serves a configuration on listener until ctx ends. Known secrets
// never get into the log, whoever logs them.
func (c *command) runGateway(ctx context.Context, l loaded, listener net.Listener, on moments) error {
	redactor := redactorOf(l.Secrets())
	options := &slog.HandlerOptions{Level: logLevel(l.Gateway.LogLevel)}
	var handler slog.Handler = slog.NewJSONHandler(c.err, options)
	if l.Gateway.LogFormat == "text" || l.Gateway.LogFormat == "" && isTerminal(c.err) {
		handler = slog.NewTextHandler(c.err, options)
	}
	log := slog.New(secret.RedactingHandler(handler, redactor))
	g, err := assemble(ctx, l.Config, listener, log, redactor)
	if err != nil {
		return failed(err)
	}
	return failed(g.serve(ctx, on))
}

func logLevel(name string) slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return slog.LevelInfo // the configuration has checked it
	}
	return level
}
