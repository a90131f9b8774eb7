package nanobox

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// With state = "backend" nothing is recorded: the backend's ref is the id, and
// the backend tells whose it is.

// do makes one call of an action about what the backend calls ref; "" for what
// is new. What changes something is not cut off when the caller hangs up: nobody
// would know what has become of it.
func (a api) do(ctx context.Context, s session, action, ref string, args map[string]any) (outputs, error) {
	if ref != "" {
		args["ref"] = ref
	}
	until := ctx
	if action != gateway.ActionGetServer && action != gateway.ActionGetKey {
		until = context.WithoutCancel(ctx)
	}
	bounded, cancel := context.WithTimeout(until, budget)
	defer cancel()
	call := gateway.ActionCall{Action: action, Credential: s.caller.Credential, Args: s.args(args), Timeout: budget}
	call.Region, _ = args["region"].(string) // of an order
	call.Size, _ = args["size"].(string)
	answer, err := a.servers.Ask(bounded, call)
	switch {
	case err != nil && ref == "" && gateway.KindOf(err) == gateway.NotFound:
		// What the vendor does not know then is something that the order names.
		return outputs{}, &gateway.Error{Kind: gateway.Refused, Message: gateway.Message(err), Cause: err}
	case err != nil:
		return outputs{}, err
	}
	o, err := read(answer)
	if err == nil {
		err = a.Judge(action, answer)
	}
	if err == nil {
		return o, nil
	}
	if made := refIn(answer); made != "" && (action == gateway.ActionCreateServer || action == gateway.ActionCreateKey) {
		// It is there, and this is all that anybody knows it by: what else was
		// said of it is asked for again.
		platform.NoteError(ctx, nonsense(fmt.Errorf("%s made %s: %w", action, made, err)))
		return outputs{Ref: &made}, nil
	}
	return outputs{}, nonsense(err)
}

// vendorKeys are the endpoints of keys that the backend alone knows.
type vendorKeys struct{ api }

func (k vendorKeys) create(w http.ResponseWriter, r *http.Request, s session, _ string) error {
	name, line, err := readKey(w, r)
	if err != nil {
		return err
	}
	o, err := k.do(r.Context(), s, gateway.ActionCreateKey, "", map[string]any{"name": name, "public_key": line})
	if err != nil {
		return err
	}
	return platform.Encode(w, http.StatusCreated, idAnswer{ID: textIn(o.Ref)})
}

func (k vendorKeys) show(w http.ResponseWriter, r *http.Request, s session, id string) error {
	o, err := k.key(r.Context(), s, id)
	if err != nil {
		return err
	}
	return platform.Encode(w, k.own.queryStatus, keyAnswer{ID: id, Name: textIn(o.Name), PublicKey: textIn(o.PublicKey)})
}

func (k vendorKeys) key(ctx context.Context, s session, id string) (outputs, error) {
	if !goodRef(id) {
		return outputs{}, noKey()
	}
	o, err := k.do(ctx, s, gateway.ActionGetKey, id, map[string]any{"name": nil})
	if err != nil && gateway.KindOf(err) == gateway.NotFound {
		return outputs{}, noKey()
	}
	return o, err
}

func (k vendorKeys) remove(w http.ResponseWriter, r *http.Request, s session, id string) error {
	if !goodRef(id) {
		return noKey()
	}
	_, err := k.do(r.Context(), s, gateway.ActionDeleteKey, id, map[string]any{"name": nil})
	switch {
	case err == nil:
		return platform.Empty(w, http.StatusOK)
	case gateway.KindOf(err) == gateway.NotFound:
		return noKey()
	}
	return err
}

func (k vendorKeys) ordered(ctx context.Context, s session, id string) (map[string]any, error) {
	o, err := k.key(ctx, s, id)
	switch {
	case err == nil:
		return map[string]any{"id": id, "ref": id, "name": anyText(o.Name), "public_key": anyText(o.PublicKey)}, nil
	case gateway.KindOf(err) == gateway.NotFound:
		return nil, unknownKey()
	}
	return nil, err
}

// anyText is a text or null, as arguments of actions have it.
func anyText(p *string) any {
	if p == nil {
		return nil
	}
	return *p
}

// vendorServers are the endpoints of servers that the backend alone knows.
type vendorServers struct{ api }

func (a vendorServers) order(w http.ResponseWriter, r *http.Request, s session, _ string) error {
	order, err := a.readOrder(w, r, s)
	if err != nil {
		return err
	}
	o, err := a.do(r.Context(), s, gateway.ActionCreateServer, "", order.Args)
	if err != nil {
		return err
	}
	a.grace.add(s.caller.Identity, textIn(o.Ref), order.Name)
	platform.Note(r.Context(), slog.String("ref", textIn(o.Ref))) // the customer may have hung up
	return platform.Encode(w, http.StatusCreated, idAnswer{ID: textIn(o.Ref)})
}

