package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/admin"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/conformance"
)

// ssoFlags are what the flags of "addongw sso" say.
type ssoFlags struct {
	email, method, platform string
	age, expire             time.Duration
	open                    bool
}

// How a sign-on reaches the gateway.
const (
	methodAuto = "auto"
	methodGet  = "get"
	methodPost = "post"
)

func newSSO(c *command) *cobra.Command {
	var f ssoFlags
	cmd := &cobra.Command{
		Use:   "sso RESOURCE",
		Short: "Sign on as a resource's customer, as its platform would",
		Long: `Signs a customer on to a resource of a running gateway. RESOURCE is our id, the platform's, or a unique beginning of ours.

Where the platform's dashboard has a link, that is printed: whoever has it is the customer, for some minutes. Where the
dashboard posts a form, a page that posts it is served on loopback, once, and its address is printed; the command ends
when somebody has opened it. --open opens a browser.

The salt comes from the configuration directory, which must be that of the running gateway: its secrets are read.
(A gateway in development mode has made up its own: sign on by the page that dev names.) A sign-on goes to base_url and is
sent on from there, so that address must lead to the gateway.

--age makes a proof that is as old as that, and --method sends it the other way, to see how they are refused.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.sound(); err != nil {
				return err
			}
			return c.sso(cmd.Context(), args[0], f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.email, "email", "", "e-mail of the customer")
	flags.StringVar(&f.method, "method", methodAuto, "auto, get or post: how the customer's browser sends the proof")
	flags.StringVar(&f.platform, "platform", "", "fail unless the resource is on this platform")
	flags.DurationVar(&f.age, "age", 0, "sign with a proof that is so old")
	flags.DurationVar(&f.expire, "expire", 5*time.Minute, "how long the page waits for a browser")
	flags.BoolVar(&f.open, "open", false, "open a browser")
	_ = cmd.RegisterFlagCompletionFunc("method", cobra.FixedCompletions([]string{methodAuto, methodGet, methodPost}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f ssoFlags) sound() error {
	if f.expire <= 0 {
		return usage(errors.New("--expire leaves no time"), "Write it as 5m.")
	}
	return oneOf(f.method, []string{methodAuto, methodGet, methodPost}, "method")
}

func (c *command) sso(ctx context.Context, id string, f ssoFlags) error {
	resource, err := c.findResource(ctx, id, f.platform)
	if err != nil {
		return err
	}
	l, err := c.loadFaultless(ctx, func(o *config.Options) { o.Secrets = true })
	if err != nil {
		return err
	}
	a, err := actFor(l.Mounts, resource)
	if err != nil {
		return err
	}
	sign := func() (conformance.SignOn, error) {
		return a.signOn(resource.ProviderID, f.email, time.Now().Add(-f.age))
	}
	signOn, err := sign()
	if err != nil {
		return failed(err)
	}
	link := f.method == methodGet || f.method == methodAuto && signOn.Encoding == conformance.Query
	if link && !f.open {
		return c.printSignOn(shownSignOn{Resource: resource.ID, Platform: resource.Platform, Method: methodGet, URL: signOn.Link()})
	}
	return c.servePage(ctx, resource, f, &signOnPage{link: link, sign: sign})
}

// findResource asks the running gateway.
func (c *command) findResource(ctx context.Context, id, platform string) (admin.Resource, error) {
	client, err := c.adminClient()
	if err != nil {
		return admin.Resource{}, err
	}
	found, err := client.Resource(ctx, id)
	if err != nil {
		return admin.Resource{}, c.adminFailed(err)
	}
	if platform != "" && found.Resource.Platform != platform {
		return admin.Resource{}, failed(fmt.Errorf("%s is on %s, not on %s", found.Resource.ID, found.Resource.Platform, platform))
	}
	return found.Resource, nil
}

// actFor makes the resource's platform call its mount.
func actFor(mounts []config.Mount, r admin.Resource) (acting, error) {
	for _, m := range mounts {
		if scope := m.Mount.Scope(); scope.Platform != r.Platform || scope.Addon != r.Addon {
			continue
		}
		a, ok, err := act(m)
		if err == nil && !ok {
			err = fmt.Errorf("nobody can sign on as %s does", r.Platform)
		}
		return a, failed(err)
	}
	return acting{}, &exitError{
		code: exitFailed, err: fmt.Errorf("these files do not sell %s on %s", r.Addon, r.Platform),
		hint: "Name the directory of the running gateway with --dir.",
	}
}

// shownSignOn is the result as programs read it.
type shownSignOn struct {
	Resource  string     `json:"resource"`
	Platform  string     `json:"platform"`
	Method    string     `json:"method"`
	URL       string     `json:"url"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // of a page
}

func (c *command) printSignOn(s shownSignOn) error {
	if c.format == "json" {
		return failed(c.printJSON(envelope{"sso", s}))
	}
	_, err := fmt.Fprintln(c.out, s.URL)
	return failed(err)
}

// servePage serves the page until a browser has fetched it.
func (c *command) servePage(ctx context.Context, r admin.Resource, f ssoFlags, page *signOnPage) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return failed(err)
	}
	address := page.prepare(listener.Addr().String())
	shown := shownSignOn{Resource: r.ID, Platform: r.Platform, Method: methodPost, URL: address}
	if page.link {
		shown.Method = methodGet
	}
	end := time.Now().Add(f.expire).UTC().Truncate(time.Second)
	shown.ExpiresAt = &end
	if err := c.printSignOn(shown); err != nil {
		_ = listener.Close()
		return err
	}
	fmt.Fprintf(c.err, "Open it in a browser within %s; it works once. Ctrl-C ends it.\n", f.expire)
	if f.open {
		if err := openBrowser(address); err != nil {
			fmt.Fprintf(c.err, "No browser opens: %s\n", err)
		}
	}
	waiting, cancel := context.WithTimeoutCause(ctx, f.expire, errNobodyCame)
	defer cancel()
	err = page.serve(waiting, listener)
	if errors.Is(err, errNobodyCame) {
		return failed(fmt.Errorf("nobody opened the page within %s", f.expire))
	}
	return failed(err)
}

// openBrowser opens an address, which says nothing to whoever reads the list of
// processes: the page behind it works once.
func openBrowser(address string) error {
	name, args := "xdg-open", []string{address}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
	}
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // what became of it, the person sees
	return nil
}
