package http

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
	"github.com/addongw/addongw/plugins/backend/expr"
)

func TestMain(m *testing.M) {
	backendtest.Main(New())
	os.Exit(m.Run())
}

// decoded is a config block as the gateway makes it of a file: expressions as
// they are shipped, without the values of their roots. The file may read the
// secrets "secret-NAME" by secret("NAME").
func decoded(t testing.TB, text string) cty.Value {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(text), "addongw.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	functions := expr.Functions(expr.Env{Secret: func(name string) (cty.Value, error) { return cty.StringVal("secret-" + name), nil }})
	d := &decoder{t: t, source: []byte(text), scope: &hcl.EvalContext{Functions: functions}}
	return d.body(configSchema(), file.Body.(*hclsyntax.Body))
}

type decoder struct {
	t      testing.TB
	source []byte
	scope  *hcl.EvalContext
}

func (d *decoder) body(s backend.Schema, body *hclsyntax.Body) cty.Value {
	d.t.Helper()
	values := map[string]cty.Value{}
	for _, a := range s.Attributes {
		values[a.Name] = d.attribute(a, body.Attributes[a.Name])
	}
	for name := range body.Attributes {
		if _, known := values[name]; !known {
			d.t.Fatalf("there is no attribute %q", name)
		}
	}
	seen := map[string]bool{}
	for _, n := range s.Blocks {
		seen[n.Name] = true
		values[n.Name] = d.blocks(n, body.Blocks)
	}
	for _, b := range body.Blocks {
		if !seen[b.Type] {
			d.t.Fatalf("there is no block %q", b.Type)
		}
	}
	return cty.ObjectVal(values)
}

func (d *decoder) blocks(n backend.Block, blocks hclsyntax.Blocks) cty.Value {
	all, byLabel := []cty.Value{}, map[string]cty.Value{}
	for _, b := range blocks {
		if b.Type != n.Name {
			continue
		}
		v := d.body(n.Body, b.Body)
		all = append(all, v)
		if len(n.Labels) > 0 {
			byLabel[b.Labels[0]] = v
		}
	}
	switch {
	case len(n.Labels) > 0:
		return cty.ObjectVal(byLabel)
	case len(all) == 0:
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return all[0]
}

func (d *decoder) attribute(a backend.Attribute, written *hclsyntax.Attribute) cty.Value {
	d.t.Helper()
	switch {
	case written == nil && a.Expression:
		return cty.NullVal(cty.DynamicPseudoType)
	case written == nil:
		return cty.NullVal(a.Type)
	case a.Expression:
		at := written.Expr.Range()
		return expr.Source{Text: string(at.SliceBytes(d.source)), Filename: at.Filename, Line: at.Start.Line, Column: at.Start.Column, Type: a.Type}.Value()
	case a.TypeName:
		kind, diags := typeexpr.TypeConstraint(written.Expr)
		if diags.HasErrors() {
			return cty.StringVal("no type")
		}
		text, err := kind.MarshalJSON()
		if err != nil {
			d.t.Fatal(err)
		}
		return cty.StringVal(string(text))
	}
	v, diags := written.Expr.Value(d.scope)
	if diags.HasErrors() {
		d.t.Fatal(diags)
	}
	v, err := convert.Convert(v, a.Type)
	if err != nil {
		d.t.Fatal(err)
	}
	if a.Sensitive {
		v = v.Mark(backend.Sensitive)
	}
	return v
}

// isSource reports whether a value is a shipped expression.
func isSource(v cty.Value) bool {
	return v.IsKnown() && !v.IsNull() && v.Type().IsObjectType() && v.Type().HasAttribute("syntax") && v.Type().HasAttribute("roots")
}

// ship gives every expression in a config block the values of its roots; nil
// takes the expressions away.
func ship(config cty.Value, roots map[string]cty.Value) cty.Value {
	v, err := cty.Transform(config, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		if !isSource(v) {
			return v, nil
		}
		if roots == nil {
			return cty.NullVal(cty.DynamicPseudoType), nil
		}
		members := v.AsValueMap()
		members["roots"] = cty.ObjectVal(roots)
		return cty.ObjectVal(members), nil
	})
	if err != nil {
		panic(err)
	}
	return v
}

