package platform

import (
	"context"
	"net/http"

	"github.com/hashicorp/hcl/v2"
	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/schema"
)

// Dialect is one marketplace protocol.
type Dialect interface {
	// Name is the block label that selects this dialect, such as "clevercloud".
	Name() string

	// Schema describes the settings that only this dialect has; the settings
	// of Common are not repeated.
	Schema() *schema.Block

	// Decode reads what Common left of a platform block and checks all of it
	// by the platform's rules. It reports every problem it finds, each with
	// the range of the attribute at fault. On errors the Mount may be nil.
	Decode(common Common, body hcl.Body, ctx *hcl.EvalContext) (Mount, hcl.Diagnostics)
}

// Mount is a dialect bound to one add-on's settings.
type Mount interface {
	// Scope names add-on and platform, with the rules the engine must know.
	Scope() gateway.Scope

	// Manifest is the document that the vendor uploads to the platform, as
	// indented JSON with a final newline. Without secrets, password and salt
	// read "(set with --with-secrets)".
	Manifest(withSecrets bool) ([]byte, error)

	// Routes returns the endpoints that the platform calls. Their paths begin
	// at the mount's prefix: "/resources", "/resources/:id". Authentication,
	// body limits and error bodies are the mount's own.
	Routes(Lifecycle, Landing) []Route

	// NotFound and MethodNotAllowed answer what no route matches below the
	// mount's prefix, in the platform's form.
	NotFound() http.Handler
	MethodNotAllowed() http.Handler

	// Profile says what others than the engine must know of the platform.
	Profile() Profile

	// API is the platform's own API, bound to the add-on's credentials; nil
	// where the platform has none.
	API() API
}

// Profile is what pages for a platform's customers, and the check of the
// add-on's config vars, must know of it.
type Profile struct {
	Name           string   // as customers know it: "Clever Cloud"
	Dashboard      string   // the platform's web address
	FrameAncestors []string // origins whose pages show ours in a frame; empty: none

	// EveryConfigVar tells that the platform takes a resource for broken when
	// one of the config vars in the manifest is missing or empty.
	EveryConfigVar bool

	// Pushes tells that the platform's own API takes new config vars of a resource
	// that it has.
	Pushes bool
}

// Landing receives customers whose single sign-on a dialect has checked:
// the signature, its age, and that the resource exists and is not gone.
type Landing interface {
	// Enter answers the sign-on with a redirect: to our page of the resource,
	// or to where the add-on's sso block says. resourceID is our own id. On an
	// error nothing is written yet.
	Enter(w http.ResponseWriter, r *http.Request, resourceID string, s gateway.SignOn) error

	// Gone answers the sign-on to a resource that was removed with a redirect
	// to a page that says so, with status 200. It opens no session. On an error
	// nothing is written yet.
	Gone(w http.ResponseWriter, r *http.Request, resourceID string) error

	// Refuse answers a sign-on that failed with a page for the person in front
	// of it: message, and the way back to p's dashboard.
	Refuse(w http.ResponseWriter, r *http.Request, p Profile, status int, message string)
}

// API is what a platform's own API can do for us. It is called only after the
// platform's request has been answered, never while it is handled. Errors are
// *gateway.Error: NotFound while the platform does not know the resource (yet),
// Unavailable where a repeat is right, anything else where it is not.
type API interface {
	// Particulars asks who r belongs to.
	Particulars(ctx context.Context, r gateway.Resource) (gateway.Particulars, error)
	// Push replaces all config vars of r on the platform.
	Push(ctx context.Context, r gateway.Resource, vars []gateway.ConfigVar) error
	// Complete sends the config vars of a resource that its platform was only
	// promised (see gateway.Scope.Accepts), and then that it is there. It is
	// never asked of a platform that does not accept. gateway.Conflict: the config
	// vars were taken, and the platform refuses the rest: it has heard that
	// already, or will not hear it.
	Complete(ctx context.Context, r gateway.Resource, vars []gateway.ConfigVar) error
	// List returns all resources that the platform knows of the add-on.
	List(ctx context.Context) ([]gateway.Listed, error)
}

// Route is one endpoint of a mount.
type Route struct {
	Method string
	Path   string // httprouter syntax, relative to the mount's prefix
	Handle httprouter.Handle
}

// Lifecycle is what a dialect may ask of the engine. It is bound to one Scope:
// a resource of another add-on or platform does not exist here. Errors are
// *gateway.Error.
//
// All mutating methods record their intent durably before anything else
// happens, run detached from ctx, and wait at most the scope's budget; when it
// runs out they return gateway.Unavailable while the operation goes on, and the
// repeated request receives the result.
type Lifecycle interface {
	// Provision returns the resource of the order's external id, making it if
	// there is none. A repeat with the same plan, region and options returns
	// the first one's result; one that differs is gateway.Conflict. In a scope
	// that accepts, an order whose budget runs out is no error: the resource is
	// returned while it is being provisioned, without config vars, and its
	// platform is told when it is there.
	Provision(ctx context.Context, order gateway.Order) (gateway.Delivery, error)

	// ChangePlan gives the resource another plan. The plan it already has is
	// success without an operation.
	ChangePlan(ctx context.Context, id, plan string) (gateway.Delivery, error)

	// Deprovision records that the resource must go and returns at once; the
	// removal itself is done by workers. A repeat is success.
	Deprovision(ctx context.Context, id string) (gateway.Delivery, error)

	// Suspend takes the resource out of its customer's hands without losing
	// anything, and Resume gives it back. Both record that it is so and answer
	// at the latest when the scope's budget runs out: what a backend has to do
	// goes on until it is done. A repeat is success; reason is a sentence for
	// the customer.
	Suspend(ctx context.Context, id, reason string) (gateway.Delivery, error)
	Resume(ctx context.Context, id string) (gateway.Delivery, error)

	// Resource returns a resource by its provider id. One that never existed
	// is gateway.NotFound; a deprovisioned one is returned as it is.
	Resource(ctx context.Context, id string) (gateway.Resource, error)

	// Delivered records that a 2xx answer with this delivery's config was
	// written to the platform.
	Delivered(ctx context.Context, d gateway.Delivery) error
}
