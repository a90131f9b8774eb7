package nanobox

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// idAnswer is all that an order answers: "only id".
type idAnswer struct {
	ID string `json:"id"`
}

// keyAnswer is what GET /keys/:id answers.
type keyAnswer struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	PublicKey string `json:"public_key"`
}

// readKey reads the body of POST /keys and PATCH …/keys. The name is "name" in
// the document and "id" from clients; where both are sent, clients mean "id".
func readKey(w http.ResponseWriter, r *http.Request) (name, key string, err error) {
	var body struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Key  string `json:"key"`
	}
	if err := decode(w, r, &body); err != nil {
		return "", "", err
	}
	name = cmp.Or(body.ID, body.Name)
	if err := checkName(name); err != nil {
		return "", "", err
	}
	key, err = publicKey(body.Key)
	return name, key, err
}

// noKeys are the endpoints where /meta says that nothing is registered.
type noKeys struct{}

func (noKeys) create(http.ResponseWriter, *http.Request, session, string) error {
	return switchedOff("Keys are not registered here: an order has what it needs.")
}

func (k noKeys) show(w http.ResponseWriter, r *http.Request, s session, id string) error {
	return k.create(w, r, s, id)
}

func (k noKeys) remove(w http.ResponseWriter, r *http.Request, s session, id string) error {
	return k.create(w, r, s, id)
}

func (noKeys) ordered(context.Context, session, string) (map[string]any, error) { return nil, nil }

// recordedKeys are kept by the gateway, and by the backend besides where it has
// the actions.
type recordedKeys struct{ api }

func (k recordedKeys) create(w http.ResponseWriter, r *http.Request, s session, _ string) error {
	name, line, err := readKey(w, r)
	if err != nil {
		return err
	}
	order := gateway.KeyOrder{Name: name, PublicKey: line}
	if k.vendorKeys() {
		order.Args = s.args(map[string]any{"name": name, "public_key": line})
	}
	key, err := k.servers.AddKey(r.Context(), s.caller, order)
	if err != nil {
		return err
	}
	platform.Note(r.Context(), slog.String("resource", key.ID))
	return platform.Encode(w, http.StatusCreated, idAnswer{ID: key.ProviderID})
}

func (k recordedKeys) show(w http.ResponseWriter, r *http.Request, s session, id string) error {
	key, err := k.key(r.Context(), s, id)
	if err != nil {
		return err
	}
	return platform.Encode(w, k.own.queryStatus, keyAnswer{ID: key.ProviderID, Name: key.Name, PublicKey: key.PublicKey})
}

// key finds one that is there.
func (k recordedKeys) key(ctx context.Context, s session, id string) (gateway.Key, error) {
	key, err := k.servers.Key(ctx, s.caller, id)
	if kind := gateway.KindOf(err); err != nil && (kind == gateway.NotFound || kind == gateway.Gone) {
		return gateway.Key{}, noKey()
	}
	if err != nil {
		return gateway.Key{}, err
	}
	switch key.State {
	case gateway.Deprovisioning, gateway.Deprovisioned, gateway.Failed:
		return gateway.Key{}, noKey()
	}
	return key, nil
}

// remove repeats itself without a word: what is known of a key that is gone is
// its name, at most.
func (k recordedKeys) remove(w http.ResponseWriter, r *http.Request, s session, id string) error {
	key, err := k.servers.Key(r.Context(), s.caller, id)
	if kind := gateway.KindOf(err); err != nil && kind != gateway.NotFound && kind != gateway.Gone {
		return err
	}
	var args map[string]any
	if k.vendorKeys() {
		args = s.args(map[string]any{"name": key.Name})
	}
	if err := k.servers.RemoveKey(r.Context(), s.caller, id, args); err != nil {
		if gateway.KindOf(err) == gateway.NotFound {
			return noKey()
		}
		return err
	}
	return platform.Empty(w, http.StatusOK)
}

func (k recordedKeys) ordered(ctx context.Context, s session, id string) (map[string]any, error) {
	key, err := k.key(ctx, s, id)
	switch {
	case gateway.KindOf(err) == gateway.NotFound && err != nil:
		return nil, unknownKey()
	case err != nil:
		return nil, err
	case key.State == gateway.Provisioning:
		return nil, gateway.Errorf(gateway.Busy, "This key is being registered. Please try again later.")
	}
	return map[string]any{"id": key.ProviderID, "ref": key.Ref, "name": key.Name, "public_key": key.PublicKey}, nil
}

func unknownKey() error {
	return gateway.Errorf(gateway.Refused, `"ssh_key" is no key that was registered with these credentials.`)
}
