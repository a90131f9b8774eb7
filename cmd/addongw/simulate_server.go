package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/all"
	"github.com/addongw/addongw/gateway/conformance/nanobox"
	"github.com/addongw/addongw/spec"
)

// The verbs of simulate for servers.
const (
	doMeta       = "meta"
	doCatalog    = "catalog"
	doVerify     = "verify"
	doKey        = "key"
	doShowKey    = "show-key"
	doDeleteKey  = "delete-key"
	doOrder      = "order"
	doShow       = "show"
	doPoll       = "poll"
	doCancel     = "cancel"
	doReboot     = "reboot"
	doRename     = "rename"
	doInstallKey = "install-key"
)

func serverVerbs() []string {
	return []string{
		doMeta, doCatalog, doVerify, doKey, doShowKey, doDeleteKey, doOrder, doShow, doPoll, doCancel, doReboot, doRename, doInstallKey, doList,
	}
}

// otherServerWords are what others call the verbs.
var otherServerWords = map[string]string{
	"provision": doOrder, "create": doOrder, "deprovision": doCancel, "delete": doCancel, "remove": doCancel, "get": doShow, "query": doShow,
	"wait": doPoll, "create-key": doKey, "add-key": doKey, "get-key": doShowKey, "remove-key": doDeleteKey, "install_key": doInstallKey, "ls": doList,
}

const (
	aServer = "server"
	aKey    = "key"
)

// kindOf says what a verb is about, and makerOf which one makes that.
var (
	kindOf = map[string]string{
		doKey: aKey, doShowKey: aKey, doDeleteKey: aKey,
		doOrder: aServer, doShow: aServer, doPoll: aServer, doCancel: aServer, doReboot: aServer, doRename: aServer, doInstallKey: aServer,
	}
	makerOf = map[string]string{aKey: doKey, aServer: doOrder}
)

func makesOf(verb string) bool   { return verb == doKey || verb == doOrder }
func removesOf(verb string) bool { return verb == doDeleteKey || verb == doCancel }

func isServers(platform string) bool {
	_, ok := all.FindServers(platform)
	return ok
}

// serverFlags are the flags of simulate that are for servers only.
type serverFlags struct {
	name, size, sshKey, publicKey string
	wait                          time.Duration
}

func serverOnlyFlags() []string { return []string{"name", "public-key", "size", "ssh-key", "wait"} }

// onlyForServers says which flags are for some verbs only.
var onlyForServers = map[string][]string{
	"name": {doOrder, doRename, doKey, doInstallKey}, "size": {doOrder}, "region": {doOrder}, "ssh-key": {doOrder},
	"public-key": {doOrder, doKey, doInstallKey}, "wait": {doPoll},
}

func (f *serverFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "name of a server or key; for rename: the new one")
	flags.StringVar(&f.size, "size", "", "id of the size to order (default: the provider's)")
	flags.StringVar(&f.sshKey, "ssh-key", "", "id of the key to order with (default: the remembered one)")
	flags.StringVar(&f.publicKey, "public-key", "", "file with a public SSH key (default: one is drawn that nobody can log in with)")
	flags.DurationVar(&f.wait, "wait", conformance.DefaultWait, "how long poll waits for a server")
	_ = cmd.MarkFlagFilename("public-key", "pub") // the flag exists
}

// rental is a simulation of a platform that rents servers.
type rental struct {
	*simulation
	client nanobox.Client
}

