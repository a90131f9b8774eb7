package platform

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/schema"
)

// ProviderDialect is the protocol of a platform that rents servers from those
// who have some, instead of selling add-ons.
type ProviderDialect interface {
	// Name is the block label that selects this dialect: "nanobox".
	Name() string

	// Schema describes the settings of a provider block, save for those of
	// ProviderCommon, which every dialect has.
	Schema() *schema.Block

	// Decode reads what ProviderCommon left of a provider block and checks all of
	// it by the platform's rules. It reports every problem that it finds, each with
	// the range at fault. On errors the Provider may be nil.
	Decode(common ProviderCommon, body hcl.Body, ctx *hcl.EvalContext) (Provider, hcl.Diagnostics)
}

// ProviderCommon holds what every provider block has, already decoded.
type ProviderCommon struct {
	ID          string // the block's second label: what the platform knows the provider by
	BaseURL     string // where the platform calls, without a trailing slash
	Development bool   // started by "addongw dev": plain http is fine
	Backend     string // "shell.servers"; empty after an error

	// Actions are what the backend's plugin can do. ActionsKnown is false where it
	// was not asked, or gave no answer: nothing is said of them then.
	Actions      []string
	ActionsKnown bool

	// Accepted replaces the secrets that a dialect compares credentials with, while
	// developing: by the key of the credential. Nil: the files decide.
	Accepted func(credential string) string

	BackendRange hcl.Range // of the setting "backend", or the block's header
	Block        hcl.Range // the block's header
	Label        hcl.Range // of the second label
}

// Can reports whether the backend declares an action.
func (c ProviderCommon) Can(action string) bool {
	for _, a := range c.Actions {
		if a == action {
			return true
		}
	}
	return false
}

// Provider is a provider dialect bound to one block's settings.
type Provider interface {
	// Scope names provider and platform: Scope.Addon is the provider's id.
	Scope() gateway.Scope

	// Manifest is what the platform reads of the provider, as indented JSON with a
	// final newline.
	Manifest() ([]byte, error)

	// Routes returns the endpoints that the platform calls; see Mount.
	Routes(Servers) []Route

	// NotFound and MethodNotAllowed answer what no route matches; see Mount.
	NotFound() http.Handler
	MethodNotAllowed() http.Handler

	// Begin has the provider fetch what it wants to have at hand, once the gateway
	// serves it. It returns when that is done or ctx ends.
	Begin(ctx context.Context, s Servers)

	// Judge reports what is wrong with what an action answered: outputs are the
	// object that the backend returned. The error is for operators, and names
	// members, never values.
	Judge(action string, outputs json.RawMessage) error

	// Region and Size report whether living servers' regions and sizes are still
	// known, retired ones included. A provider whose catalog comes from its backend
	// knows all.
	Region(id string) bool
	Size(region, id string) bool

	// Identity says what callers are told apart by, in words that are the same as
	// long as it is: who called before a change of it does not find what was
	// ordered then.
	Identity() string

	// Summary counts what validate tells: regions, sizes.
	Summary() (regions, sizes int)
}

// AccountsDocument is what a provider keeps once callers are told apart by the
// accounts that its backend tells, whatever Identity says.
const AccountsDocument = "accounts"

// Servers is what a provider's dialect may ask of the engine, bound to one
// Scope: what belongs to another provider, or another caller, does not exist
// here. Errors are *gateway.Error.
type Servers interface {
	// Ask makes one call of an action and returns its outputs, an object. Nothing is
	// recorded: it is for actions that change nothing, and for providers whose
	// backend alone knows what there is. gateway.Unauthorized: the backend refuses
	// the credentials; NotFound: it does not know what was asked for; Quota,
	// Conflict, Refused (a bad argument), Unsupported; Unavailable: it did not answer,
	// in time or at all; Internal: it failed.
	Ask(ctx context.Context, call gateway.ActionCall) (json.RawMessage, error)

	// Order records a server and returns at once: the backend's work goes on, and is
	// repeated until it is done, whatever dies meanwhile. gateway.Quota: the
	// provider has no room.
	Order(ctx context.Context, caller gateway.Caller, order gateway.ServerOrder) (gateway.Server, error)

	// Server returns a server of the caller's; one that is gone is returned as it is.
	// Work that waits for the caller's credentials goes on with them; that is so
	// for every call below that finds something.
	Server(ctx context.Context, caller gateway.Caller, id string) (gateway.Server, error)

	// Look is Server after the backend was asked with get_server, unless that was a
	// moment ago. What it said is recorded. Where it does not answer, the server is
	// returned as it was recorded.
	Look(ctx context.Context, caller gateway.Caller, id string) (gateway.Server, error)

	// Cancel records that the server must go and returns at once. A repeat is
	// success. args are those of delete_server.
	Cancel(ctx context.Context, caller gateway.Caller, id string, args map[string]any) error

	// Act records a change and returns at once. A reboot that is on its way already
	// takes another one over.
	Act(ctx context.Context, caller gateway.Caller, id string, act gateway.ServerAct) error

	// AddKey returns the caller's key of this name and text, keeping it if there is
	// none. Where a backend keeps keys, it is waited for, at most the scope's budget.
	AddKey(ctx context.Context, caller gateway.Caller, order gateway.KeyOrder) (gateway.Key, error)
	Key(ctx context.Context, caller gateway.Caller, id string) (gateway.Key, error)
	// RemoveKey returns at once. A repeat is success. args are those of delete_key;
	// nil: the gateway alone keeps the key.
	RemoveKey(ctx context.Context, caller gateway.Caller, id string, args map[string]any) error

	// Log is where what happens outside of requests is told; it names the provider.
	Log() *slog.Logger

	// Regions lists the regions of servers that live, those that are being removed
	// included.
	Regions(ctx context.Context) ([]string, error)

	// Fingerprint tells texts apart without saying what they are, the same at every
	// start: it is keyed with a secret of the store.
	Fingerprint(ctx context.Context, parts ...string) (string, error)

	// Keep stores a document under a name, in place of an earlier one; Kept returns
	// it: gateway.NotFound where there is none.
	Keep(ctx context.Context, name string, body json.RawMessage) error
	Kept(ctx context.Context, name string) (gateway.Document, error)
}
