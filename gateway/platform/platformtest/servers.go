package platformtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// Servers is a platform.Servers that keeps its promises in memory. Nothing
// happens by itself: Set moves a server on, as a backend would. It is safe for
// concurrent use.
type Servers struct {
	mu      sync.Mutex
	backend func(ctx context.Context, call gateway.ActionCall) (json.RawMessage, error)
	broken  error
	servers map[string]*owned[gateway.Server]
	keys    map[string]*owned[gateway.Key]
	kept    map[string]gateway.Document
	asked   []gateway.ActionCall
	orders  []gateway.ServerOrder
	acts    []Act
	regions []string
	made    int
	log     *slog.Logger
}

// owned is something of one caller's.
type owned[T any] struct {
	identity string
	it       T
}

// Act is a change or a removal that was recorded.
type Act struct {
	ID string
	gateway.ServerAct
}

var _ platform.Servers = (*Servers)(nil)

// NewServers makes Servers without any.
func NewServers() *Servers {
	return &Servers{
		servers: map[string]*owned[gateway.Server]{}, keys: map[string]*owned[gateway.Key]{}, kept: map[string]gateway.Document{},
	}
}

// Asked returns the calls of actions that were waited for.
func (s *Servers) Asked() []gateway.ActionCall { return taken(s, &s.asked) }

// Orders returns the orders of servers.
func (s *Servers) Orders() []gateway.ServerOrder { return taken(s, &s.orders) }

// Acts returns the changes of servers, and the removals of servers and keys.
func (s *Servers) Acts() []Act { return taken(s, &s.acts) }

func taken[T any](s *Servers, list *[]T) []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(*list)
}

// Set changes what is recorded of a server.
func (s *Servers) Set(id string, change func(*gateway.Server)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.servers[id].it)
}

// LiveIn tells that servers live in these regions, besides those ordered.
func (s *Servers) LiveIn(regions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.regions = regions
}

// AnswerWith sets what answers every action that is waited for: Ask, get_server
// and, where an order has arguments, create_key. Without it, everything succeeds
// without a word.
func (s *Servers) AnswerWith(backend func(ctx context.Context, call gateway.ActionCall) (json.RawMessage, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backend = backend
}

// FailWith makes every method return err; nil ends that.
func (s *Servers) FailWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
}

func (s *Servers) fail() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// Log implements platform.Servers.
func (s *Servers) Log() *slog.Logger {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.log
}

// LogTo sets what Log returns.
func (s *Servers) LogTo(log *slog.Logger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = log
}

