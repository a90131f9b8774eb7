package backendtest

import (
	"cmp"
	"crypto/rand"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/addongw/addongw/plugins/backend"
)

// Subject is a backend under test, with what the suite needs to use it.
type Subject struct {
	// Backend is new: nobody has called Configure. The suite does, once.
	Backend backend.Backend

	// Program is the file of a plugin in another language: it is started, and
	// Backend is not used.
	Program string

	// Config is the whole config block, an object: load attributes go to
	// Configure, live ones into every Op whose own Config is null. An expression is
	// what [expr.Source] makes. What it mentions of addon.id, plan, region,
	// resource and output the suite knows; all else is in the Source's Roots.
	Config backend.Value

	// Op describes a new resource: Plan, Region, Options, and Config where live
	// attributes differ from operation to operation. Ids, attempt, deadline and
	// generated secrets are filled in where they are empty. It is called once
	// per resource, and to see what plan resources begin with.
	Op func(t *testing.T) backend.Op

	// ChangeTo is a plan that resources can change to; nil: plan changes are
	// not tested.
	ChangeTo *backend.Plan

	// Works reports whether a customer can use a resource with the credentials in
	// op.Outputs and op.Secrets, in a session that begins now; false also where there
	// is no such resource. nil: of a rotation, only outputs and errors are tested.
	Works func(t *testing.T, op backend.Op) bool

	// Actions are tried on resources that they make themselves; nil: actions are
	// not tested. A configuration with nothing but actions is tested for them alone.
	Actions *Actions

	// OldStates are states as earlier versions left them, for a backend that
	// upgrades states.
	OldStates []backend.UpgradeStateRequest

	// Secrets are further texts that must show up nowhere but in outputs, such
	// as a password inside a connection string. Texts in Config that are marked
	// as sensitive, and generated outputs, are looked for anyway.
	Secrets []string

	// Timeout bounds one call, and the start of a process. Default: one minute.
	Timeout time.Duration
}

// Actions are the actions that a kind of resource lives by.
type Actions struct {
	Create Action   // makes one
	Change []Action // each is called for a resource that Create made
	Delete Action   // removes one; that there is none is success, or NOT_FOUND
}

// Action is a declared action and what it is given. The credentials are those of
// Subject.Op.
type Action struct {
	Name string
	Args backend.Value
}

// bench is a Subject in use.
type bench struct {
	Subject
	remote      backend.Backend // Backend, through the wire
	description backend.Description
	outputs     backend.Schema // effective
	oldPlan     backend.Plan   // that resources have before ChangeTo
	keeps       bool           // a soft deprovision keeps something; set by testSoft
	turns       bool           // resources can be suspended and resumed
	renews      bool           // their credentials can be replaced
	actions     []string       // effective
	actionsOnly bool           // there is no provision and no deprovision
}

// newBench asks the backend behind remote who it is.
func newBench(t *testing.T, s Subject, remote backend.Backend) *bench {
	t.Helper()
	s.Timeout = s.timeout()
	b := &bench{Subject: s, remote: remote, oldPlan: s.Op(t).Plan}
	var err error
	if b.description, err = b.remote.Describe(t.Context(), backend.DescribeRequest{HostVersion: "0.0.0-test"}); err != nil {
		t.Fatalf("Describe: %v", err)
	}
	b = b.reached(remote)
	checked, err := b.remote.ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: s.Config})
	if err != nil {
		t.Fatalf("ValidateConfig: %v", err)
	}
	b.outputs = b.description.Outputs
	if checked.Outputs != nil {
		b.outputs = *checked.Outputs
	}
	b = b.reached(remote) // which knows the outputs now
	b.actions, b.actionsOnly = b.description.Actions, checked.ActionsOnly
	if len(checked.Actions) > 0 {
		b.actions = checked.Actions
	}
	return b
}

func (s Subject) timeout() time.Duration { return cmp.Or(s.Timeout, time.Minute) }

