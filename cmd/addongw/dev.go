package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/admin"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/secret"
)

// devPort is where dev listens unless told otherwise or taken.
const devPort = 8080

func newDev(c *command) *cobra.Command {
	var port int
	cmd := &cobra.Command{
		Use:   "dev [DIR]",
		Short: "Try a configuration: loopback only, throw-away store, made-up credentials",
		Long: "Serves a configuration directory on loopback, with a store that is thrown away at the end and credentials made\n" +
			"up for each platform, and prints a command for each call that a platform makes. The backends are the real ones.\n" +
			"It listens where --port says: listen and base_url of the gateway block are for serve.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.dirArgument(cmd, args); err != nil {
				return err
			}
			listener, err := devListener(port, cmd.Flags().Changed("port"))
			if err != nil {
				return err
			}
			folder, err := os.MkdirTemp("", "addongw-dev-")
			if err != nil {
				_ = listener.Close()
				return &exitError{code: exitFailed, err: fmt.Errorf("make a folder for the throw-away store: %w", err), hint: "Name a folder that may be written to with TMPDIR."}
			}
			defer func() { _ = os.RemoveAll(folder) }()
			return c.dev(cmd.Context(), listener, folder)
		},
	}
	cmd.Flags().IntVar(&port, "port", devPort, "port on 127.0.0.1; the default moves to a free one when it is taken")
	return cmd
}

// devListener listens on loopback. A port that was asked for is not replaced.
func devListener(port int, asked bool) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) && !asked {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, &exitError{code: exitFailed, err: err, hint: "Name a free port with --port."}
	}
	return l, nil
}

// credentials are what dev made up for one mount.
type credentials struct{ password, salt string }

// devTokens are what dev made up in place of what providers of servers compare
// their users' credentials with: by provider and key.
type devTokens map[[2]string]string

func (t devTokens) of(provider, key string) string {
	if _, made := t[[2]string{provider, key}]; !made {
		t[[2]string{provider, key}] = secret.Password(32)
	}
	return t[[2]string{provider, key}]
}

func (c *command) dev(ctx context.Context, listener net.Listener, folder string) error {
	made, tokens := map[[2]string]credentials{}, devTokens{}
	adjust := func(o *config.Options) {
		o.Secrets = true
		o.Development = &config.Development{
			Listen:  listener.Addr().String(),
			BaseURL: "http://" + listener.Addr().String(),
			Credentials: func(addon, platform string) (string, string) {
				key := [2]string{addon, platform}
				if _, ok := made[key]; !ok {
					made[key] = credentials{secret.Password(40), secret.Password(40)}
				}
				return made[key].password, made[key].salt
			},
			Accepted: tokens.of,
		}
	}
	from := source{watch: true, load: func(ctx context.Context) (loaded, error) {
		l, err := c.load(ctx, adjust)
		if l.Config != nil {
			l.Store.Path = filepath.Join(folder, "addongw.db")
			l.Gateway.AdminListen = cmp.Or(c.admin, "unix:"+filepath.Join(folder, "admin.sock"))
			l.Keyring = nil // a key file in the folder does
		}
		return l, err
	}}
	l, err := c.faultless(from.load(ctx))
	if err != nil {
		_ = listener.Close()
		return err
	}
	screen := func() { c.printDevScreen(l.Config, tokens) }
	return c.runGateway(ctx, from, l, listener, moments{ready: screen, reloaded: c.printEdit, farewell: c.reportLeftOvers})
}

// printEdit tells somebody who edits files what became of it.
func (c *command) printEdit(r admin.Reload) {
	if r.Outcome != admin.ReloadDone || len(r.Changes) > 0 {
		_ = c.printReload(r) // nobody waits for an exit code
	}
}
