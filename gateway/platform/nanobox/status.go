package nanobox

import (
	"context"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// Our words for a server's status. Only "active" means something to the
// platform: it may connect now.
const (
	statusOrdering  = "ordering"
	statusCreating  = "creating"
	statusActive    = "active"
	statusRebooting = "rebooting"
	statusOff       = "off"
	statusDeleting  = "deleting"
	statusError     = "error"
)

// serverAnswer is what GET /servers/:id answers. The addresses are null until
// they are known; the password is a member only where servers are reached with
// one.
type serverAnswer struct {
	ID         string  `json:"id"`
	Status     string  `json:"status"`
	Name       *string `json:"name"`
	ExternalIP *string `json:"external_ip"`
	InternalIP *string `json:"internal_ip"`
	Message    string  `json:"message,omitempty"`
}

type passwordAnswer struct {
	serverAnswer
	Password *string `json:"password"`
}

// seen is what is known of a server, wherever it is from.
type seen struct {
	status, name           string
	externalIP, internalIP string
	password               gateway.Secret
	message                string // of an error
}

// plainWord is a status that a log may show and a client can read.
var plainWord = regexp.MustCompile(`^[a-z0-9][a-z0-9 _.:-]{0,63}$`)

// word turns a vendor's word for a status into ours. One that is not mapped
// passes in lower case, and the log names it; "" is active: a vendor that says
// nothing more has made it.
func (p *provider) word(ctx context.Context, theirs string) string {
	shown, ours, known := p.mapped(theirs)
	if !known {
		platform.Note(ctx, slog.String("unmapped_status", shown))
	}
	return ours
}

// mapped is word without a log. shown is theirs as it may be seen; known tells
// that it is mapped or one of ours.
func (p *provider) mapped(theirs string) (shown, ours string, known bool) {
	lower := strings.ToLower(strings.TrimSpace(theirs))
	shown = "(no word)"
	plain := plainWord.MatchString(lower)
	if plain {
		shown = lower
	}
	ours, mapped := p.own.server.statuses[lower]
	switch {
	case lower == "":
		return shown, statusActive, true
	case mapped:
		return shown, ours, true
	case !plain:
		return shown, statusCreating, false
	}
	return shown, lower, slices.Contains(vocabulary(), lower)
}

// recorded is what the gateway knows of a server.
func (p *provider) recorded(ctx context.Context, s gateway.Server) seen {
	v := seen{name: s.Name, externalIP: s.ExternalIP, internalIP: s.InternalIP, password: s.Password}
	switch {
	case s.State == gateway.Deprovisioning || s.State == gateway.Deprovisioned:
		v.status = statusDeleting
	case s.State == gateway.Failed || s.Doing == gateway.ActionDeleteServer: // the clean-up of what failed
		v.status, v.message = statusError, s.Reason
	case s.State == gateway.Provisioning && !s.Begun:
		v.status = statusOrdering
	case s.State == gateway.Provisioning:
		v.status = statusCreating
	case s.Missing && p.now().Sub(s.CreatedAt) < settling:
		v.status = statusOrdering
	case s.Missing:
		v.status, v.message = statusError, "The provider does not know this server any more."
	case s.Doing == gateway.ActionReboot:
		v.status = statusRebooting
	default:
		v.status = p.word(ctx, s.Status)
		if !p.common.Can(gateway.ActionGetServer) && (v.status == statusCreating || v.status == statusOrdering) {
			v.status = statusActive // it was made, and nobody will say more
		}
	}
	return p.judged(v)
}

// judged lets nothing be active that can't be reached, and nothing be wrong
// without a sentence.
func (p *provider) judged(v seen) seen {
	if p.oneAddress() && v.externalIP == "" {
		v.externalIP = v.internalIP
	}
	if v.status == statusActive && len(p.unready(v)) > 0 {
		v.status = statusCreating
	}
	if v.status == statusError && v.message == "" {
		v.message = "The provider could not make this server, or it is broken."
	}
	if v.status != statusError {
		v.message = ""
	}
	return v
}

// unready lists what the settings want to be known before a server is active,
// and is not.
func (p *provider) unready(v seen) []string {
	known := map[string]bool{
		internalIP: v.internalIP != "", externalIP: v.externalIP != "", passwordField: v.password != nil && v.password.Reveal() != "",
	}
	var list []string
	for _, field := range p.own.server.ready {
		if !known[field] {
			list = append(list, field)
		}
	}
	return list
}

// answer writes what is known as the platform reads it.
func (p *provider) answer(id string, v seen) any {
	a := serverAnswer{
		ID: id, Status: v.status, Name: orNull(v.name), ExternalIP: orNull(v.externalIP), InternalIP: orNull(v.internalIP), Message: v.message,
	}
	if !p.passwordMode() {
		return a
	}
	with := passwordAnswer{serverAnswer: a}
	if v.status == statusActive && v.password != nil {
		with.Password = orNull(v.password.Reveal())
	}
	return with
}
