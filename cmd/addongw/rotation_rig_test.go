package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/admin"
	"github.com/addongw/addongw/gateway/conformance/clevercloud/vendorapi"
	"github.com/addongw/addongw/gateway/conformance/scalingo/ownapi"
)

// connection is a customer's connection to what was bought.
type connection interface {
	Use(ctx context.Context) error // one operation
	Close()
}

// market is what customers live on while their credentials are rotated: two
// platforms, each with a stand-in of its own API.
type market struct {
	addon, config string // the add-on's id, and the config var that customers use
	clever        *vendorapi.Server
	scalingo      *ownapi.Server
	dial          func(ctx context.Context, url string) (connection, error)

	customers []*customer
	uses      atomic.Int64
	mu        sync.Mutex
	failures  []string
}

// customer has bought one resource, and knows of its credentials what the platform
// puts into the environment of its application.
type customer struct {
	platform, id string // the platform's id of the order
	resource     string // ours
	first        string // the URL of the order's answer
}

func newMarket(t *testing.T, addon, config string, declared []string, dial func(context.Context, string) (connection, error)) *market {
	return &market{
		addon: addon, config: config, dial: dial,
		clever: vendorapi.New(addon, password+"-CLEVER", 50), scalingo: ownapi.New(addon, password+"-SCALINGO", 50).Declare(declared...),
	}
}

// example copies an example whose platform blocks call the stand-ins, with more
// replaced.
func (m *market) example(t *testing.T, name string, oldnew ...string) string {
	t.Helper()
	clever, scalingo := httptest.NewServer(m.clever), httptest.NewServer(m.scalingo)
	t.Cleanup(clever.Close)
	t.Cleanup(scalingo.Close)
	return changedExample(t, name, append(oldnew,
		"platform \"clevercloud\" {\n", fmt.Sprintf("platform \"clevercloud\" {\n    api_url = %q\n", clever.URL+"/v2"),
		"platform \"scalingo\" {\n", fmt.Sprintf("platform \"scalingo\" {\n    api_url = %q\n", scalingo.URL))...)
}

// onClever copies an example that is sold on Clever Cloud only.
func (m *market) onClever(t *testing.T, name string) string {
	t.Helper()
	clever := httptest.NewServer(m.clever)
	t.Cleanup(clever.Close)
	return changedExample(t, name, "platform \"clevercloud\" {\n", fmt.Sprintf("platform \"clevercloud\" {\n    api_url = %q\n", clever.URL+"/v2"))
}

// buy orders n resources, by turns on the two platforms.
func (m *market) buy(t *testing.T, base, plan string, n int) {
	t.Helper()
	m.customers = make([]*customer, n)
	fewAtOnce(n, 8, func(i int) {
		c := &customer{platform: "clevercloud", id: fmt.Sprint("addon_", i)}
		if i%2 == 1 {
			c.platform, c.id = "scalingo", fmt.Sprint("ad-", i)
		}
		a, err := m.order(c, base, plan).do()
		if err != nil || a.Status/100 != 2 || a.Config[m.config] == "" {
			t.Errorf("order %s: %d %v", c.id, a.Status, err)
			return
		}
		c.resource, c.first = a.ID, a.Config[m.config]
		m.known(c, plan)
		m.customers[i] = c
	})
	if t.Failed() {
		t.FailNow()
	}
}

func (m *market) order(c *customer, base, plan string) call {
	if c.platform == "scalingo" {
		body := fmt.Sprintf(`{"uuid":%q,"app_id":%q,"plan":%q,"options":null}`, c.id, "app-"+c.id, plan)
		return call{"POST", base + "/scalingo/" + m.addon + "/resources", m.addon, password + "-SCALINGO", body}
	}
	body := fmt.Sprintf(`{"addon_id":%q,"owner_id":"orga_1","owner_name":"Ann","plan":%q,"region":"EU","callback_url":"https://api.example/v2/vendor/apps/%s"}`, c.id, plan, c.id)
	return call{"POST", base + "/clevercloud/" + m.addon + "/resources", m.addon, password + "-CLEVER", body}
}

// known tells the platform's own API of an order that was answered.
func (m *market) known(c *customer, plan string) {
	if c.platform == "scalingo" {
		m.scalingo.Own(ownapi.App{ID: "app-" + c.id, Name: "shop of " + c.id})
		m.scalingo.Add(ownapi.Addon{ID: c.resource, UUID: c.id, App: "app-" + c.id, Plan: plan})
		return
	}
	m.clever.Order(vendorapi.App{ID: c.id, Name: "db of " + c.id, Plan: plan, Region: "eu", OwnerID: "orga_1"})
	m.clever.Replied(c.id)
}

