package nanobox

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway"
)

// abilities demands the actions that the settings need, and finds out which
// others are used. Nothing is demanded of a backend that was not asked.
func (r *reader) abilities() {
	r.own.canReboot = r.able("can_reboot", gateway.ActionReboot)
	r.own.canRename = r.able("can_rename", gateway.ActionRename)
	if !r.common.ActionsKnown {
		return
	}
	r.needs(r.common.BackendRange, "every provider needs it", gateway.ActionCreateServer, gateway.ActionDeleteServer)
	if len(r.own.accepts) == 0 && r.content.First("verify") == nil {
		r.needs(r.common.BackendRange, "without verify { accept … } nothing else checks credentials", gateway.ActionVerify)
	}
	if r.own.server.backend {
		r.needs(r.block("server").ValueRange("state"), `state = "backend" asks for it`, gateway.ActionGetServer)
	}
	r.keyActions()
	r.passwords()
}

// able reports whether an action is used. The setting may switch it off only.
func (r *reader) able(setting, action string) bool {
	c := r.content
	if c.Known(setting) && c.Bool(setting) && r.lacks(action) {
		r.missing(action, setting+" = true asks for it", c.ValueRange(setting))
	}
	return r.common.Can(action) && (!c.Known(setting) || c.Bool(setting))
}

func (r *reader) needs(at hcl.Range, why string, actions ...string) {
	for _, action := range actions {
		if r.lacks(action) {
			r.missing(action, why, at)
		}
	}
}

func (r *reader) missing(action, why string, at hcl.Range) {
	r.problem("AG437", at, fmt.Sprintf("%s has no action %q", r.backendName(), action), "declare it in the backend, where its plugin takes a list: actions = [\""+action+"\", …]", why)
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
		r.needs(r.common.BackendRange, "a backend that has one of the key actions keeps all keys", all...)
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
