package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/admin"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/platform"
)

// printDevScreen prints what to type to play the platforms.
func (c *command) printDevScreen(cfg *config.Config, made map[[2]string]credentials) {
	fmt.Fprintf(c.out, "addongw %s  development mode: loopback only, throw-away store, real backends\n", version)
	show := shellQuote(os.Args[0]) + ` resources show "$ID" --admin ` + shellQuote(cfg.Gateway.AdminListen)
	for _, m := range cfg.Mounts {
		scope := m.Mount.Scope()
		url := cfg.Gateway.BaseURL + m.Prefix
		fmt.Fprintf(c.out, "\n%s on %s, at %s\nTo play the platform, paste these into another terminal:\n", scope.Addon, scope.Platform, url)
		for i, s := range m.Mount.Samples() {
			if s.SignOn != nil {
				continue // a browser's part: see the development page
			}
			call := curl(s, url, made[[2]string{scope.Addon, scope.Platform}].password)
			if i == 0 {
				call = `ANSWER=$(` + call + `); echo "$ANSWER"; ID=$(echo "$ANSWER" | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p')` +
					"\n\n  # show\n  " + show
			}
			fmt.Fprintf(c.out, "\n  # %s\n  %s\n", s.What, call)
		}
	}
	fmt.Fprintf(c.out, "\nTo sign on as the customer, open %s%s in a browser.\nCtrl-C ends it.\n\n", cfg.Gateway.BaseURL, devPath)
}

// curl writes one platform call for a POSIX shell. The password is made up and
// dies with the process, so it may be seen on a command line.
func curl(s platform.Sample, url, password string) string {
	parts := []string{"curl -sS -u", shellQuote(s.User + ":" + password)}
	if s.Method != "POST" {
		parts = append(parts, "-X", s.Method)
	}
	parts = append(parts, `"`+url+strings.ReplaceAll(s.Path, "{id}", "$ID")+`"`)
	if s.Body != "" {
		parts = append(parts, "-H 'Content-Type: application/json' -d", shellQuote(s.Body))
	}
	return strings.Join(parts, " ")
}

// shellQuote makes text one word of a POSIX shell.
func shellQuote(text string) string {
	plain := strings.IndexFunc(text, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,", r)
	}) < 0
	if plain && text != "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// reportLeftOvers says what a backend still has when the store that knew of it
// is thrown away. It runs while the gateway can still be asked.
func (c *command) reportLeftOvers(client *admin.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	page, err := client.Resources(ctx, gateway.ResourceFilter{Limit: 1000})
	if err != nil {
		return // it has not even started
	}
	left := 0
	for _, r := range page.Resources {
		if r.State != string(gateway.Deprovisioned) && r.State != string(gateway.Failed) {
			left++
			fmt.Fprintf(c.err, "left in backend %s: %s (%s)\n", r.Backend, r.ID, r.ShortID)
		}
	}
	if left > 0 {
		fmt.Fprintf(c.err, "%s not deprovisioned: the store that knew of them is gone now.\n", count(left, "resource"))
	}
}
