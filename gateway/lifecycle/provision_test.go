package lifecycle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

func TestAnOrderIsProvisionedAndDelivered(t *testing.T) {
	r := newRig(t)
	d := r.provision("ext-1")
	res := d.Resource
	if res.State != gateway.Active || res.Plan != "free" || res.ExternalID != "ext-1" || res.Backend != backendName || res.ConfigRev != 1 {
		t.Errorf("the resource is %+v", res)
	}
	for what, re := range map[string]string{res.ID: `^res_[0-9a-v]{26}$`, res.ShortID: `^[a-z2-7]{12}$`} {
		if !regexp.MustCompile(re).MatchString(what) {
			t.Errorf("the id %q is not %s", what, re)
		}
	}
	if res.ProviderID != res.ID || res.LogToken == nil || res.LogToken.Reveal() != "log-token-ext-1" {
		t.Errorf("provider id %q, log token %v", res.ProviderID, res.LogToken)
	}
	made, ok := r.world.thing(res.ID)
	if !ok || !regexp.MustCompile(`^[A-Za-z0-9]{32}$`).MatchString(made.password) {
		t.Fatalf("the world has %t, with a password of %d characters", ok, len(made.password))
	}
	want := fmt.Sprintf("db://%s:%s@host-%s/free", res.ShortID, made.password, res.ShortID)
	if got := vars(d)["ACME_DB_URL"]; got != want || d.Message != "provision: free" {
		t.Errorf("delivered another URL, or the message %q", d.Message)
	}
	if got := r.story(res.ID); got != "provision:done " {
		t.Errorf("operations: %s", got)
	}
}

func TestARepeatedOrderGetsTheStoredAnswer(t *testing.T) {
	r := newRig(t)
	first := r.provision("ext-1")
	r.catalog.set(func(c *fakeCatalog) {
		c.offerErr = gateway.Errorf(gateway.Refused, "no longer offered")
		c.render = func(gateway.Resource, backend.Verb, backend.Value) (gateway.Rendered, error) {
			return gateway.Rendered{Message: "another message"}, nil
		}
	})
	same(t, first, r.provision("ext-1"))
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 1 {
		t.Errorf("%d backend calls, want 1", n)
	}
}

func TestAnOrderThatDiffersFromTheFirstIsAConflict(t *testing.T) {
	r := newRig(t)
	r.provision("ext-1")
	for name, change := range map[string]func(*gateway.Order){
		"plan":         func(o *gateway.Order) { o.Plan = "big" },
		"region":       func(o *gateway.Order) { o.Region = "us" },
		"options":      func(o *gateway.Order) { o.Options = map[string]string{"size": "l"} },
		"more options": func(o *gateway.Order) { o.Options = map[string]string{"size": "s", "x": "y"} },
	} {
		t.Run(name, func(t *testing.T) {
			o := order("ext-1")
			change(&o)
			_, err := r.scoped().Provision(t.Context(), o)
			wantKind(t, err, gateway.Conflict)
		})
	}
	o := order("ext-1")
	o.Name, o.CallbackURL = "another name", "https://moon/other"
	if _, err := r.scoped().Provision(t.Context(), o); err != nil {
		t.Errorf("what does not matter made a conflict: %v", err)
	}
}

func TestWhatIsNotOfferedLeavesNoTrace(t *testing.T) {
	r := newRig(t)
	o := order("ext-1")
	o.Plan = "gold"
	_, err := r.scoped().Provision(t.Context(), o)
	wantKind(t, err, gateway.Refused)
	if _, err := r.store.ResourceByExternalID(t.Context(), platformName, addonName, "ext-1"); !errors.Is(err, lifecycle.ErrNotFound) {
		t.Errorf("the refused order was recorded: %v", err)
	}
}

func TestFiftyIdenticalOrdersMakeOneResource(t *testing.T) {
	for name, concurrency := range map[string]int{"a free backend": 0, "a backend with one slot": 1} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.limits.Concurrency = concurrency
			answers := make([]gateway.Delivery, 50)
			var group sync.WaitGroup
			for i := range answers {
				group.Go(func() {
					var err error
					if answers[i], err = r.scoped().Provision(t.Context(), order("ext-1")); err != nil {
						t.Errorf("order %d: %v", i, err)
					}
				})
			}
			group.Wait()
			for _, d := range answers {
				same(t, answers[0], d)
			}
			if len(vars(answers[0])) != 1 {
				t.Error("the answers hold no config var")
			}
			if got := r.story(answers[0].Resource.ID); got != "provision:done " {
				t.Errorf("operations: %s", got)
			}
			if n := len(r.world.callsOf(backend.VerbProvision)); n != 1 {
				t.Errorf("%d backend calls, want 1", n)
			}
		})
	}
}

