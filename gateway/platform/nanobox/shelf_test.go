package nanobox

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
)

const toldSpecs = `{"regions":[{"id":"fra","name":"Frankfurt","plans":[{"id":"standard","name":"Standard","specs":[` +
	`{"id":"std-1","ram":2048,"cpu":1,"disk":40,"transfer":"2 TB","dollars_per_mo":7.2}]}]}]}`

const servedSpecs = `[{"id":"fra","name":"Frankfurt","plans":[{"id":"standard","name":"Standard","title":"Standard","specs":[` +
	`{"id":"std-1","ram":2048,"cpu":1,"disk":40,"transfer":"2 TB","dollars_per_hr":0.01,"dollars_per_mo":7.2}]}]}]`

// dynamic is a provider whose catalog comes from its backend.
func dynamic(t *testing.T) *provider {
	t.Helper()
	return newTestProvider(t, common(every()...), block[strings.Index(block, "region \"fra\" {"):], "",
		"", "catalog {\nsource = \"backend\"\nmax_stale = \"24h\"\ncredentials = { access_token = \"operator-token\" }\n}")
}

// source is a backend's catalog.
type toldBy struct {
	calls  atomic.Int64
	answer atomic.Pointer[string] // nil: it is down
}

func (s *toldBy) tell(text string) { s.answer.Store(&text) }

func (s *toldBy) ask(_ context.Context, c gateway.ActionCall) (json.RawMessage, error) {
	if c.Action != gateway.ActionCatalog {
		return json.RawMessage("{}"), nil
	}
	s.calls.Add(1)
	if c.Credential["access_token"].Reveal() != "operator-token" {
		return nil, errors.New("the operator's credentials are missing")
	}
	text := s.answer.Load()
	if text == nil {
		return nil, gateway.Errorf(gateway.Unavailable, "It is down, and operator-token is a secret.")
	}
	return json.RawMessage(*text), nil
}

func sourceRig(t *testing.T) (*rig, *toldBy) {
	t.Helper()
	r, s := serve(t, dynamic(t)), &toldBy{}
	r.servers.AnswerWith(s.ask)
	return r, s
}

// eventually waits for what happens beside a request.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s never happened", what)
		}
	}
}

func TestAColdCatalogIsBusyUntilTheBackendTellsOne(t *testing.T) {
	r, s := sourceRig(t)
	r.want(503, r.send("GET", "/catalog", ""))
	r.want(503, r.call("POST", "/servers", `{"name":"n","ssh_key":"x"}`))
	r.want(200, r.send("GET", "/meta", ""))
	s.tell(`{"regions":"none"}`)
	r.want(503, r.send("GET", "/catalog", ""))
	s.tell(toldSpecs)
	if a := r.want(200, r.send("GET", "/catalog", "")); a.body != servedSpecs {
		t.Errorf("the catalog is %s", a.body)
	}
	before := s.calls.Load()
	r.want(200, r.send("GET", "/catalog", ""))
	r.ordered()
	if s.calls.Load() != before {
		t.Error("a fresh catalog is asked for again")
	}
	if log := r.logged("It is down"); strings.Contains(log, "operator-token") {
		t.Errorf("the log is %s", log)
	}
	if text, err := r.p.Manifest(); err != nil || !strings.Contains(string(text), "\n  \"catalog\": null\n") {
		t.Errorf("the manifest is %s, %v", text, err)
	}
	if !r.p.Region("any") || !r.p.Size("any", "size") {
		t.Error("what a backend sells is unknown here")
	}
}

