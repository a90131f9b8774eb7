package nanobox

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// api is a provider's endpoints, bound to the engine.
type api struct {
	*provider
	servers platform.Servers
}

// keyRoutes are the endpoints of keys, by who keeps them.
type keyRoutes interface {
	create(w http.ResponseWriter, r *http.Request, s session, id string) error
	show(w http.ResponseWriter, r *http.Request, s session, id string) error
	remove(w http.ResponseWriter, r *http.Request, s session, id string) error
	// ordered is the key of an order as the action create_server is told it. An
	// unknown one is gateway.Refused.
	ordered(ctx context.Context, s session, id string) (map[string]any, error)
}

// serverRoutes are the endpoints of servers, by who knows them.
type serverRoutes interface {
	order(w http.ResponseWriter, r *http.Request, s session, id string) error
	show(w http.ResponseWriter, r *http.Request, s session, id string) error
	cancel(w http.ResponseWriter, r *http.Request, s session, id string) error
	reboot(ctx context.Context, s session, id string) error
	rename(ctx context.Context, s session, id, name string) error
	installKey(ctx context.Context, s session, id, name, key string) error
}

func (a api) keyRoutes() keyRoutes {
	switch {
	case a.passwordMode(), a.objectMode():
		return noKeys{}
	case a.vendorKeys() && a.own.server.backend:
		return vendorKeys{a}
	default:
		return recordedKeys{a}
	}
}

func (a api) serverRoutes() serverRoutes {
	if a.own.server.backend {
		return vendorServers{a}
	}
	return recordedServers{a}
}

// welcome is for a person who opens the address that is to be registered.
func (a api) welcome(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err := w.Write([]byte("This is a provider of servers for Nanobox. Register this address there.\n"))
	return err
}

// meta is static: it must be there while every backend is down.
func (a api) meta(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) error {
	return platform.WriteBody(w, http.StatusOK, a.metaBody)
}

func (a api) catalog(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	body, err := a.shelf.body(r.Context(), a.servers)
	if err != nil {
		return err
	}
	return platform.WriteBody(w, http.StatusOK, body)
}

// verified answers exactly 200: clients take anything else for a refusal.
func (a api) verified(w http.ResponseWriter, _ *http.Request, _ session, _ string) error {
	return platform.Empty(w, http.StatusOK)
}

// rebootOrRename serves a path that the document prints for both. Whatever has a
// name is no order to reboot.
func (a api) rebootOrRename(servers serverRoutes) sessionHandler {
	return func(w http.ResponseWriter, r *http.Request, s session, id string) error {
		name, err := a.renames(w, r)
		if err != nil {
			return err
		}
		if name != "" {
			if !a.own.canRename {
				return gateway.Errorf(gateway.Invalid, "A reboot takes no name; servers can't be renamed here.")
			}
			err = servers.rename(r.Context(), s, id, name)
		} else if !a.own.canReboot {
			return switchedOff("Servers can't be rebooted here.")
		} else {
			err = servers.reboot(r.Context(), s, id)
		}
		if err != nil {
			return err
		}
		return platform.Empty(w, http.StatusOK)
	}
}

// renames returns the name in the body of a reboot; "" for an empty body and an
// object without one. An empty name is neither.
func (a api) renames(w http.ResponseWriter, r *http.Request) (string, error) {
	data, err := platform.ReadBody(w, r, platform.MaxBody)
	if err != nil || len(bytes.TrimSpace(data)) == 0 {
		return "", err
	}
	var body struct {
		Name *string `json:"name"`
	}
	if err := platform.DecodeBody(data, &body); err != nil || body.Name == nil {
		return "", err
	}
	return *body.Name, checkName(*body.Name)
}

func (a api) rename(servers serverRoutes) sessionHandler {
	return func(w http.ResponseWriter, r *http.Request, s session, id string) error {
		if !a.own.canRename {
			return switchedOff("Servers can't be renamed here.")
		}
		var body struct {
			Name string `json:"name"`
		}
		if err := decode(w, r, &body); err != nil {
			return err
		}
		if err := checkName(body.Name); err != nil {
			return err
		}
		if err := servers.rename(r.Context(), s, id, body.Name); err != nil {
			return err
		}
		return platform.Empty(w, http.StatusOK)
	}
}

func (a api) installKey(servers serverRoutes) sessionHandler {
	return func(w http.ResponseWriter, r *http.Request, s session, id string) error {
		if !a.passwordMode() || !a.common.Can(gateway.ActionInstallKey) {
			return switchedOff("Keys can't be installed on servers here.")
		}
		name, key, err := readKey(w, r)
		if err != nil {
			return err
		}
		if err := servers.installKey(r.Context(), s, id, name, key); err != nil {
			return err
		}
		return platform.Empty(w, http.StatusOK)
	}
}

// decode reads a JSON object whatever its sender calls it: a client sends
// octet-stream.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	data, err := platform.ReadBody(w, r, platform.MaxBody)
	if err != nil {
		return err
	}
	return platform.DecodeBody(data, into)
}

// checkName judges the platform's name of a server or key.
func checkName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return gateway.Errorf(gateway.Invalid, `"name" is missing.`)
	case utf8.RuneCountInString(name) > longestText:
		return gateway.Errorf(gateway.Invalid, `"name" is longer than %d characters.`, longestText)
	case strings.ContainsFunc(name, unicode.IsControl):
		return gateway.Errorf(gateway.Invalid, `"name" holds a control character.`)
	}
	return nil
}
