package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/pluginhost"
	"github.com/addongw/addongw/gateway/store/sqlite"
	"github.com/addongw/addongw/plugins/backend"
	pgplugin "github.com/addongw/addongw/plugins/postgres"
)

// BenchmarkBudgets prints each budget of the project beside what this machine
// needs now. Everything that is compared is measured in turns in one run, so
// that the ratios mean something on a busy machine too. Run it with make bench.
func BenchmarkBudgets(b *testing.B) {
	for name, measure := range map[string]func(*budgets){
		"reads": (*budgets).reads, "provision": (*budgets).provision, "restart": (*budgets).restart,
		"postgres": (*budgets).postgres, "backends": (*budgets).backends, "validate": (*budgets).validate, "million": (*budgets).million, "binary": (*budgets).binary,
	} {
		b.Run(name, func(b *testing.B) {
			measure(&budgets{b})
			b.ReportMetric(0, "ns/op") // the table says what was measured
		})
	}
}

// reads: Clever Cloud never reads a resource, so the nearest thing is measured:
// a plan change to the plan that it has already, which only reads.
func (b *budgets) reads() {
	dir, _ := b.noopFolder(b.floor(""))
	g := b.serve(dir)
	made := call{"POST", g.resources(), "acme-no", password, orderBody("addon_1")}.must(b, 200)
	same := func(int64) *http.Request {
		return b.request("PUT", g.resources()+"/"+made.ID, `{"addon_id":"addon_1","plan":"free"}`)
	}
	body := call{"PUT", g.resources() + "/" + made.ID, "acme-no", password, `{"addon_id":"addon_1","plan":"free"}`}.must(b, 200).Body
	bare := b.floor(body)
	read, floor := inTurns(
		func() load { return b.drive(16, 4000, same) },
		func() load {
			return b.drive(16, 4000, func(int64) *http.Request { return b.request("PUT", bare+"/bare", "{}") })
		})
	ratio := read.perSecond / floor.perSecond
	b.row("read of a resource (same plan again), 16 clients / bare handler", fmt.Sprintf("%.2f (%.0f/s, %.0f/s)", ratio, read.perSecond, floor.perSecond), ">= 0.5", ratio >= 0.5)
}

// provision: a real plugin process that does nothing, SQLite with FULL.
func (b *budgets) provision() {
	api := b.floor("")
	dir, _ := b.noopFolder(api)
	g := b.serve(dir)
	first := call{"POST", g.resources(), "acme-no", password, orderBody("addon_first")}.must(b, 200)
	url := b.floor(first.Body)
	var made atomic.Int64
	orders := func(int64) *http.Request {
		return b.request("POST", g.resources(), orderBody(fmt.Sprint("addon_", made.Add(1))))
	}
	rows := func(int64) *http.Request { return b.request("POST", url+"/row", orderBody("addon_1")) }
	for _, clients := range []int{1, 16} {
		n := 3000
		if clients == 1 {
			n = 500
		}
		order, row := inTurns(
			func() load { return b.drive(clients, n, orders) },
			func() load { return b.drive(clients, n, rows) })
		if clients == 16 {
			ratio := order.perSecond / row.perSecond
			b.row("durable provision, plugin process, SQLite FULL, 16 clients / one row",
				fmt.Sprintf("%.2f (%.0f/s, %.0f/s)", ratio, order.perSecond, row.perSecond), ">= 0.35", ratio >= 0.35)
			continue
		}
		round := b.pluginRoundTrip()
		budget := 2*row.p50 + 2*round
		b.row("the same with 1 client, p50 / (2 rows + 2 plugin round trips)",
			fmt.Sprintf("%.2f (%s; row %s, trip %s)", float64(order.p50)/float64(budget), short(order.p50), short(row.p50), short(round)), "<= 1", order.p50 <= budget)
	}
}

func short(d time.Duration) string { return d.Round(10 * time.Microsecond).String() }