// configure is what a gateway does before the first life-cycle call.
func (b *bench) configure(t *testing.T) {
	t.Helper()
	load, _ := b.split()
	resp, err := b.remote.Configure(t.Context(), backend.ConfigureRequest{Config: load})
	if err != nil {
		t.Fatalf("Configure: %v", err)
	}
	if resp.Diagnostics.HasErrors() {
		t.Fatalf("Configure refuses the configuration: %+v", resp.Diagnostics)
	}
}

// open returns the client of the backend under test.
func (s Subject) open(t *testing.T) backend.Backend {
	t.Helper()
	if s.Program != "" {
		return start(t, s, fate{}).remote
	}
	return connect(t, s.Backend)
}

// connect serves b in this process and returns its client.
func connect(t *testing.T, b backend.Backend) backend.Backend {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := backend.NewGRPCServer(nil)
	backend.Register(server, b)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:backend",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(bufDialer(listener)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the server is gone anyway
	return backend.NewClient(conn)
}

// split parts the config block as the gateway does: live attributes and
// expressions are null in Configure, all others in Op.Config.
func (b *bench) split() (load, live backend.Value) {
	whole := b.Config.Cty()
	if b.Config.IsNull() {
		whole = cty.EmptyObjectVal
	}
	part := func(live bool) backend.Value {
		return backend.NewValue(b.description.Config.MapAttributes(whole, func(a backend.Attribute, v cty.Value) cty.Value {
			switch {
			case v == cty.NilVal:
				return cty.NullVal(a.Type.WithoutOptionalAttributesDeep())
			case live != (a.Live || a.Expression):
				return cty.NullVal(v.Type())
			}
			return v
		}))
	}
	return part(false), part(true)
}

// op makes the operation of a new resource.
func (b *bench) op(t *testing.T) backend.Op {
	t.Helper()
	op := b.Op(t)
	id := strings.ToLower(rand.Text())
	fill(&op.OperationID, "op_"+id)
	fill(&op.ResourceID, "res_"+id)
	fill(&op.ShortID, id[:12])
	fill(&op.Addon, "acme-test")
	if op.Attempt == 0 {
		op.Attempt = 1
	}
	if op.Deadline.IsZero() {
		op.Deadline = time.Now().Add(b.Timeout)
	}
	if op.Config.IsNull() {
		_, op.Config = b.split()
	}
	if op.Secrets == nil {
		op.Secrets = map[string]string{}
	}
	for _, a := range b.outputs.Attributes {
		if _, set := op.Secrets[a.Name]; a.Generated > 0 && !set {
			op.Secrets[a.Name] = password(a.Generated)
		}
	}
	return op
}

func fill(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

func password(length int) string {
	var text strings.Builder
	for text.Len() < length {
		text.WriteString(rand.Text())
	}
	return text.String()[:length]
}

// again is op as the gateway sends it once more: the state is what it was left
// with.
func again(op backend.Op, state []byte) backend.Op {
	op.Attempt++
	op.State = state
	return op
}

// next is a new operation on the resource of op. Calls that return no outputs
// leave those that are recorded.
func next(op backend.Op, result backend.Result) backend.Op {
	op.OperationID = "op_" + strings.ToLower(rand.Text())
	op.Attempt = 1
	op.State = result.State
	if !result.Outputs.IsNull() {
		op.Outputs = recorded(result.Outputs, op.Secrets)
	}
	return op
}

// recorded are outputs as the gateway keeps them, with the generated ones.
func recorded(outputs backend.Value, generated map[string]string) backend.Value {
	bare, marks := outputs.Cty().Unmark()
	if !bare.IsKnown() || !bare.Type().IsObjectType() {
		return outputs // not what was asked for, as its caller finds
	}
	attributes := map[string]cty.Value{}
	maps.Copy(attributes, bare.AsValueMap())
	for name, value := range generated {
		attributes[name] = cty.StringVal(value).Mark(backend.Sensitive)
	}
	return backend.NewValue(cty.ObjectVal(attributes).WithMarks(marks))
}

// can reports whether the backend declares a capability.
func (b *bench) can(c backend.Capability) bool {
	for _, declared := range b.description.Capabilities {
		if declared == c {
			return true
		}
	}
	return false
}