func (a vendorServers) show(w http.ResponseWriter, r *http.Request, s session, id string) error {
	v, err := a.look(r.Context(), s, id)
	if err != nil {
		return err
	}
	return platform.Encode(w, a.own.queryStatus, a.answer(id, v))
}

// look asks the backend. One that was sold a moment ago may not be listed yet.
func (a vendorServers) look(ctx context.Context, s session, id string) (seen, error) {
	if !goodRef(id) {
		return seen{}, noServer()
	}
	o, err := a.do(ctx, s, gateway.ActionGetServer, id, map[string]any{})
	name, fresh := a.grace.find(s.caller.Identity, id)
	switch {
	case err == nil:
		v := o.seen(a.word(ctx, textIn(o.Status)))
		if v.name == "" {
			v.name = name
		}
		return a.judged(v), nil
	case gateway.KindOf(err) != gateway.NotFound:
		return seen{}, err
	case fresh:
		return seen{status: statusOrdering, name: name}, nil
	}
	return seen{}, noServer()
}

func (a vendorServers) cancel(w http.ResponseWriter, r *http.Request, s session, id string) error {
	err := a.change(r.Context(), s, gateway.ActionDeleteServer, id, map[string]any{"name": nil, "vendor_name": nil})
	if gateway.KindOf(err) == gateway.NotFound && a.grace.removed(s.caller.Identity, id) {
		err = nil // who did not hear our answer asks again
	}
	if err != nil {
		return err
	}
	a.grace.remove(s.caller.Identity, id)
	return platform.Empty(w, http.StatusOK)
}

// change has the backend do something about a server. What it does not list yet
// must not be forgotten: that would leave a machine running.
func (a vendorServers) change(ctx context.Context, s session, action, id string, args map[string]any) error {
	if !goodRef(id) {
		return noServer()
	}
	_, err := a.do(ctx, s, action, id, args)
	if err == nil || gateway.KindOf(err) != gateway.NotFound {
		return err
	}
	if _, fresh := a.grace.find(s.caller.Identity, id); fresh {
		return gateway.Errorf(gateway.Busy, "The server is not listed yet. Please try again later.")
	}
	return noServer()
}

func (a vendorServers) reboot(ctx context.Context, s session, id string) error {
	v, err := a.look(ctx, s, id)
	if err != nil {
		return err
	}
	if v.status != statusActive {
		return notActive()
	}
	return a.change(ctx, s, gateway.ActionReboot, id, map[string]any{})
}

// rename knows neither region nor plan of the server: vendor_name gets empty
// texts for them.
func (a vendorServers) rename(ctx context.Context, s session, id, name string) error {
	vendorName, err := a.own.server.nameAt(name, "", "")
	if err != nil {
		return err
	}
	return a.change(ctx, s, gateway.ActionRename, id, map[string]any{"name": name, "vendor_name": vendorName, "old_name": nil})
}

func (a vendorServers) installKey(ctx context.Context, s session, id, name, key string) error {
	return a.change(ctx, s, gateway.ActionInstallKey, id, map[string]any{"name": name, "public_key": key})
}

// grace remembers in memory which servers were sold a moment ago, and to whom, and
// which were removed.
type grace struct {
	now func() time.Time

	mu   sync.Mutex
	last map[[2]string]event // by identity and ref
}

// event is the last that was seen of a server.
type event struct {
	name    string
	removed bool
	until   time.Time // when it is forgotten
}

// mourning is how long the repeat of a removal is a success.
const mourning = time.Hour

func newGrace(now func() time.Time) *grace {
	return &grace{now: now, last: map[[2]string]event{}}
}

func (g *grace) add(identity, ref, name string) {
	g.note(identity, ref, event{name: name, until: g.now().Add(settling)})
}

func (g *grace) remove(identity, ref string) {
	g.note(identity, ref, event{removed: true, until: g.now().Add(mourning)})
}

func (g *grace) note(identity, ref string, e event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.last) >= mostKept {
		now := g.now()
		maps.DeleteFunc(g.last, func(_ [2]string, old event) bool { return !now.Before(old.until) })
	}
	key := [2]string{identity, ref}
	if _, known := g.last[key]; known || len(g.last) < mostKept {
		g.last[key] = e
	}
}

func (g *grace) seen(identity, ref string) (e event, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e, ok = g.last[[2]string{identity, ref}]
	return e, ok && g.now().Before(e.until)
}

// find reports whether a server was sold a moment ago, and under which name.
func (g *grace) find(identity, ref string) (name string, fresh bool) {
	e, ok := g.seen(identity, ref)
	return e.name, ok && !e.removed
}

func (g *grace) removed(identity, ref string) bool {
	e, ok := g.seen(identity, ref)
	return ok && e.removed
}