// Ask implements platform.Servers.
func (s *Servers) Ask(ctx context.Context, call gateway.ActionCall) (json.RawMessage, error) {
	if err := s.fail(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.asked = append(s.asked, call)
	backend := s.backend
	s.mu.Unlock()
	if backend == nil {
		return json.RawMessage("{}"), nil
	}
	return backend(ctx, call)
}

// Order implements platform.Servers.
func (s *Servers) Order(_ context.Context, caller gateway.Caller, order gateway.ServerOrder) (gateway.Server, error) {
	if err := s.fail(); err != nil {
		return gateway.Server{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, order)
	living := 0
	for _, o := range s.servers {
		r := o.it.Resource
		if r.State == gateway.Deprovisioned || r.State == gateway.Failed {
			continue
		}
		same := o.identity == caller.Identity && r.Name == order.Name && r.Region == order.Region && r.Plan == order.Size
		if living++; same && time.Since(r.CreatedAt) < order.Dedupe {
			return o.it, nil
		}
	}
	if order.Capacity > 0 && living >= order.Capacity {
		return gateway.Server{}, gateway.Errorf(gateway.Quota, "There is no room for another server.")
	}
	r := s.resource(gateway.KindServer, caller, order.Name)
	r.Region, r.Plan, r.State = order.Region, order.Size, gateway.Provisioning
	server := gateway.Server{Resource: r, Doing: gateway.ActionCreateServer, Ref: r.ID}
	s.servers[r.ID] = &owned[gateway.Server]{caller.Identity, server}
	return server, nil
}

func (s *Servers) resource(kind gateway.ResourceKind, caller gateway.Caller, name string) gateway.Resource {
	s.made++
	id := fmt.Sprintf("res_%026d", s.made)
	return gateway.Resource{
		ID: id, ProviderID: id, Kind: kind, Name: name, Owner: gateway.Owner{ID: caller.Identity}, State: gateway.Active, CreatedAt: time.Now(),
	}
}

// Server implements platform.Servers.
func (s *Servers) Server(_ context.Context, caller gateway.Caller, id string) (gateway.Server, error) {
	if err := s.fail(); err != nil {
		return gateway.Server{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := find(s.servers, caller, id)
	if err != nil {
		return gateway.Server{}, err
	}
	return o.it, nil
}

func find[T any](all map[string]*owned[T], caller gateway.Caller, id string) (*owned[T], error) {
	o, ok := all[id]
	if !ok || o.identity != caller.Identity {
		return nil, gateway.Errorf(gateway.NotFound, "There is nothing of this id.")
	}
	return o, nil
}

// Look implements platform.Servers.
func (s *Servers) Look(ctx context.Context, caller gateway.Caller, id string) (gateway.Server, error) {
	server, err := s.Server(ctx, caller, id)
	if err != nil || server.State != gateway.Active || server.Doing != "" {
		return server, err
	}
	answer, err := s.Ask(ctx, gateway.ActionCall{
		Action: gateway.ActionGetServer, Credential: caller.Credential, ResourceID: id, Args: map[string]any{"ref": server.Ref},
	})
	var told struct {
		Status     *string `json:"status"`
		ExternalIP *string `json:"external_ip"`
		InternalIP *string `json:"internal_ip"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	recorded := &s.servers[id].it
	recorded.Missing = gateway.KindOf(err) == gateway.NotFound && err != nil
	if err != nil || json.Unmarshal(answer, &told) != nil {
		return *recorded, nil
	}
	for into, text := range map[*string]*string{&recorded.Status: told.Status, &recorded.ExternalIP: told.ExternalIP, &recorded.InternalIP: told.InternalIP} {
		if text != nil {
			*into = *text
		}
	}
	return *recorded, nil
}

// Cancel implements platform.Servers.
func (s *Servers) Cancel(_ context.Context, caller gateway.Caller, id string, args map[string]any) error {
	if err := s.fail(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := find(s.servers, caller, id)
	if err != nil || o.it.State == gateway.Deprovisioned || o.it.State == gateway.Deprovisioning {
		return err
	}
	o.it.State = gateway.Deprovisioning
	s.acts = append(s.acts, Act{id, gateway.ServerAct{Action: gateway.ActionDeleteServer, Args: args}})
	return nil
}

// Act implements platform.Servers.
func (s *Servers) Act(_ context.Context, caller gateway.Caller, id string, act gateway.ServerAct) error {
	if err := s.fail(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := find(s.servers, caller, id)
	if err != nil {
		return err
	}
	if act.Action == gateway.ActionRename {
		o.it.Name = act.Name
	}
	s.acts = append(s.acts, Act{id, act})
	return nil
}

// AddKey implements platform.Servers.
func (s *Servers) AddKey(ctx context.Context, caller gateway.Caller, order gateway.KeyOrder) (gateway.Key, error) {
	if err := s.fail(); err != nil {
		return gateway.Key{}, err
	}
	s.mu.Lock()
	for _, o := range s.keys {
		if o.identity == caller.Identity && o.it.Name == order.Name && o.it.PublicKey == order.PublicKey && o.it.State == gateway.Active {
			defer s.mu.Unlock()
			return o.it, nil
		}
	}
	r := s.resource(gateway.KindSSHKey, caller, order.Name)
	key := gateway.Key{Resource: r, PublicKey: order.PublicKey, Ref: r.ID}
	s.keys[r.ID] = &owned[gateway.Key]{caller.Identity, key}
	s.mu.Unlock()
	if order.Args == nil {
		return key, nil
	}
	_, err := s.Ask(ctx, gateway.ActionCall{Action: gateway.ActionCreateKey, Credential: caller.Credential, ResourceID: r.ID, Args: order.Args})
	return key, err
}

// Key implements platform.Servers.
func (s *Servers) Key(_ context.Context, caller gateway.Caller, id string) (gateway.Key, error) {
	if err := s.fail(); err != nil {
		return gateway.Key{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := find(s.keys, caller, id)
	if err != nil {
		return gateway.Key{}, err
	}
	return o.it, nil
}

// RemoveKey implements platform.Servers.
func (s *Servers) RemoveKey(_ context.Context, caller gateway.Caller, id string, args map[string]any) error {
	if err := s.fail(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := find(s.keys, caller, id)
	if err != nil || o.it.State == gateway.Deprovisioned {
		return err
	}
	o.it.State = gateway.Deprovisioned
	s.acts = append(s.acts, Act{id, gateway.ServerAct{Action: gateway.ActionDeleteKey, Args: args}})
	return nil
}

// Regions implements platform.Servers.
func (s *Servers) Regions(context.Context) ([]string, error) {
	if err := s.fail(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := slices.Clone(s.regions)
	for _, o := range s.servers {
		if o.it.State != gateway.Deprovisioned && o.it.State != gateway.Failed && !slices.Contains(found, o.it.Region) {
			found = append(found, o.it.Region)
		}
	}
	return found, nil
}

// Fingerprint implements platform.Servers.
func (s *Servers) Fingerprint(_ context.Context, parts ...string) (string, error) {
	if err := s.fail(); err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte("servers\x00" + strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:]), nil
}

// Keep implements platform.Servers.
func (s *Servers) Keep(_ context.Context, name string, body json.RawMessage) error {
	if err := s.fail(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[name] = gateway.Document{Body: body, At: time.Now()}
	return nil
}

// Kept implements platform.Servers.
func (s *Servers) Kept(_ context.Context, name string) (gateway.Document, error) {
	if err := s.fail(); err != nil {
		return gateway.Document{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.kept[name]
	if !ok {
		return d, gateway.Errorf(gateway.NotFound, "Nothing of this name is kept.")
	}
	return d, nil
}
