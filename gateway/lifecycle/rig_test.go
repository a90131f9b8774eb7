package lifecycle_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/gateway/store/sqlite"
	"github.com/addongw/addongw/plugins/backend"
)

// What the tests sell.
const (
	platformName = "moon"
	addonName    = "acme-db"
	backendName  = "fake.main"
	testKey      = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
)

// rig is an engine on a real store with a real sealer, a world that backends
// act on, and a catalog that tests may change.
type rig struct {
	t         testing.TB
	dir       string
	store     *sqlite.Store
	engine    *lifecycle.Engine
	world     *world
	catalog   *fakeCatalog
	limits    lifecycle.Limits
	wrap      func(lifecycle.Store) lifecycle.Store // what the engine gets for the store; nil: itself
	absent    bool                                  // start without the backend
	moon      *moon                                 // the platform's own API; nil: it has none
	pushAfter time.Duration
	scope     gateway.Scope
	log       *slog.Logger
}

func newRig(t testing.TB) *rig {
	r := &rig{
		t: t, dir: t.TempDir(), world: newWorld(), catalog: &fakeCatalog{},
		limits: lifecycle.Limits{MinBackoff: time.Millisecond, MaxBackoff: 20 * time.Millisecond},
		scope:  gateway.Scope{Platform: platformName, Addon: addonName, Budget: 10 * time.Second, DeadID: gateway.DeadIDGone},
		log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	r.start()
	t.Cleanup(func() { r.crash() })
	return r
}

// start opens the store and starts an engine on it.
func (r *rig) start() {
	r.t.Helper()
	ctx := context.Background()
	var err error
	if r.store, err = sqlite.Open(ctx, filepath.Join(r.dir, "addongw.db")); err != nil {
		r.t.Fatal(err)
	}
	sealer, err := secret.OpenSealer(ctx, []secret.Key{{ID: "test", Value: secret.New(testKey)}}, r.store)
	if err != nil {
		r.t.Fatal(err)
	}
	var store lifecycle.Store = r.store
	if r.wrap != nil {
		store = r.wrap(store)
	}
	r.engine, err = lifecycle.New(lifecycle.Options{
		Store: store, Sealer: sealer, Log: r.log, PollInterval: 50 * time.Millisecond,
		Redact:    secret.NewRedactor("configured-secret").Redact,
		PushAfter: r.pushAfter, PlatformLimits: lifecycle.Limits{MinBackoff: time.Millisecond, MaxBackoff: 20 * time.Millisecond},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if r.absent {
		r.engine.Activate(r.catalog, noBackends{}, r.platforms())
	} else {
		r.engine.Activate(r.catalog, r, r.platforms())
	}
	if err := r.engine.Start(ctx); err != nil {
		r.t.Fatal(err)
	}
}

// Backend finds the world, so that a rig is the Backends of its engine.
func (r *rig) Backend(name string) (lifecycle.Backend, lifecycle.Limits, bool) {
	return r.world, r.limits, name == backendName
}

// crash takes the store away from the engine at once, as a power cut would,
// and gets rid of what is left in memory.
func (r *rig) crash() {
	r.t.Helper()
	if err := r.store.Close(); err != nil {
		r.t.Fatal(err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.engine.Stop(gone) // it has no store to tell anything
}

// restart is a crash followed by a start on what it left.
func (r *rig) restart() {
	r.t.Helper()
	r.crash()
	r.start()
}

func (r *rig) scoped() *lifecycle.Scoped { return r.engine.For(r.scope) }

func order(id string) gateway.Order {
	return gateway.Order{ExternalID: id, Plan: "free", Region: "eu", Options: map[string]string{"size": "s"}, LogToken: secret.New("log-token-" + id)}
}

// provision provisions and must succeed.
func (r *rig) provision(id string) gateway.Delivery {
	r.t.Helper()
	d, err := r.scoped().Provision(context.Background(), order(id))
	if err != nil {
		r.t.Fatalf("provision %s: %v", id, err)
	}
	return d
}

// resource reads a resource's row.
func (r *rig) resource(id string) lifecycle.ResourceRecord {
	r.t.Helper()
	rec, err := r.store.ResourceRecord(context.Background(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return rec
}

// byExternal reads the row of an external id.
func (r *rig) byExternal(id string) lifecycle.ResourceRecord {
	r.t.Helper()
	rec, err := r.store.ResourceByExternalID(context.Background(), platformName, addonName, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return rec
}

// operations lists a resource's operations, oldest first.
func (r *rig) operations(resourceID string) []gateway.Operation {
	r.t.Helper()
	ops, err := r.store.Operations(context.Background(), gateway.OperationFilter{ResourceID: resourceID})
	if err != nil {
		r.t.Fatal(err)
	}
	for i, j := 0, len(ops)-1; i < j; i, j = i+1, j-1 {
		ops[i], ops[j] = ops[j], ops[i]
	}
	return ops
}

// story writes a resource's operations as "provision:done deprovision:pending".
func (r *rig) story(resourceID string) string {
	r.t.Helper()
	text := ""
	for _, op := range r.operations(resourceID) {
		text += fmt.Sprintf("%s:%s ", op.Verb, op.State)
	}
	return text
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// until waits until a resource is in a state and nothing of it is live.
func (r *rig) until(resourceID string, state gateway.State) {
	r.t.Helper()
	eventually(r.t, fmt.Sprintf("%s is %s and at rest", resourceID, state), func() bool {
		if r.resource(resourceID).State != state {
			return false
		}
		live, err := r.store.LiveOperations(context.Background(), resourceID)
		return err == nil && len(live) == 0
	})
}

// wantKind fails unless err is of a kind.
func wantKind(t testing.TB, err error, kind gateway.Kind) {
	t.Helper()
	if err == nil || gateway.KindOf(err) != kind {
		t.Fatalf("got %v, want kind %s", err, kind)
	}
}

// fakeCatalog offers the plans free, big and huge in the region eu.
type fakeCatalog struct {
	mu       sync.Mutex
	offerErr error
	opErr    error
	setting  string // a live setting of the backend; "": there is none
	onOp     func() // called before an intent is written; may be nil
	render   func(r gateway.Resource, verb backend.Verb, outputs backend.Value) (gateway.Rendered, error)
	extra    []gateway.Generated
	quotas   []gateway.QuotaRule // of orders and plan changes
	fixed    bool                // the backend can't replace credentials
	grace    time.Duration       // of rotations
	rotation []gateway.RotationRule
	judged   int // how often an order was judged

	judgeOutputs func(r gateway.Resource, action string, outputs json.RawMessage) error // nil: all are fine
	rule         func(r gateway.Resource, plan string, outputs func(bool) (backend.Value, error)) error
}

func (c *fakeCatalog) set(change func(*fakeCatalog)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c)
}

func (c *fakeCatalog) Offer(platform, addon, plan, region string) (gateway.Offer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.offerErr != nil {
		return gateway.Offer{}, c.offerErr
	}
	if platform == platformName && addon == providerName {
		return gateway.Offer{Backend: backendName}, nil
	}
	if platform != platformName || addon != addonName || region != "eu" || !known(plan) {
		return gateway.Offer{}, gateway.Errorf(gateway.Refused, "There is no such plan.")
	}
	generated := append([]gateway.Generated{{Name: "password", Length: 32}}, c.extra...)
	return gateway.Offer{Backend: backendName, Generated: generated, Rotates: !c.fixed, Grace: c.grace}, nil
}

func (c *fakeCatalog) RotationRules() []gateway.RotationRule {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rotation
}

func known(plan string) bool { return plan == "free" || plan == "big" || plan == "huge" }

func (c *fakeCatalog) Op(r gateway.Resource, _, first backend.Value) (backend.Op, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.onOp != nil {
		c.onOp()
	}
	if c.opErr != nil {
		return backend.Op{}, c.opErr
	}
	config := map[string]cty.Value{"database": cty.StringVal("acme_" + r.ShortID), "made_for": cty.StringVal(r.Plan)}
	if c.setting != "" {
		config["setting"] = cty.StringVal(c.setting)
	}
	if !first.IsNull() {
		config["made_for"] = first.Cty().GetAttr("made_for") // force_new
	}
	return backend.Op{
		Plan:   plan(r.Plan),
		Region: backend.Region{ID: r.Region},
		Config: backend.NewValue(cty.ObjectVal(config)),
	}, nil
}

func plan(id string) backend.Plan {
	return backend.Plan{ID: id, Params: backend.NewValue(cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal(id)}))}
}

func (c *fakeCatalog) OldPlan(_ gateway.Resource, id string) (backend.Plan, error) {
	return plan(id), nil
}

func (c *fakeCatalog) Judge(gateway.Resource) ([]gateway.QuotaRule, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.judged++
	return c.quotas, nil
}

func (c *fakeCatalog) JudgePlanChange(r gateway.Resource, plan string, outputs func(bool) (backend.Value, error)) ([]gateway.QuotaRule, error) {
	if !known(plan) {
		return nil, gateway.Errorf(gateway.Refused, "There is no such plan.")
	}
	c.mu.Lock()
	quotas, rule := c.quotas, c.rule
	c.mu.Unlock()
	if rule == nil {
		return quotas, nil
	}
	return quotas, rule(r, plan, outputs)
}

func (c *fakeCatalog) Page(gateway.Resource) (gateway.Page, error) { return gateway.Page{}, nil }

func (c *fakeCatalog) SignOn(gateway.Resource, gateway.SignOn, backend.Value) (string, error) {
	return "", nil
}

func (c *fakeCatalog) JudgeOutputs(r gateway.Resource, action string, outputs json.RawMessage) error {
	c.mu.Lock()
	judge := c.judgeOutputs
	c.mu.Unlock()
	if judge == nil {
		return nil
	}
	return judge(r, action, outputs)
}

func (c *fakeCatalog) Render(r gateway.Resource, verb backend.Verb, outputs backend.Value) (gateway.Rendered, error) {
	c.mu.Lock()
	render := c.render
	c.mu.Unlock()
	if render != nil {
		return render(r, verb, outputs)
	}
	return renderURL(r, verb, outputs)
}

func renderURL(r gateway.Resource, verb backend.Verb, outputs backend.Value) (gateway.Rendered, error) {
	if outputs.IsNull() {
		return gateway.Rendered{}, errors.New("there are no outputs")
	}
	bare, _ := outputs.Cty().UnmarkDeep()
	get := func(name string) string { return bare.GetAttr(name).AsString() }
	url := fmt.Sprintf("db://%s:%s@%s/%s", r.ShortID, get("password"), get("host"), get("plan"))
	return gateway.Rendered{
		ConfigVars: []gateway.ConfigVar{{Name: "ACME_DB_URL", Value: secret.New(url), Sensitive: true}}, Message: fmt.Sprintf("%s: %s", verb, r.Plan),
	}, nil
}

// vars reveals config vars for comparison.
func vars(d gateway.Delivery) map[string]string {
	all := map[string]string{}
	for _, cv := range d.ConfigVars {
		all[cv.Name] = cv.Value.Reveal()
	}
	return all
}

// same fails unless two deliveries tell the same.
func same(t testing.TB, a, b gateway.Delivery) {
	t.Helper()
	if a.Resource.ID != b.Resource.ID || a.Message != b.Message || !maps.Equal(vars(a), vars(b)) {
		t.Errorf("two answers differ: %s %q and %s %q", a.Resource.ID, a.Message, b.Resource.ID, b.Message)
	}
}