// pluginRoundTrip is the p50 of a provision call to the plugin alone.
func (b *budgets) pluginRoundTrip() time.Duration {
	host, err := pluginhost.New(pluginhost.Options{Dirs: []string{filepath.Dir(b.helper("noop"))}, SocketDir: tempDir(b), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = host.Close(context.Background()) })
	config := backend.NewValue(cty.ObjectVal(map[string]cty.Value{"gate": cty.NullVal(cty.String)}))
	plugin, err := host.Launch(b.Context(), pluginhost.Spec{Name: "noop", TLS: true, Backend: "noop.main"}, config, nil)
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for i := range 500 {
		begin := time.Now()
		_, err := plugin.Run(b.Context(), lifecycle.Call{Verb: backend.VerbProvision, Op: backend.Op{
			OperationID: fmt.Sprint("op_", i), ResourceID: "res_1", ShortID: "short", Deadline: time.Now().Add(time.Minute),
			Secrets: map[string]string{"password": "secret-secret"},
		}}, func(string, []byte) {})
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// restart kills the gateway inside a plugin call and measures from the start of
// the next process to the result; the platform asks again all the while.
func (b *budgets) restart() {
	dir, gate := b.noopFolder(b.floor(""))
	var interrupted, fresh []time.Duration
	for i := range 9 {
		g := b.serve(dir)
		if err := os.WriteFile(gate, nil, 0o600); err != nil {
			b.Fatal(err)
		}
		order := call{"POST", g.resources(), "acme-no", password, orderBody(fmt.Sprint("addon_", i))}
		group := sync.WaitGroup{}
		group.Go(func() { _, _ = order.do() })
		await(b, "the call", 10*time.Second, func() bool {
			out, _, _ := addongw(b, dir, nil, "operations", "list", "-C", dir, "--state", "running")
			return strings.Contains(out, "provision")
		})
		g.Kill()
		group.Wait()
		if err := os.Remove(gate); err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		g = b.serve(dir)
		order.url = g.resources()
		order.must(b, 200)
		interrupted = append(interrupted, time.Since(begin))
		g.Stop()
		begin = time.Now()
		b.serve(dir).Stop()
		fresh = append(fresh, time.Since(begin))
	}
	slices.Sort(interrupted)
	slices.Sort(fresh)
	beyond := interrupted[len(interrupted)/2] - fresh[len(fresh)/2]
	b.row("kill -9 inside a provision: start to result, beyond a plain start and stop",
		fmt.Sprintf("%s (%s, %s)", short(beyond), short(interrupted[len(interrupted)/2]), short(fresh[len(fresh)/2])), "< 100 ms", beyond < 100*time.Millisecond)
}

// postgres: the same plugin code called directly, without gateway and process.
func (b *budgets) postgres() {
	server := postgresServer(b)
	dir := copyExample(b, "postgres")
	g := start(b, dir, []string{"serve", dir, "--listen", "127.0.0.1:0"}, "ACME_ADMIN_URL="+server.ProvisionerURL,
		"ADDONGW_VAR_db_sslmode=disable", "TMPDIR="+dir, "CLEVER_PASSWORD="+password, "CLEVER_SSO_SALT="+ssoSalt)
	direct := pgplugin.New()
	b.Cleanup(direct.Close)
	if _, err := direct.Configure(b.Context(), backend.ConfigureRequest{Config: directConfig(server.ProvisionerURL)}); err != nil {
		b.Fatal(err)
	}
	for _, clients := range []int{1, 4} {
		var made atomic.Int64
		through, steps := inTurns(
			func() load {
				return b.drive(clients, 12*clients, func(int64) *http.Request {
					body := strings.Replace(orderBody(fmt.Sprintf("addon_%d_%d", clients, made.Add(1))), `"free"`, `"hobby"`, 1)
					req := b.request("POST", g.URL+"/clevercloud/acme-db/resources", body)
					req.SetBasicAuth("acme-db", password)
					return req
				})
			},
			func() load { return b.provisionDirectly(direct, clients, 12*clients) })
		ratio := float64(through.p50) / float64(steps.p50)
		b.row(fmt.Sprintf("cold Postgres provision, %d client(s), p50 / the same SQL steps", clients),
			fmt.Sprintf("%.2f (%s, %s)", ratio, short(through.p50), short(steps.p50)), "<= 1.15", ratio <= 1.15)
	}
}

func directConfig(url string) backend.Value {
	return backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"admin_url": cty.StringVal(url).Mark(backend.Sensitive), "database": cty.NullVal(cty.String), "role": cty.NullVal(cty.String),
		"host": cty.NullVal(cty.String), "port": cty.NullVal(cty.Number), "extensions": cty.NullVal(cty.List(cty.String)),
		"drop_policy": cty.StringVal("now"),
	}))
}

func (b *budgets) provisionDirectly(p *pgplugin.Backend, clients, n int) load {
	return b.share(clients, n, func(int64) error {
		_, err := p.Provision(b.Context(), backend.ProvisionRequest{Op: backend.Op{
			OperationID: "op_" + rand.Text(), ResourceID: "res_" + strings.ToLower(rand.Text()), ShortID: strings.ToLower(rand.Text()[:12]),
			Attempt: 1, Addon: "acme-db", Region: backend.Region{ID: "eu"}, Secrets: map[string]string{"password": rand.Text()},
			Plan: backend.Plan{ID: "hobby", Params: backend.NewValue(cty.ObjectVal(map[string]cty.Value{"connection_limit": cty.NumberIntVal(5)}))},
		}}, silent{})
		return err
	})
}

// silent is a listener that does not listen.
type silent struct{}

func (silent) Checkpoint(string, json.RawMessage) {}
func (silent) Progress(string, int)               {}
func (silent) Log(level slog.Level, _ string)     {}

// everywhereToo sells an add-on of the no-op file on the other platforms.
const everywhereToo = `  platform "scalingo" {
    password = secret("env:SCALINGO_PASSWORD")
    sso_salt = secret("env:SCALINGO_SSO_SALT")
  }

  platform "xervo" {
    id       = %q
    password = secret("env:XERVO_PASSWORD")
    sso_salt = secret("env:XERVO_SSO_SALT")
  }

`