func TestColdRequestsShareOneCall(t *testing.T) {
	r, s := sourceRig(t)
	s.tell(toldSpecs)
	release := make(chan struct{})
	r.servers.AnswerWith(func(ctx context.Context, c gateway.ActionCall) (json.RawMessage, error) {
		<-release
		return s.ask(ctx, c)
	})
	var asking sync.WaitGroup
	for range 5 {
		asking.Go(func() {
			if a := r.send("GET", "/catalog", ""); a.status != 200 || a.body != servedSpecs {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	close(release)
	asking.Wait()
	if n := s.calls.Load(); n != 1 {
		t.Errorf("five requests made %d calls", n)
	}
}

func TestTheLastGoodCatalogIsServedWhileTheBackendIsDown(t *testing.T) {
	r, s := sourceRig(t)
	s.tell(toldSpecs)
	r.want(200, r.send("GET", "/catalog", ""))
	s.answer.Store(nil)
	r.later(7 * time.Hour)
	for range 3 {
		if a := r.want(200, r.send("GET", "/catalog", "")); a.body != servedSpecs {
			t.Errorf("the catalog is %s", a.body)
		}
	}
	eventually(t, "a second call", func() bool { return s.calls.Load() == 2 })
	r.logged("It is down")
	if n := s.calls.Load(); n != 2 {
		t.Errorf("a backend that is down was called %d times at once", n)
	}
	s.tell(strings.ReplaceAll(toldSpecs, "Frankfurt", "Main"))
	r.later(fetchRest)
	eventually(t, "a newer catalog", func() bool { return strings.Contains(r.send("GET", "/catalog", "").body, "Main") })
	s.answer.Store(nil)
	r.later(25 * time.Hour)
	r.want(503, r.send("GET", "/catalog", ""))
}

func TestACatalogOutlivesAStart(t *testing.T) {
	r, s := sourceRig(t)
	s.tell(toldSpecs)
	r.p.Begin(t.Context(), r.servers)
	if s.calls.Load() != 1 {
		t.Fatal("the start asks for no catalog")
	}
	s.answer.Store(nil)
	var ahead atomic.Int64
	served := func(want string) *provider {
		t.Helper()
		p := dynamic(t) // a start, or a reload
		p.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		p.Begin(t.Context(), r.servers)
		body, err := p.shelf.body(t.Context(), r.servers)
		if err != nil || strings.TrimSpace(string(body)) != want {
			t.Errorf("after a start: %s, %v", body, err)
		}
		return p
	}
	p := served(servedSpecs)
	if n := s.calls.Load(); n != 2 {
		t.Errorf("a start while the backend is down made %d calls", n-1)
	}
	ahead.Store(int64(fetchRest)) // long before what is kept is old
	_, _ = p.shelf.body(t.Context(), r.servers)
	eventually(t, "another call", func() bool { return s.calls.Load() == 3 })
	s.tell(strings.ReplaceAll(toldSpecs, "Frankfurt", "Main")) // corrected, or another backend's
	served(strings.ReplaceAll(servedSpecs, "Frankfurt", "Main"))
}

// TestAKeptCatalogWithoutTheDefaultsGivesWay to another without them: the files
// name others now.
func TestAKeptCatalogWithoutTheDefaultsGivesWay(t *testing.T) {
	r, s := sourceRig(t)
	former := strings.ReplaceAll(toldSpecs, "std-1", "old-1")
	if err := r.servers.Keep(t.Context(), keptCatalog, json.RawMessage(former)); err != nil {
		t.Fatal(err)
	}
	s.tell(strings.ReplaceAll(toldSpecs, "std-1", "new-1"))
	r.p.Begin(t.Context(), r.servers)
	if a := r.want(200, r.send("GET", "/catalog", "")); !strings.Contains(a.body, "new-1") {
		t.Errorf("the catalog is %s", a.body)
	}
}

// TestAKeptCatalogServesUntilTheBackendHasAnswered holds the answer of a start back.
func TestAKeptCatalogServesUntilTheBackendHasAnswered(t *testing.T) {
	r, s := sourceRig(t)
	s.tell(toldSpecs)
	r.p.Begin(t.Context(), r.servers)
	release := make(chan struct{})
	s.tell(strings.ReplaceAll(toldSpecs, "Frankfurt", "Main"))
	r.servers.AnswerWith(func(ctx context.Context, c gateway.ActionCall) (json.RawMessage, error) {
		<-release
		return s.ask(ctx, c)
	})
	p := dynamic(t)
	begun := make(chan struct{})
	go func() { p.Begin(t.Context(), r.servers); close(begun) }()
	eventually(t, "the call of the start", func() bool { return r.counted("catalog") == 2 })
	body, err := p.shelf.body(t.Context(), r.servers)
	if err != nil || strings.TrimSpace(string(body)) != servedSpecs {
		t.Errorf("meanwhile: %s, %v", body, err)
	}
	close(release)
	<-begun
	if body, err = p.shelf.body(t.Context(), r.servers); err != nil || !strings.Contains(string(body), "Main") {
		t.Errorf("afterwards: %s, %v", body, err)
	}
	if n := s.calls.Load(); n != 2 {
		t.Errorf("two starts made %d calls", n)
	}
}

func TestACatalogThatCannotBeSoldFromReplacesNoGoodOne(t *testing.T) {
	const other = `{"regions":[{"id":"ams","plans":[{"id":"p","specs":[{"id":"x","ram":1,"cpu":1,"disk":1,"transfer":1,"dollars_per_mo":1}]}]}]}`
	for what, text := range map[string]string{
		"no size": `{"regions":[{"id":"fra","plans":[{"id":"standard","specs":[]}]}]}`, "no region": `{"regions":[]}`, "other defaults": other,
	} {
		r, s := sourceRig(t)
		s.tell(toldSpecs)
		r.want(200, r.send("GET", "/catalog", ""))
		s.tell(text)
		r.later(7 * time.Hour)
		r.want(200, r.send("GET", "/catalog", ""))
		eventually(t, "a second call", func() bool { return s.calls.Load() == 2 })
		r.logged("the backend's catalog")
		if a := r.want(200, r.send("GET", "/catalog", "")); a.body != servedSpecs || s.calls.Load() != 2 {
			t.Errorf("%s: after %d calls %s", what, s.calls.Load(), a.body)
		}
		r.later(time.Minute)
		r.send("GET", "/catalog", "")
		eventually(t, "a third call after a minute", func() bool { return s.calls.Load() == 3 })
		if kept, err := r.servers.Kept(t.Context(), keptCatalog); err != nil || string(kept.Body) != toldSpecs {
			t.Errorf("%s: kept is %s, %v", what, kept.Body, err)
		}
	}
	cold, s := sourceRig(t)
	s.tell(`{"regions":[{"id":"fra","plans":[]}]}`)
	cold.want(503, cold.send("GET", "/catalog", ""))
	s.tell(other)
	cold.want(200, cold.send("GET", "/catalog", "")) // better than nothing, and asked for again
	cold.want(200, cold.send("GET", "/catalog", ""))
	if n := s.calls.Load(); n != 2 {
		t.Errorf("%d calls", n)
	}
	s.tell(toldSpecs)
	cold.later(time.Minute)
	eventually(t, "the good one", func() bool { return cold.send("GET", "/catalog", "").body == servedSpecs })
	if n := strings.Count(cold.logged("are not in it"), "are not in it"); n != 1 {
		t.Errorf("one fetch is told %d times", n)
	}
}

func TestAFetchThatPanicsIsOneThatFails(t *testing.T) {
	r, s := sourceRig(t)
	r.servers.AnswerWith(func(context.Context, gateway.ActionCall) (json.RawMessage, error) { panic("operator-token is broken") })
	r.want(503, r.send("GET", "/catalog", ""))
	if log := r.logged("is broken"); strings.Contains(log, "operator-token") || !strings.Contains(log, "shelf.go") {
		t.Errorf("the log is %s", log)
	}
	r.servers.AnswerWith(s.ask)
	s.tell(toldSpecs)
	r.want(200, r.send("GET", "/catalog", ""))
}

func TestNoRequestWaitsLongForAColdCatalog(t *testing.T) {
	if coldLimit > budget/2 {
		t.Errorf("%s is too near to %s", coldLimit, budget)
	}
	r, _ := sourceRig(t)
	r.p.shelf.patience = 50 * time.Millisecond
	r.servers.AnswerWith(func(ctx context.Context, c gateway.ActionCall) (json.RawMessage, error) {
		if c.Action == gateway.ActionCatalog {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return json.RawMessage("{}"), nil
	})
	began := time.Now()
	r.want(503, r.send("GET", "/catalog", ""))
	r.want(503, r.call("POST", "/servers", `{"name":"n","ssh_key":"x"}`))
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestWhatIsWrongInACatalogIsLeftOut(t *testing.T) {
	const spec = `{"id":"x","ram":1,"cpu":1,"disk":1,"transfer":1,"dollars_per_hr":1,"dollars_per_mo":720}`
	var specs []string
	for _, change := range [][2]string{
		{`"x"`, `7`}, {`"x"`, `""`}, {`"ram":1`, `"ram":1.5`}, {`"ram":1`, `"ram":"512MB"`}, {`"disk":1`, `"disk":-1`}, {`"disk":1,`, ``}, {`"cpu":1`, `"cpu":null`}, {`"cpu":1`, `"cpu":0`},
		{`"transfer":1`, `"transfer":null`}, {`_hr":1`, `_hr":"1"`}, {`_hr":1,"dollars_per_mo":720`, `_hr":null`}, {`"x"`, `"std-1"`}, {`_mo":720`, `_mo":-1`},
	} {
		specs = append(specs, strings.Replace(spec, change[0], change[1], 1))
	}
	text := strings.Replace(toldSpecs, `}]}]}]}`, `},`+strings.Join(specs, ",")+`]},{"id":"standard"},{"name":"no id"}]},{"id":"fra"},{"id":7},{"id":"ams"}]}`, 1)
	told, dropped, err := readCatalog(json.RawMessage(text))
	if err != nil || len(dropped) != len(specs)+4 {
		t.Fatalf("%v, %d left out, want %d:\n%s", err, len(dropped), len(specs)+4, strings.Join(dropped, "\n"))
	}
	if len(told.regions) != 2 || len(told.regions[0].plans) != 1 || len(told.regions[0].plans[0].specs) != 1 || told.regions[1].name != "ams" {
		t.Errorf("left is %+v", told)
	}
	r, s := sourceRig(t)
	s.tell(text)
	r.want(200, r.send("GET", "/catalog", ""))
	r.logged("regions[0].plans[0].specs[1] is left out: id is no text")
}
