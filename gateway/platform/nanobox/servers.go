package nanobox

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// orderRequest is the body of POST /servers. ssh_key is the id of a key, or its
// text, or nothing, as /meta says.
type orderRequest struct {
	Name   string          `json:"name"`
	Region string          `json:"region"`
	Size   string          `json:"size"`
	SSHKey json.RawMessage `json:"ssh_key"`
}

// readOrder judges an order and turns it into our words. What is not offered is
// gateway.Refused, and nothing was made then.
func (a api) readOrder(w http.ResponseWriter, r *http.Request, s session) (gateway.ServerOrder, error) {
	var none gateway.ServerOrder
	var body orderRequest
	if err := decode(w, r, &body); err != nil {
		return none, err
	}
	if err := checkName(body.Name); err != nil {
		return none, err
	}
	keyText, err := a.keyOf(body.SSHKey)
	if err != nil {
		return none, err
	}
	region, size := cmp.Or(body.Region, a.own.defaults.region), cmp.Or(body.Size, a.own.defaults.size)
	stock, err := a.shelf.stock(r.Context(), a.servers)
	if err != nil {
		return none, err
	}
	spec, plan, err := stock.catalog.ordered(region, size)
	if err != nil {
		return none, err
	}
	vendorName, err := a.own.server.nameAt(body.Name, region, size)
	if err != nil {
		return none, err
	}
	key, err := a.keyArgs(r.Context(), s, keyText)
	if err != nil {
		return none, err
	}
	platform.Note(r.Context(), slog.String("plan", spec.ID), slog.String("region", region))
	return gateway.ServerOrder{
		Name: body.Name, Region: region, Size: size, Plan: plan.id, Dedupe: a.own.server.dedupe, Capacity: a.own.server.capacity,
		Args: s.args(map[string]any{
			"name": body.Name, "vendor_name": vendorName, "region": region, "size": size, "plan": plan.id, "spec": spec.args(), "ssh_key": key,
		}),
	}, nil
}

// keyOf reads ssh_key, which must be there unless servers are reached with a
// password. Then it says nothing, whatever it is.
func (a api) keyOf(raw json.RawMessage) (string, error) {
	var text string
	switch {
	case a.passwordMode():
		return "", nil
	case len(raw) == 0 || bytes.Equal(raw, []byte("null")):
		return "", gateway.Errorf(gateway.Invalid, `"ssh_key" is missing.`)
	case json.Unmarshal(raw, &text) != nil:
		return "", gateway.Errorf(gateway.Invalid, `"ssh_key" must be text.`)
	case text == "":
		return "", gateway.Errorf(gateway.Invalid, `"ssh_key" is missing.`)
	}
	if !a.objectMode() {
		return text, nil
	}
	line, err := publicKey(text)
	if err != nil {
		return "", gateway.Errorf(gateway.Invalid, `"ssh_key" must be the text of one public key.`)
	}
	return line, nil
}

// keyArgs is the key as the action create_server is told it; nil: none.
func (a api) keyArgs(ctx context.Context, s session, text string) (any, error) {
	switch {
	case a.passwordMode():
		return nil, nil
	case a.objectMode():
		return map[string]any{"id": nil, "ref": nil, "name": nil, "public_key": text}, nil
	}
	return a.keyRoutes().ordered(ctx, s, text)
}

// recordedServers are known to the gateway, which has their backend make,
// change and remove them.
type recordedServers struct{ api }

func (a recordedServers) order(w http.ResponseWriter, r *http.Request, s session, _ string) error {
	order, err := a.readOrder(w, r, s)
	if err != nil {
		return err
	}
	server, err := a.servers.Order(r.Context(), s.caller, order)
	if err != nil {
		return err
	}
	platform.Note(r.Context(), slog.String("resource", server.ID))
	return platform.Encode(w, http.StatusCreated, idAnswer{ID: server.ProviderID})
}

func (a recordedServers) show(w http.ResponseWriter, r *http.Request, s session, id string) error {
	server, err := a.look(r.Context(), s, id)
	if err != nil {
		return err
	}
	return platform.Encode(w, a.own.queryStatus, a.answer(server.ProviderID, a.recorded(r.Context(), server)))
}