func TestFiftyDifferentOrdersRunWithinTheBackendsLimit(t *testing.T) {
	r := newRig(t)
	r.limits.Concurrency = 4
	r.world.hook(nil, func(ctx context.Context, _ lifecycle.Call) error {
		select {
		case <-time.After(2 * time.Millisecond): // long enough for the slots to fill
		case <-ctx.Done():
		}
		return nil
	})
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			d, err := r.scoped().Provision(t.Context(), order(fmt.Sprint("ext-", i)))
			if err != nil {
				t.Errorf("order %d: %v", i, err)
			} else if len(vars(d)) != 1 {
				t.Errorf("order %d has no config var", i)
			}
		})
	}
	group.Wait()
	if things, made := r.world.count(); things != 50 || made != 50 {
		t.Errorf("%d things, %d made", things, made)
	}
	if r.world.peak != 4 {
		t.Errorf("%d calls at once, want 4", r.world.peak)
	}
}

func TestOrdersWaitForTheirBackendToComeBack(t *testing.T) {
	r := newRig(t)
	r.engine.Activate(r.catalog, noBackends{}, nil)
	r.scope.Budget = 20 * time.Millisecond
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	r.engine.Activate(r.catalog, r, nil)
	r.scope.Budget = 10 * time.Second
	if d := r.provision("ext-1"); d.Resource.State != gateway.Active {
		t.Errorf("state %s", d.Resource.State)
	}
}

type noBackends struct{}

func (noBackends) Backend(string) (lifecycle.Backend, lifecycle.Limits, bool) {
	return nil, lifecycle.Limits{}, false
}

func TestAnOrderThatOutlastsItsBudgetGoesOn(t *testing.T) {
	r := newRig(t)
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	r.scope.Budget = 20 * time.Millisecond
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	var e *gateway.Error
	if !errors.As(err, &e) || e.RetryAfter <= 0 || e.Message == "" {
		t.Errorf("the answer is %+v", e)
	}
	r.scope.Budget = 10 * time.Second
	close(g.open)
	d := r.provision("ext-1")
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 1 || len(vars(d)) != 1 {
		t.Errorf("%d calls, %d config vars", n, len(vars(d)))
	}
}