// environment is the URL that the platform gives to the customer's application now.
func (m *market) environment(c *customer) string {
	if c.platform == "scalingo" {
		if config, _ := m.scalingo.Config("app-" + c.id); config[m.config] != "" {
			return config[m.config]
		}
		return c.first
	}
	if pushes := m.clever.Pushes(c.id); len(pushes) > 0 {
		return pushes[len(pushes)-1][m.config]
	}
	return c.first
}

// live lets every customer use what was bought, without pause, until ctx ends. A
// worker plays several. Their applications restart a while after their environment
// has changed; some keep their connection until then.
func (m *market) live(ctx context.Context, workers int) (wait func()) {
	apps := make([]*app, len(m.customers))
	for i, c := range m.customers {
		apps[i] = &app{customer: c, keeps: i < 2*workers, url: c.first, next: c.first}
	}
	var group sync.WaitGroup
	group.Go(func() { m.deploy(ctx, apps) })
	for w := range workers {
		group.Go(func() {
			for ctx.Err() == nil {
				for i := w; i < len(apps) && ctx.Err() == nil; i += workers {
					m.visit(apps[i])
				}
			}
			for i := w; i < len(apps); i += workers {
				apps[i].close()
			}
		})
	}
	return group.Wait
}

// deploy notes when the environments of applications change, as the platforms do
// however busy the applications are.
func (m *market) deploy(ctx context.Context, apps []*app) {
	often := time.NewTicker(50 * time.Millisecond)
	defer often.Stop()
	for ctx.Err() == nil {
		for _, a := range apps {
			a.sees(m.environment(a.customer))
		}
		select {
		case <-ctx.Done():
		case <-often.C:
		}
	}
}

// restart is how long applications take to notice that their environment has changed.
const restart = 2 * time.Second

// app is a customer's application.
type app struct {
	customer *customer
	keeps    bool // its connection
	url      string
	open     connection

	mu    sync.Mutex
	next  string    // what the platform has for its next start
	since time.Time // when it came
}

func (a *app) sees(env string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if env != a.next {
		a.next, a.since = env, time.Now()
	}
}

// start is the URL that it has by now.
func (a *app) start() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Since(a.since) > restart {
		return a.next
	}
	return a.url
}

func (a *app) close() {
	if a.open != nil {
		a.open.Close()
		a.open = nil
	}
}

// visit is one operation of an application. It is begun and ended whatever becomes
// of the test meanwhile, so that no failure is the test's own.
func (m *market) visit(a *app) {
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	if url := a.start(); url != a.url {
		a.close()
		a.url = url
	}
	err := func() error {
		if a.open == nil {
			opened, err := m.dial(ctx, a.url)
			if err != nil {
				return fmt.Errorf("connect: %w", err)
			}
			a.open = opened
		}
		return a.open.Use(ctx)
	}()
	if err != nil || !a.keeps {
		a.close()
	}
	m.uses.Add(1)
	if err != nil {
		m.mu.Lock()
		m.failures = append(m.failures, a.customer.id+": "+err.Error())
		m.mu.Unlock()
	}
}

// rotateAll rotates everything through the admin socket, as an operator would with
// a loop, again where the gateway was killed meanwhile.
func (m *market) rotateAll(t *testing.T, socket string, grace time.Duration) {
	client := admin.NewClient(socket)
	fewAtOnce(len(m.customers), 4, func(i int) {
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
			_, err := client.Rotate(t.Context(), m.customers[i].resource, gateway.RotateOrder{Grace: &grace})
			if err == nil || gateway.KindOf(err) == gateway.Conflict && strings.Contains(err.Error(), "under way") {
				return // begun, or begun before a kill
			}
			if time.Now().After(deadline) {
				t.Errorf("rotate %s: %v", m.customers[i].id, err)
				return
			}
		}
	})
}

// over reports whether every rotation is over.
func (m *market) over(ctx context.Context, socket string) bool {
	client := admin.NewClient(socket)
	for _, c := range m.customers {
		d, err := client.Resource(ctx, c.resource)
		if err != nil || d.Resource.Rotation != nil || d.Resource.RotatedAt == nil {
			return false
		}
	}
	return true
}

// fewAtOnce calls f for 0 to n-1, a few at a time.
func fewAtOnce(n, atOnce int, f func(i int)) {
	var group sync.WaitGroup
	var next atomic.Int64
	for range atOnce {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	group.Wait()
}