// unknownRoots are what is known before any operation.
func unknownRoots() map[string]cty.Value {
	return map[string]cty.Value{"resource": cty.DynamicVal, "plan": cty.DynamicVal, "region": cty.DynamicVal, "addon": cty.DynamicVal, "output": cty.DynamicVal}
}

// rootsOf are those of an operation.
func rootsOf(op backend.Op) map[string]cty.Value {
	return map[string]cty.Value{
		"resource": cty.ObjectVal(map[string]cty.Value{
			"id": cty.StringVal(op.ResourceID), "short_id": cty.StringVal(op.ShortID), "plan": cty.StringVal(op.Plan.ID), "region": cty.StringVal(op.Region.ID),
			"options": op.Options.Cty(),
		}),
		"plan":   cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal(op.Plan.ID), "params": op.Plan.Params.Cty()}),
		"region": cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal(op.Region.ID)}),
		"addon":  cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal(op.Addon)}),
	}
}

// hosted is the plugin with the gateway's part in front of it: it evaluates
// nothing, and ships the expressions with each operation.
type hosted struct {
	*Backend
	mu     sync.Mutex
	config cty.Value
}

func (h *hosted) ValidateConfig(ctx context.Context, req backend.ValidateConfigRequest) (backend.ValidateConfigResponse, error) {
	req.Config = backend.NewValue(ship(req.Config.Cty(), unknownRoots()))
	return h.Backend.ValidateConfig(ctx, req)
}

func (h *hosted) Configure(ctx context.Context, req backend.ConfigureRequest) (backend.ConfigureResponse, error) {
	h.mu.Lock()
	h.config = req.Config.Cty()
	h.mu.Unlock()
	return h.Backend.Configure(ctx, backend.ConfigureRequest{Config: backend.NewValue(ship(req.Config.Cty(), nil))})
}

func (h *hosted) op(op backend.Op) backend.Op {
	h.mu.Lock()
	defer h.mu.Unlock()
	op.Config = backend.NewValue(ship(h.config, rootsOf(op)))
	return op
}

func (h *hosted) Provision(ctx context.Context, req backend.ProvisionRequest, events backend.Events) (backend.Result, error) {
	req.Op = h.op(req.Op)
	return h.Backend.Provision(ctx, req, events)
}

func (h *hosted) ChangePlan(ctx context.Context, req backend.ChangePlanRequest, events backend.Events) (backend.Result, error) {
	req.Op = h.op(req.Op)
	return h.Backend.ChangePlan(ctx, req, events)
}

func (h *hosted) Deprovision(ctx context.Context, req backend.DeprovisionRequest, events backend.Events) (backend.Result, error) {
	req.Op = h.op(req.Op)
	return h.Backend.Deprovision(ctx, req, events)
}

func (h *hosted) Suspend(ctx context.Context, req backend.SuspendRequest, events backend.Events) (backend.Result, error) {
	req.Op = h.op(req.Op)
	return h.Backend.Suspend(ctx, req, events)
}

func (h *hosted) Resume(ctx context.Context, req backend.ResumeRequest, events backend.Events) (backend.Result, error) {
	req.Op = h.op(req.Op)
	return h.Backend.Resume(ctx, req, events)
}

func (h *hosted) Rotate(ctx context.Context, req backend.RotateRequest, events backend.Events) (backend.Result, error) {
	req.Op = h.op(req.Op)
	return h.Backend.Rotate(ctx, req, events)
}

func (h *hosted) Read(ctx context.Context, req backend.ReadRequest) (backend.ReadResponse, error) {
	req.Op = h.op(req.Op)
	return h.Backend.Read(ctx, req)
}

func (h *hosted) Invoke(ctx context.Context, req backend.InvokeRequest, events backend.Events) (backend.Result, error) {
	req.Op = h.op(req.Op)
	return h.Backend.Invoke(ctx, req, events)
}

// configured makes a Backend of a config block, and fails where it is refused.
func configured(t testing.TB, text string) *hosted {
	t.Helper()
	h := &hosted{Backend: New()}
	config := backend.NewValue(decoded(t, text))
	checked, err := h.ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: config})
	if err != nil || checked.Diagnostics.HasErrors() {
		t.Fatalf("validate: %v %+v", err, checked.Diagnostics)
	}
	resp, err := h.Configure(t.Context(), backend.ConfigureRequest{Config: config})
	if err != nil || len(resp.Diagnostics) > 0 {
		t.Fatalf("configure: %v %+v", err, resp.Diagnostics)
	}
	return h
}