func TestACustomerHangingUpChangesNothing(t *testing.T) {
	r := newRig(t)
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	ctx, hangUp := context.WithCancel(t.Context())
	answered := make(chan error, 1)
	go func() {
		_, err := r.scoped().Provision(ctx, order("ext-1"))
		answered <- err
	}()
	call := <-g.reached
	hangUp()
	wantKind(t, <-answered, gateway.Unavailable)
	close(g.open)
	r.until(call.Op.ResourceID, gateway.Active)
	if d := r.provision("ext-1"); d.Resource.ID != call.Op.ResourceID {
		t.Error("the repeat got another resource")
	}
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

func TestACustomerHangingUpBeforeTheIntentIsWrittenChangesNothing(t *testing.T) {
	r := newRig(t)
	ctx, hangUp := context.WithCancel(t.Context())
	r.catalog.set(func(c *fakeCatalog) { c.onOp = hangUp })
	_, err := r.scoped().Provision(ctx, order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	r.until(r.byExternal("ext-1").ID, gateway.Active)
}

func TestADeadExternalIDMeansWhatThePlatformSays(t *testing.T) {
	r := newRig(t)
	first := r.provision("ext-1").Resource
	if _, err := r.scoped().Deprovision(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	r.until(first.ID, gateway.Deprovisioned)
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Gone)
	r.scope.DeadID = gateway.DeadIDReuse
	if again := r.provision("ext-1").Resource; again.ID == first.ID || again.State != gateway.Active {
		t.Errorf("the reused id has %s, %s", again.ID, again.State)
	}
}

// A platform that uses dead ids again may do so at once: its order waits for the
// removal, within its budget.
func TestAnOrderForAnIDThatIsBeingRemovedWaitsForIt(t *testing.T) {
	r := newRig(t)
	r.scope.DeadID = gateway.DeadIDReuse
	first := r.provision("ext-1").Resource.ID
	g := newGate()
	r.world.holdAt(g, backend.VerbDeprovision)
	r.drop(first)
	<-g.reached
	r.scope.Budget = time.Millisecond
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Busy)
	r.scope.Budget = time.Minute
	type result struct {
		made gateway.Delivery
		err  error
	}
	answered := make(chan result, 1)
	go func() {
		made, err := r.scoped().Provision(t.Context(), order("ext-1"))
		answered <- result{made, err}
	}()
	close(g.open)
	if got := <-answered; got.err != nil || got.made.Resource.ID == first || got.made.Resource.State != gateway.Active {
		t.Errorf("the order gives %s, %s: %v", got.made.Resource.ID, got.made.Resource.State, got.err)
	}
	r.until(first, gateway.Deprovisioned)
}

func TestAResourceExistsInItsScopeOnly(t *testing.T) {
	r := newRig(t)
	res := r.provision("ext-1").Resource
	for name, scope := range map[string]gateway.Scope{
		"another platform": {Platform: "mars", Addon: addonName},
		"another add-on":   {Platform: platformName, Addon: "acme-cache"},
	} {
		t.Run(name, func(t *testing.T) {
			s := r.engine.For(scope)
			_, err := s.Resource(t.Context(), res.ID)
			wantKind(t, err, gateway.NotFound)
			_, err = s.ChangePlan(t.Context(), res.ID, "big")
			wantKind(t, err, gateway.NotFound)
			_, err = s.Deprovision(t.Context(), res.ID)
			wantKind(t, err, gateway.NotFound)
		})
	}
	if got, err := r.scoped().Resource(t.Context(), res.ID); err != nil || got.ID != res.ID || got.LogToken.Reveal() != "log-token-ext-1" {
		t.Errorf("in its own scope: %s, %v", got.ID, err)
	}
}

func TestADeliveryIsMarked(t *testing.T) {
	r := newRig(t)
	d := r.provision("ext-1")
	if d.Resource.Delivered() {
		t.Error("delivered before it was")
	}
	if err := r.scoped().Delivered(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if got, err := r.scoped().Resource(t.Context(), d.Resource.ID); err != nil || got.DeliveredRev != 1 {
		t.Errorf("read back as %d, %v", got.DeliveredRev, err)
	}
	eventually(t, "the mark is in the store", func() bool { return r.resource(d.Resource.ID).DeliveredRev == 1 })
}

func TestDeliveryMarksAreWrittenBeforeStopping(t *testing.T) {
	r := newRig(t)
	d := r.provision("ext-1")
	if err := r.scoped().Delivered(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if err := r.engine.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.resource(d.Resource.ID).DeliveredRev; got != 1 {
		t.Errorf("delivered_rev is %d", got)
	}
}

func TestNothingSecretIsStoredInClear(t *testing.T) {
	r := newRig(t)
	r.world.state = []byte(`{"state-canary":1}`)
	r.world.hook(func(_ context.Context, call lifecycle.Call, checkpoint func(string, []byte)) error {
		checkpoint("one", []byte(`{"checkpoint-canary":1}`))
		if call.Op.Attempt == 1 {
			return fmt.Errorf("could not use %s or %s", call.Op.Secrets["password"], "configured-secret")
		}
		return nil
	}, nil)
	d := r.provision("ext-1")
	made, _ := r.world.thing(d.Resource.ID)
	canaries := []string{made.password, "configured-secret", "log-token-ext-1", "state-canary", "checkpoint-canary", vars(d)["ACME_DB_URL"], "host-" + d.Resource.ShortID}
	r.crash()
	files, err := filepath.Glob(filepath.Join(r.dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, canary := range canaries {
			if bytes.Contains(data, []byte(canary)) {
				t.Errorf("%s holds secret %d in clear", filepath.Base(file), i)
			}
		}
		if strings.HasSuffix(file, ".db") && !bytes.Contains(data, []byte("ext-1")) {
			t.Error("the search cannot find what is stored in clear either")
		}
	}
	r.start()
}

func TestACredentialIsNeverStored(t *testing.T) {
	op := backend.Op{Credential: map[string]string{"key": "credential-canary"}}
	plain, err := op.MarshalBinary()
	if err != nil || bytes.Contains(plain, []byte("credential-canary")) {
		t.Errorf("stored, %v", err)
	}
}

func TestOrdersAreRefusedUntilTheEngineIsReady(t *testing.T) {
	r := newRig(t)
	idle, err := lifecycle.New(lifecycle.Options{Store: r.store, Sealer: plainSealer{}, Log: r.log})
	if err != nil {
		t.Fatal(err)
	}
	if idle.Ready() == nil {
		t.Error("an engine that was not started is ready")
	}
	_, err = idle.For(r.scope).Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	if err := r.engine.Ready(); err != nil {
		t.Errorf("a running engine is not ready: %v", err)
	}
	if err := r.engine.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	if r.engine.Ready() == nil {
		t.Error("a stopped engine is ready")
	}
}

// plainSealer seals nothing.
type plainSealer struct{}

func (plainSealer) Seal(plain []byte, _ secret.AD) ([]byte, error)  { return plain, nil }
func (plainSealer) Open(sealed []byte, _ secret.AD) ([]byte, error) { return sealed, nil }
