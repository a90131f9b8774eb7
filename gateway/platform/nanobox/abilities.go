package nanobox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/diagnostic"
)

// abilities demands the actions that the settings need, and finds out which
// others are used. Nothing is demanded of a backend that was not asked.
func (r *reader) abilities() {
	r.own.canReboot = r.able("can_reboot", gateway.ActionReboot)
	r.own.canRename = r.able("can_rename", gateway.ActionRename)
	if !r.common.ActionsKnown {
		return
	}
	r.unheard()
	r.needs("every provider needs create_server and delete_server", gateway.ActionCreateServer, gateway.ActionDeleteServer)
	if len(r.own.accepts) == 0 && r.content.First("verify") == nil {
		r.needs("without verify { accept … } nothing but verify checks credentials", gateway.ActionVerify)
	}
	if r.own.server.backend && r.lacks(gateway.ActionGetServer) {
		r.missing(r.block("server").ValueRange("state"), []string{gateway.ActionGetServer}, `state = "backend" asks for it`)
	}
	r.keyActions()
	if len(r.lacking) > 0 {
		r.missing(r.common.BackendRange, r.lacking, r.reasons...)
	}
	r.passwords()
}

// unheard warns of actions that nothing ever calls: a misspelt one looks like
// one that the backend does not have.
func (r *reader) unheard() {
	known := []string{
		gateway.ActionCatalog, gateway.ActionVerify, gateway.ActionCreateKey, gateway.ActionGetKey, gateway.ActionDeleteKey, gateway.ActionCreateServer,
		gateway.ActionGetServer, gateway.ActionDeleteServer, gateway.ActionReboot, gateway.ActionRename, gateway.ActionInstallKey,
	}
	var unknown, hints []string
	for _, action := range r.common.Actions {
		if slices.Contains(known, action) {
			continue
		}
		unknown = append(unknown, strconv.Quote(action))
		if near := diagnostic.Nearest(action, known); near != "" {
			hints = append(hints, strconv.Quote(near))
		}
	}
	if len(unknown) == 0 {
		return
	}
	what, hint := "an action that nothing calls: ", "" // all in one: others at the same place would be dropped
	if len(unknown) > 1 {
		what = "actions that nothing calls: "
	}
	if len(hints) > 0 {
		hint = "did you mean " + diagnostic.And(hints) + "?"
	}
	r.warn("AG444", r.common.BackendRange, r.backendName()+" has "+what+diagnostic.And(unknown), hint, "there are: "+diagnostic.List(known))
}

// able reports whether an action is used. The setting may switch it off only.
func (r *reader) able(setting, action string) bool {
	c := r.content
	if c.Known(setting) && c.Bool(setting) && r.lacks(action) {
		r.missing(c.ValueRange(setting), []string{action}, setting+" = true asks for it")
	}
	return r.common.Can(action) && (!c.Known(setting) || c.Bool(setting))
}

// needs collects what the backend lacks: it is told at one place, all together.
func (r *reader) needs(why string, actions ...string) {
	before := len(r.lacking)
	for _, action := range actions {
		if r.lacks(action) {
			r.lacking = append(r.lacking, action)
		}
	}
	if len(r.lacking) > before {
		r.reasons = append(r.reasons, why)
	}
}

func (r *reader) missing(at hcl.Range, actions []string, why ...string) {
	quoted := make([]string, len(actions))
	for i, action := range actions {
		quoted[i] = strconv.Quote(action)
	}
	word, them := "action", "it"
	if len(actions) > 1 {
		word, them = "actions", "them"
	}
	r.problem("AG437", at, fmt.Sprintf("%s has no %s %s", r.backendName(), word, diagnostic.And(quoted)),
		fmt.Sprintf("declare %s in the backend, where its plugin takes a list: actions = [%s, …]", them, strings.Join(quoted, ", ")), why...)
}

func (r *reader) backendName() string {
	if r.common.Backend == "" {
		return "The backend"
	}
	return "backend." + r.common.Backend
}

// keyActions come all together or not at all: a key that can be made and not
// removed stays at the vendor's for good.
func (r *reader) keyActions() {
	all := []string{gateway.ActionCreateKey, gateway.ActionDeleteKey}
	if r.own.server.backend {
		all = append(all, gateway.ActionGetKey) // nothing is recorded
	}
	if !slices.ContainsFunc(append(all, gateway.ActionGetKey), r.common.Can) {
		return
	}
	c := r.block("ssh")
	if r.own.ssh.keyMethod == methodObject {
		r.problem("AG437", c.ValueRange("key_method"), fmt.Sprintf(`With key_method = "object" nothing calls the key actions of %s`, r.backendName()),
			`write "reference", or take create_key, get_key and delete_key out of the backend`)
		return
	}
	if r.own.ssh.authMethod == authKey {
		r.needs("a backend that has one of the key actions keeps all keys", all...)
	}
}

// passwords demands that a password comes from somewhere.
func (r *reader) passwords() {
	if r.own.ssh.authMethod != authPassword {
		return
	}
	at := r.block("ssh").ValueRange("auth_method")
	promised := r.content.First("server") != nil && r.content.First("server").Known("ready") && slices.Contains(r.own.server.ready, passwordField)
	if r.lacks(gateway.ActionGetServer) && r.lacks(gateway.ActionInstallKey) && !promised {
		r.problem("AG437", at, "Nothing tells the password of a server", "declare get_server or install_key in the backend",
			`where create_server answers with it, say so: server { ready = ["internal_ip", "external_ip", "password"] }`)
		return
	}
	if r.lacks(gateway.ActionInstallKey) {
		r.warn("AG437", at, fmt.Sprintf("%s has no action %q", r.backendName(), gateway.ActionInstallKey), "declare it in the backend",
			"platforms since 2017 install their key by it on servers that are reached with a password")
	}
}