func value(members map[string]cty.Value) backend.Value {
	return backend.NewValue(cty.ObjectVal(members))
}

func planOfTier(id, tier string) backend.Plan {
	return backend.Plan{ID: id, Params: value(map[string]cty.Value{"tier": cty.StringVal(tier)})}
}

func someOp(t testing.TB) backend.Op {
	return backend.Op{
		OperationID: "op_1", ResourceID: "res_" + strings.ToLower(strings.NewReplacer("/", "_", " ", "_").Replace(t.Name())),
		ShortID: "abcdefgh2345", Attempt: 1, Deadline: time.Now().Add(20 * time.Second), Addon: "mailwind",
		Plan: planOfTier("small", "s0"), Region: backend.Region{ID: "eu"},
	}
}

// recorder is the Events of a test.
type recorder struct {
	mu    sync.Mutex
	steps []string
	state json.RawMessage
	lines []string
}

func (r *recorder) Checkpoint(step string, state json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps, r.state = append(r.steps, step), bytes.Clone(state)
}

func (r *recorder) Progress(string, int) {}

func (r *recorder) Log(_ slog.Level, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, message)
}

func (r *recorder) lastState() json.RawMessage {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// again is an operation as the gateway repeats it after what r has seen.
func (r *recorder) again(op backend.Op) backend.Op {
	op.Attempt++
	if state := r.lastState(); state != nil {
		op.State = state
	}
	return op
}

func provision(t testing.TB, h *hosted, op backend.Op) (backend.Result, *recorder, error) {
	t.Helper()
	r := &recorder{}
	result, err := h.Provision(t.Context(), backend.ProvisionRequest{Op: op}, r)
	return result, r, err
}

func mustProvision(t testing.TB, h *hosted, op backend.Op) (backend.Op, backend.Result) {
	t.Helper()
	result, _, err := provision(t, h, op)
	if err != nil {
		t.Fatalf("provision: %v", err)
	}
	return following(op, result), result
}

// following is the next operation on a resource.
func following(op backend.Op, result backend.Result) backend.Op {
	op.OperationID += "x"
	op.Attempt, op.State = 1, result.State
	if !result.Outputs.IsNull() {
		op.Outputs = result.Outputs
	}
	return op
}

func deprovision(t testing.TB, h *hosted, op backend.Op) (*recorder, error) {
	t.Helper()
	r := &recorder{}
	_, err := h.Deprovision(t.Context(), backend.DeprovisionRequest{Op: op, Mode: backend.ModePurge}, r)
	return r, err
}

func output(t testing.TB, v backend.Value, name string) string {
	t.Helper()
	member, _ := objectOf(v.Cty()).at(name).Unmark()
	switch {
	case member.IsNull():
		return ""
	case member.Type() == cty.Number:
		return member.AsBigFloat().Text('f', -1)
	}
	return member.AsString()
}

func wantFailure(t testing.TB, err error, class backend.Class, words ...string) *backend.Failure {
	t.Helper()
	var f *backend.Failure
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want a failure %s", err, class)
	}
	if f.Class != class {
		t.Errorf("got %v, want class %s", f, class)
	}
	for _, w := range words {
		if !strings.Contains(f.Message, w) {
			t.Errorf("message %q lacks %q", f.Message, w)
		}
	}
	return f
}

// wantUnknown wants an error that leaves the outcome unknown.
func wantUnknown(t testing.TB, err error, words ...string) {
	t.Helper()
	var f *backend.Failure
	if err == nil || errors.As(err, &f) {
		t.Fatalf("got %v, want an unknown outcome", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q lacks %q", err, w)
		}
	}
}

func words(d backend.Diagnostics) string {
	var b strings.Builder
	for _, x := range d {
		fmt.Fprintf(&b, "%s %s: %s %s\n", x.Severity, written(x.Path), x.Summary, x.Detail)
	}
	return b.String()
}

// written is a path as people write it.
func written(path cty.Path) string {
	var b strings.Builder
	for _, step := range path {
		switch s := step.(type) {
		case cty.GetAttrStep:
			b.WriteString("." + s.Name)
		case cty.IndexStep:
			if s.Key.Type() == cty.String {
				b.WriteString("[" + s.Key.AsString() + "]")
			} else {
				b.WriteString("[" + s.Key.AsBigFloat().String() + "]")
			}
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}