// server finds one that is not gone.
func (a recordedServers) server(ctx context.Context, s session, id string) (gateway.Server, error) {
	server, err := a.servers.Server(ctx, s.caller, id)
	return server, alive(server, err)
}

// look is server after the backend was asked, where it can be. Whether there is
// something to ask about is known to whoever has the row.
func (a recordedServers) look(ctx context.Context, s session, id string) (gateway.Server, error) {
	find := a.servers.Server
	if a.common.Can(gateway.ActionGetServer) {
		find = a.servers.Look
	}
	server, err := find(ctx, s.caller, id)
	if err = alive(server, err); err == nil {
		platform.Note(ctx, slog.String("resource", server.ID))
	}
	return server, err
}

func alive(server gateway.Server, err error) error {
	if kind := gateway.KindOf(err); err != nil && (kind == gateway.NotFound || kind == gateway.Gone) {
		return noServer()
	}
	if err == nil && server.State == gateway.Deprovisioned {
		return noServer()
	}
	return err
}

// cancel repeats itself without a word as long as the server is remembered.
func (a recordedServers) cancel(w http.ResponseWriter, r *http.Request, s session, id string) error {
	server, err := a.servers.Server(r.Context(), s.caller, id)
	if kind := gateway.KindOf(err); err != nil && (kind == gateway.NotFound || kind == gateway.Gone) {
		return noServer()
	}
	if err != nil {
		return err
	}
	platform.Note(r.Context(), slog.String("resource", server.ID))
	vendorName, err := a.own.server.nameAt(server.Name, server.Region, server.Plan)
	if err != nil { // the files have changed; the ref tells what to remove
		vendorName = server.Name
	}
	args := s.args(map[string]any{"name": server.Name, "vendor_name": vendorName})
	if err := a.servers.Cancel(r.Context(), s.caller, id, args); err != nil {
		return err
	}
	return platform.Empty(w, http.StatusOK)
}

// reboot takes a server that can be connected to. While one is on its way, the
// order is its repeat: who did not hear our answer asks again.
func (a recordedServers) reboot(ctx context.Context, s session, id string) error {
	server, err := a.look(ctx, s, id)
	if err != nil {
		return err
	}
	if a.recorded(ctx, server).status != statusActive && server.Doing != gateway.ActionReboot {
		return notActive()
	}
	return a.servers.Act(ctx, s.caller, id, gateway.ServerAct{Action: gateway.ActionReboot, Args: s.args(map[string]any{})})
}

func notActive() error {
	return gateway.Errorf(gateway.Conflict, "The server is not active, so it can't be rebooted.")
}

func (a recordedServers) rename(ctx context.Context, s session, id, name string) error {
	server, err := a.changeable(ctx, s, id)
	if err != nil {
		return err
	}
	vendorName, err := a.own.server.nameAt(name, server.Region, server.Plan)
	if err != nil {
		return err
	}
	return a.servers.Act(ctx, s.caller, id, gateway.ServerAct{
		Action: gateway.ActionRename, Name: name,
		Args: s.args(map[string]any{"name": name, "vendor_name": vendorName, "old_name": server.Name}),
	})
}

func (a recordedServers) installKey(ctx context.Context, s session, id, name, key string) error {
	if _, err := a.changeable(ctx, s, id); err != nil {
		return err
	}
	return a.servers.Act(ctx, s.caller, id, gateway.ServerAct{
		Action: gateway.ActionInstallKey, Args: s.args(map[string]any{"name": name, "public_key": key}),
	})
}

// changeable finds a server that is there, or will be. The clean-up of a failed
// order leaves nothing that could be changed, however it ends.
func (a recordedServers) changeable(ctx context.Context, s session, id string) (gateway.Server, error) {
	server, err := a.server(ctx, s, id)
	if err != nil {
		return server, err
	}
	platform.Note(ctx, slog.String("resource", server.ID))
	if server.State == gateway.Deprovisioning || server.State == gateway.Failed || server.Doing == gateway.ActionDeleteServer {
		return server, gateway.Errorf(gateway.Conflict, "The server is being removed, or was never made.")
	}
	return server, nil
}
