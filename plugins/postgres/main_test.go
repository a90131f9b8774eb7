package postgres_test

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"encoding/json"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
	"github.com/addongw/addongw/plugins/postgres"
	"github.com/addongw/addongw/plugins/postgres/pgtest"
	"github.com/jackc/pgx/v5"
	"github.com/zclconf/go-cty/cty"
)

// shared is the server of all tests of this package, or why there is none.
type shared struct {
	server *pgtest.Server
	err    error
}

var one shared

func TestMain(m *testing.M) {
	backendtest.Main(postgres.New())
	one.server, one.err = pgtest.Open()
	code := m.Run()
	if one.server != nil {
		one.err = one.server.Close()
	}
	os.Exit(code)
}

// world is what a test works with: the server, a superuser's connection to it
// and a configured backend.
type world struct {
	t      *testing.T
	server *pgtest.Server
	root   *pgx.Conn
	b      *postgres.Backend
	user   string // the provisioner
}

// newWorld configures a backend that connects as a provisioner of the test's
// own, with extra attributes in its config block.
func newWorld(t *testing.T, user string, extra map[string]cty.Value) *world {
	t.Helper()
	server := realServer(t)
	url, err := server.Provisioner(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, server: server, root: connect(t, server.AdminURL()), user: user}
	w.b = configured(t, url, extra)
	return w
}

func realServer(t *testing.T) *pgtest.Server {
	t.Helper()
	if one.err != nil {
		pgtest.SkipOrFail(t, one.err)
	}
	return one.server
}

func configured(t *testing.T, url string, extra map[string]cty.Value) *postgres.Backend {
	t.Helper()
	b := postgres.New()
	t.Cleanup(b.Close)
	res, err := b.Configure(t.Context(), backend.ConfigureRequest{Config: config(url, extra)})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range res.Diagnostics {
		if d.Severity == backend.SeverityError {
			t.Fatalf("configure: %s: %s", d.Summary, d.Detail)
		}
	}
	return b
}

func config(url string, extra map[string]cty.Value) backend.Value {
	attributes := map[string]cty.Value{
		"admin_url":   cty.StringVal(url).Mark(backend.Sensitive),
		"database":    cty.NullVal(cty.String),
		"role":        cty.NullVal(cty.String),
		"host":        cty.NullVal(cty.String),
		"port":        cty.NullVal(cty.Number),
		"extensions":  cty.NullVal(cty.List(cty.String)),
		"drop_policy": cty.StringVal("now"),
	}
	for name, v := range extra {
		attributes[name] = v
	}
	return backend.NewValue(cty.ObjectVal(attributes))
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// newOp is a provision of a new resource with so many connections.
func newOp(connections int) backend.Op {
	short := strings.ToLower(rand.Text()[:12])
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	return backend.Op{
		OperationID: "op_" + rand.Text(),
		ResourceID:  "res_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(id)),
		ShortID:     short,
		Attempt:     1,
		Addon:       "acme-db",
		Plan:        plan(connections),
		Region:      backend.Region{ID: "eu"},
		Secrets:     map[string]string{"password": rand.Text() + "abcdef"},
	}
}

func plan(connections int) backend.Plan {
	return backend.Plan{ID: "small", Params: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"connection_limit": cty.NumberIntVal(int64(connections)),
	}))}
}

func live(name, value string) backend.Value {
	return backend.NewValue(cty.ObjectVal(map[string]cty.Value{name: cty.StringVal(value)}))
}

// outputs are the outputs of a resource as a template sees them.
type outputs struct {
	Username string `json:"username"`
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Database string `json:"database"`
}

func (w *world) provision(op backend.Op) outputs {
	w.t.Helper()
	out, err := provision(w.t.Context(), w.b, op, &recorder{})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func provision(ctx context.Context, b *postgres.Backend, op backend.Op, events backend.Events) (outputs, error) {
	var out outputs
	result, err := b.Provision(ctx, backend.ProvisionRequest{Op: op}, events)
	if err != nil {
		return out, err
	}
	return out, result.Outputs.Decode(&out)
}

func (w *world) deprovision(op backend.Op) {
	w.t.Helper()
	if err := deprovision(w.t.Context(), w.b, op, &recorder{}); err != nil {
		w.t.Fatal(err)
	}
}

func deprovision(ctx context.Context, b *postgres.Backend, op backend.Op, events backend.Events) error {
	_, err := b.Deprovision(ctx, backend.DeprovisionRequest{Op: op, Mode: backend.ModePurge}, events)
	return err
}

// customerURL is what a customer connects with.
func (w *world) customerURL(op backend.Op, out outputs) string {
	return w.server.URL(out.Username, op.Secrets["password"], out.Database)
}

func (w *world) customer(op backend.Op, out outputs) *pgx.Conn {
	w.t.Helper()
	return connect(w.t, w.customerURL(op, out))
}

// leftovers lists every role and database that belongs to a resource or is on
// its way to become a resource's.
func (w *world) leftovers(op backend.Op) []string {
	w.t.Helper()
	return w.names(`
		SELECT 'role ' || rolname FROM pg_roles WHERE shobj_description(oid, 'pg_authid') LIKE '%' || $1 OR rolname LIKE '%' || $2 || '%'
		UNION ALL
		SELECT 'database ' || datname FROM pg_database
		WHERE shobj_description(oid, 'pg_database') LIKE '%' || $1 OR datname LIKE '%' || $2 || '%'
		ORDER BY 1`, op.ResourceID, op.ShortID)
}

// staged lists the databases of the world's provisioner that have no marker.
func (w *world) staged() []string {
	w.t.Helper()
	return w.names(`SELECT datname FROM pg_database WHERE datname LIKE 'addongw_new_%' AND pg_get_userbyid(datdba) = $1`, w.user)
}

func (w *world) names(query string, args ...any) []string {
	w.t.Helper()
	rows, err := w.root.Query(w.t.Context(), query, args...)
	if err != nil {
		w.t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.t.Fatal(err)
	}
	return names
}

func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	if _, err := w.root.Exec(w.t.Context(), statement, args...); err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
}

func (w *world) number(query string, args ...any) int {
	w.t.Helper()
	var n int
	if err := w.root.QueryRow(w.t.Context(), query, args...).Scan(&n); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// recorder is a backend.Events that remembers, and calls at before each step.
type recorder struct {
	mu   sync.Mutex
	said []string
	at   func(step int)
	step int
}

func (r *recorder) Checkpoint(step string, state json.RawMessage) { r.add(step + string(state)) }
func (r *recorder) Log(_ slog.Level, message string)              { r.add(message) }

func (r *recorder) Progress(message string, _ int) {
	r.add(message)
	if r.at != nil {
		r.at(r.step)
	}
	r.step++
}

func (r *recorder) add(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, text)
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.said, "\n")
}

// wantClass fails unless err is a failure of the class.
func wantClass(t *testing.T, err error, class backend.Class) *backend.Failure {
	t.Helper()
	failure, ok := errors.AsType[*backend.Failure](err)
	if !ok || failure.Class != class {
		t.Fatalf("got %v, want a failure of class %s", err, class)
	}
	return failure
}

// await polls until done says so.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: " + what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func sqlState(err error) string {
	if err == nil {
		return ""
	}
	_, after, _ := strings.Cut(err.Error(), "SQLSTATE ")
	code, _, _ := strings.Cut(after, ")")
	return fmt.Sprint(code)
}

// ownServer is for a test that breaks its server.
func ownServer(t *testing.T) *pgtest.Server {
	t.Helper()
	realServer(t)
	return pgtest.Start(t)
}