// rent makes one call to a provider of servers.
func (c *command) rent(cmd *cobra.Command, p conformance.ServerPlatform, args []string, f simulateFlags) error {
	s := &simulation{command: c, whose: p, simulateFlags: f, verb: args[1], kind: kindOf[args[1]], memory: memory{f.state}}
	if err := s.soundForServers(cmd, p, args[2:]); err != nil {
		return err
	}
	if s.whom.manifest == "" && s.whom.url == "" {
		i := slices.IndexFunc(manifestFiles, func(name string) bool { _, err := os.Stat(name); return err == nil })
		if i >= 0 {
			s.whom.manifest = manifestFiles[i]
		}
	}
	provider, problems, err := c.serverTarget(p, s.whom)
	if err != nil {
		return err
	}
	if fatal(problems) {
		return c.refuseManifest(problems)
	}
	if s.verb != doMeta && s.verb != doCatalog && s.verb != doList {
		if provider, err = c.credentials(cmd.Context(), p, provider, f.timeout); err != nil {
			return err
		}
	}
	s.provider = provider
	return rental{s, nanobox.NewClient(provider)}.run(cmd.Context())
}

// soundForServers checks what was written on the command line.
func (s *simulation) soundForServers(cmd *cobra.Command, p conformance.ServerPlatform, id []string) error {
	if err := oneOfVerbs(s.verb, serverVerbs(), otherServerWords); err != nil {
		return err
	}
	if err := addOnFlags(cmd, p); err != nil {
		return err
	}
	for _, flag := range []string{"app", "option", "email", "age", "future"} {
		if cmd.Flags().Changed(flag) {
			return usage(fmt.Errorf("--%s says nothing to %s", flag, p.Title()), "It is for platforms that sell add-ons.")
		}
	}
	if err := forSomeVerbs(cmd, onlyForServers, s.verb); err != nil {
		return err
	}
	if err := s.possible(id); err != nil {
		return err
	}
	switch {
	case s.id != "" && (s.kind == "" || s.makes()):
		return usage(fmt.Errorf("%s takes no id", s.verb), "The provider gives servers and keys their ids.")
	case s.verb == doRename && s.server.name == "" && s.bends.none():
		return usage(errors.New("nobody says how the server is to be called"), "Name it with --name NAME.")
	case s.verb == doPoll && s.server.wait <= 0:
		return usage(errors.New("--wait leaves no time"), "Write it as 10m.")
	case s.verb == doPoll && s.repeat > 1:
		return usage(errors.New("poll asks as often as it takes"), "Leave --repeat out.")
	}
	return nil
}

func (r rental) run(ctx context.Context) error {
	if r.verb == doList {
		return r.list()
	}
	p, err := r.prepare()
	if err == nil {
		p.request, err = r.bends.request(p.request)
	}
	switch {
	case err != nil:
		return err
	case r.simulateFlags.curl:
		return r.printCurl(p.request)
	case r.verb == doPoll:
		return r.poll(ctx, p)
	}
	return r.send(ctx, p)
}

// prepare makes the request of the verb.
func (r rental) prepare() (p prepared, err error) {
	switch r.verb {
	case doMeta:
		return prepared{request: r.client.Meta(), group: conformance.Meta}, nil
	case doCatalog:
		return prepared{request: r.client.Catalog(), group: conformance.Catalog}, nil
	case doVerify:
		return prepared{request: r.client.Verify(), group: conformance.Auth}, nil
	case doKey:
		text, err := r.publicKey()
		p = prepared{group: conformance.Keys, about: r.resource("")}
		p.about.Plan = r.named()
		p.request = r.client.AddKey(p.about.Plan, text)
		return p, err
	case doOrder:
		return r.order()
	}
	return r.onMade()
}

// order orders what the metadata names, unless flags say otherwise.
func (r rental) order() (p prepared, err error) {
	known := r.provider.Known
	o := nanobox.Order{Name: r.named(), Region: cmp.Or(r.provider.Region, known["region"]), Size: cmp.Or(r.server.size, known["size"])}
	if o.SSHKey, err = r.orderKey(); err != nil {
		return p, err
	}
	p = prepared{request: r.client.Order(o), group: conformance.Ordering, about: r.resource("")}
	p.about.Plan, p.about.PlatformID = o.Size, o.Name
	return p, nil
}