// validate runs the command on 1,000 add-ons with 2 plans and 3 platforms each;
// its memory is that of the process.
func (b *budgets) validate() {
	dir, _ := b.noopFolder("https://api.example.com")
	text, err := os.ReadFile(filepath.Join(dir, "addongw.hcl"))
	if err != nil {
		b.Fatal(err)
	}
	head, addon, _ := strings.Cut(string(text), "addon \"acme-no\"")
	var all bytes.Buffer
	all.WriteString(head)
	for i := range 1000 {
		id := fmt.Sprintf("acme-no-%d", i)
		word := strings.ReplaceAll(id, "-", "_")
		all.WriteString(`addon "` + id + `"` + strings.NewReplacer(
			"ACME_NO_", strings.ToUpper(word)+"_",
			"{\n  backend =", "{\n  summary     = \"Nothing\"\n  description = \"Nothing at all.\"\n  backend =",
			`plan "free" {}`, "plan \"free\" {\n    description = \"Little.\"\n  }\n", `plan "big" {}`, "plan \"big\" {\n    description = \"Much.\"\n  }\n",
			`  platform "clevercloud" {`, fmt.Sprintf(everywhereToo, word)+`  platform "clevercloud" {`,
		).Replace(addon))
	}
	if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), all.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	var memory int64
	for range rounds {
		cmd := exec.Command(filepath.Join(binaries(b), "addongw"), "validate", dir)
		begin := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %.2000s", err, out)
		}
		took = append(took, time.Since(begin))
		memory = max(memory, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss>>10)
	}
	slices.Sort(took)
	b.row("addongw validate, 1,000 add-ons x 2 plans x 3 platforms, plugin start included",
		fmt.Sprintf("%s, %d MB", short(took[len(took)/2]), memory), "< 1 s, < 150 MB", took[len(took)/2] < time.Second && memory < 150)
}

// million stores a million resources and looks at a gateway on top of them.
func (b *budgets) million() {
	few, many := b.stored(1000), b.stored(1_000_000)
	b.row("memory of the gateway, 1 million resources, before any request", fmt.Sprintf("%d MB", many.memory()), "< 100 MB", many.memory() < 100)
	small, big := inTurns(few.read, many.read)
	ratio := small.perSecond / big.perSecond
	b.row("read of random resources, 1 thousand / 1 million stored, 16 clients", fmt.Sprintf("%.2f (%.0f/s, %.0f/s)", ratio, small.perSecond, big.perSecond), "<= 1.3", ratio <= 1.3)
}

// stored is a gateway with n resources.
type stored struct {
	*budgets
	gateway *process
	n       int64
}

func (b *budgets) stored(n int) stored {
	b.Helper()
	dir, _ := b.noopFolder(b.floor(""))
	g := b.serve(dir) // makes the store, its key and one resource to copy
	call{"POST", g.resources(), "acme-no", password, orderBody("addon_1")}.must(b, 200)
	g.Stop()
	b.fill(filepath.Join(dir, "addongw.db"), n)
	return stored{b, b.serve(dir), int64(n)}
}

// memory is what the process has in memory, in megabytes.
func (s stored) memory() int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.gateway.cmd.Process.Pid))
	if err != nil {
		s.Fatal(err)
	}
	_, rss, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, err := strconv.Atoi(strings.Fields(rss)[0])
	if err != nil {
		s.Fatal(err)
	}
	return kilobytes >> 10
}

// read reads resources all over the file.
func (s stored) read() load {
	const step = 7919 // a prime
	return s.drive(16, 4000, func(i int64) *http.Request {
		at := i * step % s.n
		return s.request("PUT", s.gateway.resources()+"/"+storedID(at), fmt.Sprintf(`{"addon_id":"addon_stored_%d","plan":"free"}`, at))
	})
}

func storedID(i int64) string { return fmt.Sprintf("res_%026d", i) }

// fill writes n active resources without anything sealed, which is what they
// have in common with nobody; reading them takes the same lookups.
func (b *budgets) fill(path string, n int) {
	store, err := sqlite.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	const batch = 5000
	for from := 0; from < n; from += batch {
		err := store.Update(b.Context(), func(tx lifecycle.Tx) error {
			for i := from; i < min(from+batch, n); i++ {
				id := storedID(int64(i))
				err := tx.InsertResource(lifecycle.ResourceRecord{Resource: gateway.Resource{
					ID: id, ShortID: fmt.Sprintf("%012d", i), ProviderID: id, Kind: gateway.KindAddon, Platform: "clevercloud", Addon: "acme-no",
					ExternalID: fmt.Sprint("addon_stored_", i), Plan: "free", Region: "eu", Backend: "noop.main", State: gateway.Active,
					Owner: gateway.Owner{ID: fmt.Sprint("orga_", i%5000)}, ConfigRev: 1, DeliveredRev: 1, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
				}})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func (b *budgets) binary() {
	file := filepath.Join(b.TempDir(), "addongw")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	megabytes := float64(info.Size()) / 1e6
	b.row("addongw, stripped", fmt.Sprintf("%.1f MB", megabytes), "< 40 MB", megabytes < 40)
}
