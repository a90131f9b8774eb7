package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/admin"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/conformance"
)

// printDevScreen prints what to type to play the platforms.
func (c *command) printDevScreen(cfg *config.Config, tokens devTokens) {
	fmt.Fprintf(c.out, "addongw %s  development mode: loopback only, throw-away store, real backends\n", version)
	if told := cfg.Gateway.NotListened; told != "" {
		fmt.Fprintf(c.out, "listen = %q is for serve; here --port does it\n", told)
	}
	show := shellQuote(os.Args[0]) + ` resources show "$ID" --admin ` + shellQuote(cfg.Gateway.AdminListen)
	for _, m := range cfg.Mounts {
		scope := m.Mount.Scope()
		fmt.Fprintf(c.out, "\n%s on %s, at %s%s\n", scope.Addon, scope.Platform, cfg.Gateway.BaseURL, m.Prefix)
		a, ok, err := act(m)
		if err != nil {
			fmt.Fprintf(c.err, "%s cannot be played: %s\n", scope.Platform, err)
		}
		if !ok || len(m.Plans) == 0 {
			continue
		}
		fmt.Fprintln(c.out, "To play the platform, paste these into another terminal:")
		for _, s := range a.life(m.Plans) {
			call := curl(s.request, shellQuote(a.provider.Username+":"+a.provider.Password.Reveal()), "")
			if s.what == provisionSample {
				call = `ANSWER=$(` + call + `); echo "$ANSWER"; ID=$(echo "$ANSWER" | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p')` +
					"\n\n  # show\n  " + show
			}
			fmt.Fprintf(c.out, "\n  # %s\n  %s\n", s.what, call)
		}
		fmt.Fprintf(c.out, "\n  # have everything tested as %s would\n  %s\n", a.platform.Title(), testCommand(a, cfg.Gateway.BaseURL, scope))
	}
	for _, p := range cfg.Providers {
		c.printDevProvider(cfg, p, tokens)
	}
	if len(cfg.Mounts) > 0 {
		fmt.Fprintf(c.out, "\nTo sign on as the customer, open %s%s in a browser.", cfg.Gateway.BaseURL, devPath)
	}
	fmt.Fprint(c.out, "\nCtrl-C ends it.\n\n")
}

// printDevProvider prints what to type to play a platform that rents servers.
// What credentials are compared with is made up and dies with the process, so it
// may be seen on a command line; those that a backend checks nobody here knows.
func (c *command) printDevProvider(cfg *config.Config, p config.Provider, tokens devTokens) {
	scope, url := p.Scope(), cfg.Gateway.BaseURL+p.Prefix
	fmt.Fprintf(c.out, "\n%s on %s, at %s\nTo play the dashboard, paste these into another terminal:\n\n", scope.Addon, scope.Platform, url)
	told, err := readMeta(p)
	if err != nil {
		fmt.Fprintf(c.err, "%s cannot be played: %s\n", scope.Platform, err)
		return
	}
	for _, key := range told.keys() {
		value, made := tokens[[2]string{scope.Addon, key}]
		if !made {
			value = "WHAT-A-USER-FILLS-IN"
		}
		fmt.Fprintf(c.out, "  export %s=%s\n", variableOf(credentialVariable, key), shellQuote(value))
	}
	program, at := shellQuote(os.Args[0]), " --url "+shellQuote(url)
	for _, verb := range told.life() {
		fmt.Fprintf(c.out, "  %s simulate %s %s%s\n", program, scope.Platform, verb, at)
	}
	fmt.Fprintf(c.out, "\n  # have everything tested as its dashboard would\n  %s conformance %s%s\n", program, scope.Platform, at)
}

// toldMeta is what of a provider's metadata decides how it is played.
type toldMeta struct {
	CanReboot        bool   `json:"can_reboot"`
	CanRename        bool   `json:"can_rename"`
	SSHAuthMethod    string `json:"ssh_auth_method"`
	SSHKeyMethod     string `json:"ssh_key_method"`
	CredentialFields []struct {
		Key string `json:"key"`
	} `json:"credential_fields"`
}

func readMeta(p config.Provider) (toldMeta, error) {
	var told struct{ Meta toldMeta }
	text, err := p.Manifest()
	if err == nil {
		err = json.Unmarshal(text, &told)
	}
	return told.Meta, err
}

// keys are those of the fields that a provider's users fill in.
func (m toldMeta) keys() (keys []string) {
	for _, field := range m.CredentialFields {
		keys = append(keys, field.Key)
	}
	return keys
}

// life are the verbs of a server's life, as far as the provider has them.
func (m toldMeta) life() []string {
	verbs := []string{doVerify}
	passwords := m.SSHAuthMethod == "password"
	if !passwords && m.SSHKeyMethod != "object" {
		verbs = append(verbs, doKey) // an order names it
	}
	verbs = append(verbs, doOrder, doPoll)
	if m.CanReboot {
		verbs = append(verbs, doReboot)
	}
	if m.CanRename {
		verbs = append(verbs, doRename+" --name box-2")
	}
	return append(verbs, doCancel)
}

// testCommand is the command that has the conformance tester look at dev.
func testCommand(a acting, baseURL string, of gateway.Scope) string {
	command := "curl -sS " + shellQuote(baseURL+devManifests+devManifestName(of)) + " | " + shellQuote(os.Args[0]) + " conformance " + of.Platform + " --manifest -"
	if !a.platform.PlansInManifest() {
		command += " --plan " + shellQuote(strings.Join(a.provider.Plans, ","))
	}
	return command
}

// sample is a request that somebody may want to try.
type sample struct {
	what    string
	request conformance.Request
}

const provisionSample = "provision"

// life is a resource's life as its platform calls for it: with the first plan,
// and then the last. The password in it is made up and dies with the process,
// so it may be seen on a command line.
func (a acting) life(plans []string) []sample {
	first, last := plans[0], plans[len(plans)-1]
	order := conformance.Order{ID: a.client.NewID(), Plan: first}
	samples := []sample{{provisionSample, a.client.Provision(order)}}
	if order.Plan = last; last != first {
		samples = append(samples, sample{"change the plan", a.client.ChangePlan(answeredID, order)})
	}
	if r, has := a.client.Suspend(answeredID); has {
		samples = append(samples, sample{"suspend", r})
	}
	if r, has := a.client.Resume(answeredID); has {
		samples = append(samples, sample{"resume", r})
	}
	return append(samples, sample{"deprovision", a.client.Deprovision(answeredID)})
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