// orderKey is the key of an order: what was named, else the one that is
// remembered, else what the metadata asks for in its place.
func (r rental) orderKey() (json.RawMessage, error) {
	quoted := func(text string, err error) (json.RawMessage, error) {
		if err != nil {
			return nil, err
		}
		return json.Marshal(text)
	}
	switch {
	case r.server.sshKey != "":
		return quoted(r.server.sshKey, nil)
	case r.server.publicKey != "", r.provider.Known["no_key_reference"] != "" && r.provider.Known["password_mode"] == "":
		return quoted(r.publicKey())
	case r.provider.Known["password_mode"] != "":
		return json.RawMessage("null"), nil
	}
	keys := *r.simulation
	keys.kind, keys.id = aKey, ""
	key, err := keys.which()
	if err != nil {
		return nil, usage(errors.New("an order names a key, and nobody says which"), "Register one with: "+r.commandFor(doKey)+"\nor name one with --ssh-key ID.")
	}
	return quoted(key.ID, nil)
}

// onMade makes the calls for a server or key that is there.
func (r rental) onMade() (p prepared, err error) {
	if p.about, err = r.which(); err != nil {
		return p, err
	}
	id, text := p.about.ID, ""
	switch r.verb {
	case doShowKey:
		p.request, p.group = r.client.Key(id), conformance.Keys
	case doDeleteKey:
		p.request, p.group = r.client.RemoveKey(id), conformance.Keys
	case doShow, doPoll:
		p.request, p.group = r.client.Server(id), conformance.Queries
	case doCancel:
		p.request, p.group = r.client.Cancel(id), conformance.Cancel
	case doReboot:
		p.request, p.group = r.client.Reboot(id), conformance.Reboot
	case doRename:
		p.request, p.group = r.client.Rename(id, r.server.name), conformance.Rename
	case doInstallKey:
		text, err = r.publicKey()
		p.request, p.group = r.client.InstallKey(id, r.named(), text), conformance.InstallKey
	}
	return p, err
}

// named is the name of what is made.
func (r rental) named() string {
	return cmp.Or(r.server.name, "addongw-"+hex.EncodeToString(conformance.Random(6)))
}

// publicKey is the text of a key.
func (r rental) publicKey() (string, error) {
	if r.server.publicKey == "" {
		return spec.SSHKey("simulate@addongw.example"), nil
	}
	text, err := r.readFileOrInput(r.server.publicKey)
	if err != nil {
		return "", failed(err)
	}
	if strings.Contains(string(text), "PRIVATE KEY") {
		return "", usage(fmt.Errorf("%s is a private key", r.server.publicKey), "Name the public one, whose name ends with .pub.")
	}
	return strings.TrimSpace(string(text)), nil
}

// poll asks for a server until it can be used, as the dashboard does, and shows
// the last answer.
func (r rental) poll(ctx context.Context, p prepared) error {
	sender := conformance.NewSender(r.provider, r.timeout)
	defer sender.Close()
	mask, started := r.mask(p), time.Now()
	var o outcome
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		call, err := sender.Send(ctx, p.request)
		if ctx.Err() != nil {
			return r.interrupted(p, ctx.Err())
		}
		mask.learn(call)
		o.first, o.sent, o.wrong = call, o.sent+1, r.judge(p, call, mask)
		status := serverStatus(call)
		waited := time.Since(started)
		switch {
		case err != nil || o.wrong != "" || status == "active":
			return r.report(p, o, mask)
		case status == "error", waited+pause > r.server.wait:
			o.wrong = fmt.Sprintf("its status is %q after %s", conformance.Printable(status), conformance.Duration(waited))
			return r.report(p, o, mask)
		}
		select {
		case <-ctx.Done():
			return r.interrupted(p, ctx.Err())
		case <-time.After(pause):
		}
	}
}

func serverStatus(call conformance.Call) string {
	var body struct{ Status any }
	_ = json.Unmarshal(call.Answer.Body, &body) // of another answer there is none
	status, _ := body.Status.(string)
	return status
}
